"""From Human3.6M's 32 joints to ours: where our 19 stand, and their rotations where only positions are known.

Our first 17 joints are the ones that everybody keeps of the 32; the toes are the balls of the feet (`RightToeBase`,
`LeftToeBase`). Positions do not tell a bone's roll: that of thigh and upper arm comes from the hinge below it
(`posenorm_core.rest_pose`), that of the trunk from hips and shoulders; shin, forearm, foot and head do not twist.
"""

import numpy as np

from posenorm_core.condition_skeleton import CONDITION_SKELETON, JOINT_COUNT, JOINT_NAMES, PARENTS
from posenorm_core.kinematics import global_rotations
from posenorm_core.rest_pose import LIMBS, BodyMotion, RestFrames, aim, align, change_rest_pose

# Of each of our joints the number in the file's 32.
OUR_JOINTS = (0, 1, 2, 3, 6, 7, 8, 12, 13, 14, 15, 17, 18, 19, 25, 26, 27, 4, 9)

_X, _Y = np.array([1.0, 0.0, 0.0]), np.array([0.0, 1.0, 0.0])
_IDENTITY = np.array([1.0, 0.0, 0.0, 0.0])
_UPRIGHT = RestFrames(_IDENTITY, _IDENTITY, _IDENTITY)
_INDEX = {name: number for number, name in enumerate(JOINT_NAMES)}
# Each limb from its root outwards: joint, and the joint its bone ends in.
_UPPER_BONES = tuple((_INDEX[upper], _INDEX[hinge]) for upper, hinge, _, _ in LIMBS)
_LOWER_BONES = tuple((_INDEX[hinge], _INDEX[end]) for _, hinge, end, _ in LIMBS)
_FEET = tuple((_INDEX[f"{side}_ankle"], _INDEX[f"{side}_toe"]) for side in ("right", "left"))


def our_points(positions: np.ndarray) -> np.ndarray:
    """The file's positions (T, 32, 3), z up -> our joints (T, 19, 3), y up."""
    return y_up(positions[:, list(OUR_JOINTS)].astype(np.float64))


def y_up(vectors: np.ndarray) -> np.ndarray:
    """Vectors (…, 3) of Human3.6M's world, whose z is up, in ours."""
    return np.stack([vectors[..., 0], vectors[..., 2], -vectors[..., 1]], axis=-1)


def motion_from_points(points: np.ndarray) -> BodyMotion:
    """All frames of one body, (T, 19, 3) metres, y up, as departures from the T-pose, by swing and hinge.

    In two steps: the rolls of thighs and upper arms by their hinges, then what hangs on them.
    """
    drivers = _trunk(points)
    for joint, end in (*_UPPER_BONES, *_LOWER_BONES, *_FEET):
        drivers[:, joint] = _swung(points, drivers[:, PARENTS[joint]], joint, end)
    rolled = global_rotations(change_rest_pose(points, drivers, _UPRIGHT).rotations, PARENTS)
    for joint, _ in _UPPER_BONES:
        drivers[:, joint] = rolled[:, joint]
    for joint, end in (*_LOWER_BONES, *_FEET):
        drivers[:, joint] = _swung(points, drivers[:, PARENTS[joint]], joint, end)
    return change_rest_pose(points, drivers, _UPRIGHT)


def _trunk(points: np.ndarray) -> np.ndarray:
    """Drivers (T, 19, 4) with those of pelvis, thorax and neck set: by the lines across and along the trunk."""
    pelvis, spine, thorax, neck, head = (_INDEX[name] for name in ("pelvis", "spine", "thorax", "neck", "head"))
    drivers = np.tile(_IDENTITY, (len(points), JOINT_COUNT, 1))
    hips = points[:, _INDEX["left_hip"]] - points[:, _INDEX["right_hip"]]
    shoulders = points[:, _INDEX["left_shoulder"]] - points[:, _INDEX["right_shoulder"]]
    drivers[:, pelvis] = align(_X, _Y, hips, points[:, spine] - points[:, pelvis])
    drivers[:, thorax] = align(_X, _Y, shoulders, points[:, thorax] - points[:, spine])
    drivers[:, neck] = aim(drivers[:, thorax], _Y, points[:, head] - points[:, neck])
    return drivers


def _swung(points: np.ndarray, above: np.ndarray, joint: int, end: int) -> np.ndarray:
    """The rotation (T, 4) of the joint above, with the smallest swing that turns the bone where it points."""
    return aim(above, CONDITION_SKELETON.offsets[end], points[:, end] - points[:, joint])
