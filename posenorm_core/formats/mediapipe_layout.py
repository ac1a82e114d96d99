"""MediaPipe Pose's 33 landmarks (BlazePose), their names, and which of them are which of ours.

The order is that of MediaPipe's documentation ("Pose landmarker: landmark model"). The model has neither pelvis nor
thorax: both are the middle of their pair. Its "foot index" is the big toe.
"""

import re

from posenorm_core.formats.layout import Layout

MEDIAPIPE_NAMES = (
    "nose",
    "left_eye_inner",
    "left_eye",
    "left_eye_outer",
    "right_eye_inner",
    "right_eye",
    "right_eye_outer",
    "left_ear",
    "right_ear",
    "mouth_left",
    "mouth_right",
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
    "right_elbow",
    "left_wrist",
    "right_wrist",
    "left_pinky",
    "right_pinky",
    "left_index",
    "right_index",
    "left_thumb",
    "right_thumb",
    "left_hip",
    "right_hip",
    "left_knee",
    "right_knee",
    "left_ankle",
    "right_ankle",
    "left_heel",
    "right_heel",
    "left_foot_index",
    "right_foot_index",
)

MEDIAPIPE_33 = Layout(
    "33 landmarks",
    33,
    {
        "nose": 0,
        "left_ear": 7,
        "right_ear": 8,
        "thorax": (11, 12),
        "left_shoulder": 11,
        "right_shoulder": 12,
        "left_elbow": 13,
        "right_elbow": 14,
        "left_wrist": 15,
        "right_wrist": 16,
        "pelvis": (23, 24),
        "left_hip": 23,
        "right_hip": 24,
        "left_knee": 25,
        "right_knee": 26,
        "left_ankle": 27,
        "right_ankle": 28,
        "left_heel": 29,
        "right_heel": 30,
        "left_toe": 31,
        "right_toe": 32,
    },
)

_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_NUMBERS = {name.replace("_", ""): number for number, name in enumerate(MEDIAPIPE_NAMES)}
# What people write before the name or the number of a landmark.
_FILLERS = {"landmark", "landmarks", "pose", "keypoint", "keypoints", "kp", "lm", "point", "joint"}


def words_of(text: str) -> list[str]:
    """The words and numbers of a title, in small letters: LEFT_EYE_x, leftEyeX and "left eye x" are the same."""
    return [word.lower() for word in _WORD.findall(text[:100])]


def landmark_number(words: list[str]) -> int | None:
    """The number of the landmark that `words` name, or are the number of; None where they are neither."""
    told = "".join(word for word in words if word not in _FILLERS)
    return int(told) if told.isdigit() and len(told) < 4 else _NUMBERS.get(told)
