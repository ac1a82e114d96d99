"""A step's batch: some performances, of each two films, of each film some frames; every draw from the step's number."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from posenorm_core.frame_rate import resample_rotations
from posenorm_core.mirror import mirrored_rotations
from training.features.configuration import FeatureData
from training.features.views import Performance
from training.video_pairs import kept_frames


@dataclass(frozen=True)
class PairBatch:
    """Rotations (2, C, T, 19, 4) of C performances in two films each, and the numbers (2, C, T) of their frames."""

    rotations: torch.Tensor
    times: torch.Tensor


def draw_batch(
    shown: Sequence[Performance],
    probabilities: np.ndarray,
    options: FeatureData,
    clips: int,
    frames: tuple[int, int],
    seed: tuple[int, ...],
) -> PairBatch:
    """`clips` performances, drawn with `probabilities`, and as many frames of each: between the two of `frames`.

    A performance may be shown left for right or backwards, in both films alike; each film runs at a tempo of its own;
    of all the films of a batch frames may be dropped, in each film others. There are fewer frames where the drawn
    performances have no more.
    """
    rng = np.random.default_rng(seed)
    wanted = int(np.exp(rng.uniform(*np.log(frames))))
    drops = rng.random() < options.dropped
    # Where frames are dropped, about two are needed for one.
    long_enough = np.array([len(one) >= (2 * wanted if drops else wanted) for one in shown])
    if not long_enough.any():
        long_enough = np.array([len(one) for one in shown]) == max(map(len, shown))
    among = np.where(long_enough, probabilities, 0)
    pairs = [_pair(shown[k], wanted, drops, options, rng) for k in rng.choice(len(shown), clips, p=among / among.sum())]
    shortest = min(wanted, *(len(times) for pair in pairs for _, times in pair))
    rotations = np.array([[pair[side][0][:shortest] for pair in pairs] for side in (0, 1)], dtype=np.float32)
    times = np.array([[pair[side][1][:shortest] for pair in pairs] for side in (0, 1)])
    return PairBatch(torch.from_numpy(rotations), torch.from_numpy(times))


def probabilities_of(shown: Sequence[Performance], family_power: float) -> np.ndarray:
    """How probably each performance is drawn: a family by its frames to a power, within it each by its own."""
    lengths = np.array([len(one) for one in shown], dtype=float)
    families = np.array([one.family for one in shown])
    of_family = {family: lengths[families == family].sum() for family in set(families.tolist())}
    shares = lengths * np.array([of_family[family] ** (family_power - 1) for family in families.tolist()])
    return np.asarray(shares / shares.sum())


def _pair(
    one: Performance, wanted: int, drops: bool, options: FeatureData, rng: np.random.Generator
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Two films of a stretch of the performance: rotations (T, 19, 4) and the frames' numbers (T,) of each."""
    films = len(one.rotations)
    chosen = rng.choice(films, 2, replace=films < 2)
    length = min(len(one), 2 * wanted if drops else wanted)
    begin = int(rng.integers(0, len(one) - length, endpoint=True))
    mirror, backwards = rng.random() < options.mirror, rng.random() < options.reverse
    pair = []
    for film in chosen:
        times = np.arange(0, length, _tempo(options, rng))
        times = times[kept_frames(len(times), rng)] if drops else times
        rotations = resample_rotations(one.rotations[film, begin : begin + length].astype(np.float32), times)
        rotations = mirrored_rotations(rotations) if mirror else rotations
        pair.append((rotations[::-1], length - 1 - times[::-1]) if backwards else (rotations, times))
    return pair


def _tempo(options: FeatureData, rng: np.random.Generator) -> float:
    """Frames of the performance from one of a film's to its next."""
    return float(np.exp(rng.uniform(-1, 1) * np.log(options.tempo)))
