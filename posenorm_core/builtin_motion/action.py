"""An action: an animator's dope sheet of key poses over one cycle, and when which foot is down.

Rows are channels ("knees.flexion" is both knees), columns are the phases of the keys; what a sheet does not
name stays as when standing at ease. A `symmetric` action is written for its first half: the second is its
mirror image. `Sheet` is the same as arrays.
"""

import functools
from dataclasses import dataclass, field

import numpy as np

from posenorm_core.builtin_motion.words import CHANNELS, JOINT_WORDS, STANDING
from posenorm_core.condition_skeleton import mirrored_name

# From and to, in phases of the cycle; an interval that passes the end of the cycle ends above 1.
Intervals = tuple[tuple[float, float], ...]
ALWAYS: Intervals = ((0.0, 1.0),)


@dataclass(frozen=True)
class Action:
    """One cycle of a movement, as authored."""

    period: float  # seconds a cycle at speed 1
    phases: tuple[float, ...]  # of the keys, from 0 to below 1 (below 0.5 where symmetric)
    rows: dict[str, tuple[float, ...] | float]  # degrees by channel: one a key, or one held throughout
    right_down: Intervals = ALWAYS
    left_down: Intervals = ALWAYS
    symmetric: bool = False
    heading: tuple[tuple[float, float], ...] = ((0.0, 0.0), (1.0, 0.0))  # phase, degrees turned to the left
    travels: bool = False  # walks away, so that its path may curve

    def __hash__(self) -> int:
        """Actions are constants: each is itself."""
        return id(self)


@dataclass(frozen=True)
class Sheet:
    """Key poses as arrays: `phases` (K,) ascending in 0…1 and `degrees` (K, channels)."""

    phases: np.ndarray
    degrees: np.ndarray
    down: tuple[Intervals, Intervals] | None = field(default=None)  # right and left; None: to be found


@functools.cache
def written_sheet(action: Action) -> Sheet:
    """The action's sheet with every channel filled in, both halves where it is symmetric."""
    degrees = np.tile(STANDING, (len(action.phases), 1))
    for row, values in action.rows.items():
        for channel in _channels(row):
            degrees[:, CHANNELS.index(channel)] = values
    phases = np.array(action.phases)
    if action.symmetric:
        phases = np.concatenate([phases, phases + 0.5])
        degrees = np.concatenate([degrees, mirrored_degrees(degrees)])
    return Sheet(phases, degrees, (action.right_down, action.left_down))


def mirrored_degrees(degrees: np.ndarray) -> np.ndarray:
    """The same poses (K, channels) seen in a mirror."""
    return np.asarray(degrees[:, list(_MIRRORED_CHANNELS)] * _MIRROR_SIGNS)


def _channels(row: str) -> tuple[str, ...]:
    """The channels a row of a sheet stands for: "knees.flexion" is that of both knees."""
    joint, word = row.split(".")
    if joint in JOINT_WORDS:
        return (row,)
    single = joint.removesuffix("s")
    return (f"right_{single}.{word}", f"left_{single}.{word}")


def _mirrored_channel(channel: str) -> int:
    joint, word = channel.split(".")
    return CHANNELS.index(f"{mirrored_name(joint)}.{word}")


_MIRRORED_CHANNELS = tuple(_mirrored_channel(channel) for channel in CHANNELS)
# Words of the limbs mean the same on both sides; the trunk's twist and side point to the left.
_MIRROR_SIGNS = np.array(
    [-1.0 if "_" not in channel and not channel.endswith(".bend") else 1.0 for channel in CHANNELS]
)
