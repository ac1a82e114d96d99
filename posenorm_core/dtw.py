"""Dynamic time warping (Sakoe and Chiba 1978) of two sequences of features, with the steps (1, 1), (1, 0) and (0, 1).

Each step costs the distance it arrives at, once (step pattern symmetric1). A row of the table is filled at once: to
arrive at column j from the left is to have entered the row at some j' before and paid all distances since, so that the
least cost is a running minimum over where one entered. Up to `EXACT_CELLS` the answer is exact; beyond, it is sought
around the path of the same sequences at half the rate (Salvador and Chan 2007), in memory that grows with their length.
"""

from dataclasses import dataclass

import numpy as np

from posenorm_core.correspondence import distance_rows
from posenorm_core.errors import InputError

# A byte each: the table of the steps taken. 20,000 by 20,000 frames, eleven minutes at 30 frames/s.
EXACT_CELLS = 4 * 10**8
# Frames left and right of the coarser path that the finer one may stray.
RADIUS = 256
_DIAGONAL, _DOWN, _ALONG = np.int8(0), np.int8(1), np.int8(2)
_STEPS = ((1, 1), (1, 0), (0, 1))

_Window = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Hit:
    """A stretch of the longer clip that is like the query."""

    path: np.ndarray  # (P, 2) frames in query and clip
    mean_distance: float  # over the path, in the features' unit

    @property
    def first(self) -> int:
        """The clip's frame that the stretch begins with."""
        return int(self.path[0, 1])

    @property
    def last(self) -> int:
        """The clip's frame that the stretch ends with."""
        return int(self.path[-1, 1])


def warping_path(a: np.ndarray, b: np.ndarray, *, exact_cells: int = EXACT_CELLS, radius: int = RADIUS) -> np.ndarray:
    """The path (P, 2) of frames in `a` (N, D) and `b` (M, D) whose distances sum to the least, from end to end.

    Exact where N · M is at most `exact_cells`; beyond, the best within `radius` frames of the path at half the rate.
    """
    table = _fill(a, b, _window(a, b, exact_cells, radius), enters_anywhere=False)
    return table.path_to(len(b) - 1)


def find_hits(query: np.ndarray, clip: np.ndarray, count: int) -> list[Hit]:
    """The `count` stretches of `clip` (M, D) most like `query` (N, D), best first, none of which share a frame.

    Subsequence DTW: a hit begins and ends wherever is best. Raises InputError where N · M is over five times
    `EXACT_CELLS`.
    """
    if len(query) * len(clip) > 5 * EXACT_CELLS:
        most = 5 * EXACT_CELLS // len(clip)
        raise InputError(f"a query of {len(query)} frames is too long for a clip of {len(clip)}; give at most {most}")
    table = _fill(query, clip, _everything(len(query), len(clip)), enters_anywhere=True)
    taken, looked_at = np.zeros(len(clip), dtype=bool), np.zeros(len(clip), dtype=bool)
    hits: list[Hit] = []
    for end in np.argsort(table.last_row, kind="stable"):
        if len(hits) == count:
            break
        if looked_at[end]:
            continue
        path = table.path_to(int(end))
        hit = Hit(path, float(table.last_row[end]) / len(path))
        stretch = slice(hit.first, hit.last + 1)
        if not taken[stretch].any():
            hits.append(hit)
            taken[stretch] = True
        # An end within a stretch that has a better one finds much the same again.
        looked_at[stretch] = True
    return sorted(hits, key=lambda hit: hit.mean_distance)


@dataclass(frozen=True)
class _Table:
    """The step that each cell of the window was best arrived at by, row after row, and the last row's costs."""

    steps: np.ndarray
    window: _Window
    last_row: np.ndarray
    enters_anywhere: bool

    def path_to(self, column: int) -> np.ndarray:
        """The best path (P, 2) to `column` of the last row."""
        low, high = self.window
        starts = np.concatenate([[0], np.cumsum(high - low)[:-1]])
        row, cells = len(low) - 1, [(len(low) - 1, column)]
        while row or (column and not self.enters_anywhere):
            down, along = _STEPS[self.steps[starts[row] + column - low[row]]]
            row, column = row - down, column - along
            cells.append((row, column))
        return np.array(cells[::-1])


def _fill(a: np.ndarray, b: np.ndarray, window: _Window, *, enters_anywhere: bool) -> _Table:
    """Fills the table within `window`; `enters_anywhere`: a path may begin at any column of the first row."""
    low, high = window
    steps = np.empty(int((high - low).sum()), dtype=np.int8)
    # The row above, a column to the right, so that what is left of its first column has a place; infinite outside.
    above = np.full(len(b) + 1, np.inf)
    above[: high[0] if enters_anywhere else 1] = 0.0
    start = cleared = 0
    for begin, end, distance in zip(low, high, distance_rows(a, b, low, high), strict=True):
        diagonal, down = above[begin:end], above[begin + 1 : end + 1]
        fell = down < diagonal
        along = np.cumsum(distance)
        entered = np.minimum(diagonal, down) + distance - along
        best = np.minimum.accumulate(entered)
        stop = start + len(distance)
        steps[start:stop] = np.where(best < entered, _ALONG, np.where(fell, _DOWN, _DIAGONAL))
        above[cleared : begin + 1] = np.inf
        above[begin + 1 : end + 1] = best + along
        start, cleared = stop, begin
    return _Table(steps, window, above[low[-1] + 1 : high[-1] + 1].copy(), enters_anywhere)


def _everything(rows: int, columns: int) -> _Window:
    return np.zeros(rows, dtype=int), np.full(rows, columns)


def _window(a: np.ndarray, b: np.ndarray, exact_cells: int, radius: int) -> _Window:
    """The columns of each row to look at: all of them, or those around the path at half the rate."""
    if len(a) * len(b) <= exact_cells:
        return _everything(len(a), len(b))
    coarse = warping_path(_halved(a), _halved(b), exact_cells=exact_cells, radius=radius)
    rows = np.arange(len(a)) // 2
    left = coarse[np.searchsorted(coarse[:, 0], rows, side="left"), 1]
    right = coarse[np.searchsorted(coarse[:, 0], rows, side="right") - 1, 1]
    return np.maximum(2 * left - radius, 0), np.minimum(2 * right + 2 + radius, len(b))


def _halved(features: np.ndarray) -> np.ndarray:
    """Every two frames' mean (⌈N / 2⌉, D); a last one without a second stays as it is."""
    evened = np.concatenate([features, features[-1:]]) if len(features) % 2 else features
    return np.asarray(evened.reshape(-1, 2, evened.shape[1]).mean(axis=1))
