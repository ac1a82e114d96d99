"""A network in torch that tells a pose again from its own joints: see `refinement`."""

import torch
from torch import nn

from posenorm_core.architecture import Architecture
from posenorm_core.refinement import PLACES_SIZE, REFINEMENT_INPUT, numbers_size
from posenorm_core.torch_amplification import amplification
from posenorm_core.torch_layers import Convolution, FrameBlock, leaving, silent_linear
from posenorm_core.weights import Layer


class Refinement(nn.Module):
    """What the network before had in mind of a frame (B, T, width), and what the draft's joints see (B, T, 141).

    To what this one has in mind (B, T, width) and its numbers, of which zeros change nothing: see `refinement.Tell`.
    """

    amplification: torch.Tensor

    def __init__(self, architecture: Architecture, detail: float, last: bool) -> None:
        """Fresh weights; `detail` is that of the first network; the `last` tells no depth."""
        super().__init__()
        width = architecture.width
        self.detail = detail
        self.register_buffer("amplification", amplification(detail, axes=3), persistent=False)
        self.enter = Convolution(REFINEMENT_INPUT + width, width)
        self.blocks = nn.ModuleList(FrameBlock(width) for _ in range(architecture.refining_blocks))
        self.leave = silent_linear(width, numbers_size(architecture.head, last))

    def forward(
        self, hidden: torch.Tensor, seen: torch.Tensor, precision: torch.autocast
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """See the class; all layers but the last run in `precision`."""
        landmarks, bones = seen[..., :PLACES_SIZE], seen[..., PLACES_SIZE:]
        x = torch.cat([landmarks @ self.amplification, bones, hidden.float()], dim=2)
        with precision:
            x = self.enter(x)
            for block in self.blocks:
                x = block(x)
        return x, self.leave(x.float())

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
