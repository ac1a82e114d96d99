"""The layers that E_Q in torch is made of, and each as the runtime wants it: `weights.Layer`."""

import torch
from torch import nn

from posenorm_core.architecture import KERNEL
from posenorm_core.weights import Layer


class Convolution(nn.Module):
    """Convolution over time without padding, batch normalization, rectifier, dropout; (B, T, channels).

    The convolution is one matrix product over frames laid side by side, as in the runtime: on a CPU several
    times as fast as torch's dilated convolution.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int = 1, dilation: int = 1, dropout: float = 0.0) -> None:
        """Fresh weights."""
        super().__init__()
        self.kernel, self.dilation = kernel, dilation
        self.linear = nn.Linear(kernel * inputs, outputs, bias=False)
        self.normalization = nn.BatchNorm1d(outputs)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """See the class."""
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

    def change_input(self, change: torch.Tensor) -> None:
        """Makes the weights say what they said, of inputs whose first numbers went through `change` before."""
        kernels = self.linear.weight.detach().reshape(self.linear.out_features, self.kernel, -1)
        kernels[..., : len(change)] = kernels[..., : len(change)] @ change.to(kernels.device)

    def folded(self, before: torch.Tensor | None = None) -> Layer:
        """Normalization folded in, and the matrix that the first inputs went through `before`."""
        norm = self.normalization
        assert norm.running_var is not None
        assert norm.running_mean is not None
        scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        shift = norm.bias - norm.running_mean * scale
        weight, bias = _as_runtime(self.linear.weight * scale[:, None], shift, self.kernel)
        if before is not None:
            weight[:, : len(before)] = before.cpu().numpy() @ weight[:, : len(before)]
        return weight, bias


class Block(nn.Module):
    """A layer over three frames at `dilation` and one within the frame, added to what came in."""

    def __init__(self, width: int, dilation: int, dropout: float) -> None:
        """Fresh weights."""
        super().__init__()
        self.dilation = dilation
        self.over_time = Convolution(width, width, KERNEL, dilation, dropout)
        self.within_frame = Convolution(width, width, dropout=dropout)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, T + 2·dilation, width) -> (B, T, width)."""
        inner: torch.Tensor = self.within_frame(self.over_time(x))
        return x[:, self.dilation : x.shape[1] - self.dilation] + inner


class FrameBlock(nn.Module):
    """Two layers within the frame, added to what came in."""

    def __init__(self, width: int) -> None:
        """Fresh weights."""
        super().__init__()
        self.first, self.second = Convolution(width, width), Convolution(width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, T, width) -> (B, T, width)."""
        inner: torch.Tensor = self.second(self.first(x))
        return x + inner


def silent_linear(inputs: int, outputs: int) -> nn.Linear:
    """A last layer that hardly says anything yet."""
    layer = nn.Linear(inputs, outputs)
    nn.init.normal_(layer.weight, std=0.01)
    nn.init.zeros_(layer.bias)
    return layer


def leaving(layer: nn.Linear) -> Layer:
    """A last layer, which has no normalization."""
    return _as_runtime(layer.weight, layer.bias, kernel=1)


def present_precision(device: torch.device) -> torch.autocast:
    """The mixed precision that holds here, for use where it will be switched off."""
    kind = device.type
    return torch.autocast(kind, dtype=torch.get_autocast_dtype(kind), enabled=torch.is_autocast_enabled(kind))


def _as_runtime(weight: torch.Tensor, bias: torch.Tensor, kernel: int) -> Layer:
    """The training's (out, kernel · in) as (kernel, in, out), in NumPy."""
    transposed = weight.detach().cpu().numpy().T
    return transposed.reshape(kernel, -1, transposed.shape[1]).copy(), bias.detach().cpu().numpy().copy()
