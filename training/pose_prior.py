"""How the poses of the training data differ, joints together: what a pose may be moved by and still be a person's.

The prior is Gaussian, fitted to the mean poses of all clips, each as it departs from its family's: rigs differ in how
they stand, which is no pose. A joint's departure is a rotation vector in the joint's own frame.
"""

from dataclasses import dataclass

import numpy as np
import torch

from posenorm_core import quaternion
from posenorm_core.arrays import index_like
from posenorm_core.condition_skeleton import NON_LEAVES
from training.dataset import MotionData

JOINTS = NON_LEAVES[1:]
# Frames that are looked at, about, of all the data's.
_FRAMES = 40_000
# Turns a second of the fastest wave on a path; perturbation has up to one.
_FASTEST = 0.3
_FRAME_RATE = 30.0


@dataclass(frozen=True)
class PosePrior:
    """The Gaussian with mean zero and covariance `factor` · `factor`ᵀ over the 13 · 3 numbers of a departure."""

    factor: torch.Tensor  # (39, 39)

    def to(self, device: torch.device) -> "PosePrior":
        """The same on another device."""
        return PosePrior(self.factor.to(device))

    def paths(self, count: int, length: int, rng: torch.Generator) -> torch.Tensor:
        """Departures (count, length, 13, 3) in radians that change slowly, in each frame distributed as the prior is.

        Along each direction of the prior a wave a·cos + b·sin, a and b standard normal: at any time that is, too.
        """
        device = rng.device
        rate = _FASTEST * torch.rand(count, 1, len(self.factor), generator=rng, device=device)
        height = torch.randn(2, count, 1, len(self.factor), generator=rng, device=device)
        angle = 2 * torch.pi * rate * (torch.arange(length, device=device) / _FRAME_RATE)[:, None]
        waves = height[0] * torch.cos(angle) + height[1] * torch.sin(angle)
        return (waves @ self.factor.T).unflatten(2, (len(JOINTS), 3))


def fitted_prior(data: MotionData) -> PosePrior:
    """The prior of `data`; every family counts the same, and every clip within it."""
    covariance = _covariance(clip_departures(data), data.clip_family)
    variance, direction = torch.linalg.eigh(covariance)
    return PosePrior((direction * variance.clamp(min=0).sqrt()).float())


def clip_departures(data: MotionData) -> torch.Tensor:
    """Each clip's mean departure (C, 39) from the mean pose of all, radians; of frames taken at even steps."""
    every = 1 + len(data.rotations) // _FRAMES
    spans = zip(data.clip_start[:-1].tolist(), data.clip_start[1:].tolist(), strict=True)
    numbers = [torch.arange(begin, end, every) for begin, end in spans]
    poses = data.rotations[torch.cat(numbers).to(data.rotations.device)]
    poses = poses[:, index_like(JOINTS, poses)].double()
    mean = torch.stack([quaternion.mean(poses[:, joint]) for joint in range(len(JOINTS))])
    departures = quaternion.to_rotation_vector(quaternion.multiply(quaternion.inverse(mean), poses)).flatten(1)
    return torch.stack([clip.mean(dim=0) for clip in departures.split([len(n) for n in numbers])])


def _covariance(departures: torch.Tensor, families: np.ndarray) -> torch.Tensor:
    """The mean over the families of the covariances (39, 39) of their clips' `departures` (C, 39)."""
    members = [departures[torch.from_numpy(families == family).to(departures.device)] for family in np.unique(families)]
    return torch.stack([torch.cov(clips.T, correction=0) for clips in members]).mean(dim=0)
