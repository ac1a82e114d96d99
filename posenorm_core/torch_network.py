"""E_Q in torch, for training: the network of `architecture` with batch normalization and dropout.

Only training imports this; everything that ships runs `network`.
"""

import numpy as np
import torch
from torch import nn

from posenorm_core.architecture import KERNEL, Architecture
from posenorm_core.landmarks import LANDMARK_NAMES
from posenorm_core.network_input import INPUT_SIZE
from posenorm_core.prediction import Prediction, as_prediction, output_size


class NormalizerNetwork(nn.Module):
    """Input (B, T + 2·network_context, 72) -> `Prediction` of (B, T) frames."""

    amplification: torch.Tensor

    def __init__(self, architecture: Architecture, dropout: float = 0.0, detail: float = 1.0) -> None:
        """A network with fresh weights.

        `dropout` is the share of channels dropped in training; `detail` how many times larger the network sees
        what is small in the picture and tells much, see `amplification`. Neither is left in the exported layers.
        """
        super().__init__()
        self.architecture, self.detail = architecture, detail
        self.register_buffer("amplification", amplification(detail), persistent=False)
        width = architecture.width
        self.enter = _Layer(INPUT_SIZE, width, KERNEL, 1, dropout)
        self.blocks = nn.ModuleList(_Block(width, dilation, dropout) for dilation in architecture.dilations)
        self.leave = nn.Linear(width, output_size(architecture))
        # The head's zero is the T-pose: begin near it rather than at a random pose.
        nn.init.normal_(self.leave.weight, std=0.01)
        nn.init.zeros_(self.leave.bias)

    @property
    def context(self) -> int:
        """Frames on either side of an output frame that the network sees."""
        return self.architecture.network_context

    def forward(self, features: torch.Tensor) -> Prediction:
        """See the class."""
        hidden = self.enter(features @ self.amplification)
        for block in self.blocks:
            hidden = block(hidden)
        # In mixed precision too a rotation is told in full precision: eight bits would be half a degree.
        with torch.autocast(hidden.device.type, enabled=False):
            within = features[:, self.context : features.shape[1] - self.context].float()
            return as_prediction(self.leave(hidden.float()), within, self.architecture)

    def start_from(self, weights: dict[str, torch.Tensor], detail: float) -> None:
        """Takes the weights of a network of the same architecture whose `detail` may have been another.

        The function stays the same. Raises RuntimeError where the architecture differs.
        """
        self.load_state_dict(weights)
        if detail == self.detail:
            return
        change = amplification(detail) @ torch.linalg.inv(amplification(self.detail))
        kernels = self.enter.linear.weight.reshape(-1, KERNEL, INPUT_SIZE)
        with torch.no_grad():
            self.enter.linear.weight.copy_((kernels @ change.to(kernels.device)).reshape(len(kernels), -1))

    def folded_layers(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """The layers as the runtime wants them: (kernel, in, out) and bias, normalization folded in."""
        weight, bias = self.enter.folded()
        layers = [(self.amplification.cpu().numpy() @ weight, bias)]
        for block in self.blocks:
            assert isinstance(block, _Block)
            layers += [block.over_time.folded(), block.within_frame.folded()]
        return [*layers, _as_runtime(self.leave.weight, self.leave.bias, kernel=1)]


# Points that stand close together and tell a turn by how they stand to each other.
_DETAILS = (("nose", "left_ear", "right_ear"), ("right_toe", "right_heel"), ("left_toe", "left_heel"))


def amplification(detail: float) -> torch.Tensor:
    """The matrix (72, 72) that makes `detail` times larger how far each point of a group is from the group's mean.

    A head's turn is some centimetres between nose and ears, on a body of two metres: seen as it is, a network
    takes very long to read it. The matrix is symmetric and can be inverted; 1 changes nothing.
    """
    matrix = torch.eye(INPUT_SIZE)
    for group in _DETAILS:
        for axis in range(2):
            places = [3 * LANDMARK_NAMES.index(name) + axis for name in group]
            spread = torch.eye(len(group)) - 1 / len(group)
            matrix[np.ix_(places, places)] += (detail - 1) * spread
    return matrix


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
        return self._without_some_channels(torch.relu(normalized))

    def _without_some_channels(self, x: torch.Tensor) -> torch.Tensor:
        """Dropout of a window's whole channels: as good as of single numbers and far cheaper to draw."""
        if not (self.training and self.dropout.p):
            return x
        kept: torch.Tensor = self.dropout(x.new_ones(len(x), 1, x.shape[2]))
        return x * kept

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
