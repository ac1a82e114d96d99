"""Foot locking: feet that stand stay where they are, on the floor, and the legs and the root give way.

Where a foot stands is one place a stance, from which its rolling over heel and ball says where the ankle is in each
frame (`legs`). The root shifts so that the legs have little left to do (`root_shift`), and they reach for the ankles in
closed form (`two_bone`). Between two stances a foot goes its own way, led over smoothly from the one's correction to
the other's. Frames are upright: +Y up, the floor at y = 0; arrays (T, 2, …) are of the right foot and the left.
"""

from dataclasses import replace

import numpy as np

from posenorm_core import quaternion
from posenorm_core.along_time import eased, evened, highest
from posenorm_core.errors import InputError
from posenorm_core.kinematics import pose_skeleton
from posenorm_core.legs import Legs, legs_of_condition_skeleton, levelling, rolled, sole_points
from posenorm_core.motion import Motion, with_orientation
from posenorm_core.root_shift import remaining, root_shift
from posenorm_core.skeleton import Skeleton
from posenorm_core.stances import floor_under, numbered, stances
from posenorm_core.two_bone import longest_reach, reach

MODES = ("off", "auto", "always")
_X, _Y = np.array([1.0, 0.0, 0.0]), np.array([0.0, 1.0, 0.0])
_BLEND = 0.25  # seconds over which a stance's correction fades
_FARTHEST = 0.2  # metres: no foot is moved by more than this along the floor
_SUNK = 0.005  # metres under the floor that a foot in the air may be
_LOWEST, _EASE = 0.1, 0.1  # metres that the hips are lowered at most, seconds over which
_FLOOR = 0.5  # seconds over which the floor's height is evened out


def lock_motion_feet(motion: Motion, mode: str) -> Motion:
    """The motion with its feet locked: its legs and its path change, the root's rotation and all else stays.

    Feet are locked in `heading`, which the path is told in; the motion keeps its own orientation.

    Raises InputError where `mode` is none of MODES.
    """
    legs = legs_of_condition_skeleton(motion.skeleton)
    upright = with_orientation(motion, "heading").rotations
    locked, path = lock_feet(motion.skeleton, legs, upright, motion.root_position, motion.contacts, motion.fps, mode)
    rotations = motion.rotations.copy()
    rotations[:, 1:] = locked[:, 1:]
    return replace(motion, rotations=rotations, root_position=path.astype(motion.root_position.dtype))


def lock_feet(
    skeleton: Skeleton,
    legs: Legs,
    rotations: np.ndarray,
    root_position: np.ndarray,
    contacts: np.ndarray,
    fps: float,
    mode: str,
) -> tuple[np.ndarray, np.ndarray]:
    """The rotations (T, J, 4) and the root's path (T, 3) with feet that stand still, none of them under the floor.

    Only hips, knees and ankles turn otherwise. Feet keep their direction, but soles that are nearly flat become so.

    Args:
        skeleton: any with two legs; its rest pose stands upright and faces +Z, the feet flat.
        legs: which joints these are.
        rotations: local departures from the rest pose, the root's in the upright frame.
        root_position: metres in that frame, the floor at about y = 0: one that drifts or is elsewhere is put there.
        contacts: (T, 2) probability that right and left foot stand; where NaN, low and slow feet do.
        fps: frames a second.
        mode: `off`; `auto`, by the contacts; `always`, in each frame at least the foot that is lower and slower.

    Raises:
        InputError: `mode` is none of MODES.
    """
    if mode not in MODES:
        raise InputError(f"foot locking '{mode}': must be one of {', '.join(MODES)}")
    if mode == "off" or not len(rotations):
        return rotations, root_position
    given = rotations.astype(np.float64)
    positions, turned = pose_skeleton(skeleton.offsets, given, skeleton.parents)
    posed = positions + root_position[:, None]
    ankles, feet = posed[:, list(legs.ankles)], turned[:, list(legs.ankles)]
    points, upright = sole_points(skeleton, legs, posed, turned), quaternion.rotate(feet, _Y)
    standing = stances(contacts, ankles[:, :, None] + points, upright[..., 1], fps, mode)
    level = quaternion.from_rotation_vector(_faded(levelling(upright, fps), standing, fps))
    points, feet = quaternion.rotate(level[:, :, None], points), quaternion.multiply(level, feet)
    shift, wanted = _wanted(ankles, points, standing, legs.sole_height, fps)
    shift[:, 1] -= _lowering(legs, posed + shift[:, None], wanted, standing, fps)
    locked = _reached(skeleton, legs, given, posed + shift[:, None], turned, wanted, feet)
    return locked, root_position + shift


def _wanted(
    ankles: np.ndarray, points: np.ndarray, standing: np.ndarray, sole_height: float, fps: float
) -> tuple[np.ndarray, np.ndarray]:
    """The root's shift (T, 3), and where the ankles are to be after it (T, 2, 3).

    `points` (T, 2, 2, 3) are ball and heel as seen from the `ankles` (T, 2, 3).
    """
    number, path, lowest = numbered(standing), rolled(points), points[..., 1].min(axis=2)
    floor, above = floor_under(ankles[..., 1] + lowest - sole_height, number)
    path[..., 1] = sole_height + above - lowest
    level = -evened(floor, round(_FLOOR * fps))[:, None] * _Y
    gaps = path - ankles - level[:, None]
    shift = root_shift(gaps, number, fps)
    left = remaining(gaps, shift, number, standing.astype(np.float64))
    far = np.linalg.norm(left[..., [0, 2]], axis=-1, keepdims=True) / _FARTHEST
    left[..., [0, 2]] /= (1 + far**8) ** (1 / 8)
    wanted = ankles + (shift + level)[:, None] + _faded(left, standing, fps)
    sunk = sole_height - _SUNK - (wanted[..., 1] + lowest)
    wanted[..., 1] += np.where(standing, 0.0, (sunk + np.hypot(sunk, _SUNK)) / 2)
    return shift + level, wanted


def _faded(values: np.ndarray, standing: np.ndarray, fps: float) -> np.ndarray:
    """`values` (T, 2, n) of feet that stand; between, from the last stance's and to the next one's over _BLEND."""
    count = len(values)
    frames, feet = np.arange(count)[:, None], np.arange(2)
    last = np.maximum.accumulate(np.where(standing, frames, -1), axis=0)
    following = np.minimum.accumulate(np.where(standing, frames, count)[::-1], axis=0)[::-1]
    over = np.clip(following - last, 1, max(_BLEND * fps, 1))
    after = np.where(last >= 0, 1 - eased((frames - last) / over), 0.0)
    before = np.where(following < count, 1 - eased((following - frames) / over), 0.0)
    led = after[..., None] * values[last, feet] + before[..., None] * values[np.minimum(following, count - 1), feet]
    return np.asarray(np.where(standing[..., None], values, led))


def _lowering(legs: Legs, posed: np.ndarray, wanted: np.ndarray, standing: np.ndarray, fps: float) -> np.ndarray:
    """How much the hips come down (T,) so that standing feet are within reach, smoothly and no more than _LOWEST."""
    hips, knees, ankles = (posed[:, joints] for joints in legs.joints)
    straight = np.linalg.norm(knees - hips, axis=-1) + np.linalg.norm(ankles - knees, axis=-1)
    length = longest_reach(np.linalg.norm(ankles - hips, axis=-1), straight)
    across = np.linalg.norm((wanted - hips)[..., [0, 2]], axis=-1)
    down = np.sqrt(np.maximum(length**2 - across**2, 0.0))
    needed = np.where(standing & (across < length), hips[..., 1] - wanted[..., 1] - down, 0.0).max(axis=1)
    frames = round(_EASE * fps)
    return evened(highest(np.clip(needed, 0.0, _LOWEST), frames), frames)


def _reached(
    skeleton: Skeleton,
    legs: Legs,
    rotations: np.ndarray,
    posed: np.ndarray,
    turned: np.ndarray,
    wanted: np.ndarray,
    feet: np.ndarray,
) -> np.ndarray:
    """The rotations (T, J, 4) with the ankles at `wanted` (T, 2, 3) and the feet turned as `feet` (T, 2, 4)."""
    hips, knees, ankles = (posed[:, joints] for joints in legs.joints)
    hip_turn, knee_turn, _ = (turned[:, joints] for joints in legs.joints)
    thigh = quaternion.rotate(quaternion.inverse(hip_turn), knees - hips)
    shin = quaternion.rotate(quaternion.inverse(knee_turn), ankles - knees)
    new_hip, new_knee = reach(hips, hip_turn, knee_turn, thigh, shin, wanted, _X)
    # What lies between two of the three joints turns along with the upper one.
    carried = (
        quaternion.identity_like(hip_turn),
        quaternion.multiply(new_hip, quaternion.inverse(hip_turn)),
        quaternion.multiply(new_knee, quaternion.inverse(knee_turn)),
    )
    result = rotations.copy()
    for joints, along, new in zip(legs.joints, carried, (new_hip, new_knee, feet), strict=True):
        parents = quaternion.multiply(along, turned[:, [skeleton.parents[joint] for joint in joints]])
        local = quaternion.normalize(quaternion.multiply(quaternion.inverse(parents), new))
        result[:, joints] = quaternion.make_continuous(local)
    return result
