"""Which foot carries the body when, and the path of the root that follows from it.

A planted foot rolls from heel to toe without sliding: its ankle's path is known from the foot's rotations
alone. The root moves so that the carrying feet follow theirs; in flight it follows a thrown body's parabola.
Feet are (right, left), as in `contacts`.
"""

import numpy as np

from posenorm_core.builtin_motion.action import Intervals

_GRAVITY = 9.81
_HIGHEST_JUMP = 0.2  # metres a body rises in flight at most: slow motion must not fly off
_SHARPNESS = 0.004  # metres: how much lower a point of the sole must be to be the one that carries
_NEAR_FLOOR = 0.012  # metres: a foot this near above the lower one carries, where no sheet tells
_RAMP = 0.12  # phase over which weight is taken on or off


def carried_weight(phase: np.ndarray, intervals: Intervals) -> np.ndarray:
    """How far a foot that is down in `intervals` carries the body at `phase` (T,) -> (T,) in 0…1, 0 = not down."""
    weight = np.zeros_like(phase)
    for start, end in intervals:
        inside = np.mod(phase - start, 1.0)
        edge = np.minimum(inside, end - start - inside) if end - start < 1 else np.ones_like(inside)
        weight = np.where(edge > 0, np.clip(edge / min(_RAMP, (end - start) / 3), 0.02, 1.0), weight)
    return weight


def weight_by_height(lowest: np.ndarray) -> np.ndarray:
    """The same from how high each foot's lowest point is (T, 2): the lower foot carries, or both."""
    above = lowest - lowest.min(axis=1, keepdims=True)
    return np.asarray(np.clip(1 - above / _NEAR_FLOOR, 0.0, 1.0))


def rolling_path(sole: np.ndarray) -> np.ndarray:
    """The ankle's path (T, 2, 3) over a foot that rolls on the floor without sliding.

    `sole` (T, 2, points, 3) is where the points of each sole are from its ankle. Heights are true, the
    horizontal is up to a constant for each time the foot is set down.
    """
    height = sole[..., 1]
    carrying = np.exp(-(height - height.min(axis=-1, keepdims=True)) / _SHARPNESS)
    carrying = carrying / carrying.sum(axis=-1, keepdims=True)
    between = (carrying[1:] + carrying[:-1]) / 2
    steps = (between[..., None] * np.diff(sole, axis=0)).sum(axis=-2)
    path = -np.concatenate([np.zeros_like(sole[:1, :, 0]), np.cumsum(steps, axis=0)])
    path[..., 1] = -height.min(axis=-1)
    return np.asarray(path)


def root_path(wanted: np.ndarray, weight: np.ndarray, rate: float) -> np.ndarray:
    """The root's path (T, 3) from the one each foot wants (T, 2, 3), carrying with `weight` (T, 2)."""
    weight = _of_the_steady_foot(weight)
    carried = weight.sum(axis=1) > 0
    if not carried.any():
        # A moment of slow motion within one flight: the feet hang where they are.
        weight, carried = np.ones_like(weight), ~carried
    share = weight / np.maximum(weight.sum(axis=1, keepdims=True), 1e-9)
    path = np.zeros((len(wanted), 3))
    for axis in (0, 2):
        moves = np.gradient(wanted[..., axis], axis=0)
        speed = _filled((share * moves).sum(axis=1), carried)
        path[1:, axis] = np.cumsum((speed[1:] + speed[:-1]) / 2)
    path[:, 1] = _filled((share * wanted[..., 1]).sum(axis=1), carried) + _flight(carried, rate)
    return smoothed(path, 0.035 * rate)


def _of_the_steady_foot(weight: np.ndarray) -> np.ndarray:
    """The weights, but where one foot never leaves the floor it carries alone, or the body would drift off it."""
    steady = (weight > 0).all(axis=0)
    return weight * steady if steady.any() else weight


def smoothed(values: np.ndarray, width: float) -> np.ndarray:
    """`values` (T, n) through a Gaussian of standard deviation `width` frames, ends held."""
    reach = max(1, round(3 * width))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / width) ** 2)
    padded = np.concatenate([np.repeat(values[:1], reach, 0), values, np.repeat(values[-1:], reach, 0)])
    columns = [np.convolve(column, kernel / kernel.sum(), mode="valid") for column in padded.T]
    return np.stack(columns, axis=1)


def _filled(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """`values` (T,) where `known`, straight lines between."""
    frames = np.arange(len(values))
    return np.asarray(np.interp(frames, frames[known], values[known]))


def _flight(carried: np.ndarray, rate: float) -> np.ndarray:
    """Metres (T,) above the straight line between take-off and landing while nothing carries."""
    frames = np.arange(len(carried))
    takeoff = np.maximum.accumulate(np.where(carried, frames, 0))
    landing = np.minimum.accumulate(np.where(carried, frames, len(frames) - 1)[::-1])[::-1]
    duration = np.maximum(landing - takeoff, 1)
    s = np.where(carried, 0.0, (frames - takeoff) / duration)
    rise = np.minimum(_GRAVITY * (duration / rate) ** 2 / 8, _HIGHEST_JUMP)
    return np.asarray(4 * s * (1 - s) * rise)
