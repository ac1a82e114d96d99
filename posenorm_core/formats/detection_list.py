"""People as a detector's file lists them, made a clip: the layout found, its landmarks taken, the people followed."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from posenorm_core.clip import Clip
from posenorm_core.errors import InputError
from posenorm_core.formats.image_shares import likeliest_size
from posenorm_core.formats.layout import Layout, likeliest_layout, to_landmarks
from posenorm_core.keypoints import LARGEST_COORDINATE
from posenorm_core.people import Detections, find_people

_LARGEST_IDENTITY = 2**31


class Detection(NamedTuple):
    """One person in one frame."""

    frame: int  # from 0
    identity: int  # the detector's own number for the person, -1 where it gives none
    keypoints: np.ndarray  # (K, 3): x and y in pixels or shares of the image, confidence in 0…1
    told_by: str  # the file, or the part of it, as a message names it


def clip_of_detections(
    path: str | Path,
    detector: str,
    detections: Sequence[Detection],
    layouts: Sequence[Layout],
    frame_count: int,
    fps: float | None,
    image_size: tuple[float, float] = (0.0, 0.0),
    *,
    in_shares: bool = False,
) -> Clip:
    """The clip of `detections`, whose keypoints are of one of `layouts`: of those with as many, the likeliest.

    `in_shares`: of the image's width and height; where `image_size` does not tell them they are guessed.
    Raises InputError where no layout has as many keypoints, or two people have different numbers of them.
    """
    if not detections:
        return Clip(str(path), detector, fps, image_size, frame_count, ())
    detections = sorted(detections, key=lambda detection: detection.frame)
    first = detections[0]
    count = len(first.keypoints)
    other = next((detection for detection in detections if len(detection.keypoints) != count), None)
    if other is not None:
        raise InputError(
            f"{other.told_by}: has people of {len(other.keypoints)} keypoints, {first.told_by} of {count}; "
            "one clip must come from one model"
        )
    fitting = [layout for layout in layouts if layout.keypoint_count == count]
    if not fitting:
        raise InputError(f"{first.told_by}: has {count} keypoints a person; {readable_counts(layouts)} can be read")
    raw = np.stack([detection.keypoints for detection in detections])
    layout = likeliest_layout(fitting, raw[..., :2], raw[..., 2])
    points, confidence = to_landmarks(layout, raw[..., :2], raw[..., 2])
    guessed = (0.0, 0.0)
    if in_shares:
        if not all(image_size):
            guessed = likeliest_size(points, confidence)
        points *= image_size if all(image_size) else guessed
    frames = np.array([detection.frame for detection in detections])
    identities = np.array([detection.identity for detection in detections])
    people = find_people(Detections(frames, points, confidence, identities), frame_count, fps)
    return Clip(str(path), f"{detector} ({layout.name})", fps, image_size, frame_count, people, guessed)


def readable_counts(layouts: Sequence[Layout]) -> str:
    """How many keypoints `layouts` have, as a message says it: 18 or 25 keypoints."""
    counts = sorted({layout.keypoint_count for layout in layouts})
    return f"{' or '.join(str(count) for count in counts)} keypoints"


def identity_of(told: Any) -> int:
    """A detector's number for a person, told as 3, 3.0 or [3]; -1 for anything else."""
    if isinstance(told, list) and len(told) == 1:
        told = told[0]
    if isinstance(told, bool) or not isinstance(told, int | float) or not 0 <= told < _LARGEST_IDENTITY:
        return -1
    return int(told) if told == int(told) else -1


def common_image_size(sizes: Iterable[tuple[Any, Any]]) -> tuple[float, float]:
    """The width and height that all of `sizes` tell; (0, 0) where they differ or are no size of an image."""
    told = {(_side(width), _side(height)) for width, height in sizes}
    size = told.pop() if len(told) == 1 else (0.0, 0.0)
    return size if all(size) else (0.0, 0.0)


def _side(told: Any) -> float:
    return float(told) if isinstance(told, int | float) and 0 < told <= LARGEST_COORDINATE else 0.0
