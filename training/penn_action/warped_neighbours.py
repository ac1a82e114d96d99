"""The clips nearest to a clip under dynamic time warping of their frames' features, many clips at once.

The steps and costs are those of `posenorm_core.dtw`. Every clip is brought to the same number of frames, evenly, so
that the tables of all clips are filled together and no cost depends on a clip's length.
"""

import numpy as np

from posenorm_core.frame_rate import resample_values

FRAMES = 20


def evened(features: np.ndarray) -> np.ndarray:
    """Features (T, D) of a clip at `FRAMES` times evenly over it, from the first frame to the last."""
    return np.asarray(resample_values(features, np.linspace(0, len(features) - 1, FRAMES)), dtype=np.float32)


def warped_distances(asked: np.ndarray, clips: np.ndarray) -> np.ndarray:
    """The cost (N,) of the best path from end to end between `asked` (K, D) and each of `clips` (N, L, D)."""
    costs = np.full((len(clips), clips.shape[1] + 1), np.inf)
    costs[:, 0] = 0.0
    for distance in _rows_of_distances(asked, clips):
        # As in `posenorm_core.dtw`: to come from the left is to have entered the row before and paid since.
        along = np.cumsum(distance, axis=1)
        entered = np.minimum(costs[:, :-1], costs[:, 1:]) + distance - along
        costs[:, 1:] = np.minimum.accumulate(entered, axis=1) + along
        costs[:, 0] = np.inf
    return costs[:, -1]


def _rows_of_distances(asked: np.ndarray, clips: np.ndarray) -> np.ndarray:
    """(K, N, L) distances of each frame asked about to all frames of all clips."""
    flat = clips.reshape(-1, clips.shape[2])
    squared = (asked**2).sum(axis=1)[:, None] + (flat**2).sum(axis=1) - 2 * asked @ flat.T
    return np.sqrt(np.maximum(squared, 0)).reshape(len(asked), *clips.shape[:2]).astype(np.float64)
