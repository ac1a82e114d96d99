"""Two networks of the ablations that listen by attention where ours convolves: for training and scoring alone.

`TimeAttention` mixes frames by self-attention within the reach of our dilations, and so sees just the frames that ours
sees. `LandmarkAttention` lets the landmarks of each frame hear each other, and then convolves over time as ours does.
All else, from the input to the rotation head and the losses, is `NormalizerNetwork`'s.
"""

import torch
from torch import nn

from posenorm_core.architecture import KERNEL, Architecture
from posenorm_core.errors import InputError
from posenorm_core.landmarks import LANDMARK_COUNT
from posenorm_core.network_input import landmarks_of
from posenorm_core.torch_network import NormalizerNetwork

_HEADS = 8
# Output frames that are computed at a time: the scores of a long clip's every frame against every other fit nowhere.
_AT_A_TIME = 128
# Channels of a landmark while it hears the others, heads it does so by, and channels it leaves with.
_TOKEN, _TOKEN_HEADS, _TOLD = 32, 2, 8


class TimeAttention(NormalizerNetwork):
    """As `NormalizerNetwork`, each block a transformer's: attention to the frames within its dilation, then a layer."""

    def __init__(self, architecture: Architecture, dropout: float = 0.0, detail: float = 1.0) -> None:
        """A network with fresh weights; raises InputError where its width cannot be shared out among the heads."""
        super().__init__(architecture, dropout, detail)
        width = architecture.width
        if width % _HEADS:
            raise InputError(f"network: width {width} must be a multiple of {_HEADS} for attention over time")
        blocks = (_TimeBlock(width, reach, dropout) for reach in architecture.dilations)
        self.blocks = nn.ModuleList([*blocks, nn.LayerNorm(width)])


class LocalAttention(nn.Module):
    """Frames (B, T + 2·reach, C) -> (B, T, C): what each of the T hears of those up to `reach` before and after it.

    How much it heeds another depends on what both hold and, by a learned number a head, on how far apart they stand,
    never on where in the window that is.
    """

    def __init__(self, width: int, reach: int) -> None:
        """Fresh weights: at first the distance counts for nothing."""
        super().__init__()
        self.reach = reach
        self.asks, self.offers, self.says = (nn.Linear(width, width, bias=False) for _ in range(3))
        self.gather = nn.Linear(width, width)
        self.distance = nn.Parameter(torch.zeros(_HEADS, 2 * reach + 1))

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        """See the class."""
        asked = _by_head(self.asks(frames[:, self.reach : frames.shape[1] - self.reach]))
        offered, said = _by_head(self.offers(frames)), _by_head(self.says(frames))
        heard = []
        for begin in range(0, asked.shape[2], _AT_A_TIME):
            some = asked[:, :, begin : begin + _AT_A_TIME]
            around = slice(begin, begin + some.shape[2] + 2 * self.reach)
            scores = some @ offered[:, :, around].transpose(2, 3) / some.shape[3] ** 0.5
            heed = torch.softmax(scores + self._by_distance(some.shape[2]), dim=3)
            heard.append(heed.to(said.dtype) @ said[:, :, around])
        told: torch.Tensor = self.gather(torch.cat(heard, dim=2).transpose(1, 2).flatten(2))
        return told

    def _by_distance(self, frames: int) -> torch.Tensor:
        """What is added to the scores (heads, frames, frames + 2·reach): −∞ beyond the reach."""
        device = self.distance.device
        asking, offering = torch.arange(frames, device=device), torch.arange(frames + 2 * self.reach, device=device)
        apart = offering - asking[:, None]
        beyond = (apart < 0) | (apart > 2 * self.reach)
        return self.distance[:, apart.clamp(0, 2 * self.reach)].masked_fill(beyond, -torch.inf)


def _by_head(frames: torch.Tensor) -> torch.Tensor:
    """(B, T, C) -> (B, heads, T, C / heads)."""
    return frames.unflatten(2, (_HEADS, -1)).transpose(1, 2)


class _TimeBlock(nn.Module):
    """Attention over time and a layer within the frame, each normalized before and added to what came in."""

    def __init__(self, width: int, reach: int, dropout: float) -> None:
        super().__init__()
        self.reach = reach
        self.over_time = nn.Sequential(nn.LayerNorm(width), LocalAttention(width, reach), _ChannelDropout(dropout))
        layers = (nn.LayerNorm(width), nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))
        self.within_frame = nn.Sequential(*layers, _ChannelDropout(dropout))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x[:, self.reach : x.shape[1] - self.reach] + self.over_time(x)
        output: torch.Tensor = x + self.within_frame(x)
        return output


class LandmarkAttention(NormalizerNetwork):
    """As `NormalizerNetwork`, but for what enters it: landmarks that have heard of the others in their frame."""

    def __init__(self, architecture: Architecture, dropout: float = 0.0, detail: float = 1.0) -> None:
        """A network with fresh weights."""
        super().__init__(architecture, dropout, detail)
        heard = LANDMARK_COUNT * _TOLD
        entering: nn.Module = nn.Sequential(_AmongLandmarks(), _ThreeFrames(heard, architecture.width, dropout))
        self.add_module("enter", entering)


class _AmongLandmarks(nn.Module):
    """Input (B, T, 72) -> (B, T, 24 · told): a transformer's layer over the landmarks of each frame."""

    def __init__(self) -> None:
        super().__init__()
        self.place = nn.Linear(3, _TOKEN)
        self.name = nn.Parameter(torch.randn(LANDMARK_COUNT, _TOKEN))
        self.hear = nn.TransformerEncoderLayer(
            _TOKEN, _TOKEN_HEADS, 2 * _TOKEN, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
        )
        self.tell = nn.Sequential(nn.LayerNorm(_TOKEN), nn.Linear(_TOKEN, _TOLD))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        tokens = self.hear((self.place(landmarks_of(features)) + self.name).flatten(0, 1))
        told: torch.Tensor = self.tell(tokens).unflatten(0, features.shape[:2]).flatten(2)
        return told


class _ThreeFrames(nn.Module):
    """Convolution over three frames without padding, batch normalization, rectifier, dropout; (B, T, channels)."""

    def __init__(self, inputs: int, outputs: int, dropout: float) -> None:
        super().__init__()
        self.linear = nn.Linear(KERNEL * inputs, outputs, bias=False)
        self.normalization = nn.BatchNorm1d(outputs)
        self.dropout = _ChannelDropout(dropout)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        length = x.shape[1] - KERNEL + 1
        laid = torch.cat([x[:, k : k + length] for k in range(KERNEL)], dim=2)
        normalized = self.normalization(self.linear(laid).flatten(0, 1)).unflatten(0, laid.shape[:2])
        output: torch.Tensor = self.dropout(torch.relu(normalized))
        return output


class _ChannelDropout(nn.Module):
    """Dropout of a window's whole channels (B, T, C), as in `NormalizerNetwork`."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(share)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not (self.training and self.dropout.p):
            return x
        kept: torch.Tensor = self.dropout(x.new_ones(len(x), 1, x.shape[2]))
        return x * kept
