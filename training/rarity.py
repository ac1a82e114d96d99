"""Which poses are rare: the frames of the training data by how many others are like them.

Poses are told apart by the rotations of their joints and by where up is to them, whichever way they head. They are
covered by cells of about one size, each around the pose that is farthest from the centres before it (Gonzalez,
Clustering to minimize the maximum intercluster distance, 1985), so that a cell's poses, counted, are their density.
"""

import torch

from posenorm_core import quaternion
from posenorm_core.arrays import constant_like, index_like
from posenorm_core.condition_skeleton import NON_LEAVES
from training.dataset import MotionData

_CELLS = 256
# Poses that are looked at, about; each stands for the frames up to the next.
_POSES = 40_000


def running_rarity(data: MotionData, power: float) -> torch.Tensor:
    """What the frames before each weigh together (N + 1,), a frame (number of poses like it)^−`power`; float64.

    To draw among frames a … b − 1 by their weight is to draw evenly from value a to value b.
    """
    frames = len(data.rotations)
    every = 1 + frames // _POSES
    cell = cells(described(data.rotations[torch.arange(0, frames, every, device=data.rotations.device)]), _CELLS)
    weight = torch.bincount(cell)[cell].double() ** -power
    return torch.nn.functional.pad(weight.repeat_interleave(every)[:frames].cumsum(dim=0), (1, 0))


def described(rotations: torch.Tensor) -> torch.Tensor:
    """Poses (S, 19, 4) as points (S, 81) that lie as near to each other as the poses are alike."""
    joints = rotations[:, index_like(NON_LEAVES[1:], rotations)]
    up = constant_like([0.0, 1.0, 0.0], rotations).expand(len(rotations), 3)
    above = quaternion.rotate(quaternion.inverse(rotations[:, 0]), up)
    return torch.cat([quaternion.to_6d(joints).flatten(1), above], dim=1)


def cells(points: torch.Tensor, count: int) -> torch.Tensor:
    """The cell (S,) of each of `points` (S, D), of `count` at most: equal points are in one cell."""
    cell = torch.zeros(len(points), dtype=torch.int64, device=points.device)
    distance = (points - points[0]).square().sum(dim=1)
    for number in range(1, count):
        other = (points - points[distance.argmax()]).square().sum(dim=1)
        nearer = other < distance
        cell[nearer] = number
        distance = torch.where(nearer, other, distance)
    return cell
