"""Whoever stands upright is in the T-pose from the hips to the shoulders: a trunk's rest pose, found in the motion.

How far a rig's pelvis, spine and chest are pitched is what was set when its markers were calibrated: of two people
on one skeleton, both upright, the pelvis of one is pitched by 25 degrees more. So the constant rotation between a
rig and our T-pose is found for these three where all people are alike: upright, their trunk is straight.
"""

import numpy as np

from posenorm_core import quaternion
from posenorm_core.arrays import unit
from posenorm_core.condition_skeleton import JOINT_NAMES, LEAVES, PARENTS
from posenorm_core.kinematics import pose_skeleton
from posenorm_core.rest_pose import BodyMotion

_INDEX = {name: number for number, name in enumerate(JOINT_NAMES)}
_TRUNK = tuple(_INDEX[name] for name in ("pelvis", "spine", "thorax"))
_LEGS = tuple(tuple(_INDEX[f"{side}_{joint}"] for joint in ("hip", "knee", "ankle")) for side in ("right", "left"))
# Upright: the thorax within 20 degrees of straight above the pelvis, and each ankle below its hip by this share of
# the leg's length.
_UPRIGHT, _STANDING = np.cos(np.radians(20)), 0.8
# So short a time (seconds) tells nothing of how somebody stands.
_SHORTEST = 0.5


def straightened(points: np.ndarray, motion: BodyMotion, fps: float, otherwise: np.ndarray | None = None) -> BodyMotion:
    """One person's motion with the trunk's rest pose that makes him straight where he stands upright.

    Only what a joint's rotation means changes, and with it the offsets: no joint moves. Who is hardly ever upright
    is taken to be pitched by `otherwise` (3) radians, and is left as he is where that is not known either.
    `points` (T, 19, 3), +Y up, are his joints in the frames of `motion`.
    """
    own = usual_pitches(points, motion, fps)
    pitches = otherwise if own is None else own
    return motion if pitches is None else pitched(motion, -pitches)


def usual_pitches(points: np.ndarray, motion: BodyMotion, fps: float) -> np.ndarray | None:
    """How far pelvis, spine and thorax of one person are pitched where he is upright: medians (3) in radians.

    None where he hardly ever is. See `straightened` for the arguments.
    """
    chosen = upright_frames(points)
    if chosen.sum() < _SHORTEST * fps:
        return None
    turned = np.asarray(pose_skeleton(motion.offsets, motion.rotations[chosen], PARENTS)[1])
    return np.asarray(np.median(trunk_pitches(points[chosen], turned), axis=0))


def trunk_pitches(points: np.ndarray, turned: np.ndarray) -> np.ndarray:
    """How far forward pelvis, spine and thorax are pitched: the pelvis of the vertical, the others of the trunk's line.

    Of `points` (T, 19, 3), +Y up, and the joints' global rotations (T, 19, 4): radians (T, 3). The line is the one
    from the pelvis to the thorax; it sways with spine and thorax, and the pelvis only part of the way.
    """
    vertical = np.broadcast_to([0.0, 1.0, 0.0], points[:, 0].shape)
    line = points[:, _INDEX["thorax"]] - points[:, _INDEX["pelvis"]]
    straight = np.stack([vertical, line, line], axis=1)
    seen = np.asarray(quaternion.rotate(quaternion.inverse(turned[:, _TRUNK]), straight))
    return np.asarray(-np.arctan2(seen[..., 2], seen[..., 1]))


def upright_frames(points: np.ndarray) -> np.ndarray:
    """In which of the frames (T, 19, 3), +Y up, somebody is upright on his legs (T,)."""
    chord = unit(points[:, _INDEX["thorax"]] - points[:, _INDEX["pelvis"]])
    upright = chord[:, 1] > _UPRIGHT
    for hip, knee, ankle in _LEGS:
        length = np.linalg.norm(points[:, knee] - points[:, hip], axis=1)
        length += np.linalg.norm(points[:, ankle] - points[:, knee], axis=1)
        upright &= points[:, hip, 1] - points[:, ankle, 1] > _STANDING * length
    return np.asarray(upright)


def pitched(motion: BodyMotion, pitches: np.ndarray) -> BodyMotion:
    """The motion with the frames of pelvis, spine and thorax pitched by so many radians (3): every joint stays put."""
    turns = np.asarray(quaternion.identity_like(motion.rotations[0]))
    turns[list(_TRUNK)] = quaternion.from_rotation_vector(np.asarray(pitches)[:, None] * [1.0, 0.0, 0.0])
    parents = [max(parent, 0) for parent in PARENTS]
    back = quaternion.inverse(turns[parents])
    back[0] = [1.0, 0.0, 0.0, 0.0]
    rotations = np.asarray(quaternion.multiply(quaternion.multiply(back, motion.rotations), turns))
    # The leaves turn nothing and stay at identity.
    rotations[:, list(LEAVES)] = motion.rotations[:, list(LEAVES)]
    return BodyMotion(np.asarray(quaternion.rotate(back, motion.offsets)), rotations)
