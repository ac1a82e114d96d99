"""Rows measured earlier stand beside new ones, but only of the same pairs of films."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from posenorm_core.errors import InputError
from training.correspondence import Correspondence
from training.evaluate_features import CORRESPONDENCE as REPORT
from training.feature_report import Found, with_earlier, write_report

WITNESS = "2D joint angles"


def found(**hits: float) -> Found:
    return {setting: {row: Correspondence(h, 0.1, 9.0, 1.0, 2.0, 0.5) for row, h in hits.items()} for setting in "ab"}


def test_earlier_rows_stay_and_new_ones_replace_their_own(tmp_path: Path) -> None:
    path = tmp_path / "correspondence.json"
    write_report(REPORT, found(**{WITNESS: 0.25, "old": 0.5, "both": 0.6}), path, "weights", 3)
    joined = with_earlier(REPORT, found(**{WITNESS: 0.25, "both": 0.7, "new": 0.8}), path, 3)
    for rows in joined.values():
        assert {name: row.hits for name, row in rows.items()} == {WITNESS: 0.25, "both": 0.7, "new": 0.8, "old": 0.5}


def test_rows_from_before_a_measure_was_taken_have_none_of_it(tmp_path: Path) -> None:
    path = tmp_path / "correspondence.json"
    write_report(REPORT, found(**{WITNESS: 0.25, "old": 0.5}), path, "weights", 3)
    content = json.loads(path.read_text())
    for rows in content["correspondence"].values():
        for figures in rows.values():
            del figures["off"], figures["off_spread"]
    path.write_text(json.dumps(content))
    joined = with_earlier(REPORT, found(**{WITNESS: 0.25}), path, 3)
    assert joined["a"]["old"].off is None
    assert "–" in REPORT.tables(joined)


@pytest.mark.parametrize(
    ("seeds", "witness", "text", "told"),
    [
        (2, 0.25, None, "of other pairs or seeds"),
        (3, 0.26, None, "of other pairs or seeds"),
        (3, 0.25, "{", "holds no rows of correspondence"),
        (3, 0.25, "[]", "holds no rows of correspondence"),
        (3, 0.25, '{"retrieval": {}}', "holds no rows of correspondence"),
    ],
)
def test_rows_of_other_pairs_are_refused(
    tmp_path: Path, seeds: int, witness: float, text: str | None, told: str
) -> None:
    path = tmp_path / "correspondence.json"
    write_report(REPORT, found(**{WITNESS: 0.25, "old": 0.5}), path, "weights", 3)
    if text is not None:
        path.write_text(text)
    with pytest.raises(InputError, match=told):
        with_earlier(REPORT, found(**{WITNESS: witness}), path, seeds)


def test_what_is_written_is_what_was_found(tmp_path: Path) -> None:
    told = found(**{WITNESS: 0.25, "new": 0.5})
    write_report(REPORT, told, tmp_path / "figures.json", "weights", 1)
    written = json.loads((tmp_path / "figures.json").read_text())
    assert written["correspondence"]["b"]["new"] == asdict(told["b"]["new"])
    assert REPORT.tables(told) in (tmp_path / "figures.md").read_text()
