"""Martinez et al., A simple yet effective baseline for 3d human pose estimation (ICCV 2017): one frame at a time.

A linear layer to 1,024 channels, two residual blocks of two such layers, each with batch normalization, rectifier
and dropout, and a linear layer to the joints. The paper's bound on the weights' norm is no part of the network.
"""

import torch
from torch import nn

from posenorm_core.condition_skeleton import JOINT_COUNT
from posenorm_core.network_input import INPUT_SIZE
from training.precision import in_full_precision


class Martinez(nn.Module):
    """Input (B, T, 72) -> positions (B, T, 19, 3) from the pelvis, metres on the condition skeleton's size."""

    context = 0

    def __init__(self, width: int = 1024, blocks: int = 2, dropout: float = 0.5) -> None:
        """A network with fresh weights; the defaults are the published ones."""
        super().__init__()
        self.enter = _layer(INPUT_SIZE, width, dropout)
        self.blocks = nn.ModuleList(
            nn.Sequential(_layer(width, width, dropout), _layer(width, width, dropout)) for _ in range(blocks)
        )
        self.leave = nn.Linear(width, 3 * (JOINT_COUNT - 1))
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.kaiming_normal_(module.weight)
                nn.init.zeros_(module.bias)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """See the class."""
        hidden = self.enter(features.flatten(0, 1))
        for block in self.blocks:
            hidden = hidden + block(hidden)
        # The pelvis is the origin and not learned: three zeros in front.
        joints = nn.functional.pad(in_full_precision(self.leave, hidden), (3, 0))
        return joints.reshape(*features.shape[:2], JOINT_COUNT, 3)


def _layer(inputs: int, outputs: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, outputs), nn.BatchNorm1d(outputs), nn.ReLU(), nn.Dropout(dropout))
