"""A seed that torch would not take is told in one line, wherever it is given."""

import pytest

from training import fit, pr_vipe


@pytest.mark.parametrize("seed", ["-1", "4294967296", str(10**30)])
@pytest.mark.parametrize("words", [["fit"], ["fit", "features"], ["pr_vipe", "--data", "none.npz"]])
def test_a_seed_beyond_what_torch_takes_is_refused(words, seed, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", [*words, "--steps", "1", "--seed", seed, "--out", str(tmp_path / "out")])
    assert (fit if words[0] == "fit" else pr_vipe).main() == 2
    told = f"error: configuration: seed = {seed} should be a whole number from 0 to 4294967295\n"
    assert capsys.readouterr().err == told
    assert not (tmp_path / "out").exists()
