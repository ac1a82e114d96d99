"""Turns the body of a finished armature another way, without computing anything again."""

from typing import Any

import bpy

from ..properties import ORIENTATION_ITEMS
from ..registration import registration_of
from ..scene.cleaning import turn
from .telling import MotionOperator


class PosenormSetOrientation(MotionOperator, bpy.types.Operator):  # type: ignore[misc]
    """Key the root in this orientation; the keys of all other bones stay as they are."""

    bl_idname = "posenorm.set_orientation"
    bl_label = "Set Orientation"
    bl_description = "Key the root in this orientation; the keys of all other bones stay as they are"
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012 - Blender's own spelling

    orientation: bpy.props.EnumProperty(name="Orientation", items=ORIENTATION_ITEMS)  # type: ignore[valid-type]

    def work(self, context: bpy.types.Context) -> str:
        """Keys the root anew."""
        armature: Any = context.object
        turn(armature, self.orientation)
        return f"{armature.name}: orientation {self.orientation}"


register, unregister = registration_of(PosenormSetOrientation)
