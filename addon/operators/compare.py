"""The button of the section Compare: line two performances up."""

from typing import Any

import bpy

from ..registration import registration_of
from ..scene.compare import compare
from ..settings.compare import compare_settings_of
from .telling import TellingOperator


class PosenormCompare(TellingOperator, bpy.types.Operator):  # type: ignore[misc]
    """Retime B to A, mark what matches, and draw how they differ."""

    bl_idname = "posenorm.compare"
    bl_label = "Align"
    bl_description = (
        "Retime B to A in a new action, side by side, mark the keyframes that match on the time line, and draw the "
        "distances as an image. B's present action stays in the file"
    )
    bl_options = {"UNDO"}  # noqa: RUF012 - Blender's own spelling

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Both must be picked."""
        settings = compare_settings_of(context)
        if settings.armature_a is None or settings.armature_b is None:
            cls.poll_message_set("Pick the two armatures, A and B")  # type: ignore[attr-defined]
            return False
        return True

    def work(self, context: bpy.types.Context) -> str:
        """Lines them up, keeps what to tell for the panel, and shows the image."""
        settings = compare_settings_of(context)
        found = compare(context, settings.armature_a, settings.armature_b)
        settings.result = "\n".join(found.lines())
        _show(context, found.image)
        return "; ".join([found.action.name, *found.lines()])


def _show(context: bpy.types.Context, image: bpy.types.Image) -> None:
    """Shows the image in an open Image Editor, an empty one before others."""
    screen: Any = context.screen
    editors = [area.spaces.active for area in screen.areas if area.type == "IMAGE_EDITOR"] if screen else []
    for editor in sorted(editors, key=lambda editor: editor.image is not None)[:1]:
        editor.image = image


register, unregister = registration_of(PosenormCompare)
