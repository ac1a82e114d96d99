"""Pairs of videos described by every row's features, and what rows are worth: means over families and over seeds.

Figures are arrays (M,), one number a measure; what they mean is the affair of the table that counts them.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from training.dataset import MotionData
from training.frame_features import FrameFeatures
from training.video_pairs import SETTINGS, draw_pair

# The family of a pair, and each row's figures.
PairFigures = tuple[str, dict[str, np.ndarray]]


@dataclass(frozen=True)
class DescribedPair:
    """A pair's features by row: of the source (S, D) and the target (T, D), whose answers are the source's frames."""

    family: str
    source: dict[str, np.ndarray]
    target: dict[str, np.ndarray]
    answers: np.ndarray


@dataclass(frozen=True)
class Spread:
    """Figures (M,): their means over seeds, and their standard deviations."""

    mean: np.ndarray
    deviation: np.ndarray


def figures_of(
    data: MotionData,
    rows: Sequence[FrameFeatures],
    seeds: Sequence[int],
    count: Callable[[Iterator[DescribedPair]], list[PairFigures]],
) -> dict[str, dict[str, Spread]]:
    """Setting -> row -> what `count` makes of all pairs of a setting and a seed: of every clip of `data` one."""
    found = {}
    for setting in SETTINGS:
        by_seed = [over_families(count(_described(data, rows, setting, seed))) for seed in seeds]
        found[setting] = {name: _over_seeds([told[name] for told in by_seed]) for name in by_seed[0]}
    return found


def _described(data: MotionData, rows: Sequence[FrameFeatures], setting: str, seed: int) -> Iterator[DescribedPair]:
    """The pairs of all clips, with a progress bar."""
    for clip in tqdm(range(data.clip_count), desc=f"{setting}, seed {seed}", unit="pair", disable=None):
        pair = draw_pair(data, clip, setting, seed)
        source, target = ({k: v for row in rows for k, v in row(video).items()} for video in (pair.source, pair.target))
        yield DescribedPair(pair.family, source, target, pair.answers)


def over_families(told: list[PairFigures]) -> dict[str, np.ndarray]:
    """Of each row the mean over families of the mean over each one's pairs."""
    families = sorted({family for family, _ in told})

    def mean(name: str) -> np.ndarray:
        of_family = [np.mean([row[name] for family, row in told if family == wanted], axis=0) for wanted in families]
        return np.asarray(np.mean(of_family, axis=0))

    return {name: mean(name) for name in told[0][1]}


def _over_seeds(told: list[np.ndarray]) -> Spread:
    return Spread(np.mean(told, axis=0), np.std(told, axis=0))
