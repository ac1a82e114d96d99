"""One filter for points and for rotations: a local quadratic, fitted by weights that fall off in time.

Each frame takes the value at its own time of the parabola that fits its neighbours best, the nearer and the surer
they are the more (Cleveland 1979; with even weights it is Savitzky and Golay's). It looks both ways, so nothing lags,
and a parabola keeps the height of a jump and the end of a punch. Rotations are fitted on the sphere: as rotation
vectors in the tangent space of the frame's own rotation.
"""

from collections.abc import Iterator

import numpy as np

from posenorm_core import quaternion
from posenorm_core.errors import InputError
from posenorm_core.frame_rate import require_fps

# The filter's reach to either side at full strength, seconds.
_REACH = 0.4
# Frames that are worked on at once: few enough for the cache.
_BLOCK = 512
# A fit is held towards a line and a constant by this much: nothing, unless there are too few neighbours for more.
_HELD = 1e-6


def require_strength(strength: float) -> None:
    """Raises InputError where `strength` is no share."""
    if not 0 <= strength <= 1:  # false for nan too
        raise InputError(f"smoothing strength {strength:g}: must be between 0 (none) and 1")


def smooth_points(points: np.ndarray, weight: np.ndarray, fps: float, strength: float) -> np.ndarray:
    """Points (T, K, n), each as sure as `weight` (T, K), smoothed along time; `strength` 0…1, 0 changes nothing.

    A point without weight takes no part; it gets the fit's value where it has neighbours, else stays.
    """
    result = points.copy()
    for inner, frames, share in _blocks(weight, fps, strength):
        values = points[frames].astype(np.float64)  # (B, S, K, n)
        fitted = np.einsum("bsk,bskn->bkn", share, values)
        result[inner] = np.where(np.any(share, axis=1)[..., None], fitted, points[inner])
    return result


def smooth_rotations(rotations: np.ndarray, weight: np.ndarray, fps: float, strength: float) -> np.ndarray:
    """Unit quaternions (T, J, 4), each as sure as `weight` (T, J), smoothed along time on the sphere."""
    result = rotations.copy()
    for inner, frames, share in _blocks(weight, fps, strength):
        turn = _mean_turn(rotations[np.r_[frames[0], frames[1:, -1]]], share)
        result[inner] = quaternion.normalize(
            quaternion.multiply(rotations[inner], quaternion.from_rotation_vector(turn).astype(rotations.dtype))
        )
    return np.asarray(quaternion.make_continuous(result))


def reach_in_frames(fps: float, strength: float) -> float:
    """How far the filter looks to either side, in frames."""
    return _REACH * strength * require_fps(fps)


def _blocks(weight: np.ndarray, fps: float, strength: float) -> Iterator[tuple[slice, np.ndarray, np.ndarray]]:
    """Block by block: its frames, each one's neighbours (B, S), and what share of each is taken (B, S, K)."""
    reach = reach_in_frames(fps, strength)
    if reach < 1:
        return
    shifts = np.arange(-int(reach), int(reach) + 1)
    for begin in range(0, len(weight), _BLOCK):
        inner = slice(begin, min(begin + _BLOCK, len(weight)))
        frames = np.arange(inner.start, inner.stop)[:, None] + shifts
        inside = (frames >= 0) & (frames < len(weight))
        frames = np.clip(frames, 0, len(weight) - 1)
        yield inner, frames, _shares(weight[frames] * inside[..., None], shifts / reach)


def _mean_turn(rotations: np.ndarray, share: np.ndarray) -> np.ndarray:
    """The turns (B, J, 3) from each rotation to its neighbours, as `share` (B, S, J) takes them.

    `rotations` (B + S − 1, J, 4) are the block's and those around it. The turn from one to another is the opposite
    of the turn back, so that half of them are computed.
    """
    block, reach = len(share), share.shape[1] // 2
    turn = np.zeros((block, share.shape[2], 3))
    for shift in range(1, reach + 1):
        there = quaternion.multiply(quaternion.inverse(rotations[:-shift]), rotations[shift:])
        vectors = np.asarray(quaternion.to_rotation_vector(there))
        turn += share[:, reach + shift, :, None] * vectors[reach : reach + block]
        turn -= share[:, reach - shift, :, None] * vectors[reach - shift : reach - shift + block]
    return turn


def _shares(weight: np.ndarray, time: np.ndarray) -> np.ndarray:
    """What a weighted parabola's value at its middle takes of each neighbour: (B, S, K) of weights (B, S, K).

    `time` (S,) are the neighbours' times, −1…1. The first row of the inverse of the normal equations of
    [1, time, time²], times the basis.
    """
    weight = weight * ((1 - np.abs(time) ** 3) ** 3)[:, None]
    powers = time ** np.arange(5)[:, None]
    s0, s1, s2, s3, s4 = np.einsum("ps,bsk->pbk", powers, weight)
    scale = np.where(s0 > 0, s0, 1.0)
    s1, s2, s3, s4 = s1 / scale, s2 / scale + _HELD, s3 / scale, s4 / scale + _HELD
    constant, line, curve = s2 * s4 - s3 * s3, s2 * s3 - s1 * s4, s1 * s3 - s2 * s2
    determinant = scale * (constant + s1 * line + s2 * curve)
    bent = constant[:, None] + line[:, None] * powers[1][:, None] + curve[:, None] * powers[2][:, None]
    share: np.ndarray = weight * bent / np.where(s0 > 0, determinant, 1.0)[:, None]
    return share
