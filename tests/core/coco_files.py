"""Writes the keypoints of COCO, Halpe, COCO-WholeBody and Human3.6M for the tests, from the orders they document."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from openpose_files import FIGURE

from posenorm_core.landmarks import LANDMARK_NAMES

_COCO = (
    "nose left_eye right_eye left_ear right_ear left_shoulder right_shoulder left_elbow right_elbow left_wrist "
    "right_wrist left_hip right_hip left_knee right_knee left_ankle right_ankle"
)
FEET = "left_big_toe left_small_toe left_heel right_big_toe right_small_toe right_heel"
_HUMAN36M = (
    "root right_hip right_knee right_foot left_hip left_knee left_foot spine thorax neck_base head left_shoulder "
    "left_elbow left_wrist right_shoulder right_elbow right_wrist"
)
# The order of the keypoints, by the names MMPose has for them.
ORDERS = {
    "COCO 17": _COCO.split(),
    "Halpe 26": f"{_COCO} head neck hip left_big_toe right_big_toe left_small_toe right_small_toe left_heel "
    "right_heel".split(),
    "COCO-WholeBody 133": f"{_COCO} {FEET}".split() + [f"face-or-hand-{number}" for number in range(110)],
    "Human3.6M 17": _HUMAN36M.split(),
}
ORDERS["Halpe 136"] = ORDERS["Halpe 26"] + ORDERS["COCO-WholeBody 133"][-110:]
WHOLE_FIGURE = FIGURE | {"spine": (0.0, -0.24), "neck": (0.0, -0.6)}
_CALLED = {"left_big_toe": "left_toe", "right_big_toe": "right_toe"}
_CALLED_BY_HUMAN36M = {"root": "pelvis", "left_foot": "left_ankle", "right_foot": "right_ankle", "neck_base": "neck"}
# Halpe's "neck" and "hip" lie above the middle of the pairs: what is taken for these is seen in the clip.
_ELSEWHERE = {"neck": (0.0, -0.57), "hip": (0.0, -0.03)}


def figure(
    order: str, centre: tuple[float, float] = (320, 240), size: float = 200, confidence: float = 0.75
) -> np.ndarray:
    """The figure's keypoints (K, 3) in `order`; those that are no landmark (eyes, small toes, faces) are missing."""
    keypoints = np.zeros((len(ORDERS[order]), 3))
    called = _CALLED_BY_HUMAN36M if order == "Human3.6M 17" else _CALLED
    for number, name in enumerate(ORDERS[order]):
        place = _ELSEWHERE.get(name) or WHOLE_FIGURE.get(called.get(name, name))
        if place is not None:
            keypoints[number] = (*(np.array(centre) + size * np.array(place)), confidence)
    return keypoints


def landmarks_of(order: str) -> set[str]:
    """The landmarks that a layout in `order` has."""
    names = set(ORDERS[order])
    if order == "Human3.6M 17":
        return set(LANDMARK_NAMES[:17])
    told = {_CALLED.get(name, name) for name in names} - {"neck"}
    return {name for name in LANDMARK_NAMES if name in told | {"pelvis", "thorax"}}


def assert_figure(
    clip: Any, order: str, frame: int = 0, centre: tuple[float, float] = (320, 240), size: float = 200
) -> None:
    """Every landmark of `order` is where the figure has it, with its confidence; the others are missing."""
    keypoints = clip.keypoints()
    for number, name in enumerate(LANDMARK_NAMES):
        seen = keypoints.confidence[frame, number]
        assert seen == (0.75 if name in landmarks_of(order) else 0), name
        if seen:
            expected = np.array(centre) + size * np.array(WHOLE_FIGURE[name])
            np.testing.assert_allclose(keypoints.points[frame, number], expected, atol=0.01, err_msg=name)


def written(path: Path, content: Any) -> Path:
    """`content` as the JSON file `path`, which is returned."""
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path
