"""Adaptive triplet mining within a video (the paper's Section 3.3).

The primary similarity of two frames is the MPJPE between their normalized poses, scaled linearly over the video so
that the most alike have 1 and the least 0. A frame's positives are those whose similarity to it lies in
[c_pl, c_pu], its negatives those in [c_nl, c_nu]; a curriculum moves the negatives from easy to semi-hard.
"""

from dataclasses import dataclass

import torch

from training.features.configuration import TripletLoss

Range = tuple[float, float]


@dataclass(frozen=True)
class Triplets:
    """K triplets of frames: (K,) each."""

    anchor: torch.Tensor
    positive: torch.Tensor
    negative: torch.Tensor


def primary_similarity(positions: torch.Tensor) -> torch.Tensor:
    """Joint positions (T, J, 3) of normalized poses of a video -> similarities (T, T) in [0, 1]."""
    squared = (positions[:, None] - positions[None]).square().sum(dim=-1)
    error = squared.sqrt().mean(dim=-1)
    # A frame is always itself: the scale is that of two different ones.
    apart = error[~torch.eye(len(error), dtype=torch.bool, device=error.device)]
    if not len(apart) or apart.max() == apart.min():
        return torch.ones_like(error)
    return (1 - (error - apart.min()) / (apart.max() - apart.min())).clamp(0, 1)


def mined(similarity: torch.Tensor, positive: Range, negative: Range, rng: torch.Generator) -> Triplets:
    """One triplet for each frame of a video that has a positive and a negative, both drawn evenly from their range."""
    itself = torch.eye(len(similarity), dtype=torch.bool, device=similarity.device)
    positives = _within(similarity, positive) & ~itself
    negatives = _within(similarity, negative) & ~itself
    anchors = (positives.any(dim=1) & negatives.any(dim=1)).nonzero()[:, 0]
    return Triplets(anchors, _drawn(positives[anchors], rng), _drawn(negatives[anchors], rng))


def negative_range(options: TripletLoss, done: float) -> Range:
    """[c_nl, c_nu] once the share `done` of the training's steps is behind it."""
    way = min(done / options.curriculum, 1.0) if options.curriculum else 1.0
    low, high = (a + way * (b - a) for a, b in zip(options.easy_negative, options.hard_negative, strict=True))
    return low, high


def _within(similarity: torch.Tensor, span: Range) -> torch.Tensor:
    return (similarity >= span[0]) & (similarity <= span[1])


def _drawn(chosen: torch.Tensor, rng: torch.Generator) -> torch.Tensor:
    """For each row of `chosen` (K, T) one of its true columns (K,)."""
    if not len(chosen):
        return torch.zeros(0, dtype=torch.int64, device=chosen.device)
    return torch.multinomial(chosen.float(), 1, generator=rng)[:, 0]
