"""What a trained model says of a filmed batch: the one form in which normalizers and position lifters are scored."""

from collections.abc import Callable
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Answer:
    """T frames of B windows, in the view frame; what a model does not tell is None."""

    positions: torch.Tensor  # (B, T, 19, 3) metres from the pelvis, for the body that was asked about
    rotations: torch.Tensor | None = None  # (B, T, 19, 4)
    contacts: torch.Tensor | None = None  # (B, T, 2) probability that the right and the left foot stand
    up: torch.Tensor | None = None  # (B, T, 3) unit: the vertical
    doubt: torch.Tensor | None = None  # (B, T, 19) radians: how far off each rotation is expected to be


# Network input (B, T + 2·network_context, 72) and the body's offsets (B, 19, 3) -> what the model says.
# A normalizer poses that body by forward kinematics; a lifter scales what it saw to the body's size.
Predict = Callable[[torch.Tensor, torch.Tensor], Answer]
