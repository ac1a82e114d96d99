"""What a file of MediaPipe's landmarks tells, before it is known whether its numbers are pixels: see `mediapipe`."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from posenorm_core.errors import InputError
from posenorm_core.formats.detection_list import common_image_size
from posenorm_core.formats.frame_names import are_one_clip
from posenorm_core.formats.mediapipe_layout import words_of
from posenorm_core.frame_rate import FASTEST_FPS, SLOWEST_FPS

LANDMARKS = 33
FPS_TITLES = ("fps", "framerate", "videofps")
_SIZE_TITLES = ("", "image", "img", "frame", "video")  # what may stand before "width" and "height"


class Poses(NamedTuple):
    """N poses, each the 33 landmarks of one person in one frame."""

    frames: np.ndarray  # (N,) integers from 0
    identities: np.ndarray  # (N,) the file's own number for the person, -1 where it gives none
    values: np.ndarray  # (N, 33, 4): x, y, z, visibility, NaN where not told
    frame_count: int
    fps: float | None
    image_size: tuple[float, float]  # (0, 0) where not told


def poses_of(
    found: Sequence[tuple[int, int, np.ndarray]], numbers: Sequence[int], settings: Mapping[str, Any], name: str
) -> Poses:
    """The poses `found` (frame, identity, values) in a clip whose frames have `numbers`, counted from the first.

    Raises InputError, naming the file `name`, where the numbers cannot be those of one clip.
    """
    first, last = min(numbers, default=0), max(numbers, default=-1)
    if not are_one_clip(first, last, len(numbers)):
        raise InputError(f"{name}: {len(numbers)} frames are numbered from {first} to {last}; they cannot be one clip")
    told = {"".join(words_of(title)): value for title, value in settings.items()}
    fps = next((value for title in FPS_TITLES if (value := _number(told.get(title))) > 0), None)
    sizes = [(_number(told.get(f"{what}width")), _number(told.get(f"{what}height"))) for what in _SIZE_TITLES]
    return Poses(
        np.array([frame - first for frame, _, _ in found], dtype=np.int64),
        np.array([identity for _, identity, _ in found], dtype=np.int64),
        np.array([values for _, _, values in found], dtype=np.float64).reshape(-1, LANDMARKS, 4),
        last - first + 1,
        fps if fps is not None and SLOWEST_FPS <= fps <= FASTEST_FPS else None,
        common_image_size(size for size in sizes if all(size)),
    )


def _number(told: Any) -> float:
    """What a setting says, as a number or a text of one; 0 for anything else."""
    try:
        return float(told) if isinstance(told, int | float | str) and not isinstance(told, bool) else 0.0
    except (ValueError, OverflowError):
        return 0.0
