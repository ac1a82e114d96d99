"""The tables and the picture of what `training.experiments` measured, as they stand in `benchmarks/results`.

Each figure is the mean over the seeds there are, with their standard deviation where there are several. The column
`runs` says how many a figure rests on, and the last column what the last tenth of the training still gained.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from posenorm_core.errors import InputError
from posenorm_core.files import write_aside
from training.dot_plot import Dot, Dots, draw_dots
from training.results import actions, families, figures, results_of
from training.rows import Row
from training.tables import Cell, Column, markdown

# The table that sets models beside each other; the others rank parts of one.
COMPARISON = "comparison"
# Frames of each test clip that are scored: ReActIdle's minutes of standing say no more than their beginning.
COMPARED_FRAMES = 600
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
# What the summary tells, and what the picture shows.
_SUMMARY = ("mpjpe", "delta_mpjpe_bone", "view_spread", "rotation")
_DRAWN = ("mpjpe", "delta_mpjpe_bone", "view_spread", "acceleration", "rotation")


def write_tables(name: str, rows: Sequence[Row], results: Path, folder: Path) -> list[Path]:
    """Writes the table `name` into `folder`, for the comparison with actions and picture; returns the files.

    Raises InputError where a file cannot be written.
    """
    table, by_action, picture = (folder / f"{name}{end}" for end in (".md", "_actions.md", ".png"))
    _write(table, report(rows, results, read_speeds(folder)))
    if name != COMPARISON:
        return [table]
    _write(by_action, action_report(rows, results))
    draw(rows, results, picture)
    return [table, by_action, picture]


def _write(path: Path, text: str) -> None:
    with write_aside(path) as aside:
        aside.write_text(text, encoding="utf-8")


def read_speeds(folder: Path) -> dict[str, float]:
    """How many times as fast as ours `benchmarks.models` found each row's model; empty where it was not run."""
    path = folder / "models.json"
    if not path.is_file():
        return {}
    try:
        told = json.loads(path.read_text(encoding="utf-8"))["models"]
        return {name: float(model["times_ours"]) for name, model in told.items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise InputError(f"{path}: is damaged; write it again with python -m benchmarks.models -o {path}") from None


def summary(rows: Sequence[Row], results: Path) -> str:
    """Markdown: the measures that say most, familiar and unseen side by side; the README shows it."""
    columns = [Column("model")]
    for name in _SUMMARY:
        columns += [Column(MEASURES[name].title, 1), Column("unseen", 1)]
    lines: list[list[Cell]] = []
    for row in rows:
        found = results_of(row, results)
        measured = [figures(found, protocol) for protocol in TITLES]
        told = [[m[name] for m in seeds if name in m] for name in _SUMMARY for seeds in measured]
        lines.append([row.title, *map(_in_words, told, columns[1:])])
    return markdown(columns, lines)


def report(rows: Sequence[Row], results: Path, speeds: Mapping[str, float]) -> str:
    """Markdown: the summary, then a table for each protocol, over all families and family by family."""
    parts = [summary(rows, results)]
    for protocol, title in TITLES.items():
        parts.append(f"## {title}\n\n{_table(rows, results, speeds, protocol)}")
        for family in families((result for row in rows for result in results_of(row, results)), protocol):
            table = _table(rows, results, speeds, protocol, family)
            parts.append(f"### {title.partition(':')[0]}, {family}\n\n{table}")
    told = {data for row in rows for result in results_of(row, results) if (data := result.content.get("data"))}
    if len(told) > 1:
        parts.append(f"**These runs are of different data sets**: {'; '.join(sorted(told))}.")
    return "\n\n".join(parts) + "\n"


def _table(
    rows: Sequence[Row], folder: Path, speeds: Mapping[str, float], protocol: str, family: str | None = None
) -> str:
    """One table; how fast the rows' models are is told where it was measured of any."""
    fast = [Column("frames/s, ours 1", 2)] if any(row.name in speeds for row in rows) else []
    lines: list[list[Cell]] = []
    for row in rows:
        results = results_of(row, folder)
        measured = figures(results, protocol, family)
        told = [_in_words([m[name] for m in measured if name in m], column) for name, column in MEASURES.items()]
        gains = [r.last_gain for r in results if r.protocol.startswith(protocol) and r.last_gain is not None]
        steps = sorted({int(result.content["steps"]) for result in results})
        parameters = results[0].content["parameters"] / 1e6 if results else None
        size: list[Cell] = [parameters, *(speeds.get(row.name) for _ in fast), _listed(steps)]
        lines.append([row.title, *size, *told, float(len(measured)), 100 * max(gains) if gains else None])
    columns = [Column("model"), Column("parameters, M", 2), *fast, Column("steps", 0), *MEASURES.values()]
    return markdown([*columns, Column("runs", 0), Column("last tenth %", 1)], lines)


def _listed(values: Sequence[int]) -> Cell:
    """The different values there are."""
    return " / ".join(f"{value:,}" for value in values) or None


def _in_words(values: Sequence[float], column: Column) -> Cell:
    """The mean over seeds, with the deviation where there are several."""
    if len(values) < 2:
        return values[0] if values else None
    mean, deviation = _over_seeds(values)
    return f"{mean:.{column.decimals}f} ± {deviation:.{column.decimals}f}"


def _over_seeds(values: Sequence[float]) -> tuple[float, float]:
    """The mean and the standard deviation, 0 of one value."""
    return float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else 0.0


def action_report(rows: Sequence[Row], results: Path) -> str:
    """Markdown: MPJPE of every row in every action, a table for each protocol."""
    parts = []
    for protocol, title in TITLES.items():
        measured = [actions(results_of(row, results), protocol, "mpjpe") for row in rows]
        means = [{name: _over_seeds(values)[0] for name, values in row.items()} for row in measured]
        names = sorted(set().union(*measured))
        lines: list[list[Cell]] = [[name, *(row.get(name) for row in means)] for name in names]
        table = markdown([Column("action"), *(Column(row.title, 1) for row in rows)], lines)
        parts.append(f"## {title}, MPJPE mm by action\n\n{table}")
    return "\n\n".join(parts) + "\n"


def draw(rows: Sequence[Row], results: Path, path: Path) -> None:
    """The rows beside each other in either protocol; raises InputError where the picture cannot be written."""
    panels = []
    for name in _DRAWN:
        series = {
            title.partition(":")[0]: [_dot(figures(results_of(row, results), protocol), name) for row in rows]
            for protocol, title in TITLES.items()
        }
        panels.append(Dots(MEASURES[name].title, series))
    draw_dots(path, "Models trained on the same motion, cameras and splits", [row.title for row in rows], panels)


def _dot(measured: Sequence[Mapping[str, float]], name: str) -> Dot:
    values = [m[name] for m in measured if name in m]
    return _over_seeds(values) if values else None
