"""Plain arrays of 2D keypoints, (frames, keypoints, 2 or 3), as detections, and how JSON that lists such begins.

Two numbers are a point in pixels; the third, where there is one, is its confidence. What is no number, or lies in
the image's very corner (0, 0), is a keypoint that was not found.
"""

import re

import numpy as np

from posenorm_core.errors import InputError
from posenorm_core.formats.detection_list import Detection
from posenorm_core.keypoints import LARGEST_COORDINATE

# Confidences of some networks run a little beyond 0…1; a third coordinate runs far beyond.
_CONFIDENCES = (-0.1, 1.3)
# What lies nowhere farther than this from the origin is no person in pixels.
_NO_PIXELS = 4.0
# Detectron's scores are the peaks of maps that sum to 1, some hundredths: they do not tell sure from unsure.
_HEAT_MAP_PEAKS = 0.1
# Lists of numbers in a list, in JSON without white space, and whether that list ends.
_POINTS = re.compile(rb"\[((?:\[[^\[\]{}]*\],?){3,})(\])?")


def detections_of_array(values: np.ndarray, name: str, identity: int = -1) -> list[Detection]:
    """One person's keypoints (T, K, 2 or 3) as a detection a frame, without the frames in which nothing was found.

    Raises InputError, naming the file `name`, where they are 3D positions or no pixels.
    """
    if values.dtype.kind not in "fiu" or values.ndim != 3 or values.shape[2] not in (2, 3):
        raise InputError(f"{name}: is {values.dtype} {values.shape}; keypoints are numbers (frames, keypoints, 2 or 3)")
    with np.errstate(invalid="ignore", over="ignore"):  # damaged numbers: what comes of them is refused below
        values = values.astype(np.float64)
    seen = ~np.isnan(values).any(axis=2) & (values[..., :2] != 0).any(axis=2)
    values = np.where(seen[..., None], values, 0)
    _require_pixels(values, seen, name)
    keypoints = np.zeros((*values.shape[:2], 3), dtype=np.float32)
    keypoints[..., :2] = values[..., :2]
    keypoints[..., 2] = _confidence(values, seen)
    found = np.flatnonzero((keypoints[..., 2] > 0).any(axis=1))
    return [Detection(frame, identity, keypoints[frame], name) for frame in found.tolist()]


def listed_points(head: bytes) -> tuple[int, bool]:
    """How many points (lists of numbers) the first list of them has in the JSON that begins so, and whether it ends.

    (0, False) where there is none.
    """
    found = _POINTS.search(b"".join(head.split()))
    return (found[1].count(b"["), found[2] is not None) if found else (0, False)


def _require_pixels(values: np.ndarray, seen: np.ndarray, name: str) -> None:
    """Raises InputError where `values` (T, K, 2 or 3), of which some are `seen` (T, K), are no pixels."""
    if not seen.any():
        return
    farthest = float(np.abs(values[..., :2]).max())
    if not farthest <= LARGEST_COORDINATE:
        raise InputError(f"{name}: holds the number {farthest:g}, which is no pixel")
    third = values[seen][:, 2:]
    if third.size and not (third.min() >= _CONFIDENCES[0] and third.max() <= _CONFIDENCES[1]):
        raise InputError(
            f"{name}: holds 3D positions (the third of three numbers runs from {third.min():.3g} to {third.max():.3g}; "
            "a confidence would from 0 to 1); give the 2D keypoints that they were made of"
        )
    if farthest <= _NO_PIXELS:
        raise InputError(
            f"{name}: its points lie within {farthest:.3g} of the origin: normalized coordinates or 3D positions; "
            "give 2D keypoints in pixels of the image"
        )


def _confidence(values: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """The confidence (T, K) that goes with `values` (T, K, 2 or 3)."""
    if values.shape[2] == 2:
        return seen.astype(np.float32)
    told = np.clip(values[..., 2], 0, 1)
    return np.asarray(told > 0 if told.max(initial=0) < _HEAT_MAP_PEAKS else told)
