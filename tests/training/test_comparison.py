"""The tables of the comparison: what the files of the runs say, over seeds and families, and dashes for the rest."""

import json

import numpy as np
import pytest

from benchmarks.models import measured
from posenorm_core.errors import InputError
from training import splits
from training.comparison import MEASURES, action_report, read_speeds, report, write_tables
from training.configuration import Configuration
from training.results import figures, results_of
from training.rows import Row, load_rows

OURS, RIVAL, UNTRIED = (
    Row(name, "comparison", title, Configuration(), (3e-3,))
    for name, title in (("ours", "Ours"), ("rival", "A rival"), ("untried", "Nobody yet"))
)


def write(folder, row, protocol, seed, mean, families=None, history=((90, 50.0), (100, 49.5)), **more):
    """The file of a run, as `training.experiments` leaves it."""
    content = {
        "row": row.name,
        "protocol": protocol,
        "seed": seed,
        "steps": 100,
        "parameters": 1_234_000,
        "validation": [{"step": step, "mean": {"mpjpe": mpjpe}} for step, mpjpe in history],
        "mean": mean,
        "families": families or {},
        "actions": {},
        **more,
    }
    path = folder / row.name / f"{protocol}-{seed}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def cells(text, heading, title):
    """The cells of a row, by column, in the table under a heading."""
    lines = text[text.index(f"# {heading}\n") :].split("\n\n")[1].splitlines()
    columns, row = (
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in (lines[0], next(line for line in lines if line.startswith(f"| {title} ")))
    )
    return dict(zip(columns, row, strict=True))


FAMILIAR = "Familiar: people the training has not seen"
UNSEEN = "Unseen: a family left out"


def test_several_seeds_are_told_with_their_deviation_and_one_without(tmp_path):
    for seed, mpjpe in enumerate((40.0, 42.0, 47.0)):
        write(tmp_path, OURS, "familiar", seed, {"mpjpe": mpjpe, "rotation": 8.0 + seed})
    write(tmp_path, RIVAL, "familiar", 0, {"mpjpe": 1041.2})
    text = report([OURS, RIVAL], tmp_path, {})
    ours, rival = cells(text, FAMILIAR, "Ours"), cells(text, FAMILIAR, "A rival")
    # Mean 43, squared deviations 9 + 1 + 16 over n - 1 = 2.
    assert ours["MPJPE mm"] == f"43.0 ± {np.sqrt(13):.1f}" == "43.0 ± 3.6"
    assert ours["rotations °"] == "9.00 ± 1.00"
    assert (ours["runs"], rival["runs"]) == ("3", "1")
    assert rival["MPJPE mm"] == "1,041.2"
    # A lifter tells no rotations, and what nobody measured is no zero.
    assert rival["rotations °"] == "–"
    assert ours["parameters, M"] == "1.23"
    assert ours["steps"] == "100"


def test_a_row_without_results_shows_dashes(tmp_path):
    write(tmp_path, OURS, "familiar", 0, {"mpjpe": 40.0})
    text = report([OURS, UNTRIED], tmp_path, {})
    for heading in (FAMILIAR, UNSEEN):
        row = cells(text, heading, "Nobody yet")
        assert row.pop("model") == "Nobody yet"
        assert row.pop("runs") == "0"
        assert set(row.values()) == {"–"}
        assert len(row) == len(MEASURES) + 3


def test_a_search_for_a_learning_rate_is_no_result(tmp_path):
    write(tmp_path, OURS, "familiar", 0, {"mpjpe": 40.0})
    searched = tmp_path / OURS.name / "familiar-0-rate-0.001.json"
    searched.write_text(json.dumps({"protocol": "familiar", "seed": 0, "steps": 33, "validation": []}))
    assert [result.content["mean"] for result in results_of(OURS, tmp_path)] == [{"mpjpe": 40.0}]
    assert results_of(UNTRIED, tmp_path) == []


def test_of_a_row_that_was_lengthened_only_the_longer_runs_count(tmp_path):
    for seed in (0, 1, 2):
        write(tmp_path, OURS, "familiar", seed, {"mpjpe": 90.0 + seed}, steps=100 if seed else 200)
    # Those that leave a family out have not been run again yet: they stay beside the familiar ones.
    for fold in splits.UNSEEN_FOLDS:
        write(tmp_path, OURS, f"unseen-{fold}", 0, {"mpjpe": 120.0})
    results = results_of(OURS, tmp_path)
    assert figures(results, "familiar") == [{"mpjpe": 90.0}]
    assert figures(results, "unseen") == [{"mpjpe": pytest.approx(120.0)}]


def test_every_family_that_was_scored_has_a_table_of_its_own(tmp_path):
    families = {"cmu": {"mpjpe": 30.0}, "reactidle": {"mpjpe": 50.0}}
    write(tmp_path, OURS, "familiar", 0, {"mpjpe": 40.0}, families)
    write(tmp_path, OURS, "familiar", 1, {"mpjpe": 42.0}, {**families, "cmu": {"mpjpe": 34.0}})
    write(tmp_path, RIVAL, "familiar", 0, {"mpjpe": 60.0}, {"cmu": {"mpjpe": 60.0}})
    results = results_of(OURS, tmp_path)
    assert figures(results, "familiar", "cmu") == [{"mpjpe": 30.0}, {"mpjpe": 34.0}]
    assert figures(results, "familiar") == [{"mpjpe": 40.0}, {"mpjpe": 42.0}]
    text = report([OURS, RIVAL], tmp_path, {})
    assert cells(text, "Familiar, cmu", "Ours")["MPJPE mm"] == "32.0 ± 2.8"
    assert cells(text, "Familiar, reactidle", "Ours")["MPJPE mm"] == "50.0 ± 0.0"
    rival = cells(text, "Familiar, reactidle", "A rival")
    assert (rival["MPJPE mm"], rival["runs"]) == ("–", "0")


def test_unseen_is_the_plain_mean_over_the_folds_seed_by_seed(tmp_path):
    folds = list(splits.UNSEEN_FOLDS)
    for seed, shift in ((0, 0.0), (1, 3.0)):
        for number, fold in enumerate(folds):
            write(tmp_path, OURS, f"unseen-{fold}", seed, {"mpjpe": 60.0 + 10 * number + shift, "root": 5.0})
    # The third seed has not been everywhere yet: it counts for the fold it has been in.
    write(tmp_path, OURS, f"unseen-{folds[0]}", 2, {"mpjpe": 1000.0})
    write(tmp_path, OURS, "familiar", 0, {"mpjpe": 1.0}, {folds[0]: {"mpjpe": 2.0}})
    results = results_of(OURS, tmp_path)
    found = figures(results, "unseen")
    assert found == [{"mpjpe": pytest.approx(70.0), "root": 5.0}, {"mpjpe": pytest.approx(73.0), "root": 5.0}]
    assert figures(results, "unseen", folds[0]) == [
        {"mpjpe": 60.0, "root": 5.0},
        {"mpjpe": 63.0, "root": 5.0},
        {"mpjpe": 1000.0},
    ]
    text = report([OURS], tmp_path, {})
    told = cells(text, UNSEEN, "Ours")
    assert told["MPJPE mm"] == "71.5 ± 2.1"
    assert told["runs"] == "2"
    assert cells(text, f"Unseen, {folds[1]}", "Ours")["MPJPE mm"] == "71.5 ± 2.1"
    assert cells(text, FAMILIAR, "Ours")["MPJPE mm"] == "1.0"


def test_a_measure_that_one_fold_lacks_is_no_mean_over_the_folds(tmp_path):
    for fold in splits.UNSEEN_FOLDS:
        slides = {} if fold == "papagina" else {"foot_slide": 3.0}
        write(tmp_path, OURS, f"unseen-{fold}", 0, {"mpjpe": 60.0, **slides})
    assert figures(results_of(OURS, tmp_path), "unseen") == [{"mpjpe": pytest.approx(60.0)}]


def test_the_last_tenth_is_told_by_the_run_that_still_gained_most(tmp_path):
    write(tmp_path, OURS, "familiar", 0, {"mpjpe": 40.0}, history=((50, 80.0), (90, 50.0), (100, 49.5)))
    write(tmp_path, OURS, "familiar", 1, {"mpjpe": 40.0}, history=((90, 50.0), (100, 48.0)))
    # Nobody looked at nine tenths of this one; and what happened unseen is told in the other table.
    write(tmp_path, OURS, "familiar", 2, {"mpjpe": 40.0}, history=((100, 48.0),))
    write(tmp_path, OURS, "unseen-papagina", 0, {"mpjpe": 40.0}, history=((90, 50.0), (100, 25.0)))
    gains = [result.last_gain for result in results_of(OURS, tmp_path)]
    assert gains[2] is None
    assert [gains[k] for k in (0, 1, 3)] == pytest.approx([0.01, 0.04, 0.5])
    text = report([OURS], tmp_path, {})
    assert cells(text, FAMILIAR, "Ours")["last tenth %"] == "4.0"
    assert cells(text, UNSEEN, "Ours")["last tenth %"] == "50.0"


def test_actions_are_told_by_protocol_each_the_mean_of_the_runs_that_met_it(tmp_path):
    walk, fight = {"cmu/walk": {"mpjpe": 20.0}}, {"cmu/fight": {"mpjpe": 50.0}}
    write(tmp_path, OURS, "familiar", 0, {"mpjpe": 35.0}, actions={**walk, **fight})
    write(tmp_path, OURS, "familiar", 1, {"mpjpe": 35.0}, actions={"cmu/walk": {"mpjpe": 30.0}})
    write(tmp_path, OURS, "unseen-papagina", 0, {"mpjpe": 35.0}, actions={"papagina/salsa": {"mpjpe": 70.0}})
    write(tmp_path, RIVAL, "familiar", 0, {"mpjpe": 35.0}, actions=walk)
    text = action_report([OURS, RIVAL], tmp_path)
    familiar, unseen = text.split("## ")[1:]
    assert [line.split("|")[1:4] for line in familiar.splitlines() if "cmu/" in line] == [
        [f" {name} ".ljust(11), ours.rjust(5) + " ", rival.rjust(8) + " "]
        for name, ours, rival in (("cmu/fight", "50.0", "–"), ("cmu/walk", "25.0", "20.0"))
    ]
    assert "papagina/salsa" in unseen
    assert "papagina/salsa" not in familiar


def test_speeds_stand_in_the_table_where_they_were_measured(tmp_path):
    results = tmp_path / "runs"
    write(results, OURS, "familiar", 0, {"mpjpe": 35.0})
    write(results, RIVAL, "familiar", 0, {"mpjpe": 35.0})
    assert read_speeds(tmp_path) == {}
    assert "frames/s" not in report([OURS, RIVAL], results, read_speeds(tmp_path))
    (tmp_path / "models.json").write_text(json.dumps({"models": {"ours": {"times_ours": 1.0}}}))
    text = report([OURS, RIVAL], results, read_speeds(tmp_path))
    assert cells(text, FAMILIAR, "Ours")["frames/s, ours 1"] == "1.00"
    assert cells(text, FAMILIAR, "A rival")["frames/s, ours 1"] == "–"


def test_what_the_benchmark_of_the_models_writes_is_what_the_tables_read(tmp_path):
    rows = [row for row in load_rows().values() if row.table == "comparison"]
    content = measured(rows, frames=8, rounds=1)
    (tmp_path / "models.json").write_text(json.dumps(content))
    speeds = read_speeds(tmp_path)
    assert list(speeds) == [row.name for row in rows]
    assert speeds["ours"] == 1.0
    ours = content["models"]["ours"]["frames_per_second"]
    for name, times in speeds.items():
        assert content["models"][name]["frames_per_second"] == pytest.approx(times * ours, rel=0.01)


@pytest.mark.parametrize("content", ["", "[]", '{"models": {"ours": {}}}', '{"models": {"ours": 3}}'])
def test_a_damaged_file_of_speeds_is_told_with_the_command_that_mends_it(tmp_path, content):
    (tmp_path / "models.json").write_text(content)
    with pytest.raises(InputError, match=r"benchmarks\.models -o"):
        read_speeds(tmp_path)


def test_the_comparison_comes_with_its_picture_which_shows_the_figures(tmp_path):
    results, pictures = tmp_path / "runs", []
    for mpjpe in (35.0, 36.0, 36.0):
        write(results, OURS, "familiar", 0, {"mpjpe": mpjpe})
        write(results, RIVAL, "familiar", 0, {"mpjpe": 60.0})
        written = write_tables("comparison", [OURS, RIVAL, UNTRIED], results, tmp_path)
        assert [path.name for path in written] == ["comparison.md", "comparison_actions.md", "comparison.png"]
        pictures.append(written[2].read_bytes())
    assert pictures[0] != pictures[1] == pictures[2]
    assert [path.name for path in write_tables("ablations", [OURS], results, tmp_path)] == ["ablations.md"]


def test_runs_of_different_data_sets_or_lengths_are_told_apart(tmp_path):
    write(tmp_path, OURS, "familiar", 0, {"mpjpe": 35.0}, data="version 2, 8 clips, 100 frames")
    write(tmp_path, RIVAL, "familiar", 0, {"mpjpe": 35.0})
    assert "different data sets" not in report([OURS, RIVAL], tmp_path, {})
    later = {"data": "version 3, 8 clips, 100 frames", "steps": 3000, "history": ()}
    write(tmp_path, RIVAL, f"unseen-{next(iter(splits.UNSEEN_FOLDS))}", 1, {"mpjpe": 35.0}, **later)
    text = report([OURS, RIVAL], tmp_path, {})
    assert "different data sets**: version 2, 8 clips, 100 frames; version 3" in text
    # Nor are runs of different lengths one.
    assert cells(text, FAMILIAR, "A rival")["steps"] == "100 / 3,000"
