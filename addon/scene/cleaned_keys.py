"""The present keys of an armature's motion, smoothed and reduced: what to key, and at which frames.

Curves are read at the motion's own frames. Smoothing weighs each frame as sure as it is; it needs no rest pose, for
the mean of rotations is the same in any axes.
"""

from dataclasses import dataclass

import bpy
import numpy as np

from posenorm_core import quaternion
from posenorm_core.errors import InputError
from posenorm_core.key_reduction import reduce_points, reduce_rotations
from posenorm_core.smoothing import smooth_points, smooth_rotations

from . import actions
from .keyed_motion import PROPERTY, own_frames_of

# Metres of the path's tolerance a radian of the rotations': 1 mm a degree.
_PATH = 0.001 * 180 / np.pi
# A frame that nothing is known of still takes this much part in the smoothing.
_LEAST_SURE = 0.05
_NO_TURN, _NO_STEP = (1.0, 0.0, 0.0, 0.0), (0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Channel:
    """A bone's channel: its values (T, n), and which of the frames (T,) are keyed."""

    bone: str
    name: str
    values: np.ndarray
    keyed: np.ndarray


@dataclass(frozen=True)
class CleanedKeys:
    """What to key at the scene's `frames` (T,)."""

    frames: np.ndarray
    channels: list[Channel]
    error: float  # radians that any rotation is off by at any frame for want of keys

    @property
    def kept(self) -> int:
        """How many keys there will be, all numbers of a channel at a frame being one."""
        return int(sum(channel.keyed.sum() for channel in self.channels))

    @property
    def total(self) -> int:
        """How many there would be with every frame keyed."""
        return sum(len(channel.keyed) for channel in self.channels)


def cleaned_keys(armature: bpy.types.Object, strength: float, tolerance: float, only: str | None = None) -> CleanedKeys:
    """The present keys of all bones, or of `only` one, smoothed by `strength` and reduced by `tolerance` radians.

    Raises InputError where none of them has keys.
    """
    kept, own = armature[PROPERTY], own_frames_of(armature)
    frames = own.keyed
    names, fps = list(kept["joint_names"]), float(kept["fps"])
    confidence = np.array(kept["confidence"], dtype=np.float32).reshape(-1, len(names))[own.part]
    sure = np.maximum(confidence, _LEAST_SURE)
    joints = [joint for joint, name in enumerate(names) if only in (None, name) and _is_keyed(armature, name)]
    if not joints:
        raise InputError(f"{armature.name}: its bones have no keys to clean; undo that, or normalize again")
    read = [actions.read_curve(armature, names[j], "rotation_quaternion", frames, _NO_TURN) for j in joints]
    turns = np.asarray(quaternion.make_continuous(quaternion.normalize(np.stack(read, axis=1))))
    turns = smooth_rotations(turns, sure[:, joints], fps, strength)
    keyed, error = np.ones(turns.shape[:2], dtype=bool), 0.0
    if tolerance:
        reduction = reduce_rotations(turns, tolerance)
        keyed, error = reduction.keyed, reduction.error
    channels = [
        Channel(names[joint], "rotation_quaternion", turns[:, place], keyed[:, place])
        for place, joint in enumerate(joints)
    ]
    if actions.has_keys(armature, names[0], "location"):
        path = actions.read_curve(armature, names[0], "location", frames, _NO_STEP)[:, None]
        path = smooth_points(path, sure[:, :1], fps, strength)
        on_path = reduce_points(path, tolerance * _PATH).keyed if tolerance else keyed[:, :1] | True
        channels.append(Channel(names[0], "location", path[:, 0], on_path[:, 0]))
    return CleanedKeys(frames, channels, error)


def write_keys(armature: bpy.types.Object, keys: CleanedKeys) -> None:
    """Keys them in place of the channels' present keys."""
    for channel in keys.channels:
        frames, values = keys.frames[channel.keyed], channel.values[channel.keyed]
        actions.write_curve(armature, channel.bone, channel.name, frames, values)
    armature.update_tag(refresh={"OBJECT", "TIME"})


def _is_keyed(armature: bpy.types.Object, bone: str) -> bool:
    return actions.has_keys(armature, bone, "rotation_quaternion")
