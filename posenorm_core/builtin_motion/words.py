"""Anatomical words: how far each joint is bent, turned or spread, in degrees, and the rotations they mean.

A pose is a row of angles, one a channel ("right_knee.flexion"). The table below says for each word the axis
it turns about (that of the left side; the right side's is its mirror image), its limits, and its value when
standing at ease. Words of one joint are listed from the outermost turn to the innermost.
"""

import functools
import operator
from typing import NamedTuple

import numpy as np
from pyquaternion import Quaternion

from posenorm_core.condition_skeleton import JOINT_NAMES


class Word(NamedTuple):
    """One way a joint turns."""

    name: str
    axis: tuple[float, float, float]  # of the left side, in the T-pose
    lowest: float  # degrees
    highest: float
    standing: float = 0.0  # degrees when standing at ease
    t_pose: float = 0.0  # degrees in the T-pose, where the rotation is the identity


_RIGHTWARD, _LEFTWARD = (-1.0, 0.0, 0.0), (1.0, 0.0, 0.0)
_UP, _DOWN = (0.0, 1.0, 0.0), (0.0, -1.0, 0.0)
_FORWARD, _BACKWARD = (0.0, 0.0, 1.0), (0.0, 0.0, -1.0)


def _trunk(twist: float, back: float, forward: float, side: float, standing: float) -> tuple[Word, ...]:
    """A part of the trunk: twist and side are positive to the left, bend forward."""
    return (
        Word("twist", _UP, -twist, twist),
        Word("bend", _LEFTWARD, back, forward, standing),
        Word("side", _BACKWARD, -side, side),
    )


# Hips twist outwards; an ankle's turn is toes outwards, its flexion toes up, its roll sole inwards.
# A shoulder's abduction is 90 in the T-pose and 0 where the arm hangs; horizontal brings the arm forward about
# the vertical, twist turns it inwards about itself.
WORDS: dict[str, tuple[Word, ...]] = {
    "pelvis": _trunk(60, -45, 75, 40, 1),
    "spine": _trunk(30, -20, 40, 20, 1),
    "thorax": _trunk(30, -15, 30, 18, 2),
    "neck": _trunk(70, -45, 45, 30, 0),
    "hip": (
        Word("flexion", _RIGHTWARD, -28, 128, 4),
        Word("abduction", _FORWARD, -18, 50, 3),
        Word("twist", _UP, -25, 40, 6),
    ),
    "knee": (Word("flexion", _LEFTWARD, 4, 145, 8),),
    "ankle": (
        Word("turn", _UP, -25, 40, 8),
        Word("flexion", _RIGHTWARD, -110, 85, 0),
        Word("roll", _FORWARD, -15, 15),
    ),
    "shoulder": (
        Word("horizontal", _DOWN, -40, 110),
        Word("flexion", _RIGHTWARD, -55, 165),
        Word("abduction", _FORWARD, 2, 172, 9, 90),
        Word("twist", _LEFTWARD, -100, 60),
    ),
    "elbow": (Word("flexion", _DOWN, 4, 142, 14),),
}


def _joint_words() -> dict[str, tuple[Word, ...]]:
    """The words of every joint that turns, by the joint's own name."""
    kinds = {name: name.removeprefix("left_").removeprefix("right_") for name in JOINT_NAMES}
    return {name: WORDS[kind] for name, kind in kinds.items() if kind in WORDS}


JOINT_WORDS = _joint_words()
CHANNELS = tuple(f"{joint}.{word.name}" for joint, words in JOINT_WORDS.items() for word in words)
LOWEST = np.array([word.lowest for words in JOINT_WORDS.values() for word in words])
HIGHEST = np.array([word.highest for words in JOINT_WORDS.values() for word in words])
STANDING = np.array([word.standing for words in JOINT_WORDS.values() for word in words])

_IDENTITY = Quaternion()


def joint_rotation(joint: str, degrees: tuple[float, ...]) -> Quaternion:
    """The rotation of `joint` at `degrees`, one for each of its words.

    >>> joint_rotation("left_knee", (90.0,)).axis.tolist()
    [1.0, 0.0, 0.0]
    """
    turns = [
        Quaternion(axis=_axis(joint, word), degrees=angle - word.t_pose)
        for word, angle in zip(JOINT_WORDS[joint], degrees, strict=True)
        if angle != word.t_pose
    ]
    return functools.reduce(operator.mul, turns) if turns else _IDENTITY


def _axis(joint: str, word: Word) -> tuple[float, float, float]:
    """The word's axis on the joint's own side: turns mirror as x, −y, −z."""
    x, y, z = word.axis
    return (x, -y, -z) if joint.startswith("right_") else (x, y, z)


def key_rotations(degrees: np.ndarray) -> np.ndarray:
    """Poses in degrees (K, channels) -> local rotations (K, 19, 4); the leaves stay at the identity."""
    rotations = np.zeros((len(degrees), len(JOINT_NAMES), 4))
    rotations[..., 0] = 1.0
    start = 0
    for joint, words in JOINT_WORDS.items():
        number = JOINT_NAMES.index(joint)
        rows = [tuple(row) for row in degrees[:, start : start + len(words)].tolist()]
        # Many joints rest through many keys; each pose is composed once.
        composed = {row: joint_rotation(joint, row).elements for row in set(rows)}
        rotations[:, number] = [composed[row] for row in rows]
        start += len(words)
    return rotations
