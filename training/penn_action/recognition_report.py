"""Table 3 as files: how often each row is right, by either method, and which actions are taken for which.

The picture has two rows: the one that is right most often, and what `normalize` makes with all that it tells.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from posenorm_core.files import write_aside
from posenorm_core.pose_drawing import FAINT, INK
from training.penn_action.frame_rows import WIDEST
from training.penn_action.labels import LabelledClip
from training.penn_action.recognition import NOTHING, Recognized
from training.tables import Column, markdown

_DARK = 0.5  # share from which on a field is so dark that its number is white
_TITLE = """\
# Recognition of Penn Action's actions (the paper's Table 3)

Five-fold cross-validation on the training labels, clips of one film in one part; how, and what the rows are, stands
in [docs/evaluation.md](../../docs/evaluation.md#features-of-frames). `python -m training.evaluate recognition
--labels FILE --weights benchmarks/weights/normalizer.npz --checkpoint NAME=PATH -o benchmarks/results`

"""
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
    shown = [name for name in dict.fromkeys([best, WIDEST]) if name in said]
    counts = {name: confusion(actions, said[name].by_classifier) for name in shown}
    table = markdown(_COLUMNS, [[name, *_cells(row)] for name, row in figures.items()])
    content = {
        "clips": len(clips),
        "rows": figures,
        "confusion": {name: told.tolist() for name, told in counts.items()},
    }
    for suffix, text in (("json", json.dumps(content, indent=1)), ("md", _TITLE + table)):
        with write_aside(folder / f"recognition.{suffix}") as aside:
            aside.write_text(text + "\n", encoding="utf-8")
    draw_confusions(folder / "recognition.png", sorted(set(actions.tolist())), counts)
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


def draw_confusions(path: Path, names: Sequence[str], counts: Mapping[str, np.ndarray]) -> None:
    """Draws each row's counts (A, A + 1), shaded by share, side by side; raises InputError where it cannot write."""
    titles = [name.replace("_", " ") for name in names]
    with matplotlib.rc_context({"font.family": "DejaVu Sans", "font.size": 8.5}):
        figure = Figure(figsize=(1.2 + 7 * len(counts), 7.4), dpi=130, facecolor="white", layout="constrained")
        panels = figure.subplots(1, len(counts), squeeze=False)[0]
        for axes, (row, told) in zip(panels, counts.items(), strict=True):
            _draw(axes, told)
            axes.set_xticks(range(len(titles) + 1), [*titles, "refused"], rotation=45, ha="right")
            axes.set_yticks(range(len(titles)), titles if axes is panels[0] else [""] * len(titles))
            axes.set_xlabel("taken for", color=FAINT)
            axes.set_title(row, color=INK, loc="left", weight="bold")
        panels[0].set_ylabel("is", color=FAINT)
        with write_aside(path) as aside:
            figure.savefig(aside, format=path.suffix.removeprefix("."))


def _draw(axes: Axes, counts: np.ndarray) -> None:
    """One row's counts."""
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (line, column), count in np.ndenumerate(counts):
        if count:
            ink = "white" if shares[line, column] > _DARK else INK
            axes.text(column, line, str(count), ha="center", va="center", color=ink)
    axes.tick_params(length=0, colors=INK)
    axes.spines[:].set_visible(False)
