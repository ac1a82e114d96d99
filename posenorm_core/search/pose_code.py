"""The descriptor of a pose: 32 numbers whose L2 distance is nearly the root mean square joint distance in metres.

A pose is its 19 joints on the condition skeleton, the root unturned, and a little of their velocity, so that going
up and going down differ. Both are projected on the directions in which poses differ most, found once by
`python -m training.pose_code` and frozen beside this file: every index depends on them.
"""

import functools
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from posenorm_core import quaternion
from posenorm_core.condition_skeleton import CONDITION_SKELETON, JOINT_COUNT, PARENTS, require_condition_joints
from posenorm_core.files import load_archive, require
from posenorm_core.frame_rate import resample_values
from posenorm_core.kinematics import forward_kinematics
from posenorm_core.mirror import mirrored_points
from posenorm_core.motion import Motion

FORMAT, VERSION = "posenorm-pose-code", 1
DIMENSIONS = 32
FEATURES = 2 * 3 * JOINT_COUNT
SHIPPED = Path(__file__).with_name("pose_code.npz")
# A joint that moves by one metre a second more counts like one that is so many metres elsewhere.
_VELOCITY_WEIGHT = 0.05
# Seconds before and after a frame between which its velocity is taken: the same at every frame rate.
_HALF_SPAN = 1 / 30
# Frames that are posed at once.
_BLOCK = 16_384


@dataclass(frozen=True)
class PoseCode:
    """The mean (114,) of the features and the orthonormal directions (114, 32) they are projected on."""

    mean: np.ndarray
    basis: np.ndarray


@functools.cache
def shipped_code() -> PoseCode:
    """The frozen projection; raises InputError where its file is damaged."""
    arrays = load_archive(SHIPPED, FORMAT, VERSION)
    require(arrays, SHIPPED, mean=(FEATURES,), basis=(FEATURES, DIMENSIONS))
    return PoseCode(arrays["mean"].astype(np.float32), arrays["basis"].astype(np.float32))


def pose_descriptors(motion: Motion, mirrored: bool = False) -> np.ndarray:
    """The descriptors (T, 32), float32, of every frame of `motion`, or of its mirror image.

    The motion's root and body do not matter. Raises InputError unless it has the condition skeleton's joints.
    """
    require_condition_joints(motion.skeleton)
    positions = unified_positions(motion.rotations)
    code = shipped_code()
    features = pose_features(mirrored_points(positions) if mirrored else positions, motion.fps)
    return np.asarray((features - code.mean) @ code.basis)


def poses_of(descriptors: np.ndarray) -> np.ndarray:
    """Joint positions (N, 19, 3) in metres that have nearly the `descriptors` (N, 32): enough to draw them."""
    code = shipped_code()
    features = code.mean + descriptors @ code.basis.T
    return np.asarray(features[:, : FEATURES // 2].reshape(-1, JOINT_COUNT, 3) * np.sqrt(JOINT_COUNT))


def unified_positions(rotations: np.ndarray) -> np.ndarray:
    """Joint positions (T, 19, 3) metres of `rotations` (T, 19, 4) on the condition skeleton, root unturned, float32."""
    offsets = CONDITION_SKELETON.offsets.astype(np.float32)
    unturned = rotations.astype(np.float32)
    unturned[:, 0] = quaternion.identity_like(unturned[:, 0])
    blocks = [unturned[begin : begin + _BLOCK] for begin in range(0, max(len(unturned), 1), _BLOCK)]
    return np.concatenate([forward_kinematics(offsets, block, PARENTS) for block in blocks])


def pose_features(positions: np.ndarray, fps: float) -> np.ndarray:
    """Positions (T, 19, 3) and weighted velocities as features (T, 114): L2 between them is the RMS over the joints."""
    times = np.arange(len(positions))
    before = np.clip(times - _HALF_SPAN * fps, 0, None)
    after = np.clip(times + _HALF_SPAN * fps, None, len(positions) - 1)
    seconds = np.maximum((after - before) / fps, _HALF_SPAN)[:, None, None].astype(positions.dtype)
    velocity = (resample_values(positions, after) - resample_values(positions, before)) / seconds
    both = np.stack([positions, velocity * np.asarray(_VELOCITY_WEIGHT, positions.dtype)], axis=1)
    return np.asarray(both.reshape(len(both), FEATURES) / np.asarray(np.sqrt(JOINT_COUNT), both.dtype))
