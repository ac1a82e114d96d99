"""Actions and their curves, and the only place that knows how they differ from 4.2 to 5.2.

Until 4.3 an action holds curves for one object. From 4.4 it has slots, and an object that is given an action
without a slot stands still; the curves lie in the slot's channel bag, and from 5.0 nowhere else.
"""

import hashlib
from collections.abc import Callable
from typing import Any

import bpy
import numpy as np

# Frames: keys are single precision, which at a hundred thousand frames tells them to a hundredth.
_SAME_FRAME = 0.01


def assign_new_action(target: bpy.types.Object, name: str) -> bpy.types.Action:
    """A new empty action called `name`, assigned to `target` so that its curves move it."""
    # Any: `slots` and `layers` are unknown to the stubs of 4.2.
    action: Any = bpy.data.actions.new(name)
    animation: Any = target.animation_data_create()
    animation.action = action
    if hasattr(action, "slots"):
        _make_channels(target)
    return action  # type: ignore[no-any-return]


def _make_channels(target: bpy.types.Object) -> None:
    """Gives the target's action what it lacks of slot, layer, strip and channel bag to hold the target's curves."""
    animation: Any = target.animation_data
    action = animation.action
    slot = animation.action_slot or action.slots.new(id_type="OBJECT", name=target.name)
    layer = action.layers[0] if action.layers else action.layers.new("Layer")
    strip = layer.strips[0] if layer.strips else layer.strips.new(type="KEYFRAME")
    strip.channelbag(slot, ensure=True)
    animation.action_slot = slot


def curves_of(target: bpy.types.Object) -> Any | None:
    """The collection of curves that moves `target` now, or None where nothing does."""
    channels = _channels_of(target)
    return None if channels is None else channels.fcurves


def swap_action(target: bpy.types.Object, action: bpy.types.Action | None) -> None:
    """Gives `target` another action of its own, a copy of its present one, keeping the slot."""
    animation: Any = target.animation_data
    handle = getattr(animation, "action_slot_handle", None)
    animation.action = action
    if handle is not None and action is not None:
        animation.action_slot_handle = handle


def write_curve(target: bpy.types.Object, bone: str, channel: str, frames: np.ndarray, values: np.ndarray) -> None:
    """Keys the bone's `channel` (such as "location") with `values` (T, n) at `frames` (T,), in bulk and linear.

    Curves of the channel that are there already are replaced.
    """
    channels = _channels_to_write(target)
    path = channel_path(bone, channel)
    for index in range(values.shape[1]):
        old = channels.fcurves.find(path, index=index)
        if old is not None:
            channels.fcurves.remove(old)
        curve = channels.fcurves.new(path, index=index)
        curve.group = channels.groups.get(bone) or channels.groups.new(bone)
        _write_keys(curve, frames, values[:, index])


def hold_property(target: bpy.types.Object, bone: str, name: str, value: float, frame: float) -> None:
    """Keys the bone's custom property `name` at one frame, which holds it throughout. The bone must have it."""
    channels = _channels_to_write(target)
    path = f'pose.bones["{bpy.utils.escape_identifier(bone)}"]["{bpy.utils.escape_identifier(name)}"]'
    old = channels.fcurves.find(path)
    if old is not None:
        channels.fcurves.remove(old)
    _write_keys(channels.fcurves.new(path), np.array([frame]), np.array([value]))


def remove_curves(target: bpy.types.Object, bone: str, channel: str) -> None:
    """Takes the curves of the bone's `channel` away."""
    curves, path = curves_of(target), channel_path(bone, channel)
    for index in range(4):
        curve = None if curves is None else curves.find(path, index=index)
        if curve is not None:
            curves.remove(curve)  # type: ignore[union-attr]


def hold_curves(target: bpy.types.Object, bone: str, channel: str) -> None:
    """Lets the bone's `channel` stand as in its first keys."""
    for curve in _bone_curves(target, bone, channel):
        keys = _coordinates(curve.keyframe_points)
        if len(keys) > 1:
            curve.keyframe_points.clear()
            _write_keys(curve, keys[:1, 0], keys[:1, 1])


def push_down(target: bpy.types.Object, name: str, start: int) -> None:
    """Makes the target's action a strip called `name` on a new track above the others, and takes it off the object."""
    animation: Any = target.animation_data
    action, slot = animation.action, getattr(animation, "action_slot", None)
    animation.action = None
    track = animation.nla_tracks.new()
    track.name = name
    strip = track.strips.new(name, start, action)
    if slot is not None:
        strip.action_slot = slot


def read_curve(
    target: bpy.types.Object, bone: str, channel: str, frames: np.ndarray, rest: tuple[float, ...]
) -> np.ndarray:
    """The bone's `channel` at `frames` (T,) as its curves say -> (T, n); what is not keyed is as in `rest` (n)."""
    curves, path = curves_of(target), channel_path(bone, channel)
    values = np.tile(np.array(rest, dtype=np.float64), (len(frames), 1))
    for index in range(len(rest)):
        curve = None if curves is None else curves.find(path, index=index)
        if curve is not None:
            values[:, index] = _values_at(curve, frames)
    return values


def keys_of(target: bpy.types.Object, bone: str, channel: str, index: int = 0) -> np.ndarray:
    """The keys (K, 2) of one of the channel's curves, frame and value; none where there is none."""
    curves = curves_of(target)
    curve = None if curves is None else curves.find(channel_path(bone, channel), index=index)
    return np.empty((0, 2)) if curve is None else _coordinates(curve.keyframe_points).astype(np.float64)


def has_keys(target: bpy.types.Object, bone: str, channel: str) -> bool:
    """Whether the channel has keys."""
    return len(keys_of(target, bone, channel)) > 0


def channel_path(bone: str, channel: str) -> str:
    """The data path of a pose bone's channel."""
    return f'pose.bones["{bpy.utils.escape_identifier(bone)}"].{channel}'


def _channels_of(target: bpy.types.Object) -> Any | None:
    """What holds the curves (`fcurves`, `groups`) of the target: its channel bag, or before 4.4 the action."""
    animation: Any = target.animation_data
    action = None if animation is None else animation.action
    if action is None or not hasattr(action, "layers"):
        return action
    for layer in action.layers:
        for strip in layer.strips:
            bag = strip.channelbag(animation.action_slot) if animation.action_slot else None
            if bag is not None:
                return bag
    return None


def _channels_to_write(target: bpy.types.Object) -> Any:
    """As `_channels_of`; an action that Blender made holds none before its first key, nor does one without a slot."""
    if _channels_of(target) is None:
        _make_channels(target)
    return _channels_of(target)


def _values_at(curve: Any, frames: np.ndarray) -> np.ndarray:
    """The curve at `frames` (T,): its keys where they stand just there, which one call reads, or what it says there."""
    count = len(curve.keyframe_points)
    if count == len(frames) and not curve.modifiers:
        keys = np.empty(2 * count, dtype=np.float32)
        curve.keyframe_points.foreach_get("co", keys)
        if np.allclose(keys[::2], frames, rtol=0, atol=_SAME_FRAME):
            return np.asarray(keys[1::2], dtype=np.float64)
    return np.array([curve.evaluate(frame) for frame in frames])


def _write_keys(curve: Any, frames: np.ndarray, values: np.ndarray) -> None:
    """Fills an empty curve with linear keys by two bulk writes instead of one call a key."""
    points = curve.keyframe_points
    points.add(len(frames))
    points.foreach_set("co", np.stack([frames, values], axis=1).astype(np.float32).ravel())
    interpolation: Any = bpy.types.Keyframe.bl_rna.properties["interpolation"]
    linear = interpolation.enum_items["LINEAR"].value
    points.foreach_set("interpolation", np.full(len(frames), linear, dtype=np.int32))
    curve.update()


def mark_keys(
    target: bpy.types.Object, bone: str, channel: str, chosen: Callable[[np.ndarray], np.ndarray], key_type: str
) -> None:
    """Gives the channel's keys of which `chosen`, told their frames (N,), says true (N,) the type `key_type`."""
    types: Any = bpy.types.Keyframe.bl_rna.properties["type"]
    for curve in _bone_curves(target, bone, channel):
        points = curve.keyframe_points
        frames = _coordinates(points)[:, 0]
        present = np.empty(len(points), dtype=np.int32)
        points.foreach_get("type", present)
        marked = np.where(chosen(frames), types.enum_items[key_type].value, present)
        points.foreach_set("type", marked.astype(np.int32))
        curve.update()


def digest(target: bpy.types.Object) -> str:
    """A text that is another one as soon as any key of the target's action is elsewhere."""
    found = hashlib.blake2b(digest_size=16)
    for curve in curves_of(target) or ():
        found.update(f"{curve.data_path}[{curve.array_index}]".encode())
        found.update(_coordinates(curve.keyframe_points).tobytes())
    return found.hexdigest()


def _bone_curves(target: bpy.types.Object, bone: str, channel: str) -> list[Any]:
    """The channel's curves, as many as there are."""
    curves, path = curves_of(target), channel_path(bone, channel)
    found = [] if curves is None else [curves.find(path, index=index) for index in range(4)]
    return [curve for curve in found if curve is not None]


def _coordinates(points: Any) -> np.ndarray:
    """The frame and the value of each key (N, 2)."""
    values = np.empty(2 * len(points), dtype=np.float32)
    points.foreach_get("co", values)
    return values.reshape(-1, 2)
