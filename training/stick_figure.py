"""Poses as stick figures, in a grid: a column a camera, and in a last column each row's poses over each other.

The subject's left is blue and his right orange (Okabe and Ito's, told apart by the colour-blind), the head a ball, a
hand a dot, a foot a thick stub. Every cell has the same scale, and a row's cells show the same piece of space, so that
a pose that is elsewhere in the next column has moved.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, Polygon

from posenorm_core.condition_skeleton import CONDITION_SKELETON, JOINT_NAMES, PARENTS
from posenorm_core.files import write_aside
from posenorm_core.pose_drawing import CELL, FAINT, INK, LEFT, MIDDLE, RIGHT

_NECK, _HEAD = JOINT_NAMES.index("neck"), JOINT_NAMES.index("head")
_TORSO = [JOINT_NAMES.index(name) for name in ("left_shoulder", "right_shoulder", "right_hip", "left_hip")]
# Metres: a head is about as wide as nine tenths of the way from its pivot to its top.
_HEAD_RADIUS = 0.45 * float(CONDITION_SKELETON.bone_lengths[_HEAD])
# Depths of up to so many metres stand in order, between the torso's shade and whatever is written over the cell.
_MOST_DEPTH, _LEAST_ORDER = 3.0, 2.0
_MARGIN, _SCALE_BAR = 0.1, 0.5  # metres left free around the largest pose, and of the bar below
# Inches: the words on the left, a cell and the gap beside it, the gap before the last column, what is written under
# a row, the heading and the foot. Together 10 inches of 160 dots.
_WORDS, _SIDE, _GAP, _APART, _UNDER, _HEADING, _FOOT = 1.7, 1.56, 0.06, 0.16, 0.36, 0.92, 0.3


@dataclass(frozen=True)
class PoseRow:
    """One row: poses (N, 19, 3) in metres, x to the right, y up, z towards the reader; spreads in millimetres."""

    title: str
    words: str
    poses: np.ndarray
    frame_spread: float
    clip_spread: float
    kind: str = ""  # of the spread, where it is not one in space


def draw_pose_grid(path: str | Path, title: str, columns: list[str], rows: list[PoseRow], foot: str) -> None:
    """Writes the figure (by the suffix of `path`), `columns` (N) above its columns and `foot` below.

    Raises InputError where the file cannot be written.
    """
    count = len(columns)
    last = _WORDS + count * (_SIDE + _GAP) + _APART
    width, height = last + _SIDE + 0.1, _HEADING + len(rows) * (_SIDE + _UNDER) + _FOOT
    metres = max(_extent(row) for row in rows)
    with matplotlib.rc_context({"font.family": "DejaVu Sans", "font.size": 8.5}):
        figure = Figure(figsize=(width, height), dpi=160, facecolor="white")
        for number, row in enumerate(rows):
            top = _HEADING + number * (_SIDE + _UNDER)
            cells = [_add_cell(figure, _WORDS + k * (_SIDE + _GAP), top, row, metres) for k in range(count)]
            together = _add_cell(figure, last, top, row, metres)
            for axes, pose in zip(cells, row.poses, strict=True):
                _draw_pose(axes, pose)
                _draw_through(together, pose)
            _write_words(cells[0], together, row)
            if number == 0:
                for axes, words in zip(
                    [*cells, together], [*columns, "all of them,\nlaid over each other"], strict=True
                ):
                    axes.set_title(words, color=INK, fontsize=8.5, pad=5)
        _write_heading(figure, title)
        _write_foot(figure, foot, metres)
        with write_aside(path) as aside:
            figure.savefig(aside, format=Path(path).suffix.removeprefix("."))


def _draw_pose(axes: Axes, pose: np.ndarray, width: float = 3.0) -> None:
    """Draws `pose` (19, 3), its limbs `width` points wide, what is near over what is far.

    A rim in the cell's colour sets a limb off from what is behind it, but for its ends, where its neighbours are.
    """
    axes.add_patch(Polygon(pose[_TORSO, :2], facecolor=MIDDLE, alpha=0.13, linewidth=0, zorder=1))
    for joint, ends in _limbs(pose):
        inner, rim = 0.8 * ends + 0.2 * ends[::-1], _stick(joint, width) + 1.6
        axes.plot(*inner[:, :2].T, color=CELL, linewidth=rim, solid_capstyle="butt", zorder=_order(ends))
        _draw_limb(axes, joint, ends, width, strength=1.0)
    _draw_head(axes, pose, facecolor=MIDDLE, edgecolor=CELL, linewidth=0.8)


def _draw_through(axes: Axes, pose: np.ndarray, width: float = 1.5, strength: float = 0.65) -> None:
    """Draws `pose` (19, 3) so that others show through it, by `strength` (opacity)."""
    for joint, ends in _limbs(pose):
        _draw_limb(axes, joint, ends, width, strength)
    _draw_head(axes, pose, facecolor="none", edgecolor=MIDDLE, linewidth=width, alpha=strength)


def _limbs(pose: np.ndarray) -> list[tuple[int, np.ndarray]]:
    """Each joint that a stick leads to, and the stick's ends (2, 3); the head's is its ball."""
    return [(joint, pose[[parent, joint]]) for joint, parent in enumerate(PARENTS) if parent >= 0 and joint != _HEAD]


def _draw_limb(axes: Axes, joint: int, ends: np.ndarray, width: float, strength: float) -> None:
    """The stick that leads to `joint`, with a dot where that is a hand."""
    name, order = JOINT_NAMES[joint], _order(ends)
    color = LEFT if name.startswith("left_") else RIGHT if name.startswith("right_") else MIDDLE
    look: dict[str, Any] = {"color": color, "alpha": strength, "zorder": order}
    axes.plot(*ends[:, :2].T, linewidth=_stick(joint, width), solid_capstyle="round", **look)
    if name.endswith("wrist"):
        axes.plot(*ends[1, :2], "o", markersize=2 * width, markeredgewidth=0, **look)


def _draw_head(axes: Axes, pose: np.ndarray, **look: Any) -> None:
    """The ball between the base of the skull and the top of the head."""
    head = pose[[_NECK, _HEAD]]
    axes.add_patch(Circle(head.mean(axis=0)[:2], _HEAD_RADIUS, zorder=_order(head), **look))


def _stick(joint: int, width: float) -> float:
    """How wide the stick to `joint` is: a foot is thicker than the limbs."""
    return 1.7 * width if JOINT_NAMES[joint].endswith("toe") else width


def _order(ends: np.ndarray) -> float:
    """Where what lies between `ends` (2, 3) stands in the order of drawing: the nearer, the later."""
    return _LEAST_ORDER + float(np.clip(ends[:, 2].mean() / _MOST_DEPTH, -1, 1) + 1) / 2


def _extent(row: PoseRow) -> float:
    """Metres a side of the square that holds each of the row's poses."""
    return float(np.ptp(row.poses[..., :2].reshape(-1, 2), axis=0).max()) + 2 * _MARGIN


def _add_cell(figure: Figure, left: float, top: float, row: PoseRow, metres: float) -> Axes:
    """An empty cell at `left` and `top` inches that shows the row's square of space, `metres` a side."""
    width, height = figure.get_size_inches()
    axes = figure.add_axes((left / width, 1 - (top + _SIDE) / height, _SIDE / width, _SIDE / height))
    points = row.poses[..., :2].reshape(-1, 2)
    x, y = (points.min(axis=0) + points.max(axis=0)) / 2
    axes.set_xlim(x - metres / 2, x + metres / 2)
    axes.set_ylim(y - metres / 2, y + metres / 2)
    axes.set_facecolor(CELL)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    return axes


def _write_words(first: Axes, together: Axes, row: PoseRow) -> None:
    """What the row is, left of its `first` cell, and how far its poses are apart, under the last."""
    left = -(_WORDS - 0.1) / _SIDE
    first.text(left, 0.66, row.title, transform=first.transAxes, color=INK, fontsize=10, weight="bold", va="bottom")
    first.text(left, 0.61, row.words, transform=first.transAxes, color=FAINT, fontsize=8, va="top", linespacing=1.35)
    spread = f"{row.kind}spread {row.frame_spread:.0f} mm"
    together.text(0.5, -0.03, spread, transform=together.transAxes, color=INK, weight="bold", ha="center", va="top")
    clip = f"whole clip: {row.clip_spread:.0f} mm"
    together.text(0.5, -0.13, clip, transform=together.transAxes, color=FAINT, fontsize=8, ha="center", va="top")


def _write_heading(figure: Figure, title: str) -> None:
    """The title, and what the two colours mean."""
    width, height = figure.get_size_inches()
    y = 1 - 0.26 / height
    figure.text(0.1 / width, y, title, fontsize=12.5, color=INK, weight="bold", va="center")
    meanings = ((LEFT, "subject's left"), (RIGHT, "subject's right"))
    handles = [Line2D([], [], color=color, linewidth=3.5, label=label) for color, label in meanings]
    look = {"frameon": False, "labelcolor": INK, "fontsize": 9}
    figure.legend(handles=handles, loc="center right", bbox_to_anchor=(1 - 0.02 / width, y), ncols=2, **look)


def _write_foot(figure: Figure, foot: str, metres: float) -> None:
    """The words below, and a bar that shows the scale of every cell."""
    width, height = figure.get_size_inches()
    y, left, long = 0.2 / height, 0.1 / width, _SCALE_BAR * _SIDE / metres / width
    figure.add_artist(Line2D([left, left + long], [y, y], color=INK, linewidth=2, solid_capstyle="butt"))
    figure.text(left + long + 0.08 / width, y, f"{_SCALE_BAR} m", fontsize=8, color=INK, va="center")
    figure.text(_WORDS / width, y, foot, fontsize=8, color=FAINT, va="center")
