"""Places told as shares of an image's width and height: pixels only once the image's size is known, or guessed."""

import numpy as np

from posenorm_core.landmarks import LANDMARK_NAMES

_SHOULDERS, _HIPS = (
    [LANDMARK_NAMES.index(f"{side}_{joint}") for side in ("left", "right")] for joint in ("shoulder", "hip")
)
_LANDSCAPE, _PORTRAIT = (1920.0, 1080.0), (1080.0, 1920.0)
# From the front shoulders are some 0.7 torsos broad: in shares 0.4 of a landscape's and 1.2 of a portrait's.
# Videos filmed in either gave 0.3 to 0.4, and 0.8 to 1.2.
_PORTRAIT_FROM = 0.6


def likeliest_size(points: np.ndarray, confidence: np.ndarray) -> tuple[float, float]:
    """16:9, upright or not: by the shoulders beside the torso of landmarks (N, 24, 2) in shares of the image."""
    whole = points[(confidence[:, _SHOULDERS + _HIPS] > 0).all(axis=1)]
    shoulders = np.abs(np.diff(whole[:, _SHOULDERS, 0], axis=1))[:, 0]
    torso = np.abs(whole[:, _SHOULDERS, 1].mean(axis=1) - whole[:, _HIPS, 1].mean(axis=1))
    upright = len(whole) > 0 and np.median(shoulders) > _PORTRAIT_FROM * np.median(torso)
    return _PORTRAIT if upright else _LANDSCAPE
