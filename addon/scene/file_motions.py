"""The motions of the file as plain data: each armature's present one, and the one at its other timing.

Raw keys are not among them: they are the cleaned ones' motion at the same frames, where all would be found twice. An
action that neither moves an armature nor is pointed to by the one that does tells no frame rate, and is left alone.
"""

import contextlib
from typing import Any

import bpy
import numpy as np

from posenorm_core.errors import InputError

from ..similar import FileMotion
from .keyed_motion import has_motion, keyed_frames, read_motion, require_keys
from .retarget import require_animatable
from .retimed_keys import action_of_other_timing, at_other_timing


def file_motions(own: bpy.types.Object) -> tuple[list[FileMotion], list[str]]:
    """The motions of all armatures of ours that are in a scene, `own`'s present one first, and why others are not.

    Raises InputError where `own` keeps no motion or has no keys.
    """
    motions, refused = [_motion(own)], []
    for armature in [own, *(each for each in bpy.data.objects if each != own and has_motion(each))]:
        if not armature.users_scene:
            continue
        try:
            if armature != own:
                motions.append(_motion(armature))
            motions += _other_motions(armature)
        except InputError as error:
            refused.append(str(error))
    return motions, refused


def frame_at(motion: FileMotion, scene_frame: float, seconds: float) -> int:
    """The motion's frame nearest to the scene's: before and after its keys it stands as at their ends.

    Raises InputError where from there on it lasts less than `seconds`.
    """
    frame = round(float(np.interp(scene_frame, motion.frames, np.arange(len(motion.frames)))))
    if seconds >= (len(motion.motion) - 0.5 - frame) / motion.motion.fps:
        raise InputError(
            f"{motion.armature}: ends at frame {motion.frames[-1]:.0f}, less than the Length of {seconds:g} s after "
            f"frame {motion.frames[frame]:.0f}; go to an earlier frame, or shorten the Length"
        )
    return frame


def _motion(armature: bpy.types.Object) -> FileMotion:
    """The motion by which the armature moves."""
    require_keys(armature)
    animation: Any = armature.animation_data
    return FileMotion(armature.name, animation.action.name, read_motion(armature), keyed_frames(armature))


def _other_motions(armature: bpy.types.Object) -> list[FileMotion]:
    """The motion at the armature's other timing, where there is one and the armature may move by it for a moment."""
    if action_of_other_timing(armature) is None:
        return []
    with contextlib.suppress(InputError):
        require_animatable(armature)
        with at_other_timing(armature):
            return [_motion(armature)]
    return []
