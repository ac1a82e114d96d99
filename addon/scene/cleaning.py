"""Cleaning a keyed motion: smoothed on the sphere, then keyed only where it must be, always from the raw keys.

The action as it was before the first cleaning, the user's edits included, stays in the file untouched. The cleaned
one, which takes over its name, points to it in a custom property: so they stay together when things are renamed,
saved, or duplicated.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np

from posenorm_core.errors import InputError
from posenorm_core.key_reduction import require_tolerance
from posenorm_core.smoothing import require_strength

from . import actions
from .cleaned_keys import cleaned_keys, write_keys
from .confidence_marks import is_marked, mark_uncertain
from .keyed_motion import PROPERTY, has_motion, orientation_of, require_keys, set_orientation
from .retarget import require_animatable

RAW = "posenorm_raw"
# What is kept with the object and goes with the keys of the root.
_PLACE = ("orientation", "lift", "root_position")


@dataclass(frozen=True)
class Cleaned:
    """What became of the keys, a bone's rotation or the pelvis' place at a frame counting as one."""

    kept: int
    total: int
    error: float  # radians that any rotation is off by at any frame for want of keys
    before: str | None  # the action that keeps what was there before, where cleaning again would have lost it


def is_cleaned(armature: bpy.types.Object) -> bool:
    """Whether the armature moves by cleaned keys, the raw ones being in the file."""
    animation: Any = armature.animation_data
    action = None if animation is None else animation.action
    return action is not None and RAW in action and action[RAW]["action"] is not None


def clean(armature: bpy.types.Object, strength: float, tolerance: float) -> Cleaned:
    """Cleans the raw keys: smoothing of `strength` 0…1, keys reduced by `tolerance` in radians; 0 of either is none.

    The path may be off by 1 mm a degree of the tolerance. What was cleaned before is replaced, but where the user
    has edited it since it stays in the file. Raises InputError where there is nothing to clean or it may not be.
    """
    require_strength(strength)
    require_tolerance(tolerance)
    present, orientation = _require_action(armature), orientation_of(armature)
    raw, place, replaceable = _raw_of(armature), _place_of_raw(armature), _is_replaceable(armature)
    working = raw.copy()
    with _moving_by(armature, working):
        if orientation != place["orientation"]:
            set_orientation(armature, orientation)
        keys = cleaned_keys(armature, strength, tolerance)
        if strength or tolerance:
            write_keys(armature, keys)
        _mark_again(armature)
        digest = actions.digest(armature)
        working[RAW] = {"action": raw, "strength": strength, "tolerance": tolerance, "digest": digest, **place}
    name, before = present.name, None
    if present != raw:
        before = _let_go(present, replaceable)
    elif raw.library is None:
        raw.name, raw.use_fake_user = f"{name} raw", True
    working.name, working.use_fake_user = name, False
    return Cleaned(keys.kept, keys.total, keys.error, before)


def restore_raw(armature: bpy.types.Object) -> str | None:
    """Lets the armature move by its raw keys again, the root in the orientation it has now.

    Returns the name of the action that keeps the user's edits of the cleaned keys, where there were any. Raises
    InputError where nothing was cleaned.
    """
    present, orientation = _require_action(armature), orientation_of(armature)
    if not is_cleaned(armature):
        raise InputError(f"{armature.name}: its keys are the raw ones already")
    raw, place, replaceable = _raw_of(armature), _place_of_raw(armature), _is_replaceable(armature)
    if raw.users > 1 + raw.use_fake_user:  # a duplicate of the armature was cleaned from it too
        raw = raw.copy()
    with _moving_by(armature, raw):
        if orientation != place["orientation"]:
            set_orientation(armature, orientation)
            _mark_again(armature)
    name = present.name
    before = _let_go(present, replaceable)
    if raw.library is None:
        raw.name = name
    armature.update_tag(refresh={"OBJECT", "TIME"})
    return before


def turn(armature: bpy.types.Object, orientation: str) -> None:
    """`set_orientation`, but that on cleaned keys the root is keyed as clean as the other bones, which keep theirs."""
    _require_keys_of_its_own(armature)
    if not is_cleaned(armature):
        set_orientation(armature, orientation)
        _mark_again(armature)
        return
    present, replaceable = _require_action(armature), _is_replaceable(armature)
    note = present[RAW]
    working = note["action"].copy()
    with _moving_by(armature, working):
        set_orientation(armature, orientation)
        root = armature[PROPERTY]["joint_names"][0]
        keys = cleaned_keys(armature, note["strength"], note["tolerance"], only=root)
    actions.swap_action(armature, present)
    bpy.data.actions.remove(working)
    write_keys(armature, keys)
    _mark_again(armature)
    if replaceable:
        note["digest"] = actions.digest(armature)


def _require_action(armature: bpy.types.Object) -> Any:
    """The armature's action. Raises InputError where it keeps no motion, moves by none, or may not be animated."""
    if not has_motion(armature):
        raise InputError(f"{armature.name}: keeps no motion; pick an armature that PoseNorm made")
    require_animatable(armature)
    animation: Any = armature.animation_data
    if animation is None or animation.action is None:
        raise InputError(f"{armature.name}: has no action; give it the one to change (Action Editor)")
    return animation.action


def _require_keys_of_its_own(armature: bpy.types.Object) -> None:
    """The armature's keys can be changed after this: those of a linked action are copied. Raises InputError else."""
    present = _require_action(armature)
    require_keys(armature)
    if present.library is not None:
        actions.swap_action(armature, present.copy())


def _raw_of(armature: bpy.types.Object) -> Any:
    """The action that holds the raw keys: the present one, unless that was cleaned."""
    present: Any = armature.animation_data.action
    return present[RAW]["action"] if is_cleaned(armature) else present


def _place_of_raw(armature: bpy.types.Object) -> dict[str, Any]:
    """What of the object's properties goes with the raw keys."""
    present: Any = armature.animation_data.action
    kept = present[RAW] if is_cleaned(armature) else armature[PROPERTY]
    return {name: _plain(kept[name]) for name in _PLACE}


def _put(armature: bpy.types.Object, place: dict[str, Any]) -> None:
    """Keeps `place` with the object."""
    for name, value in place.items():
        armature[PROPERTY][name] = value


def _plain(value: Any) -> Any:
    """A property's value that can be stored elsewhere."""
    return value if isinstance(value, str | float) else np.array(value, dtype=np.float32)


def _is_replaceable(armature: bpy.types.Object) -> bool:
    """Whether the present keys are as cleaning left them."""
    present: Any = armature.animation_data.action
    return is_cleaned(armature) and present[RAW]["digest"] == actions.digest(armature)


@contextlib.contextmanager
def _moving_by(armature: bpy.types.Object, action: Any) -> Iterator[None]:
    """The armature moves by `action`, its raw keys or a copy of them, and all is put back should anything fail."""
    present, raw, place = _require_action(armature), _raw_of(armature), _place_of_raw(armature)
    before = {name: _plain(armature[PROPERTY][name]) for name in _PLACE}
    actions.swap_action(armature, action)
    _put(armature, place)
    try:
        yield
    except BaseException:
        actions.swap_action(armature, present)
        _put(armature, before)
        if action != raw:
            bpy.data.actions.remove(action)
        raise


def _let_go(action: Any, replaceable: bool) -> str | None:
    """Removes an action that no longer moves our armature, or returns the name under which it stays in the file."""
    if replaceable and not action.users:
        bpy.data.actions.remove(action)
        return None
    action.name, action.use_fake_user = f"{action.name} before", True
    return str(action.name)


def _mark_again(armature: bpy.types.Object) -> None:
    """New keys have no marks; where there were marks, they get theirs."""
    if is_marked(armature):
        mark_uncertain(armature)
