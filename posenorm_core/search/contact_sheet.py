"""A contact sheet: the query and what was found, as stick figures with their clip, time and distance.

Of a sequence the middle is drawn, behind it the last pose pale and the first paler. Poses are those that the
descriptors tell of, so that no clip is read again. Needs the extra `[plot]`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from posenorm_core import quaternion
from posenorm_core.files import write_aside
from posenorm_core.pose_drawing import CELL, FAINT, INK, draw_pose, require_plotting
from posenorm_core.search.pose_code import poses_of

_QUERY = "#e3eaf2"
_COLUMNS, _SIDE, _WORDS, _GAP = 6, 1.7, 0.55, 0.08  # cells a row; inches
_LOW, _HIGH = -1.08, 1.08  # metres shown around the pelvis
# Opacity of a sequence's first and last pose: which of them came first can be seen.
_FIRST, _LAST = 0.15, 0.45
# Seen half from the side: steps, and arms stretched to the front, show as well as those to the side.
_SEEN_FROM = np.array([np.cos(np.pi / 12), 0.0, np.sin(np.pi / 12), 0.0])
# The longest name that fits under a cell, in characters.
_LONGEST = 23


@dataclass(frozen=True)
class Cell:
    """A figure of the sheet: `descriptors` (L, 32) of its frames and two lines to write under it."""

    descriptors: np.ndarray
    title: str
    words: str


def draw_contact_sheet(path: str | Path, query: Cell, hits: Sequence[Cell]) -> None:
    """Writes the sheet (by the suffix of `path`), the query first; raises InputError where it cannot."""
    require_plotting(Path(path))
    from matplotlib.figure import Figure

    cells = [query, *hits]
    columns, rows = min(len(cells), _COLUMNS), -(-len(cells) // _COLUMNS)
    width, height = columns * (_SIDE + _GAP) + _GAP, rows * (_SIDE + _WORDS) + _GAP
    figure = Figure(figsize=(width, height), dpi=160, facecolor="white")
    for number, cell in enumerate(cells):
        row, column = divmod(number, _COLUMNS)
        left, low = _GAP + column * (_SIDE + _GAP), height - _GAP - row * (_SIDE + _WORDS) - _SIDE
        axes = figure.add_axes((left / width, low / height, _SIDE / width, _SIDE / height))
        axes.set(xticks=[], yticks=[], xlim=(_LOW, _HIGH), ylim=(_LOW - 0.05, _HIGH - 0.05))
        axes.set_facecolor(CELL if number else _QUERY)
        axes.spines[:].set_visible(False)
        _draw(axes, cell.descriptors)
        look: dict[str, Any] = {"transform": axes.transAxes, "ha": "center", "va": "top"}
        axes.text(0.5, -0.03, _short(cell.title), color=INK, fontsize=7.5, weight="bold", **look)
        axes.text(0.5, -0.12, cell.words, color=FAINT, fontsize=7, linespacing=1.3, **look)
    with write_aside(path) as aside:
        figure.savefig(aside, format=Path(path).suffix.lower().removeprefix("."))


def _draw(axes: Any, descriptors: np.ndarray) -> None:
    """The middle of the poses over the first and the last."""
    poses = np.asarray(quaternion.rotate(_SEEN_FROM, poses_of(descriptors).astype(np.float64)))
    if len(poses) > 1:
        draw_pose(axes, poses[0], _FIRST)
        draw_pose(axes, poses[-1], _LAST)
    draw_pose(axes, poses[len(poses) // 2], 1.0)


def _short(name: str) -> str:
    """`name`, its beginning left out where it is long."""
    return name if len(name) <= _LONGEST else "…" + name[1 - _LONGEST :]
