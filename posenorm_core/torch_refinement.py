"""The network in torch that tells a pose again from its own joints: see `refinement`."""

import torch
from torch import nn

from posenorm_core import rotation_head
from posenorm_core.architecture import REFINING_BLOCKS, Architecture
from posenorm_core.refinement import PLACES_SIZE, REFINEMENT_INPUT
from posenorm_core.torch_amplification import amplification
from posenorm_core.torch_layers import Convolution, FrameBlock, leaving, silent_linear
from posenorm_core.weights import Layer


class Refinement(nn.Module):
    """What the first network had in mind of a frame (B, T, width), and what its draft's joints see (B, T, 141).

    To the numbers of a rotation head (B, T, n), of which zeros turn nothing.
    """

    amplification: torch.Tensor

    def __init__(self, architecture: Architecture, detail: float) -> None:
        """Fresh weights; `detail` is that of the first network."""
        super().__init__()
        width = architecture.width
        self.detail = detail
        self.register_buffer("amplification", amplification(detail, axes=3), persistent=False)
        self.enter = Convolution(REFINEMENT_INPUT + width, width)
        self.blocks = nn.ModuleList(FrameBlock(width) for _ in range(REFINING_BLOCKS))
        self.leave = silent_linear(width, rotation_head.output_size(architecture.head))

    def forward(self, hidden: torch.Tensor, seen: torch.Tensor, precision: torch.autocast) -> torch.Tensor:
        """See the class; all layers but the last run in `precision`."""
        landmarks, bones = seen[..., :PLACES_SIZE], seen[..., PLACES_SIZE:]
        x = torch.cat([landmarks @ self.amplification, bones, hidden.float()], dim=2)
        with precision:
            x = self.enter(x)
            for block in self.blocks:
                x = block(x)
        numbers: torch.Tensor = self.leave(x.float())
        return numbers

    def change_detail(self, detail: float) -> None:
        """Makes the weights, learned with another `detail`, say the same with this one."""
        change = amplification(detail, axes=3) @ torch.linalg.inv(amplification(self.detail, axes=3))
        self.enter.change_input(change)

    def folded_layers(self) -> list[Layer]:
        """As `NormalizerNetwork.folded_layers`."""
        layers = [self.enter.folded(self.amplification)]
        for block in self.blocks:
            assert isinstance(block, FrameBlock)
            layers += [block.first.folded(), block.second.folded()]
        return [*layers, leaving(self.leave)]
