"""MediaPipe Pose (BlazePose, the full model), which its package carries with it: nothing is downloaded.

It follows one person; in a crowd, which one is its own choice. Its own smoothing is off, for it lags behind the
picture: cleaning is done afterwards, when what follows is known too.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np

from posenorm_core.errors import InputError
from posenorm_core.formats.mediapipe_layout import MEDIAPIPE_33


class MediaPipePose:
    """See `posenorm_core.detectors.Detector`."""

    name = "MediaPipe Pose"
    layout = MEDIAPIPE_33

    def __init__(self) -> None:
        """Raises InputError where MediaPipe, with its model, is not installed."""
        with _silence():
            self._pose = _mediapipe().solutions.pose.Pose(model_complexity=1, smooth_landmarks=False)
            # It begins its work, and to talk, with the first picture.
            self._pose.process(np.zeros((64, 64, 3), dtype=np.uint8))

    def people(self, picture: np.ndarray) -> np.ndarray:
        """One person, or none (0, 33, 3)."""
        with _silence():
            found = self._pose.process(picture).pose_landmarks
        if found is None:
            return np.zeros((0, self.layout.keypoint_count, 3), dtype=np.float32)
        height, width = picture.shape[:2]
        keypoints = [(point.x * width, point.y * height, point.visibility) for point in found.landmark]
        return np.array([keypoints], dtype=np.float32)

    def close(self) -> None:
        """Ends its threads."""
        self._pose.close()


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """What its libraries say about themselves, past Python and straight to the terminal, is kept from the user."""
    own = os.dup(2)
    try:
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(own, 2)
        os.close(own)


def _mediapipe() -> ModuleType:
    try:
        import mediapipe

        assert mediapipe.solutions.pose is not None
    except (ImportError, AttributeError):
        raise InputError(
            'MediaPipe 0.10.21 is needed, which there is for Python 3.11 and 3.12: pip install "posenorm-core[video]"'
        ) from None
    module: ModuleType = mediapipe
    return module
