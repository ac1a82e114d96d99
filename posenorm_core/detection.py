"""A video through a 2D pose detector: the people in it as a clip, at the video's own rate and in its own pixels."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np

from posenorm_core.clip import Clip
from posenorm_core.detectors import DETECTORS, Detector
from posenorm_core.errors import InputError
from posenorm_core.formats.layout import to_landmarks
from posenorm_core.people import Detections, find_people
from posenorm_core.video import Video, open_video, pictures

# Done and total frames; what it raises passes through, which is how a caller stops the work.
Progress = Callable[[int, int], None]


def detect(
    path: str | Path,
    *,
    detector: str = "mediapipe",
    start: float = 0.0,
    end: float | None = None,
    progress: Progress | None = None,
) -> Clip:
    """The people in the video at `path`, from `start` to `end` seconds of it.

    Raises InputError where it is no readable video, the detector is not to be had, or nobody is seen.
    """
    video = open_video(path)
    first, last = chosen_frames(video, start, end)
    if detector not in DETECTORS:
        raise InputError(f"detector '{detector}': there is {', '.join(DETECTORS)}")
    found = DETECTORS[detector]()
    try:
        return _detected(found, video, first, last, progress)
    finally:
        found.close()


def chosen_frames(video: Video, start: float, end: float | None) -> tuple[int, int]:
    """The frames from `start` up to `end` seconds as (first, one past the last).

    Raises InputError where there are none.
    """
    first, last = 0, 0  # nothing, where a time is no number
    if all(math.isfinite(seconds) for seconds in (start, end or 0.0)):
        first = round(start * video.fps)
        last = video.frame_count if end is None else min(round(end * video.fps), video.frame_count)
    if not 0 <= first < last:
        told = f"{start:g} s to " + ("its end" if end is None else f"{end:g} s")
        length = video.frame_count / video.fps
        raise InputError(f"{video.path}: lasts {length:.2f} s; no frame of it is from {told}")
    return first, last


def _detected(detector: Detector, video: Video, first: int, last: int, progress: Progress | None) -> Clip:
    frames: list[int] = []
    people: list[np.ndarray] = []
    count = 0
    for number, picture in enumerate(pictures(video, first, last)):
        scale = np.array([video.size[0] / picture.shape[1], video.size[1] / picture.shape[0], 1.0])
        for person in detector.people(picture):
            frames.append(number)
            people.append(person * scale)
        count = number + 1
        if progress is not None:
            progress(count, last - first)
    if not people:
        raise InputError(f"{video.path}: nobody is seen in any of its {count} frames")
    keypoints = np.stack(people)
    points, confidence = to_landmarks(detector.layout, keypoints[..., :2], keypoints[..., 2])
    found = Detections(np.array(frames), points, confidence, np.full(len(people), -1))
    return Clip(
        str(video.path),
        f"video by {detector.name}",
        video.fps,
        video.size,
        count,
        find_people(found, count, video.fps),
    )
