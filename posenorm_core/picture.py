"""What a picture shows of a bone's direction is taken from the picture: a turn in the image plane, joint by joint.

A network's pose, drawn, never quite covers the points it was shown, the less the stranger the pose is. Each joint
is turned about the line of sight towards where its bones were seen, by a share that the network gives; the depth
of a bone, which no picture shows, stays the network's. Written once for NumPy and torch.
"""

import numpy as np

from posenorm_core import landmarks, quaternion
from posenorm_core.arrays import Array, array_namespace, constant_like, dot, index_like
from posenorm_core.condition_skeleton import CONDITION_SKELETON, JOINT_COUNT, NON_LEAVES, PARENTS
from posenorm_core.kinematics import local_rotations, pose_skeleton
from posenorm_core.landmarks import BONE_BEGINS, BONE_ENDS
from posenorm_core.network_input import landmarks_of
from posenorm_core.rotation_head import with_still_leaves

# Which bones each joint turns (bones, joints), of the joints that turn any.
_TURNS = np.array([[float(begin == joint) for joint in NON_LEAVES] for begin in BONE_BEGINS])
# A copy that may be written to, which torch asks for.
_OFFSETS = CONDITION_SKELETON.offsets.copy()
# For each joint its place among the turned ones; a leaf goes with its parent.
_FOLLOWED = [NON_LEAVES.index(j if j in NON_LEAVES else PARENTS[j]) for j in range(JOINT_COUNT)]
# Bones shorter than about a tenth of a person's size in the picture (the square of it here) point nowhere clearly.
_SHORT = 0.01


def aligned_with_picture(rotations: Array, features: Array, share: Array) -> Array:
    """Rotations (…, 19, 4) brought nearer to what `features` (…, 72) show, by `share` (…, 14) of the way.

    `share` is told for each non-leaf joint. A joint none of whose bones is seen stays as it is. The picture is
    taken to be orthographic, which it is but for some degrees.
    """
    seen = landmarks_of(features)
    offsets = constant_like(_OFFSETS, rotations)
    positions, turned = pose_skeleton(offsets, rotations, PARENTS)
    drawn = landmarks.landmark_positions(positions, turned, constant_like(landmarks.FIXED_OFFSETS, rotations))
    turn = share * _turns_in_plane(_bones(drawn[..., :2]), _bones(seen[..., :2]), _both_seen(seen[..., 2]))
    axis = constant_like([0.0, 0.0, 1.0], rotations)
    joints = index_like(NON_LEAVES, rotations)
    corrected = quaternion.multiply(quaternion.from_axis_angle(axis, turn), turned[..., joints, :])
    local = local_rotations(corrected[..., index_like(_FOLLOWED, rotations), :], PARENTS)
    return with_still_leaves(local[..., joints, :])


def _bones(points: Array) -> Array:
    """Landmarks (…, 24, 2) -> the bones' vectors (…, 23, 2)."""
    return points[..., index_like(BONE_ENDS, points), :] - points[..., index_like(BONE_BEGINS, points), :]


def _both_seen(seen: Array) -> Array:
    """Whether both ends of each bone are seen (…, 23), 1 or 0, as `seen` (…, 24) is."""
    return seen[..., index_like(BONE_ENDS, seen)] * seen[..., index_like(BONE_BEGINS, seen)]


def _turns_in_plane(drawn: Array, seen: Array, weight: Array) -> Array:
    """The angle (…, 14) by which each joint's bones, as drawn (…, 23, 2), are best turned to those seen.

    Longer bones count more; the angle of short ones is held back.
    """
    xp = array_namespace(drawn)
    incidence = constant_like(_TURNS, drawn)
    cross = (drawn[..., 0] * seen[..., 1] - drawn[..., 1] * seen[..., 0]) * weight
    along = dot(drawn, seen)[..., 0] * weight
    sine, cosine = xp.matmul(cross, incidence), xp.matmul(along, incidence)
    size = xp.sqrt(sine * sine + cosine * cosine + 1e-12)
    return xp.atan2(sine, cosine + 1e-9) * (size / (size + _SHORT))
