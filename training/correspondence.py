"""The paper's Table 2: how often the nearest frame of the other video, by each row's features, is the right one.

For every frame of the target its nearest in the source (`posenorm_core.correspondence`); a hit is one at most 5 frames
from what answers it. Beside the paper's measures: how far off the path is that lines the two up from end to end.
Figures are means over a performance's frames, over a family's performances, and over families.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from posenorm_core.correspondence import nearest_frames
from posenorm_core.dtw import warping_path
from training.dataset import MotionData
from training.frame_features import FrameFeatures
from training.pair_figures import DescribedPair, PairFigures, figures_of

HIT = 5  # frames


@dataclass(frozen=True)
class Matched:
    """How well one row finds what answers: share of hits, and mean square error of the source's frame numbers."""

    hits: float
    error: float


@dataclass(frozen=True)
class Correspondence:
    """A row in a setting: means of `Matched` and of `path_error`, and their standard deviations over seeds.

    Rows measured before there was a path's error have none.
    """

    hits: float
    hits_spread: float
    error: float
    error_spread: float
    off: float | None = None
    off_spread: float | None = None


def matched(source: np.ndarray, target: np.ndarray, answers: np.ndarray) -> Matched:
    """Of features of the source (S, D) and the target (T, D), whose answers are the source's frames (T,)."""
    apart = nearest_frames(target, source) - answers
    return Matched(float((np.abs(apart) <= HIT).mean()), float((apart**2).mean()))


def path_error(source: np.ndarray, target: np.ndarray, answers: np.ndarray) -> float:
    """How many of the source's frames a path by dynamic time warping is off what answers, on average."""
    path = warping_path(target.astype(np.float64), source.astype(np.float64))
    return float(np.abs(path[:, 1] - answers[path[:, 0]]).mean())


def correspondence(
    data: MotionData, rows: Sequence[FrameFeatures], seeds: Sequence[int]
) -> dict[str, dict[str, Correspondence]]:
    """Setting -> row -> figures, over all clips of `data` and the `seeds` of cameras and dropped frames."""
    found = figures_of(data, rows, seeds, _scored)
    return {
        setting: {
            name: Correspondence(*map(float, np.stack([figures.mean, figures.deviation], axis=1).flat))
            for name, figures in told.items()
        }
        for setting, told in found.items()
    }


def _scored(pairs: Iterator[DescribedPair]) -> list[PairFigures]:
    """Hits, square error and the path's error of every pair by every row."""
    return [(pair.family, {name: _measures(pair, name) for name in pair.source}) for pair in pairs]


def _measures(pair: DescribedPair, name: str) -> np.ndarray:
    given = pair.source[name], pair.target[name], pair.answers
    told = matched(*given)
    return np.array([told.hits, told.error, path_error(*given)])
