"""Sun et al., View-Invariant Probabilistic Embedding for Human Pose (ECCV 2020): a Gaussian in 16 dimensions a frame.

Two views of one pose are taught to match and views of other poses not to: the probability of a match is the mean over
samples of both Gaussians of a sigmoid of their distance, and the triplet ratio loss wants that of the true pair twice
that of a semi-hard negative. All settings are the published ones (the paper's, and where it tells none its authors'
program's, which bounds no weights' norm). The input has all 24 landmarks where the paper has 13.
"""

from dataclasses import dataclass

import torch
from torch import nn

from posenorm_core.landmarks import LANDMARK_COUNT, LANDMARK_NAMES
from training.precision import in_full_precision
from training.procrustes import aligned

SIZE = 16
SAMPLES = 20
MATCHING = 0.1  # κ: NP-MPJPE, in lengths of the torso, below which two poses match
_MARGIN = 2.0  # β: how much likelier to match than the negative a positive must be
_PAIR_WEIGHT, _PRIOR_WEIGHT = 0.005, 0.001
# Of a match's probability, so that its logarithm stays finite; the rest is the sigmoid's.
_SMOOTHING = 0.1
_FIRST_STEEPNESS, _FIRST_OFFSET = -0.65, -0.5
_HIPS = [LANDMARK_NAMES.index(f"{side}_hip") for side in ("left", "right")]
_CORNERS = [*_HIPS, *(LANDMARK_NAMES.index(f"{side}_shoulder") for side in ("left", "right"))]
_TORSO_LENGTH = 0.5
_CANDIDATES = 8  # negatives that are labelled at once
_TINY = 1e-12


@dataclass(frozen=True)
class Gaussians:
    """Means and standard deviations (…, 16)."""

    means: torch.Tensor
    deviations: torch.Tensor

    def samples(self) -> torch.Tensor:
        """Random draws (…, 20, 16), through which gradients flow."""
        shape = (*self.means.shape[:-1], SAMPLES, SIZE)
        return self.means[..., None, :] + self.deviations[..., None, :] * torch.randn(shape, device=self.means.device)


class PrVipe(nn.Module):
    """Landmarks (N, 24, 2) as `normalized_landmarks` gives them -> N Gaussians; and what a match's probability is."""

    def __init__(self, width: int = 1024, blocks: int = 2, dropout: float = 0.3) -> None:
        """A network with fresh weights; the defaults are the published ones."""
        super().__init__()
        self.enter = _layer(2 * LANDMARK_COUNT, width, dropout)
        self.blocks = nn.ModuleList(
            nn.Sequential(_layer(width, width, dropout), _layer(width, width, dropout)) for _ in range(blocks)
        )
        self.leave = nn.Linear(width, 2 * SIZE)
        self.raw_steepness = nn.Parameter(torch.tensor(_FIRST_STEEPNESS))
        self.offset = nn.Parameter(torch.tensor(_FIRST_OFFSET))
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.kaiming_normal_(module.weight)
                nn.init.zeros_(module.bias)

    def forward(self, landmarks: torch.Tensor) -> Gaussians:
        """See the class."""
        hidden = self.enter(landmarks.flatten(1))
        for block in self.blocks:
            hidden = hidden + block(hidden)
        means, spread = in_full_precision(self.leave, hidden).chunk(2, dim=-1)
        return Gaussians(means, nn.functional.elu(spread) + 1)

    def match(self, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        """The probability (…) that samples (…, S, 16) of either are of one pose: the mean over all pairs of them."""
        apart = (first[..., :, None, :] - second[..., None, :, :]).square().sum(dim=-1).clamp(min=_TINY).sqrt()
        steepness = nn.functional.elu(self.raw_steepness) + 1
        alike = torch.sigmoid(self.offset - steepness * apart)
        return ((1 - _SMOOTHING) * alike + _SMOOTHING / 2).mean(dim=(-2, -1))


def _layer(inputs: int, outputs: int, dropout: float) -> nn.Sequential:
    normalization = nn.BatchNorm1d(outputs, eps=1e-3, momentum=0.01)
    return nn.Sequential(nn.Linear(inputs, outputs), normalization, nn.ReLU(), nn.Dropout(dropout))


def normalized_landmarks(points: torch.Tensor) -> torch.Tensor:
    """Image points (…, 24, 2) about the middle of the hips, the greatest of the distances of hips and shoulders 1/2."""
    middle = points[..., _HIPS, :].mean(dim=-2, keepdim=True)
    corners = points[..., _CORNERS, :]
    apart = torch.linalg.vector_norm(corners[..., :, None, :] - corners[..., None, :, :], dim=-1)
    extent = apart.amax(dim=(-2, -1)).clamp(min=_TINY)
    return (points - middle) * (_TORSO_LENGTH / extent)[..., None, None]


def loss(model: PrVipe, first: Gaussians, second: Gaussians, poses: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The loss of B pairs of views of the `poses` (B, J, 3), in lengths of the torso, and the share of active triplets.

    Of every pose's first view the second is the positive, and another pose's second view the negative.
    """
    chosen, found = semi_hard(torch.cdist(first.means.detach(), second.means.detach()), poses)
    drawn, drawn_again = first.samples(), second.samples()
    positive = -model.match(drawn, drawn_again).log()
    negative = -model.match(drawn, drawn_again[chosen]).log()
    ratio = torch.relu(positive - negative + torch.log(torch.tensor(_MARGIN))) * found
    active = (ratio > 0).sum()
    prior = torch.stack([_divergence(first), _divergence(second)]).mean()
    total = ratio.sum() / active.clamp(min=1) + _PAIR_WEIGHT * positive.mean() + _PRIOR_WEIGHT * prior
    return total, active / len(ratio)


def semi_hard(apart: torch.Tensor, poses: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """For each of B anchors the nearest negative farther than its positive (B,), and whether there is one (B,).

    `apart` (B, B) holds the distances of anchors to what may answer them, the positives on the diagonal.
    """
    farther = apart > apart.diagonal()[:, None]
    order = apart.masked_fill(~farther, torch.inf).argsort(dim=1)
    chosen, found = order[:, 0].clone(), torch.zeros(len(order), dtype=torch.bool, device=order.device)
    # Poses are labelled in the order of their distances: of most anchors one of the first few does not match.
    for begin in range(0, order.shape[1], _CANDIDATES):
        open_ = (~found).nonzero()[:, 0]
        candidates = order[open_, begin : begin + _CANDIDATES]
        possible = farther[open_[:, None], candidates]
        if not possible.any():
            break
        other = possible & (np_mpjpe(poses[candidates], poses[open_][:, None]) > MATCHING)
        any_ = other.any(dim=1)
        best = other.to(torch.uint8).argmax(dim=1)
        chosen[open_[any_]] = candidates[any_, best[any_]]
        found[open_[any_]] = True
    return chosen, found


def np_mpjpe(poses: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
    """The mean distance (…) of the joints of `poses` (…, J, 3), aligned by Procrustes, from those of the `others`."""
    return torch.linalg.vector_norm(aligned(poses, others) - others, dim=-1).mean(dim=-1)


def _divergence(said: Gaussians) -> torch.Tensor:
    """Kullback and Leibler's from the standard normal distribution, mean."""
    variances = said.deviations.square().clamp(min=_TINY)
    return 0.5 * (variances + said.means.square() - 1 - variances.log()).sum(dim=-1).mean()
