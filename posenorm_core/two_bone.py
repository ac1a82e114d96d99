"""Two-bone inverse kinematics in closed form: hip and knee turned so that the ankle comes to a wanted place.

The knee bends or stretches first, about an axis of its own, until hip and ankle are as far apart as they must be; then
the leg as a whole turns about the hip, by the smallest rotation. Straightening is slowed down just short of straight,
where a millimetre turns the knee by degrees.
"""

import numpy as np

from posenorm_core import quaternion
from posenorm_core.arrays import unit

# A share of the leg: so much short of straight it begins to resist, and never gets longer than straight.
_SOFT = 0.002
# Sine of a bend below which a leg is so straight that its own plane says little and the hinge says more.
_NEARLY_STRAIGHT = 0.1
# A share of the leg: over such a change of length a knee that was bent the wrong way by a hair comes to bend rightly.
_TURNING_OVER = 0.001
# Sines: a knee bent the wrong way by more than the second was meant to, by less than the first was not.
_WRONG_WAY = (0.15, 0.3)
_TINY = 1e-12


def reach(
    hip_position: np.ndarray,
    hip_rotation: np.ndarray,
    knee_rotation: np.ndarray,
    thigh: np.ndarray,
    shin: np.ndarray,
    wanted: np.ndarray,
    hinge: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """The new global rotations (…, 4) of hip and knee that bring the ankle to `wanted`, or as near as the leg is long.

    What is within reach is reached exactly: up to the length the leg has, or a hair short of straight. Where the ankle
    is there already nothing changes. All is continuous in every argument.

    Args:
        hip_position: (…, 3) metres.
        hip_rotation: (…, 4) global.
        knee_rotation: (…, 4) global.
        thigh: (…, 3) from hip to knee, in the hip's frame.
        shin: (…, 3) from knee to ankle, in the knee's frame.
        wanted: (…, 3) metres, the ankle's place.
        hinge: (…, 3) unit, in the hip's frame: the axis about which a straight leg's knee begins to bend.
    """
    upper, lower = quaternion.rotate(hip_rotation, thigh), quaternion.rotate(knee_rotation, shin)
    there = wanted - hip_position
    length = _reachable(upper, lower, np.linalg.norm(there, axis=-1))
    axis, bend = _bend_axis(upper, lower, quaternion.rotate(hip_rotation, hinge))
    knee_turn = quaternion.from_axis_angle(axis, _bend(upper, lower, axis, bend, length))
    leg = upper + quaternion.rotate(knee_turn, lower)
    # A place in the hip itself, or a leg without length, has no direction: the leg stays where it points.
    pointless = np.minimum(np.linalg.norm(there, axis=-1), np.linalg.norm(leg, axis=-1))[..., None] < _TINY
    swing = quaternion.between(np.where(pointless, 1.0, leg), np.where(pointless, 1.0, there))
    bent = quaternion.multiply(swing, quaternion.multiply(knee_turn, knee_rotation))
    return np.asarray(quaternion.multiply(swing, hip_rotation)), np.asarray(bent)


def longest_reach(length: np.ndarray, straight: np.ndarray) -> np.ndarray:
    """How far (…) a leg can reach exactly, that is `length` metres from hip to ankle now, and `straight` at most."""
    return np.asarray(np.maximum(length, straight * (1 - _SOFT)))


def _reachable(upper: np.ndarray, lower: np.ndarray, distance: np.ndarray) -> np.ndarray:
    """How far apart (…) hip and ankle are to be, who should be `distance` (…) apart."""
    straight = np.linalg.norm(upper, axis=-1) + np.linalg.norm(lower, axis=-1)
    exact = longest_reach(np.linalg.norm(upper + lower, axis=-1), straight)
    rest = np.maximum(straight - exact, 0.0)
    beyond = np.maximum(distance - exact, 0.0)
    return np.asarray(np.minimum(distance, exact) + rest * -np.expm1(-beyond / np.maximum(rest, _TINY)))


def _bend_axis(upper: np.ndarray, lower: np.ndarray, hinge: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The unit axis (…, 3) a knee bends about, and the sine (…) by which it is bent, below 0 the wrong way.

    The normal of the leg's plane on the hinge's side; the straighter the leg, the more the hinge itself.
    """
    normal = np.cross(_direction(upper), _direction(lower))
    bend = (normal * hinge).sum(axis=-1)
    size = np.linalg.norm(normal, axis=-1)
    side = bend / np.hypot(bend, _NEARLY_STRAIGHT)
    share = _NEARLY_STRAIGHT**2 / (_NEARLY_STRAIGHT + size)
    return np.asarray(unit(normal * side[..., None] + hinge * share[..., None])), bend


def _bend(upper: np.ndarray, lower: np.ndarray, axis: np.ndarray, bend: np.ndarray, length: np.ndarray) -> np.ndarray:
    """The turn of the shin (…) radians about `axis` that brings hip and ankle `length` (…) apart.

    |upper + lower turned|² = constant + 2 (cosine · cos + sine · sin) of it, which has two solutions, one on either
    side of the straightest leg. Wanted is the one with the knee bent rightly, and the nearer one of a knee that is not.
    """
    along = (upper * axis).sum(axis=-1) * (lower * axis).sum(axis=-1)
    cosine = (upper * lower).sum(axis=-1) - along
    sine = (upper * np.cross(axis, lower)).sum(axis=-1)
    size = np.hypot(cosine, sine)
    now = np.linalg.norm(upper + lower, axis=-1)
    constant = (upper**2).sum(axis=-1) + (lower**2).sum(axis=-1) + 2 * along
    straightest = np.arctan2(sine, cosine)
    off = np.arccos(np.clip((length**2 - constant) / 2 / np.maximum(size, _TINY), -1.0, 1.0))
    rightly = straightest + off
    nearest = np.where(straightest > 0, straightest - off, rightly)
    scale = np.linalg.norm(upper, axis=-1) + np.linalg.norm(lower, axis=-1)
    changed = -np.expm1(-(((length - now) / np.maximum(scale * _TURNING_OVER, _TINY)) ** 2))
    meant = np.clip((-bend - _WRONG_WAY[0]) / (_WRONG_WAY[1] - _WRONG_WAY[0]), 0.0, 1.0)
    return np.asarray(np.where(size > _TINY, nearest + (rightly - nearest) * changed * (1 - meant), 0.0))


def _direction(bone: np.ndarray) -> np.ndarray:
    """`bone` (…, 3) at length 1; of none, zero."""
    return np.asarray(bone / np.maximum(np.linalg.norm(bone, axis=-1, keepdims=True), _TINY))
