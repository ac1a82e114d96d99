"""A character that gets another action for a moment, and is as it was afterwards: action, pose, custom properties."""

import contextlib
from collections.abc import Iterator
from typing import Any

import bpy

from . import actions


@contextlib.contextmanager
def moved_meanwhile(character: bpy.types.Object) -> Iterator[None]:
    """Whatever action the character gets is removed, and what it moved is put back."""
    before = _action_of(character)
    is_kept = before is not None and before.use_fake_user
    bones: Any = character.pose.bones  # type: ignore[union-attr]
    pose = {bone.name: (bone.matrix_basis.copy(), _numbers(bone)) for bone in bones}
    try:
        yield
    finally:
        made = _action_of(character)
        if made != before:
            actions.swap_action(character, before)
            bpy.data.actions.remove(made)
        if before is not None:
            before.use_fake_user = is_kept
        for name, (basis, numbers) in pose.items():
            bones[name].matrix_basis = basis
            for key, value in numbers.items():
                bones[name][key] = value
        character.update_tag(refresh={"OBJECT", "TIME"})


def _action_of(character: bpy.types.Object) -> Any:
    return character.animation_data.action if character.animation_data else None


def _numbers(bone: Any) -> dict[str, int | float]:
    """The bone's custom properties that an action may move."""
    return {key: value for key, value in bone.items() if isinstance(value, int | float)}
