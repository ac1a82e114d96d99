"""Stick figures before a camera, as a detector lists them: at given places, in random order."""

from collections.abc import Sequence

import numpy as np
from openpose_files import FIGURE

from posenorm_core.landmarks import LANDMARK_NAMES
from posenorm_core.people import Detections

FIGURE_POINTS = np.array([FIGURE.get(name, (0.0, 0.0)) for name in LANDMARK_NAMES])
HAS = np.array([name in FIGURE for name in LANDMARK_NAMES])


def detections(
    places: np.ndarray, sizes: Sequence[float], rng: np.random.Generator, noise: float = 0.01
) -> tuple[Detections, np.ndarray]:
    """Figures at `places` (T, P, 2), NaN where not detected, in random order; and who each really is (D,)."""
    frames, points, who = [], [], []
    for t, people in enumerate(places):
        for p in rng.permutation(len(people)):
            if np.isfinite(people[p]).all():
                frames.append(t)
                points.append(people[p] + sizes[p] * (FIGURE_POINTS + rng.normal(0, noise, FIGURE_POINTS.shape)))
                who.append(p)
    confidence = np.tile(np.where(HAS, 0.8, 0), (len(frames), 1))
    return Detections(np.array(frames), np.array(points), confidence, np.full(len(frames), -1)), np.array(who)


def as_lines(frames: int, *lines: tuple[tuple[float, float], tuple[float, float]]) -> np.ndarray:
    """Straight paths (T, P, 2) from one place to another."""
    return np.stack([np.linspace(start, end, frames) for start, end in lines], axis=1)
