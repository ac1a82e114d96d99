"""Which frames of the scene an armature's clip is made of, and the rate that is theirs.

A motion of ours knows its own. Any other action is a clip of its own rate where its keys are linear and evenly spaced,
as retargeting and importers write them; what was keyed by hand is taken at every frame of the scene.
"""

import math
from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np

from posenorm_core.errors import InputError

from . import actions
from .keyed_motion import has_motion, keyed_fps, keyed_frames
from .timing import scene_fps

# Frames: a key so little past a whole frame is on it, by the rounding of rates such as 30/1.001.
_ROUNDING = 0.005
_ROTATIONS = ("rotation_quaternion", "rotation_euler", "rotation_axis_angle")
# Frames by which evenly spaced keys may miss their place: single precision, far along the time line.
_EVEN = 0.01
# Frames per second: keys that are farther apart are poses between which Blender moves, not a recording.
_SLOWEST = 5.0


@dataclass(frozen=True)
class ClipFrames:
    """The scene's frames (T,), fractions included, that a file's frames 0, 1, 2… of `fps` a second are."""

    name: str
    frames: np.ndarray
    fps: float


def clip_frames(scene: Any, armature: bpy.types.Object) -> ClipFrames:
    """The clip that moves `armature` now: its action, or else its strips. Raises InputError where nothing does."""
    animation: Any = armature.animation_data
    action = None if animation is None else animation.action
    if action is None:
        return _strips(scene, armature)
    if has_motion(armature):
        return ClipFrames(action.name, keyed_frames(armature), _rate(keyed_fps(armature)))
    keys = _even_keys(armature)
    rate = 0.0 if keys is None else _rate(scene_fps(scene) * (len(keys) - 1) / (keys[-1] - keys[0]))
    if keys is not None and rate >= _SLOWEST:
        return ClipFrames(action.name, keys, rate)
    return ClipFrames(action.name, _whole_frames(*action.frame_range), scene_fps(scene))


def _strips(scene: Any, armature: bpy.types.Object) -> ClipFrames:
    """Everything that the armature's strips play, called as the uppermost track's last one."""
    animation: Any = armature.animation_data
    tracks = [] if animation is None else [track for track in animation.nla_tracks if not track.mute]
    strips = [strip for track in tracks for strip in track.strips if not strip.mute]
    if not strips:
        raise InputError(f"{armature.name}: nothing moves it; normalize or retarget a motion onto it first")
    first, last = min(strip.frame_start for strip in strips), max(strip.frame_end for strip in strips)
    return ClipFrames(strips[-1].name, _whole_frames(first, last), scene_fps(scene))


def _whole_frames(first: float, last: float) -> np.ndarray:
    """The scene's frames from `first` to `last`."""
    start = math.floor(first + _ROUNDING)
    return np.arange(start, max(math.ceil(last - _ROUNDING), start) + 1, dtype=np.float64)


def _even_keys(armature: bpy.types.Object) -> np.ndarray | None:
    """The frames of the keys of the bone that carries the others, if they are linear and evenly spaced.

    That is the first bone which has several: what keys other bones have may be left of another clip.
    """
    curves = [curve for curve in actions.curves_of(armature) or () if len(curve.keyframe_points) > 1]
    path = next(
        (
            actions.channel_path(bone.name, channel)
            for bone in armature.pose.bones
            for channel in _ROTATIONS
            if any(curve.data_path == actions.channel_path(bone.name, channel) for curve in curves)
        ),
        None,
    )
    curve = next((curve for curve in curves if curve.data_path == path), None)
    if curve is None:
        return None
    points = curve.keyframe_points
    places = np.empty(2 * len(points), dtype=np.float32)
    points.foreach_get("co", places)
    frames = places[::2].astype(np.float64)
    even = np.linspace(frames[0], frames[-1], len(frames))
    if np.abs(frames - even).max() > _EVEN or any(point.interpolation != "LINEAR" for point in points):
        return None
    return even


def _rate(fps: float) -> float:
    """The rate that keys in single precision were meant to have: the nearest with three digits after the point."""
    return round(fps, 3)
