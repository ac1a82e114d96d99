"""A motion keyed onto a character's armature: a new action, with everything that is not retargeted left as it was.

What moved the character before stays in the file. Its keys for bones that we do not turn (fingers, face, props)
go on in the new action, which begins as a copy of the old one; or, as a strip of the non-linear animation, ours lies
above it.
"""

from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np
from mathutils import Matrix

from posenorm_core import quaternion
from posenorm_core.errors import InputError
from posenorm_core.euler import ORDERS, continuous_euler
from posenorm_core.motion import Motion
from posenorm_core.retargeting.mapping import BoneMapping
from posenorm_core.retargeting.retarget import Retargeted, RetargetOptions, retarget

from . import actions
from .rig import rig_of
from .timing import key_frames

_TRANSFORMS = ("location", "rotation_quaternion", "rotation_euler", "rotation_axis_angle", "scale")


@dataclass(frozen=True)
class Placement:
    """Where on the character's time line a motion goes."""

    name: str  # of the action
    start_frame: float
    as_strip: bool = False  # a strip above what is there, instead of the character's action


def retarget_onto(
    context: bpy.types.Context,
    character: bpy.types.Object,
    motion: Motion,
    mapping: BoneMapping,
    options: RetargetOptions,
    placement: Placement,
) -> str:
    """Gives `character` the motion and returns the news: how much was keyed, and what was left out.

    Raises InputError where the character cannot be animated, or none of its bones is mapped.
    """
    require_animatable(character)
    result = retarget(motion, rig_of(character), mapping, options)
    key_retargeted(context, character, result, placement)
    told = f"{character.name}: {len(motion)} frames on {len(result.bones)} bones"
    return "; ".join([told, *result.notes])


def require_animatable(armature: bpy.types.Object) -> None:
    """Raises InputError, with what to do about it, where the armature's pose cannot be keyed."""
    library: Any = armature.library  # the stubs of 4.2 know no None here
    if library is not None:
        raise InputError(f"{armature.name}: is linked; make a library override of it first (Object > Library Override)")
    override: Any = armature.override_library
    if override is not None and override.is_system_override:
        raise InputError(f"{armature.name}: its library override is not editable; make it so (Library Override > Edit)")
    if armature.mode == "EDIT":
        raise InputError(f"{armature.name}: is in edit mode; leave it (Tab) and try again")
    animation: Any = armature.animation_data
    if animation is not None and animation.use_tweak_mode:
        raise InputError(f"{armature.name}: one of its strips is being tweaked; leave tweak mode (Tab in the editor)")


def key_retargeted(
    context: bpy.types.Context, armature: bpy.types.Object, result: Retargeted, placement: Placement
) -> bpy.types.Action:
    """Keys `result` on `armature` and returns its action. Raises InputError where that may not be animated."""
    require_animatable(armature)
    scene: Any = context.scene
    frames = key_frames(len(result.rotations), result.fps, placement.start_frame, scene)
    action = _new_action(armature, result.bones, placement)
    _to_rest(armature, result.bones)
    for bone, channel, values in _channels(armature, result):
        actions.write_curve(armature, bone, channel, frames, values)
    for bone, held in result.properties.items():
        posed: Any = armature.pose.bones[bone]
        for name, value in held.items():
            if name in posed:
                actions.hold_property(armature, bone, name, value, placement.start_frame)
    if placement.as_strip:
        actions.push_down(armature, placement.name, int(np.floor(placement.start_frame)))
    armature.update_tag(refresh={"OBJECT", "TIME"})
    return action


def _new_action(armature: bpy.types.Object, bones: tuple[str, ...], placement: Placement) -> bpy.types.Action:
    """The action to key, assigned; the one before is kept in the file."""
    before: Any = armature.animation_data.action if armature.animation_data else None
    if before is None:
        return actions.assign_new_action(armature, placement.name)
    before.use_fake_user = before.library is None or before.use_fake_user
    if placement.as_strip:
        actions.push_down(armature, before.name, int(np.floor(before.frame_range[0])))
        return actions.assign_new_action(armature, placement.name)
    copied = before.copy()
    copied.name, copied.use_fake_user = placement.name, False
    actions.swap_action(armature, copied)
    for bone in bones:
        for channel in _TRANSFORMS:
            actions.remove_curves(armature, bone, channel)
    _hold_what_carries(armature, bones)
    return copied  # type: ignore[no-any-return]


def _hold_what_carries(armature: bpy.types.Object, bones: tuple[str, ...]) -> None:
    """Bones above `bones` stand as in their first key: the way that a former motion took would add to ours."""
    above = {parent.name for name in bones for parent in armature.data.bones[name].parent_recursive}  # type: ignore[union-attr]
    for bone in above.difference(bones):
        for channel in _TRANSFORMS:
            actions.hold_curves(armature, bone, channel)


def _to_rest(armature: bpy.types.Object, bones: tuple[str, ...]) -> None:
    """Takes away what a bone was posed by and no curve of ours moves, so that it is not added to the motion."""
    for name in bones:
        bone = armature.pose.bones[name]
        bone.location, bone.scale = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)


def _channels(armature: bpy.types.Object, result: Retargeted) -> list[tuple[str, str, np.ndarray]]:
    """What to key: bone, channel and values (T, n), the rotations in each bone's own mode."""
    modes = [str(armature.pose.bones[name].rotation_mode) for name in result.bones]
    found: list[tuple[str, str, np.ndarray]] = []
    for mode in dict.fromkeys(modes):
        chosen = [number for number, other in enumerate(modes) if other == mode]
        channel, values = _in_mode(result.rotations[:, chosen], mode)
        found += [(result.bones[number], channel, values[:, place]) for place, number in enumerate(chosen)]
    if result.hips is not None:
        found.append((result.hips, "location", result.location @ _axes_of_place(armature, result.hips).T))
    return found


def _axes_of_place(armature: bpy.types.Object, bone: str) -> np.ndarray:
    """From the bone's own axes to those its location is told in (3, 3): with Local Location off, its parent's."""
    rest: Any = armature.data.bones[bone]  # type: ignore[union-attr]
    if rest.use_local_location:
        return np.eye(3)
    above = rest.parent.matrix_local.inverted() if rest.parent else Matrix.Identity(4)
    return np.array((above @ rest.matrix_local).to_3x3().normalized())


def _in_mode(rotations: np.ndarray, mode: str) -> tuple[str, np.ndarray]:
    """Rotations (T, n, 4) as Blender's `mode` has them: the channel's name and its values."""
    if mode in ORDERS:
        return "rotation_euler", continuous_euler(rotations, mode)
    if mode == "AXIS_ANGLE":
        turn = np.asarray(quaternion.to_rotation_vector(rotations))
        angle = np.linalg.norm(turn, axis=-1, keepdims=True)
        axis = np.where(angle > 0, turn / np.where(angle > 0, angle, 1), [0.0, 1.0, 0.0])
        return "rotation_axis_angle", np.concatenate([angle, axis], axis=-1)
    return "rotation_quaternion", rotations
