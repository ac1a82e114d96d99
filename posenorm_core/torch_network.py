"""E_Q in torch, for training: the network of `architecture` with batch normalization and dropout.

Only training imports this; everything that ships runs `network`.
"""

import numpy as np
import torch
from torch import nn

from posenorm_core.architecture import KERNEL, Architecture
from posenorm_core.network_input import INPUT_SIZE
from posenorm_core.rotation_head import joint_rotations, output_size


class NormalizerNetwork(nn.Module):
    """Input (B, T + 2·network_context, 72) -> unit quaternions (B, T, 19, 4), the root's in the view frame."""

    def __init__(self, architecture: Architecture, dropout: float = 0.0) -> None:
        """A network with fresh weights; `dropout` is the share of channels dropped in training."""
        super().__init__()
        self.architecture = architecture
        width = architecture.width
        self.enter = _Layer(INPUT_SIZE, width, KERNEL, 1, dropout)
        self.blocks = nn.ModuleList(_Block(width, dilation, dropout) for dilation in architecture.dilations)
        self.leave = nn.Linear(width, output_size(architecture.head))
        # The head's zero is the T-pose: begin near it rather than at a random pose.
        nn.init.normal_(self.leave.weight, std=0.01)
        nn.init.zeros_(self.leave.bias)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """See the class."""
        hidden = self.enter(features)
        for block in self.blocks:
            hidden = block(hidden)
        output: torch.Tensor = joint_rotations(self.leave(hidden), self.architecture.head)
        return output

    def folded_layers(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """The layers as the runtime wants them: (kernel, in, out) and bias, normalization folded in."""
        layers = [self.enter.folded()]
        for block in self.blocks:
            assert isinstance(block, _Block)
            layers += [block.over_time.folded(), block.within_frame.folded()]
        return [*layers, _as_runtime(self.leave.weight, self.leave.bias, kernel=1)]


class _Layer(nn.Module):
    """Convolution over time without padding, batch normalization, rectifier, dropout; (B, T, channels).

    The convolution is one matrix product over frames laid side by side, as in the runtime: on a CPU several
    times as fast as torch's dilated convolution.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.kernel, self.dilation = kernel, dilation
        self.linear = nn.Linear(kernel * inputs, outputs, bias=False)
        self.normalization = nn.BatchNorm1d(outputs)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        length = x.shape[1] - (self.kernel - 1) * self.dilation
        if self.kernel > 1:
            x = torch.cat([x[:, k * self.dilation : k * self.dilation + length] for k in range(self.kernel)], dim=2)
        normalized = self.normalization(self.linear(x).flatten(0, 1)).unflatten(0, x.shape[:2])
        output: torch.Tensor = self.dropout(torch.relu(normalized))
        return output

    def folded(self) -> tuple[np.ndarray, np.ndarray]:
        norm = self.normalization
        assert norm.running_var is not None
        assert norm.running_mean is not None
        scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        weight = self.linear.weight * scale[:, None]
        return _as_runtime(weight, norm.bias - norm.running_mean * scale, self.kernel)


class _Block(nn.Module):
    """A layer over three frames at `dilation` and one within the frame, added to what came in."""

    def __init__(self, width: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.dilation = dilation
        self.over_time = _Layer(width, width, KERNEL, dilation, dropout)
        self.within_frame = _Layer(width, width, 1, 1, dropout)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        inner: torch.Tensor = self.within_frame(self.over_time(x))
        return x[:, self.dilation : x.shape[1] - self.dilation] + inner


def _as_runtime(weight: torch.Tensor, bias: torch.Tensor, kernel: int) -> tuple[np.ndarray, np.ndarray]:
    """The training's (out, kernel · in) as (kernel, in, out), in NumPy."""
    transposed = weight.detach().cpu().numpy().T
    return transposed.reshape(kernel, -1, transposed.shape[1]).copy(), bias.detach().cpu().numpy().copy()
