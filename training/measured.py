"""What a training measures of its data before its first step: each only where the configuration asks for it."""

from dataclasses import dataclass

import torch

from training.configuration import Configuration
from training.dataset import MotionData
from training.pose_prior import PosePrior, fitted_prior
from training.rarity import running_rarity
from training.twist import twist_limits


@dataclass(frozen=True)
class Measured:
    """None: not asked for."""

    running_rarity: torch.Tensor | None = None  # (N + 1,) on the data's device, see `training.rarity`
    prior: PosePrior | None = None
    twist_limits: torch.Tensor | None = None  # (13, 2) radians


NOTHING = Measured()


def measure(data: MotionData, configuration: Configuration, device: torch.device) -> Measured:
    """What `configuration` asks for of its training `data`, for a training on `device`."""
    rarity, losses = configuration.data.rarity, configuration.losses
    return Measured(
        running_rarity(data, rarity) if rarity else None,
        fitted_prior(data).to(device) if configuration.augmentation.prior else None,
        twist_limits(data).to(device) if losses.twist_limit else None,
    )
