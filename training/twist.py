"""How far joints are twisted about their own bones, the range of it that the training data have, and what lies beyond.

A forearm or a head can turn about its bone only so far. The range is all that this loss knows: of the truth of the
frame at hand it asks nothing.
"""

import torch

from posenorm_core.arrays import constant_like, index_like
from training.dataset import MotionData
from training.metrics import BONE_AXES, SCORED_JOINTS

# The shares of the data's frames beyond which a twist is out of range.
_LEAST, _MOST = 0.005, 0.995
# Frames that are looked at, about, of all the data's; those that swing the bone by less than 120°.
_FRAMES = 40_000
_SURE_ENOUGH = 0.25


def twists(rotations: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The twist of each joint that turns a bone, in rotations (…, 19, 4): radians from −π to π (…, 13), and how sure.

    That is cos² of half the swing (…, 13): a bone swung all the way round is twisted by any angle.
    """
    joints = rotations[..., index_like(SCORED_JOINTS, rotations), :]
    along = (joints[..., 1:] * constant_like(BONE_AXES, joints)).sum(dim=-1)
    w = joints[..., 0].abs()
    along = torch.where(joints[..., 0] < 0, -along, along)
    sure = w.square() + along.square()
    return 2 * torch.atan2(along, w), sure


def twist_limits(data: MotionData) -> torch.Tensor:
    """The least and the greatest twist of each joint (13, 2), radians, but for one frame in 200 of `data` at each end.

    A joint whose twist is never sure is without limits.
    """
    frames = len(data.rotations)
    numbers = torch.arange(0, frames, 1 + frames // _FRAMES, device=data.rotations.device)
    angles, sure = twists(data.rotations[numbers])
    known = torch.where(sure > _SURE_ENOUGH, angles, torch.nan)
    limits = torch.nanquantile(known, known.new_tensor([_LEAST, _MOST]), dim=0).T
    return torch.where(limits.isnan(), limits.new_tensor([-torch.pi, torch.pi]), limits)


def twist_limit_loss(rotations: torch.Tensor, limits: torch.Tensor) -> torch.Tensor:
    """How far rotations (…, 19, 4) are twisted beyond `limits` (13, 2): mean radians, each as it is sure."""
    angles, sure = twists(rotations)
    beyond = torch.relu(angles - limits[:, 1]) + torch.relu(limits[:, 0] - angles)
    # Detached: to swing the bone until its twist is unsure is no way out.
    return (sure.detach() * beyond).mean()
