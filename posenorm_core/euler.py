"""Euler angles of any of the six orders, continuous along time.

`order` is written as Blender does: "XYZ" turns about X first, then about the fixed Y, then about the fixed Z, so
that R = Rz · Ry · Rx. All angles are radians.
"""

import numpy as np

from posenorm_core import quaternion

ORDERS = ("XYZ", "XZY", "YXZ", "YZX", "ZXY", "ZYX")
# The sine of the middle angle from which on only the sum of the outer two is determined.
_LOCKED = 1 - 1e-9


def to_euler(q: np.ndarray, order: str) -> np.ndarray:
    """Unit quaternions (…, 4) -> angles (…, 3) about x, y and z, the middle one within a quarter turn.

    At gimbal lock the angle that is turned last is 0.
    """
    first, second, third = ("XYZ".index(letter) for letter in order)
    sign = 1.0 if (second - first) % 3 == 1 else -1.0
    m = np.asarray(quaternion.to_matrix(q))
    sine = np.clip(-sign * m[..., third, first], -1, 1)
    locked = np.abs(sine) > _LOCKED
    angles = np.empty((*q.shape[:-1], 3))
    angles[..., second] = np.arcsin(sine)
    free_first = np.arctan2(sign * m[..., third, second], m[..., third, third])
    free_third = np.arctan2(sign * m[..., second, first], m[..., first, first])
    locked_first = np.arctan2(-sign * m[..., second, third], m[..., second, second])
    angles[..., first] = np.where(locked, locked_first, free_first)
    angles[..., third] = np.where(locked, 0.0, free_third)
    return angles


def from_euler(angles: np.ndarray, order: str) -> np.ndarray:
    """The inverse of `to_euler`: angles (…, 3) about x, y and z -> unit quaternions (…, 4)."""
    axes = np.eye(3)
    q = quaternion.identity_like(np.zeros((*angles.shape[:-1], 4)))
    for letter in order:
        axis = "XYZ".index(letter)
        q = quaternion.multiply(quaternion.from_axis_angle(axes[axis], angles[..., axis]), q)
    return np.asarray(q)


def continuous_euler(q: np.ndarray, order: str) -> np.ndarray:
    """Rotations (T, …, 4) -> angles (T, …, 3) that never jump along time.

    Of the two ways to tell a rotation, and of the whole turns that may be added, each frame takes what is nearest to
    the frame before.
    """
    angles = to_euler(q, order)
    other = angles + np.pi
    middle = "XYZ".index(order[1])
    other[..., middle] = np.pi - angles[..., middle]
    whole = 2 * np.pi
    for frame in range(1, len(angles)):
        before = angles[frame - 1]
        one, two = (way - whole * np.round((way - before) / whole) for way in (angles[frame], other[frame]))
        nearer = np.abs(one - before).sum(axis=-1) <= np.abs(two - before).sum(axis=-1)
        angles[frame] = np.where(nearer[..., None], one, two)
    return angles
