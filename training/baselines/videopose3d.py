"""Pavllo et al., 3D human pose estimation in video with temporal convolutions (CVPR 2019), over 27 frames.

A convolution over three frames, then residual blocks of a convolution over three frames, three times as far apart
from block to block, and one within the frame; every one with batch normalization, rectifier and dropout. No
padding: each block uses up frames at both ends, and what it adds to is sliced to fit.
"""

import torch
from torch import nn

from posenorm_core.condition_skeleton import JOINT_COUNT
from posenorm_core.network_input import INPUT_SIZE
from training.precision import in_full_precision

_KERNEL = 3


class VideoPose3D(nn.Module):
    """Input (B, T + 2·context, 72) -> positions (B, T, 19, 3) from the pelvis, metres on the condition skeleton's size.

    `context` is 13 frames with the two blocks of the 27-frame model.
    """

    def __init__(self, width: int = 1024, blocks: int = 2, dropout: float = 0.25) -> None:
        """A network with fresh weights; the defaults are the published ones."""
        super().__init__()
        dilations = [_KERNEL ** (number + 1) for number in range(blocks)]
        self.context = 1 + sum(dilations)
        self.enter = _Layer(INPUT_SIZE, width, _KERNEL, 1, dropout)
        self.blocks = nn.ModuleList(_Block(width, dilation, dropout) for dilation in dilations)
        self.leave = nn.Linear(width, 3 * (JOINT_COUNT - 1))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """See the class."""
        hidden = self.enter(features)
        for block in self.blocks:
            hidden = block(hidden)
        # The pelvis is the origin and not learned: three zeros in front.
        joints = nn.functional.pad(in_full_precision(self.leave, hidden), (3, 0))
        return joints.unflatten(-1, (JOINT_COUNT, 3))


class _Block(nn.Module):
    def __init__(self, width: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.dilation = dilation
        self.over_time = _Layer(width, width, _KERNEL, dilation, dropout)
        self.within_frame = _Layer(width, width, 1, 1, dropout)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        inner: torch.Tensor = self.within_frame(self.over_time(x))
        return x[:, self.dilation : x.shape[1] - self.dilation] + inner


class _Layer(nn.Module):
    """Convolution over time without padding, batch normalization, rectifier, dropout; (B, T, channels).

    The convolution is one matrix product over frames laid side by side: on a CPU several times as fast as torch's.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.kernel, self.dilation = kernel, dilation
        self.linear = nn.Linear(kernel * inputs, outputs, bias=False)
        self.activation = nn.Sequential(nn.BatchNorm1d(outputs), nn.ReLU(), nn.Dropout(dropout))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        length = x.shape[1] - (self.kernel - 1) * self.dilation
        frames = [x[:, k * self.dilation : k * self.dilation + length] for k in range(self.kernel)]
        laid = torch.cat(frames, dim=2).flatten(0, 1)
        output: torch.Tensor = self.activation(self.linear(laid)).unflatten(0, (len(x), length))
        return output
