"""The evaluation command: figures of what ships, by family, in a table and in a file."""

import json
import sys
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from human36m_files import write_files

from posenorm_core.architecture import Architecture
from posenorm_core.mirror import mirrored_input, mirrored_points, mirrored_rotations
from posenorm_core.weights import load_weights
from training import evaluate, evaluate_models, filmed_clips, scoring, shipped, splits
from training.checkpoint import save_checkpoint
from training.configuration import Configuration
from training.dataset import builtin_data
from training.ground_scores import GroundScores, ground_scores
from training.human36m import protocol, scores
from training.trainer import Trainer


@pytest.fixture
def weights(untrained_weights):
    return untrained_weights


def test_what_is_measured_is_the_runtime_with_its_mirror_image(weights):
    loaded = load_weights(weights)
    data = builtin_data(0.2, seed=1, seconds_a_clip=1.0)
    batch = filmed_clips.film_clip(data, 0, loaded.architecture.context, seed=0, views=2)
    answer = shipped.predictor(loaded)(batch.features, batch.offsets)
    assert answer.rotations.shape == batch.rotations.shape
    mirrored = shipped.predictor(loaded)(mirrored_input(batch.features), mirrored_points(batch.offsets))
    torch.testing.assert_close(mirrored_rotations(mirrored.rotations).abs(), answer.rotations.abs())
    figures = evaluate.with_mean(scoring.by_family(evaluate.normalizer_scores(loaded, data)))
    assert set(figures) == {"builtin", "mean"}
    assert figures["mean"].frames == 2 * int(data.clip_length.sum())
    assert figures["mean"].measures["mpjpe"] > 50


def test_the_command_writes_the_same_figures_that_it_prints(weights, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(evaluate, "builtin_data", lambda minutes, seed: builtin_data(0.1, seed, 1.0))
    out = tmp_path / "figures.json"
    arguments = ["evaluate", "normalizer", "--weights", str(weights), "--layout", "coco17", "-o", str(out)]
    monkeypatch.setattr(sys, "argv", arguments)
    assert evaluate.main() == 0
    mean = json.loads(out.read_text())["coco17"]["mean"]
    printed = capsys.readouterr().out
    told = next(line for line in printed.splitlines() if line.startswith("| mean"))
    cells = [cell.strip() for cell in told.split("|")]
    for measure, digits in (("mpjpe", 1), ("delta_mpjpe_bone", 1), ("rotation", 2), ("view_spread", 1)):
        assert f"{mean[measure]:.{digits}f}" in cells


def test_exact_landmarks_are_covered_and_the_figures_say_so(tmp_path, monkeypatch):
    monkeypatch.setattr(evaluate, "builtin_data", lambda minutes, seed: builtin_data(0.1, seed, 1.0))
    told = {}
    for words in ([], ["--exact"]):
        out = tmp_path / "figures.json"
        monkeypatch.setattr(sys, "argv", ["evaluate", "normalizer", "-o", str(out), *words])
        assert evaluate.main() == 0
        figures = json.loads(out.read_text())
        told[figures["exact"]] = figures["all"]["mean"]
    assert told[True]["mpjpe"] < told[False]["mpjpe"]
    assert told[True]["rotation"] < told[False]["rotation"]


@pytest.fixture
def few_clips(monkeypatch):
    """Built-in motion in place of a data set; its last clips are the test part."""
    clips = builtin_data(0.1, seed=3, seconds_a_clip=0.5)
    for commands in (evaluate, evaluate_models):
        monkeypatch.setattr(commands, "load_data", lambda path: clips)
    parts = {"test": np.arange(clips.clip_count) >= 10, "train": np.arange(clips.clip_count) < 10}
    monkeypatch.setattr(splits, "part", lambda data, label: data.subset(parts[label]))
    return clips


def run(monkeypatch, *arguments):
    """The command's exit code."""
    monkeypatch.setattr(sys, "argv", ["evaluate", *map(str, arguments)])
    return evaluate.main()


def rows(printed):
    """The cells of a Markdown table's rows, by their first."""
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in printed.splitlines() if "|" in line]
    return {first: dict(zip(lines[0][1:], others, strict=True)) for first, *others in lines[2:]}


def test_ground_prints_and_writes_the_scores_of_the_test_part(weights, few_clips, tmp_path, monkeypatch, capsys):
    out = tmp_path / "ground.json"
    assert run(monkeypatch, "ground", "--weights", weights, "--data", "d.npz", "-o", out) == 0
    content = json.loads(out.read_text())
    expected = ground_scores(load_weights(weights), splits.part(few_clips, "test"))
    assert content == {"weights": "w", "ground": {name: asdict(told) for name, told in expected.items()}}
    printed = rows(capsys.readouterr().out)
    assert list(printed) == ["builtin", "mean"]
    mean = expected["mean"]
    assert printed["mean"] == {
        "contacts F1": f"{mean.contact_f1:.3f}",
        "vertical median °": f"{mean.up_median:.1f}",
        "vertical mean °": f"{mean.up_mean:.1f}",
        "path % median": f"{mean.path_median:.1f}",
        "clips": "2",
    }


def test_ground_that_nobody_crossed_is_a_dash_and_null(weights, few_clips, tmp_path, monkeypatch, capsys):
    nowhere = {"builtin": GroundScores(2, 1.0, 3.0, 4.0, float("nan")), "mean": GroundScores(2, 1.0, 3.0, 4.0, 5.0)}
    monkeypatch.setattr(evaluate, "ground_scores", lambda weights, data: nowhere)
    out = tmp_path / "ground.json"
    assert run(monkeypatch, "ground", "--weights", weights, "--data", "d.npz", "-o", out) == 0
    printed = rows(capsys.readouterr().out)
    assert list(printed["builtin"].values()) == ["1.000", "3.0", "4.0", "–", "2"]
    assert printed["mean"]["path % median"] == "5.0"
    assert json.loads(out.read_text())["ground"]["builtin"]["path_median"] is None
    assert "NaN" not in out.read_text()


def test_robustness_writes_its_report_of_the_test_part(weights, few_clips, tmp_path, monkeypatch, capsys):
    asked = []

    def report(*arguments):
        asked.append(arguments)
        return "the report"

    monkeypatch.setattr(evaluate, "robustness", report)
    monkeypatch.setattr(evaluate, "write_report", lambda told, folder: (folder / "robustness.md").write_text(told))
    out = tmp_path / "new" / "folder"
    assert run(monkeypatch, "robustness", "--weights", weights, "--data", "d.npz", "-o", out) == 0
    ((loaded, test, train),) = asked
    assert loaded.digest == load_weights(weights).digest
    # What is scored is the test part; what is new in it is told against what was trained on.
    assert (test.clip_count, train.clip_count) == (2, 10)
    assert (out / "robustness.md").read_text() == "the report"
    assert str(out) in capsys.readouterr().out


def save_untrained(model, path):
    """A checkpoint of a small model before its first step."""
    configuration = Configuration(model=model, network=Architecture(width=8, dilations=(2,)))
    save_checkpoint(Trainer(configuration, torch.device("cpu")).checkpoint(), path)


def test_studio_sets_models_beside_what_ships_before_its_own_cameras(weights, few_clips, tmp_path, monkeypatch, capsys):
    save_untrained("martinez", tmp_path / "m.pt")
    out = tmp_path / "studio.json"
    checkpoint = f"a lifter={tmp_path / 'm.pt'}"
    arguments = ("--data", "d.npz", "--weights", weights, "--checkpoint", checkpoint, "-o", out)
    assert run(monkeypatch, "studio", *arguments) == 0
    content, printed = json.loads(out.read_text()), rows(capsys.readouterr().out)
    assert list(content) == list(printed) == ["w", "a lifter"]
    loaded, test = load_weights(weights), splits.part(few_clips, "test")
    before = {
        cameras: scoring.score_clips(
            shipped.predictor(loaded), test, loaded.architecture.context, full=False, cameras=cameras
        )
        for cameras in ("studio", "random")
    }
    found = {cameras: scoring.over_families(scoring.by_family(told)).measures for cameras, told in before.items()}
    assert content["w"]["rotation"] == pytest.approx(found["studio"]["rotation"])
    assert content["w"]["rotation"] != pytest.approx(found["random"]["rotation"], rel=1e-3)
    assert printed["a lifter"]["MPJPE mm"] == f"{content['a lifter']['mpjpe']:,.1f}"
    assert printed["a lifter"]["rotations °"] == "–"
    twice = ("--data", "d.npz", "--weights", weights, "--checkpoint", f"w={tmp_path / 'm.pt'}")
    assert run(monkeypatch, "studio", *twice) == 2
    assert "two rows are named 'w'" in capsys.readouterr().err


def test_studio_keeps_the_rows_of_before_where_asked_to(weights, few_clips, tmp_path, monkeypatch, capsys):
    out = tmp_path / "studio.json"
    arguments = ("--data", "d.npz", "--weights", weights, "-o", out)
    assert run(monkeypatch, "studio", *arguments) == 0
    measured = json.loads(out.read_text())["w"]
    out.write_text(json.dumps({"w": measured | {"mpjpe": 1.0}, "gone": measured | {"mpjpe": 77.0}}))
    assert run(monkeypatch, "studio", *arguments, "--add") == 0
    content, printed = json.loads(out.read_text()), rows(capsys.readouterr().out)
    assert (content["w"], content["gone"]["mpjpe"]) == (measured, 77.0)
    assert printed["gone"]["MPJPE mm"] == "77.0"
    # What was there stays where rows cannot be added.
    for text, words in ((json.dumps({"gone": measured | {"frames": 3}}), "other clips"), ("[1]", "no rows")):
        out.write_text(text)
        assert run(monkeypatch, "studio", *arguments, "--add") == 2
        assert words in capsys.readouterr().err
        assert out.read_text() == text
    assert run(monkeypatch, "studio", *arguments[:-2], "--add") == 2
    assert "needs -o" in capsys.readouterr().err


@pytest.fixture(scope="module")
def human36m(tmp_path_factory):
    """Small files in Human3.6M's layout."""
    return write_files(tmp_path_factory.mktemp("h36m"))


def test_h36m_prints_a_row_for_the_weights_and_one_for_each_checkpoint(
    weights, human36m, tmp_path, monkeypatch, capsys
):
    # A few recordings tell as much as all: how a recording is scored is tested with `training.human36m`.
    every = list(protocol.clips(human36m))
    chosen = [next(clip for clip in every if clip.action == action) for action in protocol.ACTIONS]
    monkeypatch.setattr(scores, "clips", lambda folder, detections: iter(chosen))
    checkpoints = []
    for model in ("normalizer", "martinez"):
        checkpoints.append(tmp_path / f"{model}.pt")
        save_untrained(model, checkpoints[-1])
    options = [option for path in checkpoints for option in ("--checkpoint", path)]
    out = tmp_path / "h36m.json"
    assert run(monkeypatch, "h36m", "--weights", weights, "--data", human36m, *options, "-o", out) == 0
    content = json.loads(out.read_text())
    printed = rows(capsys.readouterr().out)
    assert list(printed) == list(content) == ["w", *map(str, checkpoints)]
    for name, told in content.items():
        assert set(protocol.ACTIONS) < set(told)
        mean = told["mean"]
        assert mean["mpjpe"] == pytest.approx(np.mean([told[action]["mpjpe"] for action in protocol.ACTIONS]))
        assert printed[name] == {
            "MPJPE mm": f"{mean['mpjpe']:,.1f}",
            "PA-MPJPE mm": f"{mean['pa_mpjpe']:,.1f}",
            "ΔMPJPE mm": f"{mean['delta_mpjpe_bone']:,.1f}",
            "ΔMPJPE, a chunk mm": f"{mean['delta_mpjpe_chunk']:,.1f}",
        }
    assert len({told["mean"]["mpjpe"] for told in content.values()}) == 3


def test_where_it_cannot_write_is_told_before_the_work(weights, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(evaluate, "normalizer_scores", lambda *_: pytest.fail("it was measured first"))
    out = tmp_path / "missing" / "figures.json"
    monkeypatch.setattr(sys, "argv", ["evaluate", "normalizer", "--weights", str(weights), "-o", str(out)])
    assert evaluate.main() == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_figures_do_not_replace_what_is_measured(weights, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(evaluate, "normalizer_scores", lambda *_: pytest.fail("it was measured first"))
    own = tmp_path / "w.npz"
    own.write_bytes(weights.read_bytes())
    assert run(monkeypatch, "normalizer", "--weights", own, "-o", own) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "another name" in line
    assert own.read_bytes() == weights.read_bytes()


def test_wrong_input_is_one_line(weights, tmp_path, monkeypatch, capsys):
    broken, missing = tmp_path / "data.npz", tmp_path / "missing"
    broken.write_bytes(b"no archive")
    cases = {
        ("normalizer", "--data", broken): "data.npz",
        ("robustness", "--data", broken): "data.npz",
        ("robustness", "--data", missing): "missing",
        ("ground", "--data", broken): "data.npz",
        ("ground", "--data", missing): "missing",
        ("studio", "--data", broken): "data.npz",
        ("studio", "--data", missing): "missing",
        ("h36m", "--data", missing): "missing",
        ("h36m", "--data", tmp_path, "--checkpoint", broken): "data.npz",
        ("h36m", "--data", tmp_path, "--checkpoint", missing): "missing",
    }
    for (command, *arguments), words in cases.items():
        assert run(monkeypatch, command, "--weights", weights, *arguments) == 2, command
        (line,) = capsys.readouterr().err.splitlines()
        assert words in line
    for command in ("robustness", "ground", "h36m"):
        assert run(monkeypatch, command, "--weights", missing, "--data", tmp_path, "-o", tmp_path / "o") == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert str(tmp_path) in line


def test_a_place_that_cannot_be_written_is_one_line(weights, few_clips, tmp_path, monkeypatch, capsys):
    file = tmp_path / "a_file"
    file.write_text("as it was")
    scored = {"mean": GroundScores(1, 1.0, 1.0, 1.0, 1.0)}
    monkeypatch.setattr(evaluate, "ground_scores", lambda weights, data: scored)
    for command, out in (("robustness", file / "folder"), ("ground", file / "ground.json"), ("ground", tmp_path)):
        assert run(monkeypatch, command, "--weights", weights, "--data", "d.npz", "-o", out) == 2, command
        (line,) = capsys.readouterr().err.splitlines()
        assert str(out) in line
    assert file.read_text() == "as it was"


@pytest.mark.parametrize("command", ["robustness", "ground", "studio", "h36m"])
def test_data_must_be_named_where_there_is_no_default(command, monkeypatch, capsys):
    with pytest.raises(SystemExit) as stopped:
        run(monkeypatch, command)
    assert stopped.value.code == 2
    assert "--data" in capsys.readouterr().err


def test_the_weights_to_measure_with_are_of_what_ships_but_for_the_test_people() -> None:
    """Features of frames are measured by them: had they seen these people, Table 2 would flatter us."""
    measured = load_weights(Path(__file__).parents[2] / "benchmarks/weights/normalizer.npz")
    ships = load_weights()
    # They are from before poses were told again; all else is alike.
    assert replace(measured.architecture, refinements=3, refining_blocks=0) == ships.architecture
    assert measured.card["configuration"]["data"]["all_clips"] is False
    assert measured.card["configuration"]["data"]["leave_out"] == []
    assert ships.card["configuration"]["data"]["all_clips"] is True
