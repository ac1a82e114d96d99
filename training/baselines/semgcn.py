"""Zhao et al., Semantic Graph Convolutional Networks for 3D Human Pose Regression (CVPR 2019): one frame at a time.

The 24 landmarks are the nodes of a graph whose edges are the bones. A semantic graph convolution learns how much
each node listens to each neighbour; non-local layers between the residual blocks let every node hear all others.
Inside, the nodes come first, (24, frames, channels): then mixing them is one large matrix product, as is the rest.
"""

import torch
from torch import nn

from posenorm_core.condition_skeleton import JOINT_COUNT, PARENTS
from posenorm_core.landmarks import FIXED_TO, LANDMARK_COUNT
from posenorm_core.network_input import landmarks_of
from training.precision import in_full_precision

_CHANNELS = 3  # x, y, confidence


class SemGcn(nn.Module):
    """Input (B, T, 72) -> positions (B, T, 19, 3) from the pelvis, metres on the condition skeleton's size."""

    context = 0

    def __init__(self, width: int = 128, blocks: int = 4, dropout: float = 0.0) -> None:
        """A network with fresh weights; the defaults are the published ones."""
        super().__init__()
        self.enter = nn.Sequential(_Layer(_CHANNELS, width, dropout), NonLocal(width))
        self.blocks = nn.ModuleList(_Block(width, dropout) for _ in range(blocks))
        self.leave = SemanticConvolution(width, 3)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """See the class."""
        nodes = landmarks_of(features).flatten(0, 1).transpose(0, 1).contiguous()
        hidden = self.enter(nodes)
        for block in self.blocks:
            hidden = block(hidden)
        joints = in_full_precision(self.leave, hidden)[:JOINT_COUNT].transpose(0, 1)
        return (joints - joints[:, :1]).unflatten(0, features.shape[:2])


class SemanticConvolution(nn.Module):
    """Nodes (24, N, in) -> (24, N, out): a sum over each node and its neighbours, in learned shares that add up to 1.

    What a node says to itself has a matrix of its own.
    """

    neighbours: torch.Tensor

    def __init__(self, inputs: int, outputs: int) -> None:
        """Equal shares, and matrices as Glorot would have them."""
        super().__init__()
        self.register_buffer("neighbours", adjacency(), persistent=False)
        self.weight = nn.Parameter(torch.empty(2, inputs, outputs))  # to itself, to its neighbours
        self.shares = nn.Parameter(torch.ones(int(self.neighbours.sum())))  # before the softmax
        self.bias = nn.Parameter(torch.zeros(outputs))
        for matrix in self.weight:
            nn.init.xavier_uniform_(matrix)

    def forward(self, nodes: torch.Tensor) -> torch.Tensor:
        """See the class."""
        logits = self.shares.new_full(self.neighbours.shape, -torch.inf).masked_scatter(self.neighbours, self.shares)
        share = torch.softmax(logits, dim=1)
        own = share.diagonal()
        to_itself, to_neighbours = self.weight
        heard = (share - torch.diag(own)) @ nodes.flatten(1)
        told = torch.addmm(self.bias, heard.reshape(-1, nodes.shape[2]), to_neighbours).reshape(*nodes.shape[:2], -1)
        return torch.baddbmm(told, nodes, own[:, None, None] * to_itself)


class NonLocal(nn.Module):
    """Nodes (24, N, C) -> the same, each with what all nodes of its frame told it; at first that is nothing.

    How much one node heeds another is the rectified sum of a number for either, made from half as many channels
    (Wang et al.'s concatenation, which the paper takes); what is told is the mean over all nodes.
    """

    def __init__(self, width: int) -> None:
        """A layer that does nothing until it has learned: the scale of its normalization is zero."""
        super().__init__()
        half = width // 2
        self.hears, self.speaks, self.says = (nn.Linear(width, half) for _ in range(3))
        self.heeds = nn.Parameter(torch.empty(2, half))
        self.leave = nn.Linear(half, width)
        self.normalization = nn.BatchNorm1d(width)
        nn.init.xavier_uniform_(self.heeds)
        nn.init.zeros_(self.normalization.weight)

    def forward(self, nodes: torch.Tensor) -> torch.Tensor:
        """See the class."""
        # Both numbers in one product of 2 columns: the embeddings themselves would be all of the layer's cost.
        folded = torch.stack([self.hears.weight.T @ self.heeds[0], self.speaks.weight.T @ self.heeds[1]], dim=1)
        constant = self.hears.bias @ self.heeds[0] + self.speaks.bias @ self.heeds[1]
        hearing, speaking = (nodes @ folded).transpose(0, 1).contiguous().unbind(dim=2)  # (N, 24) each
        heed = torch.relu(hearing[:, :, None] + speaking[:, None] + constant) / LANDMARK_COUNT  # (N, hears, speaks)
        told = (heed @ self.says(nodes).transpose(0, 1)).transpose(0, 1)
        normalized = self.normalization(self.leave(told).flatten(0, 1))
        return nodes + normalized.reshape(nodes.shape)


class _Layer(nn.Module):
    """Semantic convolution, batch normalization, rectifier, dropout."""

    def __init__(self, inputs: int, outputs: int, dropout: float) -> None:
        super().__init__()
        self.convolution = SemanticConvolution(inputs, outputs)
        self.activation = nn.Sequential(nn.BatchNorm1d(outputs), nn.ReLU(inplace=True), nn.Dropout(dropout))

    def forward(self, nodes: torch.Tensor) -> torch.Tensor:
        convolved = self.convolution(nodes)
        output: torch.Tensor = self.activation(convolved.flatten(0, 1)).reshape(convolved.shape)
        return output


class _Block(nn.Module):
    """Two layers, added to what came in, and a non-local layer."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.Sequential(_Layer(width, width, dropout), _Layer(width, width, dropout))
        self.non_local = NonLocal(width)

    def forward(self, nodes: torch.Tensor) -> torch.Tensor:
        output: torch.Tensor = self.non_local(nodes + self.layers(nodes))
        return output


def adjacency() -> torch.Tensor:
    """Which landmarks neighbour which (24, 24), both ways and each itself: bones, and points on their joints."""
    matrix = torch.eye(LANDMARK_COUNT, dtype=torch.bool)
    for node, other in enumerate(PARENTS[1:] + FIXED_TO, start=1):
        matrix[node, other] = matrix[other, node] = True
    return matrix
