"""The 2D pose detectors that videos can go through, and what one must be.

To add a detector: one module here with a class like `Detector` and its row in `DETECTORS`. A detector's packages are
imported when it is built, never before, so that everything else runs without them.
"""

from collections.abc import Callable
from typing import Protocol

import numpy as np

from posenorm_core.detectors.mediapipe_pose import MediaPipePose
from posenorm_core.formats.layout import Layout

__all__ = ["DETECTORS", "Detector"]


class Detector(Protocol):
    """Finds people in the pictures of one video, shown to it in order."""

    name: str
    layout: Layout

    def people(self, picture: np.ndarray) -> np.ndarray:
        """The people (P, K, 3) in a picture (H, W, 3), RGB: x and y in its pixels and confidence, of K keypoints."""
        ...

    def close(self) -> None:
        """Gives back what it holds."""
        ...


# Building one raises InputError, with the way to have it, where its packages are missing.
DETECTORS: dict[str, Callable[[], Detector]] = {"mediapipe": MediaPipePose}
