"""The pelvis of 2D landmarks, from which everything is measured: in every frame it must have a place."""

import numpy as np

from posenorm_core.gaps import bridge
from posenorm_core.landmarks import LANDMARK_NAMES

PELVIS = LANDMARK_NAMES.index("pelvis")
HIPS = [LANDMARK_NAMES.index("right_hip"), LANDMARK_NAMES.index("left_hip")]


def with_pelvis(points: np.ndarray, confidence: np.ndarray) -> np.ndarray:
    """The points (T, 24, 2) with a pelvis in every frame: as seen, else the hips' middle, else bridged.

    `confidence` (T, 24) is 0 where a landmark is missing.
    """
    placed = points.copy()
    known = confidence[:, PELVIS] > 0
    middle, hips_seen = _middle_of_hips(points[:, HIPS], confidence[:, HIPS] > 0)
    pelvis = np.where(known[:, None], points[:, PELVIS], middle)
    placed[:, PELVIS] = bridge(pelvis[:, None], (known | hips_seen)[:, None])[:, 0]
    return placed


def _middle_of_hips(hips: np.ndarray, seen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The middle (T, 2) of hips (T, 2, 2), and where either is seen (T,).

    Where only one is seen the middle lies from it as it did when both were; the hip itself where they never were.
    """
    hips = np.where(seen[..., None], hips, 0.0)
    both = np.all(seen, axis=1)
    apart = bridge(((hips[:, 1] - hips[:, 0]) / 2)[:, None], both[:, None])[:, 0]
    middle = np.where(seen[:, :1], hips[:, 0] + apart, hips[:, 1] - apart)
    return middle, np.any(seen, axis=1)
