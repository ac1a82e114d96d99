"""What E_P is taught by: the paper's triplets within a video, or pairs of films told from all the others."""

from dataclasses import dataclass

import torch
from torch.nn import functional

from training.features.configuration import ContrastiveLoss
from training.features.mining import Triplets

# What a frame shares with less of the others than this has no counterpart there: it was dropped from that film.
_COUNTERPART = 0.1


@dataclass(frozen=True)
class Films:
    """Features (C, T, D) of T frames of C performances in one film of each, and the frames' numbers (C, T) in them."""

    features: torch.Tensor
    times: torch.Tensor


def triplet_loss(features: torch.Tensor, triplets: Triplets, margin: float) -> torch.Tensor:
    """Of features (T, D) of a video: how far each positive is from being nearer than its negative by the margin.

    The mean over triplets of the squared distances' difference (Schroff et al., FaceNet, 2015); 0 where there is none.
    """
    anchor = features[triplets.anchor]
    near, far = ((anchor - features[other]).square().sum(-1) for other in (triplets.positive, triplets.negative))
    loss = functional.relu(near - far + margin)
    return loss.mean() if len(loss) else features.sum() * 0


def contrastive_loss(
    first: Films, second: Films, scale: torch.Tensor, options: ContrastiveLoss, rng: torch.Generator
) -> torch.Tensor:
    """How surely the frames of one film are told to be those of the other, both ways (van den Oord et al. 2018).

    Several frames may answer one, in shares that fall off with the time between them (`options.spread`). A frame's
    rivals are all others of its performance, and then some of every performance of the batch.
    """
    logits = scale * torch.einsum("ctd,csd->cts", first.features, second.features)
    answers = _answers(first.times, second.times, options.spread)
    within = _cross_entropy(logits, answers) + _cross_entropy(logits.mT, answers.mT)
    if not options.across:
        return within
    a, b = _paired(first, second, options.pairs, rng)
    own = torch.arange(len(a.times), device=a.times.device).repeat_interleave(a.times.shape[1])
    answers = _answers(a.times.flatten(), b.times.flatten(), options.spread) * (own[:, None] == own)
    across = _cross_entropy(scale * a.features.flatten(0, 1) @ b.features.flatten(0, 1).T, answers)
    return within + options.across * across


def _answers(first: torch.Tensor, second: torch.Tensor, spread: float) -> torch.Tensor:
    """How far each of `second` (…, S) answers each of `first` (…, T), times both: (…, T, S) in [0, 1]."""
    apart = (first[..., :, None] - second[..., None, :]).float()
    return torch.exp(-0.5 * (apart / spread).square())


def _cross_entropy(logits: torch.Tensor, answers: torch.Tensor) -> torch.Tensor:
    """Mean over the rows of (…, T, S) that have an answer."""
    total = answers.sum(dim=-1, keepdim=True)
    has = total[..., 0] > _COUNTERPART
    lost = -(answers / total.clamp(min=1e-6) * functional.log_softmax(logits, dim=-1)).sum(dim=-1)
    return (lost * has).sum() / has.sum().clamp(min=1)


def _paired(first: Films, second: Films, count: int, rng: torch.Generator) -> tuple[Films, Films]:
    """Some frames of every performance, drawn, and for each the frame of the other film that is nearest in time."""
    drawn = torch.stack([torch.randperm(first.times.shape[1], generator=rng)[:count] for _ in first.times])
    drawn = drawn.to(first.times.device)
    times = first.times.gather(1, drawn)
    nearest = (times[:, :, None] - second.times[:, None]).abs().argmin(dim=2)
    return _chosen(first, drawn), _chosen(second, nearest)


def _chosen(films: Films, frames: torch.Tensor) -> Films:
    features = films.features.gather(1, frames[..., None].expand(-1, -1, films.features.shape[2]))
    return Films(features, films.times.gather(1, frames))
