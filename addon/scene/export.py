"""Files for other programs: FBX, GLB and `.blend` by Blender's exporters, BVH by the core's writer.

Any armature with an action can be written, with the meshes it deforms. What Blender's exporters are given is a plain
stand-in at the clip's own rate; whatever of the open file must change meanwhile (mode, selection, rate, range, names)
is put back, and each file is written aside and renamed.
"""

import contextlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import bpy
import numpy as np
from bpy_extras.io_utils import axis_conversion

from posenorm_core.bvh import write_motion_bvh
from posenorm_core.errors import InputError
from posenorm_core.files import require_writable, write_aside

from .clip_frames import ClipFrames, clip_frames
from .keyed_motion import has_motion, read_motion
from .sampled_motion import sampled_motion
from .sampled_pose import standing_where_it_stood
from .stand_in import REST_FRAME, named, stand_in
from .timing import set_scene_fps

Axis = Literal["X", "Y", "Z", "-X", "-Y", "-Z"]


@dataclass(frozen=True)
class FbxForm:
    """How an FBX file tells space. The character looks to its front, the axis opposite of Blender's `forward`."""

    forward: Axis = "-Z"
    up: Axis = "Y"
    centimetres: bool = False  # of numbers and of the unit that the file says; else both are metres
    armature_name: str | None = None  # of the node that bears a single root bone; None: the armature's own


def export_bvh(context: bpy.types.Context, armature: bpy.types.Object, path: str | Path) -> None:
    """Writes what the armature's action holds now, edits included, at the clip's own rate.

    Raises InputError where it cannot be read or written.
    """
    require_writable(path)
    motion = read_motion(armature) if has_motion(armature) else sampled_motion(context, armature)
    write_motion_bvh(motion, path)


def export_fbx(
    context: bpy.types.Context, armature: bpy.types.Object, path: str | Path, form: FbxForm | None = None
) -> None:
    """Writes the armature, the meshes it deforms and its motion at the clip's own frames, with its rest pose at rest.

    One take, called as the action; no bones but the character's; objects without turn or scale. Raises InputError
    where the armature cannot be exported or the file not be written.
    """
    form = form or FbxForm()
    clip = clip_frames(context.scene, armature)
    conversion: Any = axis_conversion  # which the stubs of 4.2 say returns nothing
    axes = np.array(conversion(to_forward=form.forward, to_up=form.up).to_4x4())
    unit = 100.0 if form.centimetres else 1.0
    with (
        write_aside(path) as aside,
        # Blender's FBX takes the pose at the current frame for the rest pose.
        _staged(context, armature, clip, axes @ np.diag([unit, unit, unit, 1.0]), rests_before=True) as copies,
        # The exporter calls its one take as the scene.
        named(bpy.data.scenes, context.scene, clip.name),
        named(bpy.data.objects, copies[0], _node_name(copies[0], form)),
        _exporter_of(path),
    ):
        bpy.ops.export_scene.fbx(
            filepath=str(aside),
            use_selection=True,
            object_types={"ARMATURE", "MESH"},
            axis_forward=form.forward,
            axis_up=form.up,
            apply_unit_scale=False,
            apply_scale_options="FBX_SCALE_NONE" if form.centimetres else "FBX_SCALE_ALL",
            mesh_smooth_type="FACE",
            use_armature_deform_only=_has_deforming_bones(armature),
            add_leaf_bones=False,
            bake_anim_use_all_actions=False,
            bake_anim_use_nla_strips=False,
            bake_anim_simplify_factor=0.0,
        )


def export_glb(context: bpy.types.Context, armature: bpy.types.Object, path: str | Path) -> None:
    """Writes the armature, the meshes it deforms and its motion at the clip's own frames.

    Raises InputError where the armature cannot be exported or the file not be written.
    """
    clip = clip_frames(context.scene, armature)
    scene: Any = context.scene
    with (
        write_aside(path) as aside,
        _staged(context, armature, clip, np.eye(4)),
        # The exporter calls its one take as the scene.
        named(bpy.data.scenes, context.scene, clip.name),
        _exporter_of(path),
    ):
        # From 4.2 to 5.2 this exporter takes the base for a factor of the rate, of which it is the divisor.
        scene.render.fps_base = clip.fps / scene.render.fps
        bpy.ops.export_scene.gltf(
            filepath=str(aside),
            export_format="GLB",
            use_selection=True,
            # What is to be seen. By actions, 4.2 and 4.3 write those of other objects over it, and all write too many.
            export_animation_mode="SCENE",
            export_anim_scene_split_object=False,
            export_def_bones=_has_deforming_bones(armature),
            export_optimize_animation_size=False,
        )


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


def _has_deforming_bones(armature: bpy.types.Object) -> bool:
    """Controls and mechanics of a rig are left out, unless nothing else is there."""
    bones: Any = armature.data.bones  # type: ignore[union-attr]
    return any(bone.use_deform for bone in bones)


def _node_name(copied: bpy.types.Object, form: FbxForm) -> str:
    """The node's name: `form`'s only where one root bone hangs on it."""
    bones: Any = copied.data.bones  # type: ignore[union-attr]
    is_single = sum(bone.parent is None for bone in bones) == 1
    return form.armature_name if form.armature_name and is_single else copied.name


@contextlib.contextmanager
def _exporter_of(path: str | Path) -> Iterator[None]:
    """One of Blender's exporters runs: its chatter is not for our users, its failure is, in a line."""
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    except RuntimeError as error:
        told = " ".join(str(error).partition("Location:")[0].split())[-200:]
        raise InputError(f"{path}: Blender could not write it ({told})") from None


@contextlib.contextmanager
def _staged(
    context: bpy.types.Context,
    armature: bpy.types.Object,
    clip: ClipFrames,
    to_file: np.ndarray,
    *,
    rests_before: bool = False,
) -> Iterator[list[bpy.types.Object]]:
    """The stand-in, selected alone, in a scene of the clip's rate and length, which stands where it may be at rest."""
    scene: Any = context.scene
    with (
        _in_object_mode(context),
        standing_where_it_stood(scene),
        _selection_kept(context),
        stand_in(context, armature, clip, to_file, rests_before=rests_before) as copies,
        _timed(scene, clip),
    ):
        scene.frame_set(REST_FRAME)
        for other in context.view_layer.objects:
            other.select_set(other in copies)
        with context.temp_override(selected_objects=copies, active_object=copies[0], object=copies[0]):
            yield copies


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
def _timed(scene: Any, clip: ClipFrames) -> Iterator[None]:
    """The scene plays frames 0 to the clip's last at the clip's rate."""
    render = scene.render
    before = scene.frame_start, scene.frame_end, render.fps, render.fps_base
    scene.frame_start, scene.frame_end = 0, max(len(clip.frames) - 1, 0)
    set_scene_fps(scene, clip.fps)
    try:
        yield
    finally:
        scene.frame_start, scene.frame_end, render.fps, render.fps_base = before


@contextlib.contextmanager
def _selection_kept(context: bpy.types.Context) -> Iterator[None]:
    """What is selected is selected again afterwards."""
    selected = [each for each in context.view_layer.objects if each.select_get()]
    try:
        yield
    finally:
        context.view_layer.update()  # it still lists, as None, what was removed meanwhile
        for each in context.view_layer.objects:
            each.select_set(each in selected)
