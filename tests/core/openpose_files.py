"""Writes OpenPose folders for the tests: a plain stick figure, in each of the layouts."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from posenorm_core.formats.layout import Layout
from posenorm_core.formats.openpose_layouts import BODY_25, BODY_25B, COCO_18
from posenorm_core.landmarks import LANDMARK_NAMES

LAYOUTS = (BODY_25, BODY_25B, COCO_18)

# A standing figure of height 2 seen from the front, origin at the pelvis, y down, his left at the image's right.
_LEFT_SIDE = {
    "hip": (0.1, 0.0),
    "knee": (0.12, 0.42),
    "ankle": (0.12, 0.84),
    "toe": (0.16, 0.92),
    "heel": (0.11, 0.9),
    "shoulder": (0.18, -0.48),
    "elbow": (0.3, -0.22),
    "wrist": (0.36, 0.02),
    "ear": (0.07, -0.68),
}
_MIDDLE = {"pelvis": (0.0, 0.0), "thorax": (0.0, -0.48), "nose": (0.0, -0.66), "head": (0.0, -0.85)}
FIGURE = _MIDDLE | {
    f"{side}_{part}": (sign * x, y)
    for side, sign in (("left", 1), ("right", -1))
    for part, (x, y) in _LEFT_SIDE.items()
}


def person(
    layout: Layout, centre: tuple[float, float] = (320, 240), size: float = 200, confidence: float = 0.8
) -> list[float]:
    """The figure as the flat list of `layout`; keypoints that are no landmark (eyes, small toes) are missing."""
    keypoints = np.zeros((layout.keypoint_count, 3))
    for name, number in layout.landmarks.items():
        if isinstance(number, int):
            keypoints[number, :2] = np.array(centre) + size * np.array(FIGURE[name])
            keypoints[number, 2] = confidence
    return [round(float(value), 3) for value in keypoints.ravel()]


def frame(*people: Sequence[float]) -> str:
    """The text of one frame's file."""
    listed = [{"person_id": [-1], "pose_keypoints_2d": list(flat)} for flat in people]
    return json.dumps({"version": 1.3, "people": listed})


def write_frames(folder: Path, texts: Sequence[str], name: str = "clip_{:012d}_keypoints.json") -> Path:
    """Writes one file a frame into `folder`, which is made, and returns it."""
    folder.mkdir(exist_ok=True)
    for number, text in enumerate(texts):
        (folder / name.format(number)).write_text(text, encoding="utf-8")
    return folder


def walking_clip(folder: Path, frames: int = 12) -> Path:
    """A folder of the BODY_25 figure moving to the right."""
    return write_frames(folder, [frame(person(BODY_25, (300 + 2 * t, 240))) for t in range(frames)])


def landmark(name: str) -> int:
    """The number of the landmark called `name`."""
    return LANDMARK_NAMES.index(name)
