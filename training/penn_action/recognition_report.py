"""Table 3 as files: how often each row is right, by either method, and which actions the best row takes for which."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from posenorm_core.files import write_aside
from training.penn_action.labels import LabelledClip
from training.penn_action.recognition import NOTHING, Recognized
from training.tables import Column, markdown

_INK, _FAINT = "#2b2f33", "#6b727a"
_COLUMNS = (
    Column("features"),
    Column("nearest neighbour %", 1),
    Column("linear classifier %", 1),
    Column("nearest neighbour %, of what it takes", 1),
    Column("linear classifier %, of what it takes", 1),
    Column("clips it takes", 0),
)


def write_report(clips: Sequence[LabelledClip], said: Mapping[str, Recognized], folder: Path) -> str:
    """Writes recognition.json, .md and .png and returns the table; raises InputError where it cannot."""
    actions = np.array([clip.action for clip in clips])
    figures = {name: figures_of(actions, row) for name, row in said.items()}
    best = max(figures, key=lambda name: figures[name]["classifier"])
    counts = confusion(actions, said[best].by_classifier)
    table = markdown(_COLUMNS, [[name, *_cells(row)] for name, row in figures.items()])
    content = {"clips": len(clips), "rows": figures, "confusion": {"row": best, "counts": counts.tolist()}}
    for suffix, text in (("json", json.dumps(content, indent=1)), ("md", table)):
        with write_aside(folder / f"recognition.{suffix}") as aside:
            aside.write_text(text + "\n", encoding="utf-8")
    draw_confusion(folder / "recognition.png", sorted(set(actions.tolist())), counts, best)
    return table


def figures_of(actions: np.ndarray, said: Recognized) -> dict[str, float]:
    """Shares that are right, of all clips and of those that the row makes something of, and how many those are."""
    takes = said.by_classifier != NOTHING
    right = {"neighbour": said.by_neighbour == actions, "classifier": said.by_classifier == actions}
    told = {name: float(each.mean()) for name, each in right.items()}
    return (
        told
        | {f"{name}_taken": float(each[takes].mean()) for name, each in right.items()}
        | {"takes": int(takes.sum())}
    )


def _cells(row: dict[str, float]) -> list[float]:
    shares = [100 * row[name] for name in ("neighbour", "classifier", "neighbour_taken", "classifier_taken")]
    return [*shares, row["takes"]]


def confusion(actions: np.ndarray, said: np.ndarray) -> np.ndarray:
    """(A, A + 1) how many clips of each action, in the order of their names, are taken for which; last, for none."""
    names = sorted(set(actions.tolist()))
    answers = [*names, NOTHING]
    return np.array([[int(((actions == name) & (said == answer)).sum()) for answer in answers] for name in names])


def draw_confusion(path: Path, names: Sequence[str], counts: np.ndarray, row: str) -> None:
    """Draws the counts (A, A + 1) as a picture, shaded by share; raises InputError where it cannot be written."""
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    titles = [name.replace("_", " ") for name in names]
    with matplotlib.rc_context({"font.family": "DejaVu Sans", "font.size": 8.5}):
        figure = Figure(figsize=(8.2, 7.4), dpi=130, facecolor="white", layout="constrained")
        axes = figure.add_subplot()
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        for (line, column), count in np.ndenumerate(counts):
            if count:
                dark = shares[line, column] > 0.5
                axes.text(column, line, str(count), ha="center", va="center", color="white" if dark else _INK)
        axes.set_xticks(range(len(titles) + 1), [*titles, "refused"], rotation=45, ha="right")
        axes.set_yticks(range(len(titles)), titles)
        axes.set_xlabel("taken for", color=_FAINT)
        axes.set_ylabel("is", color=_FAINT)
        axes.set_title(f"{row}, linear classifier", color=_INK, loc="left", weight="bold")
        axes.tick_params(length=0, colors=_INK)
        axes.spines[:].set_visible(False)
        with write_aside(path) as aside:
            figure.savefig(aside, format=path.suffix.removeprefix("."))
