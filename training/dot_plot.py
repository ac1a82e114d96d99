"""Figures by row as dots: a line for each row, a panel for each measure side by side, a colour for each series.

Dots and not bars, for the eye compares places and no panel need begin at zero for its bars to be honest; they do begin
there. A thin line through a dot is the standard deviation on either side.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from posenorm_core.files import write_aside
from posenorm_core.pose_drawing import FAINT, INK
from training.plots import COLORS, GRID

# Inches: the names of the rows, a panel and the gap after it, a row, what stands above the panels and below them.
_NAMES, _PANEL, _GAP, _ROW, _TOP, _BOTTOM = 3.1, 1.75, 0.22, 0.3, 0.95, 0.35
_APART = 0.17  # rows between the dots of the first series and of the last

Dot = tuple[float, float] | None  # mean and standard deviation; None where nothing was measured


@dataclass(frozen=True)
class Dots:
    """One panel: its title, and for each series a dot a row."""

    title: str
    series: Mapping[str, Sequence[Dot]]


def draw_dots(path: Path, title: str, rows: Sequence[str], panels: Sequence[Dots]) -> None:
    """Writes the figure (by the suffix of `path`), the first of the `rows` at the top.

    Every panel has the same series. Raises InputError where the file cannot be written.
    """
    width = _NAMES + len(panels) * (_PANEL + _GAP)
    high = _ROW * len(rows)
    whole = _TOP + high + _BOTTOM
    with matplotlib.rc_context({"font.family": "DejaVu Sans", "font.size": 8.5}):
        figure = Figure(figsize=(width, whole), dpi=130, facecolor="white")
        for number, panel in enumerate(panels):
            left = (_NAMES + number * (_PANEL + _GAP)) / width
            axes = figure.add_axes((left, _BOTTOM / whole, _PANEL / width, high / whole))
            _draw(axes, panel, len(rows))
            axes.set_yticks(range(len(rows)), rows if number == 0 else [""] * len(rows))
        figure.text(0.12 / width, 1 - 0.22 / whole, title, fontsize=12, color=INK, weight="bold", va="center")
        figure.legend(
            handles=[_dot(name, color) for name, color in zip(panels[0].series, COLORS, strict=False)],
            loc="center left", bbox_to_anchor=(0.0, 1 - 0.5 / whole), ncols=len(panels[0].series),
            frameon=False, labelcolor=INK, fontsize=9,
        )  # fmt: skip
        with write_aside(path) as aside:
            figure.savefig(aside, format=path.suffix.removeprefix("."))


def _draw(axes: Axes, panel: Dots, count: int) -> None:
    """One panel of `count` rows."""
    steps = max(1, len(panel.series) - 1)
    for number, (dots, color) in enumerate(zip(panel.series.values(), COLORS, strict=False)):
        for row, dot in enumerate(dots):
            if dot is not None:
                place = row + _APART * (number / steps - 0.5)
                axes.errorbar(dot[0], place, xerr=dot[1], fmt="o", color=color, markersize=5, linewidth=1.2, zorder=3)
    axes.set_ylim(count - 0.5, -0.5)
    axes.set_xlim(left=0)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 5, 10]))
    axes.grid(axis="y", color=GRID, linewidth=0.8, zorder=0)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, labelcolor=INK)
    axes.tick_params(axis="x", labelcolor=FAINT)
    axes.set_title(panel.title, color=INK, fontsize=9, loc="left")


def _dot(name: str, color: str) -> Line2D:
    """A series in the legend."""
    return Line2D([], [], marker="o", color=color, markersize=5, linewidth=0, label=name)
