"""True keypoints made as wrong as a detector makes them: the faults of `training.detector_noise` drawn again.

The tremble is a first-order process of the measured size and correlation, brought to the clip's own rate; gaps begin
and end by chance, as often and as long as measured; each measured jump comes back at random instants, at the rate at
which jumps were measured.
"""

from dataclasses import replace

import numpy as np

from posenorm_core.keypoints import Keypoints
from posenorm_core.landmarks import LANDMARK_COUNT, LANDMARK_NAMES
from training.detector_noise import DetectorNoise

_LIMBS = [
    tuple([LANDMARK_NAMES.index(f"{side}_{part}") for part in parts] for side in ("left", "right"))
    for parts in (("shoulder", "elbow", "wrist"), ("hip", "knee", "ankle", "toe", "heel"))
]


def trembling(clip: Keypoints, noise: DetectorNoise, height: float, rng: np.random.Generator) -> Keypoints:
    """The clip of a person of `height` pixels with the detector's tremble and gaps; what it never gives is missing."""
    sizes = height * np.where(noise.known, noise.deviation, 0)[:, None]
    moved = clip.points + sizes * process(len(clip), noise.correlation_at(clip.fps), rng)
    seen = noise.known & ~gaps(noise, len(clip), clip.fps, rng)
    return replace(clip, points=moved, confidence=np.where(seen, clip.confidence, 0))


def process(frames: int, correlation: float, rng: np.random.Generator) -> np.ndarray:
    """A stationary first-order process of variance 1 for each landmark and axis: (T, 24, 2)."""
    drawn = rng.normal(size=(frames, LANDMARK_COUNT, 2))
    fresh = np.sqrt(1 - correlation**2)
    for frame in range(1, frames):
        drawn[frame] = correlation * drawn[frame - 1] + fresh * drawn[frame]
    return drawn


def gaps(noise: DetectorNoise, frames: int, fps: float, rng: np.random.Generator) -> np.ndarray:
    """(T, 24) true where a landmark is missing: a chain of two states with the measured share and mean length."""
    drawn = rng.random((frames, LANDMARK_COUNT))
    share = np.where(noise.known, noise.missing, 1.0)
    end = 1 / np.maximum(noise.gap * fps, 1)
    begin = np.minimum(end * share / np.maximum(1 - share, 1e-9), 1)
    missing = np.empty((frames, LANDMARK_COUNT), dtype=bool)
    missing[:1] = drawn[:1] < share
    for frame in range(1, frames):
        missing[frame] = drawn[frame] < np.where(missing[frame - 1], 1 - end, begin)
    return missing


def jumping(clip: Keypoints, noise: DetectorNoise, height: float, rng: np.random.Generator) -> Keypoints:
    """The clip with the measured jumps, at the measured rate but at other instants."""
    points, seconds = clip.points.copy(), len(clip) / clip.fps
    count = rng.poisson(len(noise.jumps) * seconds / noise.seconds)
    for chosen in rng.integers(len(noise.jumps), size=count) if noise.jumps else ():
        jump = noise.jumps[chosen]
        points[_frames(clip, jump.seconds, rng), jump.landmark] += height * np.array(jump.displacement)
    return replace(clip, points=points)


def exchanging(clip: Keypoints, rate: float, longest: float, rng: np.random.Generator) -> Keypoints:
    """The clip with left and right of the arms or of the legs exchanged `rate` times a second, `longest` at most."""
    points, confidence = clip.points.copy(), clip.confidence.copy()
    for _ in range(rng.poisson(rate * len(clip) / clip.fps)):
        left, right = _LIMBS[rng.integers(len(_LIMBS))]
        frames = _frames(clip, rng.uniform(0, longest), rng)
        for values in (points, confidence):
            values[frames[:, None], left + right] = values[frames[:, None], right + left]
    return replace(clip, points=points, confidence=confidence)


def _frames(clip: Keypoints, seconds: float, rng: np.random.Generator) -> np.ndarray:
    """The frames that lie within so many seconds from a random instant on."""
    time = np.arange(len(clip)) / clip.fps
    begin = rng.uniform(-seconds, len(clip) / clip.fps)
    return np.flatnonzero((time >= begin) & (time < begin + seconds))
