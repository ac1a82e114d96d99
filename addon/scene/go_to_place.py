"""Going to a place of the file's motions: the scene's frame, the armature active, and moving by the action it is in."""

from typing import Any

import bpy

from posenorm_core.errors import InputError

from .armature import make_active
from .keyed_motion import has_motion
from .retarget import require_animatable
from .retimed_keys import action_of_other_timing, change_timing


def go_to_place(context: bpy.types.Context, name: str, action: str, frame: int) -> str:
    """Goes to `frame` of the armature called `name`, which moves by `action` from now on; returns the news.

    What is hidden stays so, which is told. Raises InputError, and nothing has changed, where either is gone or is not
    to be had here.
    """
    armature = _armature(context, name)
    _move_by(armature, action)
    if armature != context.view_layer.objects.active:
        if context.mode != "OBJECT":
            bpy.ops.object.mode_set(mode="OBJECT")
        make_active(context, armature)
    scene: Any = context.scene
    scene.frame_set(frame)
    told = f"{name}: frame {frame} of '{action}'"
    return told if armature.visible_get() else f"{told}; it is hidden: show it in the Outliner"


def _armature(context: bpy.types.Context, name: str) -> bpy.types.Object:
    """The armature of ours of that name in the view layer."""
    armature: Any = bpy.data.objects.get(name)
    if armature is None or not has_motion(armature) or not armature.users_scene:
        raise InputError(f"{name}: is gone, or has another name now; press Find Similar again")
    context.view_layer.update()
    if name not in context.view_layer.objects:
        raise InputError(f"{name}: is not in this scene's view layer; go to its scene, or switch its collection on")
    return armature  # type: ignore[no-any-return]


def _move_by(armature: bpy.types.Object, action: str) -> None:
    """Lets the armature move by the action of that name, which it does already or did at its other timing."""
    present: Any = armature.animation_data.action if armature.animation_data else None
    if present is not None and present.name == action:
        return
    other = action_of_other_timing(armature)
    if other is None or other.name != action:
        raise InputError(f"{armature.name}: does not move by '{action}' any more; press Find Similar again")
    require_animatable(armature)
    change_timing(armature)
