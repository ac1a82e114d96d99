"""An armature's motion keyed at another's timing, in a new action; the action it had stays in the file.

The new action points to the one before in a custom property, beside what of the object's properties goes with those
keys. So retiming again starts from the armature's own timing, as cleaning starts from the raw keys. Where the armature
goes back to its own timing, that action points to the retimed one in the same way.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np

from posenorm_core.frame_rate import resample_values
from posenorm_core.motion import Motion
from posenorm_core.retiming import retimed, time_map

from . import actions
from .armature import bone_rest_rotations, joint_to_bone_rotations
from .confidence_marks import is_marked, mark_uncertain
from .keyed_motion import PROPERTY, keyed_fps, keyed_frames, orientation_of, own_frames_of, set_orientation, traced

RETIMED, RETIMED_AS = "posenorm_retimed", "posenorm_retimed_as"
# What is kept with the object frame by frame, or says where on the time line the frames are.
_PER_FRAME = ("view_root", "contacts", "confidence", "root_position")
_GOES_WITH_KEYS = ("fps", "first_frame", "frame_step", "orientation", "lift", "trace", "trace_of", *_PER_FRAME)
_NO_STEP = (0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Timing:
    """Another motion's frames: its rate, and the scene's frames (T,) at which they are keyed."""

    fps: float
    frames: np.ndarray
    frame_step: float  # the scene's frames from key to key

    @classmethod
    def of(cls, armature: bpy.types.Object) -> "Timing":
        """The timing of an armature of ours."""
        own = own_frames_of(armature)
        return cls(keyed_fps(armature), own.keyed, own.step)


@contextlib.contextmanager
def at_own_timing(armature: bpy.types.Object) -> Iterator[None]:
    """The armature moves at its own timing, by the action from before it was retimed, for what is to follow.

    It keeps the orientation that it has now. All is put back should anything fail. The retimed action goes once
    another has taken its place, but where the user has edited it, it stays in the file.
    """
    orientation, went_back = orientation_of(armature), _went_back(armature)
    if went_back:  # so that the retimed keys are replaced, or found to be edited, as where it moves by them
        change_timing(armature)
    present: Any = armature.animation_data.action if armature.animation_data else None
    if present is None or RETIMED not in present or present[RETIMED]["action"] is None:
        yield
        return
    untouched = present[RETIMED]["digest"] == actions.digest(armature)
    kept = _kept(armature[PROPERTY])
    _move_by(armature, present[RETIMED]["action"], _kept(present[RETIMED]))
    try:
        yield
    except BaseException:
        _move_by(armature, present, kept)
        if went_back:
            change_timing(armature)
        raise
    if orientation != orientation_of(armature):
        set_orientation(armature, orientation)
        armature.animation_data.action[RETIMED]["digest"] = actions.digest(armature)  # type: ignore[union-attr,index]
    if untouched and not present.users:
        bpy.data.actions.remove(present)
    else:
        present.use_fake_user = True


def action_of_other_timing(armature: bpy.types.Object) -> bpy.types.Action | None:
    """The action from before the armature was retimed, or where it went back to that one the retimed action."""
    note = _note_of_other(armature)
    return None if note is None else note["action"]


@contextlib.contextmanager
def at_other_timing(armature: bpy.types.Object) -> Iterator[None]:
    """The armature moves by its `action_of_other_timing`, for what is read meanwhile."""
    present: Any = armature.animation_data.action
    note, kept = _note_of_other(armature), _kept(armature[PROPERTY])
    _move_by(armature, note["action"], _kept(note))
    try:
        yield
    finally:
        _move_by(armature, present, kept)


def change_timing(armature: bpy.types.Object) -> None:
    """The armature moves by its `action_of_other_timing` from now on; the present action is the other one then."""
    present: Any = armature.animation_data.action
    note = _note_of_other(armature)
    other, kept, goes_with_present = note["action"], _kept(note), _kept(armature[PROPERTY])
    _move_by(armature, other, kept)
    if RETIMED in present:
        _put(other, RETIMED_AS, {"action": present, **goes_with_present})
    else:
        _put(other, RETIMED, {"action": present, "digest": other[RETIMED]["digest"], **goes_with_present})
        del present[RETIMED_AS]
    if is_marked(armature):
        mark_uncertain(armature)
    armature.update_tag(refresh={"OBJECT", "TIME"})


def _went_back(armature: bpy.types.Object) -> bool:
    """Whether the armature was retimed and moves by its own timing's action again."""
    present: Any = armature.animation_data.action if armature.animation_data else None
    return present is not None and RETIMED not in present and _note_of_other(armature) is not None


def _note_of_other(armature: bpy.types.Object) -> Any:
    """What the present action keeps of the armature's other timing, or None where there is none of this file."""
    present: Any = armature.animation_data.action if armature.animation_data else None
    for name in (RETIMED, RETIMED_AS):
        action = present[name]["action"] if present is not None and name in present else None
        if action is not None and action.library is None:
            return present[name]
    return None


def key_retimed(armature: bpy.types.Object, motion: Motion, path: np.ndarray, timing: Timing) -> bpy.types.Action:
    """Keys the armature's `motion` at another's `timing` along their `path` (P, 2) of frames, that one's first.

    Returns the new action, which moves the armature from now on.
    """
    before: Any = armature.animation_data.action  # type: ignore[union-attr]  # unknown to one of the stubs
    note = {"action": before, **_kept(armature[PROPERTY])}
    names, keyed = motion.skeleton.joint_names, retimed(motion, path, timing.fps)
    place = actions.read_curve(armature, names[0], "location", keyed_frames(armature), _NO_STEP)
    turned = joint_to_bone_rotations(keyed.rotations, bone_rest_rotations(armature, names))
    action: Any = actions.assign_new_action(armature, before.name)
    for joint, name in enumerate(names):
        actions.write_curve(armature, name, "rotation_quaternion", timing.frames, turned[:, joint])
    place = resample_values(place, time_map(path, timing.fps))
    actions.write_curve(armature, names[0], "location", timing.frames, place)
    _keep(armature, _goes_with(keyed, timing) | traced(turned))
    if is_marked(armature):
        mark_uncertain(armature)
    before.use_fake_user = before.library is None or before.use_fake_user
    action[RETIMED] = {**note, "digest": actions.digest(armature)}
    armature.update_tag(refresh={"OBJECT", "TIME"})
    return action  # type: ignore[no-any-return]


def _goes_with(motion: Motion, timing: Timing) -> dict[str, Any]:
    """What goes with the new keys; orientation and lift stay."""
    arrays = {name: np.ascontiguousarray(getattr(motion, name), dtype=np.float32).ravel() for name in _PER_FRAME}
    return {"fps": timing.fps, "first_frame": float(timing.frames[0]), "frame_step": timing.frame_step, **arrays}


def _kept(group: Any) -> dict[str, Any]:
    """What of a group of properties goes with the keys, such that it can be stored elsewhere."""
    values = {name: group[name] for name in _GOES_WITH_KEYS if name in group}
    return {
        name: value if isinstance(value, str | float) else np.array(value, dtype=np.float32)
        for name, value in values.items()
    }


def _move_by(armature: bpy.types.Object, action: bpy.types.Action, kept: dict[str, Any]) -> None:
    """Lets the armature move by `action`, and keeps with it what goes with those keys."""
    animation: Any = armature.animation_data
    animation.action = action
    _keep(armature, kept)


def _keep(armature: bpy.types.Object, values: dict[str, Any]) -> None:
    """Stores `values` with the object."""
    for name, value in values.items():
        _put(armature[PROPERTY], name, value)


def _put(owner: Any, name: str, value: Any) -> None:
    """Stores a property in place of the one there is: an array given another length would crash Blender 4.5."""
    if name in owner:
        del owner[name]
    owner[name] = value
