"""Feet planted on the floor: from a pose that floats to a body that stands, steps and jumps.

The soles come first (flat, or rolling as the sheet tells), then the root's path, then each planted foot is
held in its place and the legs are bent to reach it; between two steps the correction goes over gradually.
Feet are (right, left).
"""

from dataclasses import dataclass

import numpy as np

from posenorm_core import quaternion
from posenorm_core.builtin_motion import support
from posenorm_core.builtin_motion.legs import longest_reach, reaching_leg
from posenorm_core.condition_skeleton import JOINT_NAMES
from posenorm_core.kinematics import pose_skeleton
from posenorm_core.landmarks import LANDMARK_NAMES, fixed_point_offsets
from posenorm_core.skeleton import Skeleton

_HIPS, _KNEES, _ANKLES, _TOES = (
    [JOINT_NAMES.index(f"{side}_{joint}") for side in ("right", "left")] for joint in ("hip", "knee", "ankle", "toe")
)
_HEELS = [LANDMARK_NAMES.index(f"{side}_heel") - len(JOINT_NAMES) for side in ("right", "left")]
_Y = np.array([0.0, 1.0, 0.0])
# How far an ankle turns from the shin, radians about X (toes down positive), Y and Z.
_ANKLE_LOWEST = np.deg2rad([-38.0, -30.0, -22.0])
_ANKLE_HIGHEST = np.deg2rad([58.0, 30.0, 22.0])
# A foot set down across the body's heading turns the leg by this share, the ankle by the rest.
_TURNED_BY_THE_LEG = 0.6


@dataclass(frozen=True)
class Stand:
    """What the planting needs to know beside the rotations."""

    heading: np.ndarray  # (T,) radians the body is turned about the vertical
    weight: np.ndarray | None  # (T, 2) from the sheet; None: the lower foot carries, its ankle's keys are the shin's
    rate: float  # frames a second


def plant_feet(rotations: np.ndarray, stand: Stand, skeleton: Skeleton) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rotations (T, 19, 4) with the legs reaching the floor, root positions (T, 3), contacts (T, 2).

    Where the sheet tells when a foot is down, the ankles of `rotations` are taken relative to the floor and
    the heading (0 is flat), else relative to the shin.
    """
    positions, turned = pose_skeleton(skeleton.offsets, rotations, skeleton.parents)
    hips, ankles = positions[:, _HIPS], positions[:, _ANKLES]
    if stand.weight is None:
        feet, weight, swivel = turned[:, _ANKLES], None, np.zeros(ankles.shape[:2])
    else:
        weight = stand.weight
        swivel = _bridged(_held(stand.heading[:, None] + 0 * weight, weight > 0) - stand.heading[:, None], weight > 0)
        feet = quaternion.multiply(_yaw(stand.heading[:, None] + swivel), rotations[:, _ANKLES])
        feet = _within_ankle_limits(feet, quaternion.multiply(_yaw(_TURNED_BY_THE_LEG * swivel), turned[:, _KNEES]))
    roll = support.rolling_path(_sole(feet, skeleton))
    if weight is None:
        weight = support.weight_by_height(ankles[..., 1] - roll[..., 1])
    root = support.root_path(roll - ankles, weight, stand.rate)
    targets = _targets(root[:, None] + ankles, roll, weight > 0)
    thigh, shank = skeleton.offsets[_KNEES], skeleton.offsets[_ANKLES]
    root = root - _sinking(root[:, None] + hips, targets, longest_reach(thigh, shank), weight > 0, stand.rate)
    hip_turn = quaternion.multiply(_yaw(_TURNED_BY_THE_LEG * swivel), turned[:, _HIPS])
    hip_turn, knee = reaching_leg(thigh, shank, hip_turn, targets - root[:, None] - hips)
    ankle = quaternion.multiply(quaternion.inverse(quaternion.multiply(hip_turn, knee)), feet)
    planted = rotations.copy()
    planted[:, _HIPS] = quaternion.multiply(quaternion.inverse(rotations[:, :1]), hip_turn)
    planted[:, _KNEES], planted[:, _ANKLES] = knee, ankle
    return planted, root, weight > 0


def _sole(feet: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    """Heel and toe (T, 2, 2, 3) from the ankle, for feet turned globally by `feet` (T, 2, 4)."""
    points = np.stack([fixed_point_offsets(skeleton.offsets)[_HEELS], skeleton.offsets[_TOES]], axis=1)
    return np.asarray(quaternion.rotate(feet[:, :, None], points))


def _targets(ankles: np.ndarray, roll: np.ndarray, down: np.ndarray) -> np.ndarray:
    """Where the ankles (T, 2, 3) are to be: on the rolling path while down, never below it in the air."""
    place = _held(ankles - roll, down)
    place[..., 1] = 0.0
    targets = ankles + _bridged(place + roll - ankles, down)
    targets[..., 1] = np.maximum(targets[..., 1], roll[..., 1])
    return np.asarray(targets)


def _sinking(hips: np.ndarray, targets: np.ndarray, reach: np.ndarray, down: np.ndarray, rate: float) -> np.ndarray:
    """How far (T, 3) the root has to come down for the planted feet to be within reach."""
    across = ((targets - hips)[..., [0, 2]] ** 2).sum(axis=-1)
    highest = targets[..., 1] + np.sqrt(np.maximum(reach**2 - across, 0.0))
    needed = np.where(down, np.maximum(hips[..., 1] - highest, 0.0), 0.0).max(axis=1)
    # Before and after as well, so that smoothing does not take the need away.
    width = 0.05 * rate
    around = np.max([np.roll(needed, shift) for shift in range(-round(2 * width), round(2 * width) + 1)], axis=0)
    return support.smoothed(around[:, None] * _Y, width)


def _held(values: np.ndarray, down: np.ndarray) -> np.ndarray:
    """`values` (T, 2, …) replaced by their mean over each time the foot is down; elsewhere they stay."""
    held = values.copy()
    for foot in range(down.shape[1]):
        step = np.cumsum(np.diff(down[:, foot], prepend=False) & down[:, foot])
        number, flat = step[down[:, foot]], values[down[:, foot], foot]
        sums = np.zeros((step[-1] + 1, *flat.shape[1:]))
        np.add.at(sums, number, flat)
        count = np.bincount(number, minlength=len(sums)).reshape(-1, *[1] * (flat.ndim - 1))
        held[down[:, foot], foot] = (sums / np.maximum(count, 1))[number]
    return held


def _bridged(correction: np.ndarray, down: np.ndarray) -> np.ndarray:
    """The `correction` (T, 2, …) while down, carried over gradually from one step to the next."""
    bridged = np.zeros_like(correction)
    frames = np.arange(len(correction))
    columns = correction.reshape(*correction.shape[:2], -1)
    out = bridged.reshape(columns.shape)
    for foot in range(down.shape[1]):
        known = frames[down[:, foot]]
        for column in range(columns.shape[2] if len(known) else 0):
            out[:, foot, column] = np.interp(frames, known, columns[known, foot, column])
    return bridged


def _yaw(angle: np.ndarray) -> np.ndarray:
    return np.asarray(quaternion.from_rotation_vector(angle[..., None] * _Y))


def _within_ankle_limits(feet: np.ndarray, shins: np.ndarray) -> np.ndarray:
    """Global `feet` (T, 2, 4) no further from `shins` (T, 2, 4) than an ankle turns: a heel lifts before."""
    vector = quaternion.to_rotation_vector(quaternion.multiply(quaternion.inverse(shins), feet))
    vector = np.clip(vector, _ANKLE_LOWEST, _ANKLE_HIGHEST)
    return np.asarray(quaternion.multiply(shins, quaternion.from_rotation_vector(vector)))
