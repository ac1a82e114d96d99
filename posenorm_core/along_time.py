"""What smooths along time, for arrays (T, …) of evenly spaced frames."""

import numpy as np


def eased(share: np.ndarray) -> np.ndarray:
    """From 0 at 0 to 1 at 1, level at both ends."""
    share = np.clip(share, 0.0, 1.0)
    return np.asarray(share * share * (3 - 2 * share))


def highest(values: np.ndarray, reach: int) -> np.ndarray:
    """The largest (T, …) of each frame and of `reach` frames before and after."""
    padded = np.pad(values, [(reach, reach)] + [(0, 0)] * (values.ndim - 1), mode="edge")
    return np.asarray(np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1, axis=0).max(axis=-1))


def evened(values: np.ndarray, reach: int) -> np.ndarray:
    """`values` (T, …), each the mean of `reach` frames before and after, the near ones more; the ends held."""
    padded = np.pad(values, [(reach, reach)] + [(0, 0)] * (values.ndim - 1), mode="edge")
    kernel = np.hanning(2 * reach + 3)[1:-1]
    around = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1, axis=0)
    return np.asarray(around @ (kernel / kernel.sum()))
