"""The robustness curves as files: all numbers as JSON, tables in Markdown, and the figure."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from posenorm_core.files import write_aside
from training.plots import Chart, Panel, draw_charts
from training.robustness import CLIFF, Figures, Report, cliffs
from training.tables import Column, markdown


def write_report(report: Report, folder: Path) -> None:
    """Writes robustness.json, .md and .png; raises InputError where the folder cannot be written."""
    for name, text in (("json", json.dumps(as_json(report), indent=1)), ("md", as_markdown(report))):
        with write_aside(folder / f"robustness.{name}") as aside:
            aside.write_text(text + "\n", encoding="utf-8")
    draw(report, folder / "robustness.png")


def as_json(report: Report) -> dict[str, Any]:
    """The report with its cliffs, for the file."""
    content = asdict(report)
    found = [cliffs(curve) for curve in report.curves]
    for curve, steps in zip(content["curves"], found, strict=True):
        curve["cliffs"] = {error: asdict(step) for error, step in steps.items()}
    content["cliff_multiple"] = CLIFF
    content["cliff_count"] = sum(step.cliff for steps in found for step in steps.values())
    return content


def as_markdown(report: Report) -> str:
    """Every point of every curve, the families of the undisturbed clips, the cliffs and the confidence, as tables."""
    figures = [Column("rotations °", 1), Column("root °", 1), Column("MPJPE mm", 1), Column("confidence", 2)]
    rows, found = [], []
    for curve in report.curves:
        steps = cliffs(curve)
        steepest = max(step.ratio for step in steps.values())
        found += [f"{curve.label} {s.begin:g} to {s.end:g} ({error})" for error, s in steps.items() if s.cliff]
        for one in curve.points:
            rows.append([curve.label, f"{one.value:g}", *_row(one.mean), steepest if one is curve.points[0] else None])
    families = {**report.clean.families, "mean": report.clean.mean}
    correlation = report.correlation
    return "\n".join(
        [
            markdown([Column("undisturbed, by family"), *figures], [[k, *_row(v)] for k, v in families.items()]),
            "",
            markdown([Column("disturbance"), Column("value"), *figures, Column("steepest step", 1)], rows),
            "",
            f"Cliffs (steps over {CLIFF:g} times their neighbours): {'; '.join(found) or 'none'}.",
            f"Rank correlation of 1 − confidence with the rotation error: {correlation['joints']:.2f} over joints, "
            f"{correlation['frames']:.2f} over frames.",
        ]
    )


def _row(figures: Figures) -> list[float]:
    """The figures in the table's order."""
    return [figures.rotation, figures.root, figures.mpjpe, figures.confidence]


def draw(report: Report, path: Path) -> None:
    """The curves as small charts: angles, positions and confidence against each disturbance."""
    charts = []
    for curve in report.curves:
        rotation, root, position, confidence = np.array([_row(one.mean) for one in curve.points]).T
        panels = (
            Panel("degrees", {"joint rotations": rotation, "root rotation": root}),
            Panel("mm", {"MPJPE": position}),
            Panel("0…1", {"confidence": confidence}, height=0.5, top=1.0),
        )
        charts.append(Chart(curve.label, np.array([one.value for one in curve.points]), panels, curve.logarithmic))
    draw_charts(path, f"Robustness of {report.weights}: error and confidence", charts, columns=5)
