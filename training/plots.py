"""Figures of the evaluation: small charts in a grid, all in one style, written aside and renamed.

A chart is a stack of panels over one x; panels of the same row of every chart share their scale, so that charts can be
compared at a glance. Lines differ by colour (Okabe and Ito's, told apart by the colour-blind) and by marker.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, MaxNLocator, NullFormatter, NullLocator, StrMethodFormatter

from posenorm_core.files import write_aside
from posenorm_core.pose_drawing import FAINT, INK

COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000")
_MARKERS = ("o", "s", "^", "D", "v", "P", "X")
GRID = "#dfe2e6"
_TITLE, _FOOT, _GAP = 0.75, 0.15, 0.62  # inches above the charts, below them, and below each for its x axis


@dataclass(frozen=True)
class Panel:
    """Lines over the chart's x, in one unit; `height` is its share of the chart."""

    y_label: str
    lines: dict[str, np.ndarray]  # name in the legend -> (N,)
    height: float = 1.0
    top: float | None = None  # of the scale; by default what the lines of all charts need


@dataclass(frozen=True)
class Chart:
    """Panels one above the other over the same x (N,)."""

    x_label: str
    x: np.ndarray
    panels: tuple[Panel, ...]
    logarithmic: bool = False


def draw_charts(path: str | Path, title: str, charts: list[Chart], columns: int = 4) -> None:
    """Writes the figure (by the suffix of `path`), the charts in rows of `columns`; all have panels of the same kind.

    Raises InputError where the file cannot be written.
    """
    panels = charts[0].panels
    names = list(dict.fromkeys(name for chart in charts for panel in chart.panels for name in panel.lines))
    columns = min(columns, len(charts))
    rows = -(-len(charts) // columns)
    width, height = 0.55 + 2.75 * columns, 1.15 * sum(panel.height for panel in panels) + _GAP
    whole = _TITLE + rows * height + _FOOT
    with matplotlib.rc_context({"font.family": "DejaVu Sans", "font.size": 8.5, "axes.edgecolor": FAINT}):
        figure = Figure(figsize=(width, whole), dpi=130, facecolor="white")
        for number, chart in enumerate(charts):
            row, column = divmod(number, columns)
            left, right = (0.62 + 2.75 * column) / width, (0.62 + 2.75 * column + 2.4) / width
            top = 1 - (_TITLE + row * height) / whole
            ratios = [panel.height for panel in panels]
            grid = figure.add_gridspec(
                len(panels), 1, height_ratios=ratios, hspace=0.2, left=left, right=right,
                top=top, bottom=top - (height - _GAP) / whole,
            )  # fmt: skip
            stack = [figure.add_subplot(grid[k]) for k in range(len(panels))]
            _draw_chart(stack, chart, names, _tops(charts), first=column == 0)
        figure.text(0.62 / width, 1 - 0.22 / whole, title, fontsize=12, color=INK, weight="bold", va="center")
        handles = [Line2D([], [], **_look(names, name), label=name) for name in names]
        figure.legend(
            handles=handles, loc="center left", bbox_to_anchor=(0.5 / width, 1 - 0.5 / whole), ncols=len(names),
            frameon=False, labelcolor=INK, fontsize=9,
        )  # fmt: skip
        with write_aside(path) as aside:
            figure.savefig(aside, format=Path(path).suffix.removeprefix("."))


def _tops(charts: list[Chart]) -> list[float]:
    """The scale's upper end for each row of panels, over all charts."""
    tops = []
    for row in zip(*(chart.panels for chart in charts), strict=True):
        largest = max(float(np.max(line)) for panel in row for line in panel.lines.values())
        tops.append(row[0].top if row[0].top is not None else 1.08 * largest)
    return tops


def _draw_chart(stack: list[Axes], chart: Chart, names: list[str], tops: list[float], first: bool) -> None:
    """The panels of a chart, top to bottom; the x axis under the last, y labels in the `first` column."""
    for axes, panel, top in zip(stack, chart.panels, tops, strict=True):
        for name, line in panel.lines.items():
            axes.plot(chart.x, line, **_look(names, name), clip_on=False, zorder=3)
        axes.set_ylim(0, top)
        axes.yaxis.set_major_locator(MaxNLocator(nbins=max(2, round(4 * panel.height)), steps=[1, 2, 5, 10]))
        axes.grid(axis="y", color=GRID, linewidth=0.8, zorder=0)
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.tick_params(length=0, labelcolor=FAINT, labelleft=first)
        _scale_x(axes, chart)
        axes.tick_params(axis="x", labelbottom=axes is stack[-1])
        if first:
            axes.set_ylabel(panel.y_label, color=INK)
            axes.yaxis.set_label_coords(-0.155, 0.5)
    stack[-1].set_xlabel(chart.x_label, color=INK, labelpad=2)


def _scale_x(axes: Axes, chart: Chart) -> None:
    """A tick at every measured x where they leave room, in logarithms where asked."""
    if chart.logarithmic:
        axes.set_xscale("log")
    axes.xaxis.set_major_locator(FixedLocator(_roomy(chart)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:.3g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())


def _roomy(chart: Chart) -> list[float]:
    """The x values to write: the ends, and those between that stand clear of the last one written."""
    x = np.log(chart.x) if chart.logarithmic else chart.x
    clear = 0.11 * float(np.ptp(x))
    kept = [0]
    for k in range(1, len(x) - 1):
        if x[k] - x[kept[-1]] >= clear and x[-1] - x[k] >= clear:
            kept.append(k)
    return [float(chart.x[k]) for k in dict.fromkeys([*kept, len(x) - 1])]


def _look(names: list[str], name: str) -> dict[str, Any]:
    """Colour and marker of a line: the same for a name everywhere."""
    number = names.index(name) % len(COLORS)
    return {"color": COLORS[number], "marker": _MARKERS[number], "markersize": 4, "linewidth": 1.7}
