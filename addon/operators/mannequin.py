"""The button that gives an armature a mannequin."""

from typing import Any

import bpy

from posenorm_core.errors import InputError

from ..registration import registration_of
from ..scene.bone_list import mapping_for
from ..scene.mannequin import add_mannequin, has_condition_bones, mannequin_of
from ..status import status


class PosenormAddMannequin(bpy.types.Operator):
    """Give the armature a plain body, to judge and render its pose and for programs that want a mesh."""

    bl_idname = "posenorm.add_mannequin"
    bl_label = "Add Mannequin"
    bl_description = "Give the armature a plain body, to judge and render its pose and for programs that want a mesh"
    bl_options = {"UNDO"}  # noqa: RUF012 - Blender's own spelling

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """An armature without a mannequin must be active."""
        if context.object is None or context.object.type != "ARMATURE":
            cls.poll_message_set("Select an armature")
            return False
        if mannequin_of(context.object) is not None:
            cls.poll_message_set("The armature has its mannequin already")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> Any:
        """Adds it."""
        armature: Any = context.object
        try:
            mapping = None if has_condition_bones(armature) else mapping_for(armature)
            added = add_mannequin(context, armature, mapping)
        except InputError as error:
            status.say(str(error), is_error=True)
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        status.say(f"{added.name}: goes with the armature wherever that moves")
        return {"FINISHED"}


register, unregister = registration_of(PosenormAddMannequin)
