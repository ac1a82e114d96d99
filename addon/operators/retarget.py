"""The buttons of the section Retarget: onto the character, and its list of bones."""

from typing import Any

import bpy
from bpy_extras.io_utils import ExportHelper, ImportHelper

from posenorm_core.errors import InputError
from posenorm_core.retargeting.mapping import load_mapping, save_mapping
from posenorm_core.retargeting.preset import choose_mapping
from posenorm_core.retargeting.retarget import RetargetOptions

from ..properties import settings_of
from ..registration import registration_of
from ..scene.bone_list import listed_mapping, remember, show_mapping
from ..scene.keyed_motion import has_motion, read_motion
from ..scene.retarget import Placement, retarget_onto
from ..scene.rig import rig_of
from ..settings.retarget import retarget_settings_of, still_there
from .telling import TellingOperator


def source_of_motion(context: bpy.types.Context) -> Any:
    """The armature whose motion is retargeted: the one picked, the active one, or the scene's only one of ours."""
    for candidate in (still_there(retarget_settings_of(context).motion), context.object):
        if has_motion(candidate):
            return candidate
    scene: Any = context.scene
    ours = [each for each in scene.objects if has_motion(each)]
    return ours[0] if len(ours) == 1 else None


class _BoneOperator(TellingOperator):
    """What the section's buttons have in common: they need a character."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """There must be a character; the greyed button says so."""
        if still_there(retarget_settings_of(context).character) is None:
            cls.poll_message_set("Pick the character's armature first")  # type: ignore[attr-defined]
            return False
        return True


class PosenormRetarget(_BoneOperator, bpy.types.Operator):  # type: ignore[misc]
    """Give the character the motion, in a new action."""

    bl_idname = "posenorm.retarget"
    bl_label = "Retarget"
    bl_description = "Give the character the motion, in a new action; the one it has stays in the file"
    bl_options = {"UNDO"}  # noqa: RUF012 - Blender's own spelling

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """There must be a motion and a character."""
        if source_of_motion(context) is None:
            cls.poll_message_set("Pick the armature whose motion the character gets")  # type: ignore[attr-defined]
            return False
        return bool(super().poll(context))

    def work(self, context: bpy.types.Context) -> str:
        """Reads the motion as it is now, edits included, and keys it on the character."""
        settings = retarget_settings_of(context)
        source = source_of_motion(context)
        if source == settings.character:
            raise InputError(f"{source.name}: cannot be retargeted onto itself; pick another character")
        options = RetargetOptions(settings.root_motion, settings.path_scale, settings.feet)
        placement = Placement(source.name, settings_of(context).start_frame, settings.as_strip)
        mapping = listed_mapping(settings)
        return retarget_onto(context, settings.character, read_motion(source), mapping, options, placement)


class PosenormFindBones(_BoneOperator, bpy.types.Operator):  # type: ignore[misc]
    """Find the character's bones anew, by their names and by the shape of the rig."""

    bl_idname = "posenorm.find_bones"
    bl_label = "Find Bones"
    bl_description = "Find the character's bones anew, by their names and by the shape of the rig"
    bl_options = {"UNDO"}  # noqa: RUF012 - Blender's own spelling

    def work(self, context: bpy.types.Context) -> str:
        """Fills the list."""
        settings = retarget_settings_of(context)
        mapping = choose_mapping(rig_of(settings.character))
        show_mapping(settings, mapping)
        remember(settings.character, mapping)
        return f"{settings.character.name}: a {mapping.name} rig"


class PosenormSaveBones(_BoneOperator, ExportHelper, bpy.types.Operator):  # type: ignore[misc]
    """Save the list of bones, for other characters with the same rig."""

    bl_idname = "posenorm.save_bones"
    bl_label = "Save Bones"
    bl_description = "Save the list of bones, for other characters with the same rig"

    filename_ext = ".json"
    filter_glob: bpy.props.StringProperty(default="*.json", options={"HIDDEN"})  # type: ignore[valid-type]

    def work(self, context: bpy.types.Context) -> str:
        """Writes the file."""
        settings = retarget_settings_of(context)
        path: Any = self.filepath  # type: ignore[attr-defined]
        save_mapping(listed_mapping(settings), bpy.path.abspath(path))
        return f"Wrote {path}"


class PosenormLoadBones(_BoneOperator, ImportHelper, bpy.types.Operator):  # type: ignore[misc]
    """Take the list of bones from a file."""

    bl_idname = "posenorm.load_bones"
    bl_label = "Load Bones"
    bl_description = "Take the list of bones from a file"
    bl_options = {"UNDO"}  # noqa: RUF012 - Blender's own spelling

    filename_ext = ".json"
    filter_glob: bpy.props.StringProperty(default="*.json", options={"HIDDEN"})  # type: ignore[valid-type]

    def work(self, context: bpy.types.Context) -> str:
        """Reads the file."""
        settings = retarget_settings_of(context)
        mapping = load_mapping(bpy.path.abspath(self.filepath))  # type: ignore[attr-defined]
        show_mapping(settings, mapping)
        remember(settings.character, mapping)
        unknown = [name for names in mapping.bones.values() for name in names]
        lost = sum(name not in settings.character.data.bones for name in unknown)
        return f"Read {len(unknown)} bones" + (f", {lost} of which {settings.character.name} lacks" if lost else "")


register, unregister = registration_of(PosenormRetarget, PosenormFindBones, PosenormSaveBones, PosenormLoadBones)
