"""Which frame of one clip is most like which of another: Euclidean distances between the features of frames."""

from collections.abc import Iterator

import numpy as np

# Cells of a distance matrix computed at once: 32 MB.
_BLOCK = 2**22


def distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The distance (N, M) of each feature in `a` (N, D) to each in `b` (M, D), in their unit."""
    # In float64 and about a common middle: what is equal must not come out as a rounding error's square root.
    middle = b.mean(axis=0, dtype=np.float64)
    a, b = a - middle, b - middle
    squared = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2 * a @ b.T
    return np.asarray(np.sqrt(np.maximum(squared, 0)))


def distance_rows(a: np.ndarray, b: np.ndarray, low: np.ndarray, high: np.ndarray) -> Iterator[np.ndarray]:
    """Row after row of `distances(a, b)`, of row i the columns from `low[i]` to before `high[i]`; both only rise."""
    first = 0
    while first < len(a):
        widths = high[first:] - low[first]
        count = max(1, int(np.searchsorted(widths * np.arange(1, len(widths) + 1), _BLOCK, side="right")))
        left, last = low[first], first + count
        block = distances(a[first:last], b[left : high[last - 1]])
        for row, begin, end in zip(block, low[first:last] - left, high[first:last] - left, strict=True):
            yield row[begin:end]
        first = last


def nearest_frames(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """For each feature in `a` (N, D) the index (N,) of the nearest in `b` (M, D): the paper's dense correspondence."""
    everything = np.zeros(len(a), dtype=int), np.full(len(a), len(b))
    return np.array([int(row.argmin()) for row in distance_rows(a, b, *everything)], dtype=int)
