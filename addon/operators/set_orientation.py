"""Turns the body of a finished armature another way, without computing anything again."""

from typing import Any

import bpy

from posenorm_core.errors import InputError

from ..properties import ORIENTATION_ITEMS
from ..registration import registration_of
from ..scene.cleaning import turn
from ..scene.keyed_motion import has_motion
from ..status import status


class PosenormSetOrientation(bpy.types.Operator):
    """Key the root in this orientation; the keys of all other bones stay as they are."""

    bl_idname = "posenorm.set_orientation"
    bl_label = "Set Orientation"
    bl_description = "Key the root in this orientation; the keys of all other bones stay as they are"
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012 - Blender's own spelling

    orientation: bpy.props.EnumProperty(name="Orientation", items=ORIENTATION_ITEMS)  # type: ignore[valid-type]

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """An armature of ours must be active."""
        if not has_motion(context.object):
            cls.poll_message_set("Select an armature that PoseNorm made")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> Any:
        """Keys the root anew."""
        armature: Any = context.object
        try:
            turn(armature, self.orientation)
        except InputError as error:
            status.say(str(error), is_error=True)
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return {"FINISHED"}


register, unregister = registration_of(PosenormSetOrientation)
