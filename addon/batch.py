"""A motion to files, without a window: what `python -m addon export` does, as a function."""

from pathlib import Path
from typing import Any

import bpy

from posenorm_core.motion import Motion

from .scene.export import export_bvh, export_fbx, export_glb, save_blend
from .scene.keyed_motion import add_motion
from .scene.timing import set_scene_fps


def export_motion(
    motion: Motion,
    *,
    fbx: str | Path | None = None,
    bvh: str | Path | None = None,
    glb: str | Path | None = None,
    blend: str | Path | None = None,
    name: str = "motion",
) -> bpy.types.Object:
    """Builds the keyed armature called `name` in a new, empty file and writes each file that is asked for.

    The scene plays at the motion's own rate and as long as the motion. The file that was open is closed unsaved.
    Returns the armature. Raises InputError where a file cannot be written.
    """
    bpy.ops.wm.read_factory_settings(use_empty=True)
    context = bpy.context
    scene: Any = context.scene
    set_scene_fps(scene, motion.fps)
    armature = add_motion(context, motion, name, start_frame=1)
    scene.frame_start, scene.frame_end = 1, max(len(motion), 1)
    scene.frame_set(1)
    if fbx is not None:
        export_fbx(context, armature, fbx)
    if bvh is not None:
        export_bvh(armature, bvh)
    if glb is not None:
        export_glb(context, armature, glb)
    if blend is not None:
        save_blend(context, blend)
    return armature
