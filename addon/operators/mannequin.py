"""The button that gives an armature a mannequin."""

from typing import Any

import bpy

from ..registration import registration_of
from ..scene.bone_list import mapping_for
from ..scene.mannequin import add_mannequin, has_condition_bones, mannequin_of
from .telling import TellingOperator


class PosenormAddMannequin(TellingOperator, bpy.types.Operator):  # type: ignore[misc]
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

    def work(self, context: bpy.types.Context) -> str:
        """Adds it."""
        armature: Any = context.object
        mapping = None if has_condition_bones(armature) else mapping_for(armature)
        added = add_mannequin(context, armature, mapping)
        return f"{added.name}: goes with the armature wherever that moves"


register, unregister = registration_of(PosenormAddMannequin)
