"""The runs of the tables: what is missing is found, carried out once, and told as it was measured."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace

import pytest

from posenorm_core.architecture import Architecture
from posenorm_core.errors import InputError
from training import experiments, splits
from training.comparison import report
from training.configuration import Augmentation, Configuration, DataOptions, Optimization
from training.dataset import builtin_data
from training.results import figures, results_of
from training.rows import Row

TINY = Configuration(
    data=DataOptions(builtin_minutes=0.3, builtin_share=0.5),
    network=Architecture(width=8, dilations=(2,)),
    augmentation=Augmentation(noisy=0.0),
    optimization=Optimization(steps=10, batch=4, frames=4, validate_every=5, checkpoint_every=5),
)
ROW = Row("tiny", "comparison", "Tiny", TINY, (3e-3, 1e-3))


@pytest.fixture
def small_data(monkeypatch):
    """Built-in motion in place of the data set, with two of its clips as validation and as test."""
    data = builtin_data(0.5, seed=5, seconds_a_clip=2.0)
    monkeypatch.setattr("training.fit.load_data", lambda _: data)
    monkeypatch.setattr(experiments, "load_data", lambda _: data)

    def part(clips, label, leave_out=()):
        del leave_out
        return clips.subset([label == ("test", "validation", "train")[min(k, 2)] for k in range(clips.clip_count)])

    monkeypatch.setattr("training.fit.part", part)
    monkeypatch.setattr(splits, "part", part)


def test_searches_come_first_and_done_runs_are_not_done_again(small_data, tmp_path):
    results, checkpoints = tmp_path / "results", tmp_path / "runs"
    pending = experiments.runs_of([ROW], ["familiar"], [0], results)
    assert [run.learning_rate for run in pending] == [3e-3, 1e-3, None]
    with pytest.raises(InputError, match="missing"):
        experiments.carry_out(pending[2], "data", results, checkpoints)
    for run in pending:
        experiments.carry_out(run, "data", results, checkpoints)
    assert experiments.runs_of([ROW], ["familiar"], [0], results) == []
    tried = {
        rate: json.loads((results / f"tiny/familiar-0-rate-{rate:g}.json").read_text()) for rate in ROW.learning_rates
    }
    best = min(tried, key=lambda rate: tried[rate]["validation"][-1]["mean"]["mpjpe"])
    scored = json.loads((results / "tiny/familiar-0.json").read_text())
    assert scored["learning_rate"] == best == experiments.best_learning_rate(ROW, results)
    assert (scored["steps"], tried[best]["steps"]) == (10, 3)
    assert scored["mean"]["mpjpe"] > 0
    data = experiments.load_data("data")
    assert scored["data"] == f"version 2, {data.clip_count} clips, {len(data.rotations)} frames"
    # The table says what the file says, and nothing of the searches.
    told = report([ROW], results, {})
    assert f"{scored['mean']['mpjpe']:,.1f}" in told
    found = results_of(ROW, results)
    assert len(found) == 1
    assert found[0].last_gain is not None


def test_a_training_of_other_settings_is_not_gone_on_with(small_data, tmp_path):
    """Half of the steps at one learning rate and half at another would be told as the other's."""
    row = replace(ROW, learning_rates=(3e-3,))
    run = experiments.Run(row, "familiar", 0)
    experiments.carry_out(run, "data", tmp_path / "results", tmp_path / "runs")
    checkpoint = tmp_path / "runs" / run.name / "checkpoint.pt"
    kept = checkpoint.read_bytes()
    other = experiments.Run(replace(row, learning_rates=(1e-3,)), "familiar", 0)
    with pytest.raises(InputError, match="other settings"):
        experiments.carry_out(other, "data", tmp_path / "results", tmp_path / "runs")
    assert checkpoint.read_bytes() == kept
    # The same data set elsewhere is the same.
    experiments.carry_out(run, "moved", tmp_path / "results", tmp_path / "runs")


def test_who_asks_for_what_is_there_is_told_so(tmp_path, monkeypatch, capsys):
    row = experiments.load_rows()["semgcn"]
    steps = row.configuration.optimization.steps
    for seed in experiments.SEEDS:
        path = experiments.Run(row, "familiar", seed).result(tmp_path)
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps({"protocol": "familiar", "steps": steps, "validation": []}))
    arguments = ["experiments", "run", "--row", "semgcn", "--protocol", "familiar", "--results", str(tmp_path)]
    monkeypatch.setattr("sys.argv", [*arguments, "--data", "nowhere.npz"])
    assert experiments.main() == 0
    assert "nothing is missing" in capsys.readouterr().out
    # What was trained for longer or shorter than the row now is must be run again.
    path.write_text(json.dumps({"protocol": "familiar", "steps": 2 * steps, "validation": []}))
    assert experiments.runs_of([row], ["familiar"], list(experiments.SEEDS), tmp_path) == [
        experiments.Run(row, "familiar", experiments.SEEDS[-1])
    ]
    path.write_text('{"protocol": "fam')
    assert experiments.main() == 2
    assert f"{path}: is damaged; delete it" in capsys.readouterr().err


WORKING = """
import sys, time
from training.experiments import workers
with workers(2) as pool:
    for answer in pool.imap_unordered(time.sleep, (0, 0, 60, 60)):
        print(answer, flush=True)
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows ends a process without asking it")
def test_a_kill_ends_the_trainings_at_work_too():
    """They hold the pipe of what is printed as long as they live."""
    process = subprocess.Popen([sys.executable, "-c", WORKING], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert [process.stdout.readline() for _ in range(2)] == ["None\n"] * 2
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode == 128 + signal.SIGTERM


def test_a_row_is_scored_with_or_without_the_mirror_as_it_says(small_data, tmp_path):
    told = []
    for mirror in (True, False):
        row = replace(ROW, name=f"mirror_{mirror}", learning_rates=(3e-3,), average_mirror=mirror)
        run = experiments.Run(row, "familiar", 0)
        experiments.carry_out(run, "data", tmp_path / "results", tmp_path / "runs")
        told.append(json.loads(run.result(tmp_path / "results").read_text()))
    # One training, two scores.
    assert told[0]["validation"] == told[1]["validation"]
    assert told[0]["mean"]["mpjpe"] != told[1]["mean"]["mpjpe"]


def test_the_unseen_mean_waits_for_all_of_its_folds(tmp_path):
    folder = tmp_path / ROW.name
    folder.mkdir()
    for number, fold in enumerate(splits.UNSEEN_FOLDS):
        found = figures(results_of(ROW, tmp_path), "unseen")
        assert found == []
        content = {"protocol": f"unseen-{fold}", "seed": 0, "steps": 10, "validation": []}
        content["mean"] = {"mpjpe": 10.0 * number}
        (folder / f"{fold}.json").write_text(json.dumps(content))
    assert figures(results_of(ROW, tmp_path), "unseen") == [{"mpjpe": 10.0}]


def test_a_protocol_scores_what_it_leaves_out():
    for protocol in experiments.PROTOCOLS[1:]:
        assert protocol.removeprefix("unseen-") in experiments.left_out(protocol)
    assert experiments.left_out("familiar") == ()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["report", "--table", "comparisons"], "there are comparison, ablations"),
        (["run", "--data", "data", "--table", "comparisons"], "there are comparison, ablations"),
        (["run", "--data", "data", "--row", "martinez", "--table", "ablations"], "--row martinez: there are base"),
        (["run", "--data", "data", "--row", "martinez", "--processes", "0"], "must be 1 or more"),
    ],
)
def test_what_is_asked_for_and_is_not_there_is_told(monkeypatch, capsys, tmp_path, words, told):
    monkeypatch.setattr("sys.argv", ["experiments", *words, "--results", str(tmp_path)])
    assert experiments.main() == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert told in error
    assert list(tmp_path.iterdir()) == []
