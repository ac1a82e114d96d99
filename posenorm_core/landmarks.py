"""The 24 landmarks the network sees: the 19 joints, and five points that tell the turn of head and feet.

Joint centres alone say nothing of where a head looks or a foot points. The five are fixed to a joint of the
body: their places below are of a mean head and foot (metres in the T-pose) and scale with the head's and the
foot's bone. Every detector format maps onto these names; what it lacks has confidence 0.
"""

import numpy as np

from posenorm_core import quaternion
from posenorm_core.arrays import Array, array_namespace, index_like
from posenorm_core.condition_skeleton import CONDITION_SKELETON, JOINT_NAMES, PARENTS, mirrored_name

# name, the joint it is fixed to, the leaf whose bone scales it, offset from the joint in metres
_FIXED_POINTS = (
    ("nose", "neck", "head", (0.0, 0.055, 0.125)),
    ("left_ear", "neck", "head", (0.075, 0.06, 0.02)),
    ("right_ear", "neck", "head", (-0.075, 0.06, 0.02)),
    ("left_heel", "left_ankle", "left_toe", (0.0, -0.06, -0.05)),
    ("right_heel", "right_ankle", "right_toe", (0.0, -0.06, -0.05)),
)

LANDMARK_NAMES = JOINT_NAMES + tuple(name for name, *_ in _FIXED_POINTS)
LANDMARK_COUNT = len(LANDMARK_NAMES)
MIRROR = tuple(LANDMARK_NAMES.index(mirrored_name(name)) for name in LANDMARK_NAMES)

# The joints of the limbs, which every detector gives: where one is missing, it is hidden.
LIMBS = tuple(
    LANDMARK_NAMES.index(f"{side}_{joint}")
    for side in ("left", "right")
    for joint in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
)

# The joints the five are fixed to, the leaves that scale them, and where they stand on the condition skeleton.
FIXED_TO = tuple(JOINT_NAMES.index(joint) for _, joint, _, _ in _FIXED_POINTS)
SCALED_BY = tuple(JOINT_NAMES.index(leaf) for _, _, leaf, _ in _FIXED_POINTS)
FIXED_OFFSETS = np.array([offset for *_, offset in _FIXED_POINTS])

# Bones, from the joint that turns each to where it ends: the skeleton's, and what leads to the five.
BONE_ENDS = tuple(range(1, LANDMARK_COUNT))
BONE_BEGINS = tuple((PARENTS + FIXED_TO)[end] for end in BONE_ENDS)


def fixed_point_offsets(offsets: np.ndarray) -> np.ndarray:
    """Where the five points stand (…, 5, 3) on a body with `offsets` (…, J, 3): scaled by head and foot."""
    joints = list(SCALED_BY)
    mean = CONDITION_SKELETON.bone_lengths[joints]
    scale = np.linalg.norm(offsets[..., joints, :], axis=-1) / mean
    return np.asarray(FIXED_OFFSETS * scale[..., None])


def landmark_positions(positions: Array, turned: Array, fixed_offsets: Array) -> Array:
    """Joint `positions` (…, J, 3) and global rotations `turned` (…, J, 4) -> the 24 landmarks (…, 24, 3)."""
    xp = array_namespace(positions)
    joints = index_like(FIXED_TO, positions)
    fixed = positions[..., joints, :] + quaternion.rotate(turned[..., joints, :], fixed_offsets)
    return xp.concat([positions, fixed], axis=-2)
