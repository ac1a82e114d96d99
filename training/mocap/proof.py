"""Figures that prove a conversion: how far the refit is from the source, and whether hinges bend as ours do."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from posenorm_core import quaternion
from posenorm_core.arrays import unit
from posenorm_core.condition_skeleton import CONDITION_SKELETON, JOINT_NAMES, PARENTS
from posenorm_core.kinematics import forward_kinematics
from posenorm_core.rest_pose import LIMBS, mean_hinge_axis
from training.mocap.bodies import Body

_BENT = np.sin(np.radians(15))
_TRUNK = [JOINT_NAMES.index(name) for name in ("spine", "thorax", "neck", "head", "left_shoulder", "right_shoulder")]


@dataclass(frozen=True)
class FamilyProof:
    """Of one family: errors in millimetres, angles in degrees."""

    family: str
    bodies: int
    frames: int
    limb_mean: float
    limb_max: float
    trunk_mean: float
    trunk_max: float
    knee_hinge: float
    elbow_hinge: float


def prove(family: str, bodies: Sequence[Body]) -> FamilyProof:
    """Compares the refit of all the family's bodies with their sources."""
    limb, trunk = [], []
    for body in bodies:
        fitted = forward_kinematics(body.motion.offsets, body.motion.rotations, PARENTS)
        error = np.asarray(fitted) - (body.points - body.points[:, :1])
        for upper, hinge, end, _ in LIMBS:
            start, *others = (JOINT_NAMES.index(name) for name in (upper, hinge, end))
            limb.append(np.linalg.norm(error[:, others] - error[:, [start]], axis=-1).ravel())
        trunk.append(np.linalg.norm(error[:, _TRUNK], axis=-1).ravel())
    limb_errors, trunk_errors = 1000 * np.concatenate(limb), 1000 * np.concatenate(trunk)
    return FamilyProof(
        family=family,
        bodies=len(bodies),
        frames=sum(len(body.points) for body in bodies),
        limb_mean=float(limb_errors.mean()),
        limb_max=float(limb_errors.max()),
        trunk_mean=float(trunk_errors.mean()),
        trunk_max=float(trunk_errors.max()),
        knee_hinge=max(hinge_error(bodies, "right_knee"), hinge_error(bodies, "left_knee")),
        elbow_hinge=max(hinge_error(bodies, "right_elbow"), hinge_error(bodies, "left_elbow")),
    )


def hinge_error(bodies: Sequence[Body], hinge: str) -> float:
    """Degrees between the mean axis that `hinge` bends about, in our rotations, and the T-pose's axis."""
    _, joint, end, axis = next(limb for limb in LIMBS if limb[1] == hinge)
    rotations = np.concatenate([body.motion.rotations[:, JOINT_NAMES.index(joint)] for body in bodies])
    upper = unit(CONDITION_SKELETON.offsets[JOINT_NAMES.index(joint)])
    lower = unit(CONDITION_SKELETON.offsets[JOINT_NAMES.index(end)])
    bent = np.asarray(quaternion.rotate(rotations, lower))
    # A straighter limb has no axis that could be measured.
    bent = bent[np.linalg.norm(np.cross(upper, bent), axis=-1) > _BENT]
    found = mean_hinge_axis(np.broadcast_to(upper, bent.shape), bent)
    return float(np.degrees(np.arccos(np.clip(found @ axis, -1.0, 1.0))))
