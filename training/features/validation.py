"""How well the frames of another film are found again, on performances that training does not see."""

from collections.abc import Callable

import numpy as np
from tqdm import tqdm

from posenorm_core.embedding.architecture import EmbeddingArchitecture
from posenorm_core.embedding.embed import embed
from posenorm_core.embedding.weights import EmbeddingWeights
from posenorm_core.motion import Motion
from posenorm_core.normalizer import normalize
from posenorm_core.weights import Weights
from training.correspondence import matched
from training.dataset import MotionData
from training.video_pairs import draw_pair

# What the two videos differ in, besides their cameras; the third setting of Table 2 is a part of either.
_SETTINGS = ("other body", "noise")

# Setting, family, the motions of source and target, and what answers.
NormalizedPair = tuple[str, str, Motion, Motion, np.ndarray]


def normalized_pairs(data: MotionData, weights: Weights) -> list[NormalizedPair]:
    """The pairs of all clips of `data` in both settings, normalized by `weights`, with a progress bar."""
    wanted = [(setting, clip) for setting in _SETTINGS for clip in range(data.clip_count)]
    pairs = []
    for setting, clip in tqdm(wanted, desc="validation pairs", unit="pair", disable=None):
        pair = draw_pair(data, clip, setting, seed=0)
        source, target = (normalize(video, weights=weights) for video in (pair.source, pair.target))
        pairs.append((setting, pair.family, source, target, pair.answers))
    return pairs


def validate(
    pairs: list[NormalizedPair], architecture: EmbeddingArchitecture, parameters: dict[str, np.ndarray]
) -> dict[str, float]:
    """`hits SETTING`, a share, and `error SETTING`, of frame numbers squared: means over families."""
    weights = EmbeddingWeights(architecture, parameters, {}, "", "")
    told: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for setting, family, source, target, answers in pairs:
        found = matched(embed(source, weights), embed(target, weights), answers)
        told.setdefault((setting, family), []).append((found.hits, found.error))
    return {
        f"{measure} {setting}": _mean(told, setting, lambda figures, k=k: figures[k])  # type: ignore[misc]
        for setting in _SETTINGS
        for k, measure in enumerate(("hits", "error"))
    }


def _mean(
    told: dict[tuple[str, str], list[tuple[float, float]]],
    setting: str,
    measure: Callable[[tuple[float, float]], float],
) -> float:
    """Over the families of the setting, of the mean over each one's pairs."""
    return float(np.mean([np.mean([*map(measure, figures)]) for (of, _), figures in told.items() if of == setting]))
