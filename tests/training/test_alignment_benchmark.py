"""The benchmark of alignment says what it lacks before it measures anything."""

import sys

import pytest

from benchmarks import alignment


@pytest.mark.parametrize(
    ("frames", "told"),
    [
        (["0"], "--frames 0: must be 1 or more"),
        (["6000", "-3"], "--frames -3: must be 1 or more"),
        (["6000", "50"], "pip install dtw-python"),
    ],
)
def test_what_cannot_be_measured_is_told_in_one_line(monkeypatch, capsys, frames, told):
    monkeypatch.setitem(sys.modules, "dtw", None)  # as where it is not installed
    monkeypatch.setattr(alignment, "_in_own_process", lambda *_: pytest.fail("something was measured"))
    monkeypatch.setattr("sys.argv", ["alignment", "--frames", *frames])
    assert alignment.exit_code(alignment.main) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert told in error


def test_lengths_that_the_peer_is_not_given_need_no_peer(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "dtw", None)
    monkeypatch.setattr(alignment, "_in_own_process", lambda *_: (1.0, 2.0, 3.0))
    monkeypatch.setattr("sys.argv", ["alignment", "--frames", "6000"])
    assert alignment.exit_code(alignment.main) == 0
    assert "| 6,000" in capsys.readouterr().out
