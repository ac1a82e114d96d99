"""Files for other programs: FBX, GLB and `.blend` by Blender's exporters, BVH by the core's writer.

Whatever an export must change in the open file (frame, range, action, mode) is put back, and each file is written
aside and renamed. Blender's FBX takes the pose at the current frame for the rest pose, so the armature stands
in its T-pose, on a frame before its motion, while that exporter runs.
"""

import contextlib
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy

from posenorm_core.bvh import write_motion_bvh
from posenorm_core.errors import InputError
from posenorm_core.files import write_aside

from . import actions
from .keyed_motion import keyed_frames, read_motion

# Frames: a key so little past a whole frame is on it, by the rounding of rates such as 30/1.001.
_ROUNDING = 0.005


def export_bvh(armature: bpy.types.Object, path: str | Path) -> None:
    """Writes the motion that the armature's action holds now, edits included, at the motion's own rate.

    Raises InputError where it cannot be read or written.
    """
    write_motion_bvh(read_motion(armature), path)


def export_fbx(context: bpy.types.Context, armature: bpy.types.Object, path: str | Path) -> None:
    """Writes the armature and its motion, sampled at the motion's own frames, with the T-pose as its rest pose.

    Metres, so that objects come back with scale 1. Raises InputError where the file cannot be written.
    """
    frames = keyed_frames(armature)
    if frames[0] < 0:
        raise InputError(f"{armature.name}: its keys start before frame 0, where FBX is not sampled; move them later")
    # The exporter samples from a whole frame to a whole frame: the last one is held for the rest of its frame.
    first, last = float(frames[0]), float(frames[-1])
    end = max(math.ceil(last - _ROUNDING), math.floor(first))
    # A hair less than the step, so that rounding cannot push the last key past the end.
    step = (min(last, end) - first) / max(len(frames) - 1, 1) * (1 - 2e-7)
    start = math.floor(first)
    with (
        write_aside(path) as aside,
        _in_object_mode(context),
        _range(context.scene, start, end),
        _resting_before(context.scene, armature, start - 1),
        _only(context, armature),
    ):
        bpy.ops.export_scene.fbx(
            filepath=str(aside),
            use_selection=True,
            object_types={"ARMATURE"},
            apply_scale_options="FBX_SCALE_ALL",
            add_leaf_bones=False,
            bake_anim_use_all_actions=False,
            bake_anim_use_nla_strips=False,
            bake_anim_simplify_factor=0.0,
            bake_anim_step=step or 1.0,
        )


def export_glb(context: bpy.types.Context, armature: bpy.types.Object, path: str | Path) -> None:
    """Writes the armature and its motion, sampled at the scene's frames. Raises InputError where it cannot."""
    frames = keyed_frames(armature)
    start, end = math.floor(frames[0]), math.ceil(frames[-1] - _ROUNDING)
    with (
        write_aside(path) as aside,
        _in_object_mode(context),
        _range(context.scene, start, end),
        _only(context, armature),
    ):
        bpy.ops.export_scene.gltf(filepath=str(aside), export_format="GLB", use_selection=True)


def save_blend(context: bpy.types.Context, path: str | Path) -> None:
    """Writes the open file as a copy, without a backup of the temporary one. Raises InputError where it cannot."""
    file_paths = context.preferences.filepaths
    versions = file_paths.save_version
    file_paths.save_version = 0
    try:
        with write_aside(path) as aside:
            bpy.ops.wm.save_as_mainfile(filepath=str(aside), copy=True)
    finally:
        file_paths.save_version = versions


@contextlib.contextmanager
def _in_object_mode(context: bpy.types.Context) -> Iterator[None]:
    """Leaves the mode the user is in, and enters it again."""
    active = context.view_layer.objects.active
    mode = active.mode if active else "OBJECT"
    if mode != "OBJECT":
        bpy.ops.object.mode_set(mode="OBJECT")
    try:
        yield
    finally:
        if mode != "OBJECT":
            bpy.ops.object.mode_set(mode=mode)


@contextlib.contextmanager
def _range(scene: Any, start: int, end: int) -> Iterator[None]:
    """The scene's frame range from `start` to `end`."""
    before = scene.frame_start, scene.frame_end
    scene.frame_start, scene.frame_end = start, end
    try:
        yield
    finally:
        scene.frame_start, scene.frame_end = before


@contextlib.contextmanager
def _resting_before(scene: Any, armature: bpy.types.Object, frame: int) -> Iterator[None]:
    """The scene stands on `frame`, before the motion, where a copy of the action holds the T-pose."""
    frame_before, subframe_before = scene.frame_current, scene.frame_subframe
    action: Any = armature.animation_data.action if armature.animation_data else None
    resting = action.copy()
    actions.swap_action(armature, resting)
    try:
        for curve in actions.curves_of(armature) or ():
            if curve.data_path.startswith("pose.bones["):
                is_one = curve.data_path.endswith("scale") or (
                    curve.data_path.endswith("rotation_quaternion") and curve.array_index == 0
                )
                curve.keyframe_points.insert(frame, float(is_one), options={"FAST"}).interpolation = "CONSTANT"
                curve.update()
        scene.frame_set(frame)
        yield
    finally:
        actions.swap_action(armature, action)
        bpy.data.actions.remove(resting)
        scene.frame_set(frame_before, subframe=subframe_before)


@contextlib.contextmanager
def _only(context: bpy.types.Context, armature: bpy.types.Object) -> Iterator[None]:
    """Exporters inside find nothing selected but the armature, whether they ask the context or the objects."""
    selected = [other for other in context.view_layer.objects if other.select_get()]
    for other in selected:
        other.select_set(False)
    armature.select_set(True)
    try:
        with context.temp_override(selected_objects=[armature], active_object=armature, object=armature):
            yield
    finally:
        armature.select_set(False)
        for other in selected:
            other.select_set(True)
