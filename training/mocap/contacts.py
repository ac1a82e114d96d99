"""Foot contacts and the floor, from the feet's own motion: a foot stands where it is low and slow."""

import numpy as np

from posenorm_core.condition_skeleton import JOINT_NAMES

# Right and left, the order of a motion's contacts.
_ANKLES = [JOINT_NAMES.index("right_ankle"), JOINT_NAMES.index("left_ankle")]
_TOES = [JOINT_NAMES.index("right_toe"), JOINT_NAMES.index("left_toe")]

# The ball of the foot is a joint inside it, this high above the ground (metres).
BALL_HEIGHT = 0.02
_HIGHEST = 0.05  # metres above the lowest foot of these moments
_FASTEST = 0.8  # metres a second: a foot that rolls over heel or ball; one that swings makes 2 to 4
_MOMENT = 0.3  # seconds before and after
_SHORTEST = 5  # frames: what is shorter is a flicker


def sole_heights(positions: np.ndarray, ankle_heights: np.ndarray) -> np.ndarray:
    """How high (T, 2, 2) heel and ball of each foot are: positions (T, 19, 3), ankles' own heights (2,) when flat."""
    heels = positions[:, _ANKLES, 1] - ankle_heights
    return np.stack([heels, positions[:, _TOES, 1] - BALL_HEIGHT], axis=-1)


def floor_height(positions: np.ndarray, ankle_heights: np.ndarray) -> float:
    """The height of the floor under a clip: where the lowest sole is, but for the lowest twentieth of frames."""
    return float(np.percentile(sole_heights(positions, ankle_heights).min(axis=(1, 2)), 5))


def foot_contacts(positions: np.ndarray, ankle_heights: np.ndarray, fps: float) -> np.ndarray:
    """Whether the right and left foot stand, (T, 2) of 0 and 1; positions (T, 19, 3) metres in the world."""
    heights = sole_heights(positions, ankle_heights)
    speeds = np.stack([_speed(positions[:, _ANKLES], fps), _speed(positions[:, _TOES], fps)], axis=-1)
    lowest = _rolling_minimum(heights.min(axis=(1, 2)), round(_MOMENT * fps))
    low = heights < lowest[:, None, None] + _HIGHEST
    standing = np.any(low & (speeds < _FASTEST), axis=-1)
    return _median_filter(standing.astype(np.uint8), _SHORTEST)


def _speed(points: np.ndarray, fps: float) -> np.ndarray:
    """Metres a second (T, n) of points (T, n, 3), central differences."""
    if len(points) < 2:
        return np.zeros(points.shape[:2])
    return np.asarray(np.linalg.norm(np.gradient(points, axis=0), axis=-1) * fps)


def _windows(values: np.ndarray, reach: int) -> np.ndarray:
    """Each entry's neighbourhood along the first axis (T, …, 2 reach + 1), the ends repeated."""
    padding = [(reach, reach)] + [(0, 0)] * (values.ndim - 1)
    return np.lib.stride_tricks.sliding_window_view(np.pad(values, padding, mode="edge"), 2 * reach + 1, axis=0)


def _rolling_minimum(values: np.ndarray, reach: int) -> np.ndarray:
    """The least of each entry's neighbours up to `reach` frames away."""
    return np.asarray(_windows(values, reach).min(axis=-1))


def _median_filter(values: np.ndarray, length: int) -> np.ndarray:
    """What most of `length` neighbouring frames say, for entries of 0 and 1."""
    return (_windows(values, length // 2).mean(axis=-1) > 0.5).astype(np.uint8)
