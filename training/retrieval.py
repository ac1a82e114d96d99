"""Retrieval: is the same instant, among the frames of all performances, the nearest to a frame of another view?

Asked with every third frame of each target of `training.video_pairs`; searched are all frames of all sources of the
setting, so across views, across bodies and through a detector's noise. A hit is a frame of the right performance at
most 5 frames from what answers, as in Table 2; Hit@1 of the nearest, Hit@10 of any of the ten nearest. Figures are
means over a performance's frames, over a family's performances, and over families.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from posenorm_core.correspondence import distances
from training.correspondence import HIT
from training.dataset import MotionData
from training.frame_features import FrameFeatures
from training.pair_figures import DescribedPair, PairFigures, figures_of

EVERY = 3  # frames between two that are asked with
NEAREST = 10
# Frames that are looked for at once.
_TOGETHER = 1024


@dataclass(frozen=True)
class Retrieval:
    """A row in a setting: shares of hits, means and their standard deviations over seeds."""

    hit_1: float
    hit_1_spread: float
    hit_10: float
    hit_10_spread: float


@dataclass(frozen=True)
class Gallery:
    """Features (N, D) of all performances' frames; which performance each is of (N,), and which of its frames (N,)."""

    features: np.ndarray
    clips: np.ndarray
    frames: np.ndarray


def retrieval(data: MotionData, rows: Sequence[FrameFeatures], seeds: Sequence[int]) -> dict[str, dict[str, Retrieval]]:
    """Setting -> row -> figures, over all clips of `data` and the `seeds` of cameras and dropped frames."""
    found = figures_of(data, rows, seeds, _scored)
    return {
        setting: {
            name: Retrieval(*map(float, np.stack([figures.mean, figures.deviation], axis=1).flat))
            for name, figures in told.items()
        }
        for setting, told in found.items()
    }


def _scored(pairs: Iterator[DescribedPair]) -> list[PairFigures]:
    """Hit@1 and Hit@10 of every pair by every row, among the sources of all."""
    thinned = [_thinned(pair) for pair in pairs]
    told: list[PairFigures] = [(pair.family, {}) for pair in thinned]
    for name in thinned[0].source:
        gallery = gallery_of([pair.source[name] for pair in thinned])
        for clip, pair in enumerate(thinned):
            told[clip][1][name] = hit_rates(gallery, clip, pair.target[name], pair.answers)
    return told


def _thinned(pair: DescribedPair) -> DescribedPair:
    """The pair with only those of the target's frames that are asked with, in half the memory."""
    source = {name: features.astype(np.float32) for name, features in pair.source.items()}
    target = {name: features[::EVERY].astype(np.float32) for name, features in pair.target.items()}
    return DescribedPair(pair.family, source, target, pair.answers[::EVERY])


def gallery_of(sources: Sequence[np.ndarray]) -> Gallery:
    """The frames of all `sources` (S, D)."""
    lengths = [len(source) for source in sources]
    frames = np.concatenate([np.arange(length) for length in lengths])
    return Gallery(np.concatenate(sources), np.repeat(np.arange(len(sources)), lengths), frames)


def hit_rates(gallery: Gallery, clip: int, asked: np.ndarray, answers: np.ndarray) -> np.ndarray:
    """Hit@1 and Hit@10 (2,) of features `asked` (Q, D), which frames `answers` (Q,) of performance `clip` answer."""
    hits = []
    for begin in range(0, len(asked), _TOGETHER):
        apart = distances(asked[begin : begin + _TOGETHER], gallery.features)
        most = min(NEAREST, apart.shape[1])
        nearest = np.argpartition(apart, most - 1, axis=1)[:, :most]
        nearest = np.take_along_axis(nearest, np.take_along_axis(apart, nearest, axis=1).argsort(axis=1), axis=1)
        off = np.abs(gallery.frames[nearest] - answers[begin : begin + _TOGETHER, None])
        hits.append((gallery.clips[nearest] == clip) & (off <= HIT))
    hit = np.concatenate(hits)
    return np.array([hit[:, 0].mean(), hit.any(axis=1).mean()])
