"""Frame rates: motion is computed at 30 frames/s and comes back at the input's own frames.

Both rates share the instant of frame 0. Times are given as fractions of frames: `resample_times` says where in
the input the frames of the computation lie, `input_times` where in the computation those of the input lie.
"""

import math

import numpy as np

from posenorm_core import quaternion
from posenorm_core.errors import InputError

COMPUTED_FPS = 30.0
SLOWEST_FPS, FASTEST_FPS = 1.0, 1000.0
# A time this near to a frame (in frames) is that frame's.
_SAME = 1e-6


def require_fps(fps: float, named: str = "frame rate") -> float:
    """`fps`, if it is a rate that videos have; raises InputError, which calls it `named`, otherwise."""
    if not SLOWEST_FPS <= fps <= FASTEST_FPS:  # false for nan too
        raise InputError(f"{named} {fps:g}: must be between {SLOWEST_FPS:g} and {FASTEST_FPS:g} frames per second")
    return float(fps)


def resample_times(frames: int, fps: float, target: float = COMPUTED_FPS) -> np.ndarray:
    """Where the frames at `target` lie among `frames` at `fps`: (N,) input frames, ascending from 0.

    The last lies at or after the last input frame, so that all of the input is covered; sampling holds the ends.
    Raises InputError for a rate that no video has.
    """
    require_fps(fps)
    count = math.ceil((frames - 1) * target / fps - _SAME) + 1 if frames else 0
    return np.arange(count) * (fps / target)


def input_times(frames: int, fps: float, target: float = COMPUTED_FPS) -> np.ndarray:
    """Where the `frames` of the input at `fps` lie among those at `target`: (frames,) computed frames."""
    return np.arange(frames) * (target / require_fps(fps))


def resample_keypoints(points: np.ndarray, confidence: np.ndarray, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points (T, K, 2) and confidence (T, K) at `times` (N,), in frames: linear between frames.

    Between a frame seen and one missing the point stays where it was seen for half of the way, then it is missing.
    """
    before, after, fraction = _neighbours(len(points), times)
    weight = np.broadcast_to(fraction[:, None].astype(points.dtype), (len(times), points.shape[1]))
    first, second = confidence[before] > 0, confidence[after] > 0
    weight = np.where(first & second, weight, np.where(first, weight > 0.5, weight >= 0.5))
    seen = (first | (weight == 1)) & (second | (weight == 0))
    mixed = points[before] * (1 - weight[..., None]) + points[after] * weight[..., None]
    sure = confidence[before] * (1 - weight) + confidence[after] * weight
    return np.where(seen[..., None], mixed, 0), np.where(seen, sure, 0)


def resample_rotations(rotations: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Quaternions (T, …, 4) at `times` (N,), in frames: along the shorter arc at even speed, sign-continuous."""
    before, after, fraction = _neighbours(len(rotations), times)
    weight = fraction.reshape(-1, *[1] * (rotations.ndim - 2)).astype(rotations.dtype)
    turned = quaternion.normalize(quaternion.slerp(rotations[before], rotations[after], weight))
    return np.asarray(quaternion.make_continuous(turned))


def resample_values(values: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Numbers (T, …), such as positions or probabilities, at `times` (N,), in frames: linear between frames."""
    before, after, fraction = _neighbours(len(values), times)
    weight = fraction.reshape(-1, *[1] * (values.ndim - 1)).astype(values.dtype)
    return np.asarray(values[before] * (1 - weight) + values[after] * weight)


def _neighbours(frames: int, times: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each time the frame before it, the one after, and how far between them it lies (0…1); ends held."""
    held = np.clip(times, 0, frames - 1)
    before = np.minimum(np.floor(held).astype(np.int64), max(frames - 2, 0))
    fraction = held - before
    fraction = np.where(fraction < _SAME, 0.0, np.where(fraction > 1 - _SAME, 1.0, fraction))
    return before, np.minimum(before + 1, frames - 1), fraction
