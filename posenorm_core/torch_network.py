"""E_Q in torch, for training: the network of `architecture` with batch normalization and dropout.

Only training imports this; everything that ships runs `network`.
"""

from functools import partial

import torch
from torch import nn

from posenorm_core.architecture import KERNEL, Architecture
from posenorm_core.network_input import INPUT_SIZE
from posenorm_core.prediction import Prediction, as_prediction, output_size
from posenorm_core.torch_amplification import amplification
from posenorm_core.torch_layers import Block, Convolution, leaving, present_precision, silent_linear
from posenorm_core.torch_refinement import Refinement
from posenorm_core.weights import Layer


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
        self.enter = Convolution(INPUT_SIZE, width, KERNEL, 1, dropout)
        self.blocks = nn.ModuleList(Block(width, dilation, dropout) for dilation in architecture.dilations)
        # The head's zero is the T-pose: begin near it rather than at a random pose.
        self.leave = silent_linear(width, output_size(architecture))
        last = architecture.refinements - 1
        self.refinements = nn.ModuleList(Refinement(architecture, detail, k == last) for k in range(last + 1))

    @property
    def context(self) -> int:
        """Frames on either side of an output frame that the network sees."""
        return self.architecture.network_context

    def forward(self, features: torch.Tensor) -> Prediction:
        """See the class."""
        hidden = self.enter(features @ self.amplification)
        for block in self.blocks:
            hidden = block(hidden)
        outside = present_precision(hidden.device)
        # In mixed precision too a rotation is told in full precision: eight bits would be half a degree.
        with torch.autocast(hidden.device.type, enabled=False):
            within = features[:, self.context : features.shape[1] - self.context].float()
            tells = [partial(refinement, precision=outside) for refinement in self.refinements]
            return as_prediction(self.leave(hidden.float()), within, self.architecture, hidden, tells)

    def start_from(self, weights: dict[str, torch.Tensor], detail: float) -> None:
        """Takes the weights of a network of the same architecture whose `detail` may have been another.

        The function stays the same. Raises RuntimeError where the architecture differs.
        """
        self.load_state_dict(weights)
        if detail == self.detail:
            return
        self.enter.change_input(amplification(detail) @ torch.linalg.inv(amplification(self.detail)))
        for refinement in self.refinements:
            assert isinstance(refinement, Refinement)
            refinement.change_detail(detail)

    def folded_layers(self) -> list[Layer]:
        """The layers as the runtime wants them: (kernel, in, out) and bias, normalization folded in."""
        layers = [self.enter.folded(self.amplification)]
        for block in self.blocks:
            assert isinstance(block, Block)
            layers += [block.over_time.folded(), block.within_frame.folded()]
        layers.append(leaving(self.leave))
        for refinement in self.refinements:
            assert isinstance(refinement, Refinement)
            layers += refinement.folded_layers()
        return layers
