"""The runs of the tables: what is missing is found, carried out once, and told as it was measured."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from posenorm_core.architecture import Architecture
from posenorm_core.errors import InputError
from training import experiments, splits
from training.comparison import report
from training.configuration import Augmentation, Configuration, DataOptions, Optimization
from training.dataset import builtin_data
from training.results import figures, read_result, results_of
from training.rows import Row

TINY = Configuration(
    data=DataOptions(builtin_minutes=0.3, builtin_share=0.5),
    network=Architecture(width=8, dilations=(2,)),
    augmentation=Augmentation(noisy=0.0),
    optimization=Optimization(steps=10, batch=4, frames=4, validate_every=5, checkpoint_every=5),
)
PUBLISHED = Path(__file__).resolve().parents[2] / experiments.RESULTS
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


def missing(row, results):
    """Whether the run of seed 0 is to be made (again)."""
    return experiments.runs_of([row], ["familiar"], [0], results) != []


ONE_RATE = replace(ROW, learning_rates=(0.0123456,))
ANOTHER = {
    "model": replace(TINY, model="martinez"),
    "network": replace(TINY, network=replace(TINY.network, refinements=1)),
    "loss": replace(TINY, losses=replace(TINY.losses, cycle=0.1)),
    "augmentation": replace(TINY, augmentation=replace(TINY.augmentation, tilt=0.1)),
    "steps": replace(TINY, optimization=replace(TINY.optimization, steps=20)),
}


def test_a_run_of_what_the_row_was_before_is_made_again(small_data, tmp_path):
    run = experiments.Run(ONE_RATE, "familiar", 0)
    experiments.carry_out(run, "folder/data", tmp_path, tmp_path / "runs")
    assert not missing(ONE_RATE, tmp_path)
    for configuration in ANOTHER.values():
        assert missing(replace(ONE_RATE, configuration=configuration), tmp_path)
    assert missing(replace(ONE_RATE, learning_rates=(0.0123,)), tmp_path)
    assert missing(replace(ONE_RATE, average_mirror=False), tmp_path)
    # The data set may lie in any folder, which is nothing to who reads the results.
    assert "folder" not in run.result(tmp_path).read_text()


def test_settings_that_are_added_or_dropped_later_count_as_what_they_mean(small_data, tmp_path):
    run = experiments.Run(ONE_RATE, "familiar", 0)
    experiments.carry_out(run, "data", tmp_path, tmp_path / "runs")
    path = run.result(tmp_path)
    content = json.loads(path.read_text())
    # An option of later than the result is at its default, which does what was done before.
    del content["configuration"]["losses"]["twist_limit"]
    path.write_text(json.dumps(content))
    assert not missing(ONE_RATE, tmp_path)
    content["configuration"]["losses"]["hinge"] = 1.0
    path.write_text(json.dumps(content))
    assert missing(ONE_RATE, tmp_path)


def test_a_result_of_before_counts_by_what_it_tells(small_data, tmp_path):
    """The learning rate and the number of parameters."""
    run = experiments.Run(ONE_RATE, "familiar", 0)
    experiments.carry_out(run, "data", tmp_path, tmp_path / "runs")
    path = run.result(tmp_path)
    content = json.loads(path.read_text())
    del content["configuration"], content["average_mirror"]
    path.write_text(json.dumps(content))
    noticed = {name for name, other in ANOTHER.items() if missing(replace(ONE_RATE, configuration=other), tmp_path)}
    assert noticed == {"model", "network", "steps"}
    assert not missing(ONE_RATE, tmp_path)
    assert missing(replace(ONE_RATE, learning_rates=(1e-3,)), tmp_path)


def test_a_run_at_another_rate_than_the_search_now_finds_is_made_again(small_data, tmp_path):
    for run in experiments.runs_of([ROW], ["familiar"], [0], tmp_path):
        experiments.carry_out(run, "data", tmp_path, tmp_path / "runs")
    assert not missing(ROW, tmp_path)
    other = next(rate for rate in ROW.learning_rates if rate != experiments.best_learning_rate(ROW, tmp_path))
    path = experiments.Run(ROW, "familiar", 0, other).result(tmp_path)
    content = json.loads(path.read_text())
    content["validation"][-1]["mean"]["mpjpe"] = 0.0
    path.write_text(json.dumps(content))
    assert experiments.runs_of([ROW], ["familiar"], [0], tmp_path) == [experiments.Run(ROW, "familiar", 0)]
    # Where the search is still to be made, any of its rates may be the best.
    path.unlink()
    assert experiments.runs_of([ROW], ["familiar"], [0], tmp_path) == [experiments.Run(ROW, "familiar", 0, other)]


def test_the_published_results_are_of_the_rows_as_they_are():
    """But for those of a row that was lengthened since, until all of it has been made again."""
    rows = list(experiments.load_rows().values())
    pending = experiments.runs_of(rows, list(experiments.PROTOCOLS), list(experiments.SEEDS), PUBLISHED)
    there = [run for run in pending if run.result(PUBLISHED).is_file()]
    assert [run.name for run in there if read_result(run.result(PUBLISHED))["steps"] == run.steps] == []


@pytest.mark.parametrize("key", ["seed", "parameters", "families", "actions"])
def test_a_report_names_the_result_that_is_damaged(monkeypatch, capsys, tmp_path, key):
    path = tmp_path / "runs/semgcn/familiar-0.json"
    path.parent.mkdir(parents=True)
    content = json.loads((PUBLISHED / "semgcn/familiar-0.json").read_text())
    del content[key]
    path.write_text(json.dumps(content))
    monkeypatch.setattr("sys.argv", ["experiments", "report", "--results", str(tmp_path / "runs")])
    assert experiments.main() == 2
    assert capsys.readouterr().err.startswith(f"error: {path}: is damaged; delete it")
    assert [left.name for left in tmp_path.iterdir()] == ["runs"]


def test_a_search_that_validated_nothing_is_damaged(tmp_path):
    for rate in ROW.learning_rates:
        path = experiments.Run(ROW, "familiar", 0, rate).result(tmp_path)
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps({"protocol": "familiar", "steps": 3, "validation": []}))
    with pytest.raises(InputError, match=r"familiar-0-rate-0\.003\.json: is damaged; delete it"):
        experiments.best_learning_rate(ROW, tmp_path)


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
        content = {"protocol": f"unseen-{fold}", "seed": 0, "steps": 10, "parameters": 1, "validation": []}
        content |= {"mean": {"mpjpe": 10.0 * number}, "families": {}, "actions": {}}
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
