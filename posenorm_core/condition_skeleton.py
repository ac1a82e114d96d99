"""The condition skeleton: the one fixed body every pose is brought to, in its T-pose.

The first 17 joints are Human3.6M's in its order; two toes follow. The lengths are the mean of the training
bodies, computed once by `python -m training.prepare --print-condition-skeleton` and frozen: files and indexes
depend on them. The directions are the T-pose's own: legs straight down, arms straight out, trunk and head straight
up, feet flat on the ground.
"""

import numpy as np

from posenorm_core.errors import InputError
from posenorm_core.skeleton import Skeleton

# name, parent, offset from the parent in metres
_TABLE = (
    ("pelvis", -1, (0.0, 0.0, 0.0)),
    ("right_hip", 0, (-0.093, 0.0, 0.0)),
    ("right_knee", 1, (0.0, -0.391, 0.0)),
    ("right_ankle", 2, (0.0, -0.407, 0.0)),
    ("left_hip", 0, (0.093, 0.0, 0.0)),
    ("left_knee", 4, (0.0, -0.391, 0.0)),
    ("left_ankle", 5, (0.0, -0.407, 0.0)),
    ("spine", 0, (0.0, 0.22, 0.0)),
    ("thorax", 7, (0.0, 0.242, 0.0)),
    ("neck", 8, (0.0, 0.12, 0.02)),
    ("head", 9, (0.0, 0.195, 0.0)),
    ("left_shoulder", 8, (0.158, 0.0, 0.0)),
    ("left_elbow", 11, (0.282, 0.0, 0.0)),
    ("left_wrist", 12, (0.224, 0.0, 0.0)),
    ("right_shoulder", 8, (-0.158, 0.0, 0.0)),
    ("right_elbow", 14, (-0.282, 0.0, 0.0)),
    ("right_wrist", 15, (-0.224, 0.0, 0.0)),
    ("right_toe", 3, (0.0, -0.047, 0.138)),
    ("left_toe", 6, (0.0, -0.047, 0.138)),
)

JOINT_NAMES = tuple(name for name, _, _ in _TABLE)
PARENTS = tuple(parent for _, parent, _ in _TABLE)
CONDITION_SKELETON = Skeleton(JOINT_NAMES, PARENTS, np.array([offset for _, _, offset in _TABLE]))

JOINT_COUNT = len(JOINT_NAMES)
LEAVES = CONDITION_SKELETON.leaves
# The joints whose rotation means something: all but the leaves. The root comes first.
NON_LEAVES = tuple(j for j in range(JOINT_COUNT) if j not in LEAVES)


def mirrored_name(name: str) -> str:
    """The name of the same point on the other side of the body."""
    if name.startswith("left_"):
        return "right_" + name.removeprefix("left_")
    if name.startswith("right_"):
        return "left_" + name.removeprefix("right_")
    return name


# MIRROR[j] is the joint that stands opposite of j.
MIRROR = tuple(JOINT_NAMES.index(mirrored_name(name)) for name in JOINT_NAMES)


def require_condition_joints(skeleton: Skeleton) -> None:
    """Raises InputError unless `skeleton` has the condition skeleton's joints: only its bones may differ."""
    if skeleton.joint_names != JOINT_NAMES or skeleton.parents != PARENTS:
        raise InputError(
            f"the skeleton must have the {JOINT_COUNT} joints of the condition skeleton, in its order "
            f"({', '.join(JOINT_NAMES[:4])}, …); only its offsets may differ"
        )
