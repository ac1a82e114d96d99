"""What cleaning is worth, as files: all numbers as JSON, tables in Markdown, and the curves over strength."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from posenorm_core.cleaning import GENTLE
from posenorm_core.files import write_aside
from posenorm_core.landmarks import LANDMARK_NAMES
from training.cleaning_scores import EXCHANGES, LONGEST_EXCHANGE, Figures, Row
from training.detector_noise import DetectorNoise
from training.plots import Chart, Panel, draw_charts
from training.tables import Cell, Column, markdown

_FIGURES = (
    Column("acceleration mm/frame²", 2),
    Column("change %", 1),
    Column("MPJPE mm", 1),
    Column("change mm", 2),
    Column("rotations °", 2),
    Column("blow %", 1),
)


def write_report(weights: str, noise: DetectorNoise, rows: list[Row], folder: Path) -> None:
    """Writes cleaning.json, .md and .png; raises InputError where the folder cannot be written."""
    content = {"weights": weights, "gentle": GENTLE, "noise": noise_as_json(noise), "rows": [_as_json(r) for r in rows]}
    for name, text in (("json", json.dumps(content, indent=1)), ("md", as_markdown(weights, noise, rows))):
        with write_aside(folder / f"cleaning.{name}") as aside:
            aside.write_text(text + "\n", encoding="utf-8")
    _draw(weights, rows, folder / "cleaning.png")


def as_markdown(weights: str, noise: DetectorNoise, rows: list[Row]) -> str:
    """The measured noise; none and gentle cleaning by family; the mean at every strength."""
    figures = [Column("input"), Column("frames/s", 0), Column("strength", 2), Column("family"), *_FIGURES]
    gentle = [row for row in rows if row.strength in (0.0, GENTLE)]
    by_family = [line for row in gentle for family in row.families for line in [_line(rows, row, family)]]
    curve = [_line(rows, row, "mean") for row in rows]
    return "\n\n".join(
        [
            f"Cleaning with the weights {weights}; gentle is the strength {GENTLE:g}, changes are from strength 0.",
            _noise_as_markdown(noise),
            f"All faults: the measured jumps at their rate as well, and, where none was measured, sides exchanged "
            f"{EXCHANGES:g} times a second for up to {LONGEST_EXCHANGE:g} s. Blow: speed found of the fastest moments "
            "of wrists, a share of the true.",
            markdown(figures, by_family),
            "Mean over families at every strength:",
            markdown(figures, curve),
        ]
    )


def noise_as_json(noise: DetectorNoise) -> dict[str, Any]:
    """The measured noise by landmark; what the detector does not give is left out."""
    given = {
        LANDMARK_NAMES[k]: {
            "deviation": float(noise.deviation[k]),
            "missing": float(noise.missing[k]),
            "gap_seconds": float(noise.gap[k]),
        }
        for k in np.flatnonzero(noise.known)
    }
    jumps = [{**asdict(jump), "landmark": LANDMARK_NAMES[jump.landmark]} for jump in noise.jumps]
    whole = {"fps": noise.fps, "seconds": noise.seconds, "correlation": noise.correlation}
    return {**whole, "landmarks": given, "jumps": jumps, "exchanges_seconds": list(noise.exchanges)}


def _noise_as_markdown(noise: DetectorNoise) -> str:
    """The measured noise as a table and a line."""
    columns = [Column("landmark"), Column("tremble ‰ of height", 1), Column("missing %", 1), Column("gap s", 3)]
    rows: list[list[Cell]] = [
        [LANDMARK_NAMES[k], 1000 * noise.deviation[k], 100 * noise.missing[k], noise.gap[k] or None]
        for k in np.flatnonzero(noise.known)
    ]
    sizes = [float(np.hypot(*jump.displacement)) for jump in noise.jumps]
    jumps = f", of {100 * np.median(sizes):.0f}% of the height in the median" if sizes else ""
    return (
        f"{markdown(columns, rows)}\n\n"
        f"Measured in {noise.seconds:.1f} s at {noise.fps:g} frames/s; correlation from frame to frame "
        f"{noise.correlation:.2f} (0 would be white); jumps {len(noise.jumps) / noise.seconds:.1f} a second{jumps}; "
        f"exchanges of sides {len(noise.exchanges) / noise.seconds:.1f} a second."
    )


def _line(rows: list[Row], row: Row, family: str) -> list[Cell]:
    """The figures of a family in a row, beside those of the same input without cleaning."""
    found, bare = row.families[family], _bare(rows, row).families[family]
    return [
        row.input,
        row.fps,
        row.strength,
        family,
        found.acceleration,
        100 * (found.acceleration / bare.acceleration - 1) if row.strength else None,
        found.mpjpe,
        found.mpjpe - bare.mpjpe if row.strength else None,
        found.rotation,
        None if np.isnan(found.blow) else 100 * found.blow,
    ]


def _bare(rows: list[Row], row: Row) -> Row:
    """The row of the same input and rate at strength 0."""
    return next(r for r in rows if (r.input, r.fps, r.strength) == (row.input, row.fps, 0.0))


def _as_json(row: Row) -> dict[str, Any]:
    """A row with None for what was not measured."""
    return {**asdict(row), "families": {name: _measured(told) for name, told in row.families.items()}}


def _measured(figures: Figures) -> dict[str, float | None]:
    return {name: None if np.isnan(value) else value for name, value in asdict(figures).items()}


def _draw(weights: str, rows: list[Row], path: Path) -> None:
    """A chart an input: acceleration error and MPJPE over strength, a line a rate."""
    charts = []
    for name in dict.fromkeys(row.input for row in rows):
        of_input = [row for row in rows if row.input == name]
        lines: dict[str, dict[str, np.ndarray]] = {"acceleration": {}, "mpjpe": {}}
        for fps in dict.fromkeys(row.fps for row in of_input):
            means = [row.families["mean"] for row in of_input if row.fps == fps]
            for measure, told in lines.items():
                told[f"{fps:g} frames/s"] = np.array([getattr(mean, measure) for mean in means])
        strengths = np.array(list(dict.fromkeys(row.strength for row in of_input)))
        panels = (Panel("mm/frame²", lines["acceleration"]), Panel("MPJPE mm", lines["mpjpe"]))
        charts.append(Chart(f"strength; {name}", strengths, panels))
    draw_charts(path, f"Error of {weights} against the strength of cleaning", charts, columns=3)
