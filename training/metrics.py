"""How wrong an answer is, in the literature's measures: pure functions of tensors.

Each is a mean over all leading axes, in the unit of its arguments: metres, radians, frames.
"""

import torch

from posenorm_core import quaternion
from posenorm_core.condition_skeleton import CONDITION_SKELETON, JOINT_NAMES, NON_LEAVES, PARENTS
from training.procrustes import aligned

# The joints whose rotation is scored: all that turn something, without the root.
SCORED_JOINTS = NON_LEAVES[1:]
# The bone that counts as a joint's own where several leave it; elsewhere it is the only one.
_MAIN_BONE = {"thorax": "neck"}


def mpjpe(positions: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """Mean per joint position error: (…, J, 3), (…, J, 3) -> ()."""
    return torch.linalg.vector_norm(positions - truth, dim=-1).mean()


def pa_mpjpe(positions: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """MPJPE after each frame was turned, scaled and shifted onto the truth: (…, J, 3), (…, J, 3) -> ()."""
    return mpjpe(aligned(positions, truth), truth)


def acceleration_error(positions: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """Mean distance of the second differences along time: (…, T, J, 3), (…, T, J, 3) -> (), a frame²; T ≥ 3."""
    return mpjpe(positions.diff(n=2, dim=-3), truth.diff(n=2, dim=-3))


def steps_standing(contacts: torch.Tensor) -> torch.Tensor:
    """Which feet stand in a frame and in the next: contacts (…, T, 2) -> (…, T − 1, 2)."""
    standing = contacts > 0.5
    return standing[..., 1:, :] & standing[..., :-1, :]


def foot_slide(feet: torch.Tensor, contacts: torch.Tensor) -> torch.Tensor:
    """Mean way over the ground, a frame, of feet that should stand: (…, T, 2, 3) in a Y-up world -> ().

    Which stand is told by the truth's `contacts` (…, T, 2); one at least must, in two frames on end.
    """
    way = torch.linalg.vector_norm(feet[..., [0, 2]].diff(dim=-3), dim=-1)
    return way[steps_standing(contacts)].mean()


def rotation_error(rotations: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """Mean angle between the local rotations (…, 19, 4) of the 13 joints that turn something, root apart -> ()."""
    joints = list(SCORED_JOINTS)
    return quaternion.geodesic_angle(rotations[..., joints, :], truth[..., joints, :]).mean()


def root_error(rotations: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """Mean angle between the root's rotations in (…, 19, 4) -> ()."""
    return quaternion.geodesic_angle(rotations[..., 0, :], truth[..., 0, :]).mean()


def swing_and_twist_errors(rotations: torch.Tensor, truth: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The rotation error in two parts, each a mean angle over the same joints: (…, 19, 4), (…, 19, 4) -> (), ().

    Swing is the angle between where the two point the joint's bone, twist what remains about the bone.
    """
    joints = list(SCORED_JOINTS)
    difference = quaternion.multiply(quaternion.inverse(truth[..., joints, :]), rotations[..., joints, :])
    swing, twist = quaternion.swing_twist(difference, truth.new_tensor(BONE_AXES))
    still = quaternion.identity_like(difference)
    return quaternion.geodesic_angle(swing, still).mean(), quaternion.geodesic_angle(twist, still).mean()


def view_spread(positions: torch.Tensor) -> torch.Tensor:
    """Mean distance of each view's joints from the mean over the views: (V, …, J, 3), orientation unified -> ()."""
    return mpjpe(positions, positions.mean(dim=0))


def _bone_axis(joint: int) -> list[float]:
    """The direction (3) in the T-pose of the bone that is the joint's own."""
    children = [child for child, parent in enumerate(PARENTS) if parent == joint]
    bone = children[0] if len(children) == 1 else JOINT_NAMES.index(_MAIN_BONE[JOINT_NAMES[joint]])
    axis: list[float] = (CONDITION_SKELETON.offsets[bone] / CONDITION_SKELETON.bone_lengths[bone]).tolist()
    return axis


# What each of the scored joints is twisted about.
BONE_AXES = [_bone_axis(joint) for joint in SCORED_JOINTS]
