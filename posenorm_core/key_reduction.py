"""Fewer keys: which frames of a motion must be keyed so that straight lines between them pass near all the others.

Measured as Blender will show it: each number of a key goes to the next key's in a straight line, a quaternion is made
one of length 1 after that. From both ends on, the frame that is farthest off is keyed until none is too far off
(Douglas and Peucker 1973), all joints at once.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from posenorm_core import quaternion
from posenorm_core.errors import InputError

# The key before (N, n), the key after (N, n), the share of the way (N, 1), the value there (N, n): how far off (N,).
_Distance = Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Reduction:
    """Which of T frames are keyed for each of K joints or points, and how far off the others come out at most."""

    keyed: np.ndarray  # (T, K) bool; the first and the last frame always are
    error: float  # of the measure it was reduced by


def require_tolerance(tolerance: float) -> None:
    """Raises InputError where `tolerance`, an angle in radians or a distance in metres, is none."""
    if not 0 <= tolerance < np.inf:  # false for nan too
        raise InputError(f"tolerance {tolerance:g}: must be 0 (keep all keys) or more")


def reduce_rotations(rotations: np.ndarray, tolerance: float) -> Reduction:
    """The keys of sign-continuous unit quaternions (T, K, 4), each frame at most `tolerance` radians off.

    Keys next to each other have dot ≥ 0, as frames next to each other do.
    """
    return _reduce(rotations, tolerance, _angle)


def reduce_points(points: np.ndarray, tolerance: float) -> Reduction:
    """The keys of points (T, K, n), each frame at most `tolerance` off, in the points' own unit."""
    return _reduce(points, tolerance, _length)


def interpolated(values: np.ndarray, keyed: np.ndarray) -> np.ndarray:
    """What lies at all frames between the keyed ones of (T, K, n), number by number: as a linear curve, not normalized.

    `keyed` (T, K) must hold the first and the last frame.
    """
    frames = np.arange(len(values))
    result = np.empty(values.shape)
    for joint in range(values.shape[1]):
        at = np.flatnonzero(keyed[:, joint])
        for number in range(values.shape[2]):
            result[:, joint, number] = np.interp(frames, at, values[at, joint, number])
    return result


def _reduce(values: np.ndarray, tolerance: float, distance: _Distance) -> Reduction:
    """Splits all stretches between two keys that are too far off at once, until none is."""
    require_tolerance(tolerance)
    frames, joints, size = values.shape
    # Keys are single precision. One joint's frames after another's, so that a stretch is a slice.
    rows = np.swapaxes(values, 0, 1).reshape(-1, size).astype(np.float32).astype(np.float64)
    begin = np.arange(joints) * frames
    end = begin + frames - 1
    keyed = np.zeros(len(rows), dtype=bool)
    keyed[begin] = keyed[end] = True
    error = 0.0
    while True:
        between = end - begin > 1
        begin, end = begin[between], end[between]
        if not len(begin):
            return Reduction(keyed.reshape(joints, frames).T.copy(), error)
        worst, off = _farthest(rows, begin, end, distance)
        split = off > tolerance
        error = max(error, float(off[~split].max(initial=0.0)))
        begin, worst, end = begin[split], worst[split], end[split]
        keyed[worst] = True
        begin, end = np.concatenate([begin, worst]), np.concatenate([worst, end])


def _farthest(
    rows: np.ndarray, begin: np.ndarray, end: np.ndarray, distance: _Distance
) -> tuple[np.ndarray, np.ndarray]:
    """For each stretch from row `begin` to row `end` (S,) the row between that is farthest off, and how far it is."""
    count = end - begin - 1
    first = np.cumsum(count) - count  # where a stretch's rows begin among all
    stretch = np.repeat(np.arange(len(begin)), count)
    row = np.arange(len(stretch)) + (begin + 1 - first)[stretch]
    share = (row - begin[stretch]) / (end - begin)[stretch]
    off = distance(rows[begin[stretch]], rows[end[stretch]], share[:, None], rows[row])
    most = np.maximum.reduceat(off, first)
    at = np.flatnonzero(off == most[stretch])
    return row[at[np.unique(stretch[at], return_index=True)[1]]], most


def _angle(before: np.ndarray, after: np.ndarray, share: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Radians, for quaternions; between keys of opposite sign all is as far off as can be."""
    between = quaternion.normalize(before + share * (after - before))
    opposite = np.sum(before * after, axis=-1) < 0
    return np.where(opposite, np.pi, quaternion.geodesic_angle(between, quaternion.normalize(true)))


def _length(before: np.ndarray, after: np.ndarray, share: np.ndarray, true: np.ndarray) -> np.ndarray:
    """In the unit of the points."""
    return np.asarray(np.linalg.norm(before + share * (after - before) - true, axis=-1))
