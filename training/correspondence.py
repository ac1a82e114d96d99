"""The paper's Table 2: how often the nearest frame of the other video, by each row's features, is the right one.

For every frame of the target its nearest in the source (`posenorm_core.correspondence`); a hit is one at most 5 frames
from what answers it. Figures are means over a performance's frames, over a family's performances, and over families.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from posenorm_core.correspondence import nearest_frames
from training.dataset import MotionData
from training.frame_features import FrameFeatures
from training.video_pairs import SETTINGS, VideoPair, draw_pair

HIT = 5  # frames


@dataclass(frozen=True)
class Matched:
    """How well one row finds what answers: share of hits, and mean square error of the source's frame numbers."""

    hits: float
    error: float


@dataclass(frozen=True)
class Correspondence:
    """A row in a setting: means, and their standard deviations over seeds."""

    hits: float
    hits_spread: float
    error: float
    error_spread: float


def matched(source: np.ndarray, target: np.ndarray, answers: np.ndarray) -> Matched:
    """Of features of the source (S, D) and the target (T, D), whose answers are the source's frames (T,)."""
    apart = nearest_frames(target, source) - answers
    return Matched(float((np.abs(apart) <= HIT).mean()), float((apart**2).mean()))


def correspondence(
    data: MotionData, rows: Sequence[FrameFeatures], seeds: Sequence[int]
) -> dict[str, dict[str, Correspondence]]:
    """Setting -> row -> figures, over all clips of `data` and the `seeds` of cameras and dropped frames."""
    found = {}
    for setting in SETTINGS:
        by_seed = []
        for seed in seeds:
            clips = tqdm(range(data.clip_count), desc=f"{setting}, seed {seed}", unit="pair", disable=None)
            by_seed.append(_over_families([_scored(draw_pair(data, clip, setting, seed), rows) for clip in clips]))
        found[setting] = {name: _over_seeds([told[name] for told in by_seed]) for name in by_seed[0]}
    return found


def _scored(pair: VideoPair, rows: Sequence[FrameFeatures]) -> tuple[str, dict[str, Matched]]:
    """The pair's family, and each row's figures."""
    told: dict[str, Matched] = {}
    for row in rows:
        source, target = row(pair.source), row(pair.target)
        told |= {name: matched(source[name], target[name], pair.answers) for name in source}
    return pair.family, told


def _over_families(told: list[tuple[str, dict[str, Matched]]]) -> dict[str, Matched]:
    """The mean over families of the mean over each one's pairs."""
    families = sorted({family for family, _ in told})
    means = {}
    for name in told[0][1]:
        of_family = [[row[name] for family, row in told if family == wanted] for wanted in families]
        hits = float(np.mean([np.mean([m.hits for m in members]) for members in of_family]))
        means[name] = Matched(hits, float(np.mean([np.mean([m.error for m in members]) for members in of_family])))
    return means


def _over_seeds(told: list[Matched]) -> Correspondence:
    hits, errors = [m.hits for m in told], [m.error for m in told]
    return Correspondence(*(float(f(values)) for values in (hits, errors) for f in (np.mean, np.std)))
