"""The tables and the picture of what `training.experiments` measured, as they stand in `benchmarks/results`.

Each figure is the mean over the seeds there are, with their standard deviation where there are several. The column
`runs` says how many a figure rests on, and the last column what the last tenth of the training still gained.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from training.rows import Row
from training.splits import UNSEEN_FOLDS
from training.tables import Cell, Column, markdown

# What the tables tell of each row: the measure and its column.
MEASURES = {
    "mpjpe": Column("MPJPE mm", 1),
    "mpjpe_own_bones": Column("MPJPE mm, own bones", 1),
    "pa_mpjpe": Column("PA-MPJPE mm", 1),
    "delta_mpjpe_bone": Column("ΔMPJPE mm, a bone", 1),
    "delta_mpjpe_chunk": Column("ΔMPJPE mm, a chunk", 1),
    "rotation": Column("rotations °", 2),
    "swing": Column("swing °", 2),
    "twist": Column("twist °", 2),
    "root": Column("root °", 2),
    "acceleration": Column("acceleration mm/frame²", 2),
    "foot_slide": Column("foot slide mm/frame", 2),
    "view_spread": Column("view spread mm", 1),
}
TITLES = {"familiar": "Familiar: people the training has not seen", "unseen": "Unseen: a family left out"}


@dataclass(frozen=True)
class Result:
    """What one run left: see `training.experiments.carry_out`."""

    protocol: str
    content: dict[str, Any]

    @property
    def last_gain(self) -> float | None:
        """By what share of it the validation error fell in the last tenth of the steps."""
        history = {entry["step"]: entry["mean"]["mpjpe"] for entry in self.content["validation"]}
        before = history.get(round(0.9 * self.content["steps"]))
        return None if before is None else 1 - history[self.content["steps"]] / before


def results_of(row: Row, folder: Path) -> list[Result]:
    """The scored runs of a row; those that only sought its learning rate are left out."""
    files = sorted((folder / row.name).glob("*.json"))
    contents = (json.loads(path.read_text(encoding="utf-8")) for path in files)
    return [Result(content["protocol"], content) for content in contents if "mean" in content]


def report(rows: Sequence[Row], folder: Path) -> str:
    """Markdown: a table for each protocol, over all families and family by family."""
    parts = []
    for protocol, title in TITLES.items():
        parts.append(f"## {title}\n\n{_table(rows, folder, protocol)}")
        for family in _families(rows, folder, protocol):
            parts.append(f"### {title.partition(':')[0]}, {family}\n\n{_table(rows, folder, protocol, family)}")
    return "\n\n".join(parts) + "\n"


def figures(results: Iterable[Result], protocol: str, family: str | None = None) -> list[dict[str, float]]:
    """The measures, one mapping a seed: of `family`, or the mean over the protocol's.

    The mean over the unseen folds is told where all of them have been run with the seed.
    """
    if protocol == "familiar":
        contents = [result.content for result in results if result.protocol == "familiar"]
        if family:
            return [content["families"][family] for content in contents if family in content["families"]]
        return [content["mean"] for content in contents]
    by_seed: dict[int, dict[str, dict[str, float]]] = {}
    for result in results:
        if result.protocol.startswith("unseen-"):
            fold = result.protocol.removeprefix("unseen-")
            by_seed.setdefault(result.content["seed"], {})[fold] = result.content["mean"]
    if family:
        return [folds[family] for folds in by_seed.values() if family in folds]
    return [_mean(folds.values()) for folds in by_seed.values() if set(folds) == set(UNSEEN_FOLDS)]


def _mean(measured: Iterable[dict[str, float]]) -> dict[str, float]:
    measured = list(measured)
    common = set.intersection(*(set(measures) for measures in measured))
    return {name: float(np.mean([measures[name] for measures in measured])) for name in common}


def _families(rows: Sequence[Row], folder: Path, protocol: str) -> list[str]:
    """The families that the protocol's runs have scored, in order."""
    if protocol == "unseen":
        return list(UNSEEN_FOLDS)
    results = (result for row in rows for result in results_of(row, folder) if result.protocol == protocol)
    return sorted({family for result in results for family in result.content["families"]})


def _table(rows: Sequence[Row], folder: Path, protocol: str, family: str | None = None) -> str:
    lines: list[list[Cell]] = []
    for row in rows:
        results = results_of(row, folder)
        measured = figures(results, protocol, family)
        told = [_told([m[name] for m in measured if name in m], column) for name, column in MEASURES.items()]
        gains = [r.last_gain for r in results if r.protocol.startswith(protocol) and r.last_gain is not None]
        parameters = results[0].content["parameters"] / 1e6 if results else None
        lines.append([row.title, parameters, *told, float(len(measured)), 100 * max(gains) if gains else None])
    columns = [Column("model"), Column("parameters, M", 2), *MEASURES.values()]
    return markdown([*columns, Column("runs", 0), Column("last tenth %", 1)], lines)


def _told(values: list[float], column: Column) -> Cell:
    """The mean over seeds, with the deviation where there are several."""
    if len(values) < 2:
        return values[0] if values else None
    return f"{np.mean(values):.{column.decimals}f} ± {np.std(values, ddof=1):.{column.decimals}f}"
