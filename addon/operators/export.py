"""The export buttons: the active armature's motion as a file for the program that is chosen, or as plain FBX or BVH."""

from typing import Any

import bpy
from bpy_extras.io_utils import ExportHelper

from ..registration import registration_of
from ..scene.export import export_bvh, export_fbx
from ..scene.export_presets import PRESETS
from .telling import TellingOperator

PRESET_ITEMS = [(preset.name, preset.label, preset.why) for preset in PRESETS.values()]


class _ExportMotion(TellingOperator, ExportHelper):  # type: ignore[misc]
    """What all have in common: whose motion, the file's default name, the report."""

    filename_ext = ""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """An armature with an animation must be active."""
        if not is_animated(context.object):
            cls.poll_message_set("Select an armature with a motion")  # type: ignore[attr-defined]
            return False
        return True

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Any:
        """Opens the file browser with the armature's name."""
        armature: Any = context.object
        self.filepath = bpy.path.clean_name(armature.name) + self.filename_ext
        return super().invoke(context, event)

    def work(self, context: bpy.types.Context) -> str:
        """Writes the file."""
        self.write(context, context.object)
        return f"Wrote {self.filepath}"

    def write(self, context: bpy.types.Context, armature: Any) -> None:
        """Writes the file; raises InputError where it cannot."""
        raise NotImplementedError


class PosenormExport(_ExportMotion, bpy.types.Operator):  # type: ignore[misc]
    """Write the armature, its meshes and its motion as the chosen program wants them."""

    bl_idname = "posenorm.export"
    bl_label = "Export"
    bl_description = "Write the armature, its meshes and its motion as the chosen program wants them"

    filter_glob: bpy.props.StringProperty(default="*.fbx;*.glb;*.bvh", options={"HIDDEN"})  # type: ignore[valid-type]
    preset: bpy.props.EnumProperty(  # type: ignore[valid-type]
        name="For", description="The program that the file is for", items=PRESET_ITEMS
    )

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Any:
        """Opens the file browser with the name that the preset's file has."""
        self.filename_ext = PRESETS[self.preset].suffix
        return super().invoke(context, event)

    def check(self, _context: bpy.types.Context) -> Any:
        """Gives the name in the file browser the suffix of the preset that is chosen there."""
        wanted = PRESETS[self.preset].named(self.filepath)
        is_changed = wanted != self.filepath
        self.filepath = wanted
        return is_changed

    def write(self, context: bpy.types.Context, armature: Any) -> None:
        """Writes the file."""
        PRESETS[self.preset].write(context, armature, bpy.path.abspath(self.filepath))


class PosenormExportFbx(_ExportMotion, bpy.types.Operator):  # type: ignore[misc]
    """Write the armature, its meshes and its motion for other programs, with the rest pose at rest."""

    bl_idname = "posenorm.export_fbx"
    bl_label = "Export FBX"
    bl_description = "Write the armature, its meshes and its motion for other programs, with the rest pose at rest"

    filename_ext = ".fbx"
    filter_glob: bpy.props.StringProperty(default="*.fbx", options={"HIDDEN"})  # type: ignore[valid-type]

    def write(self, context: bpy.types.Context, armature: Any) -> None:
        """Writes the file."""
        export_fbx(context, armature, bpy.path.abspath(self.filepath))


class PosenormExportBvh(_ExportMotion, bpy.types.Operator):  # type: ignore[misc]
    """Write the motion at its own frame rate as BVH: Y up, centimetres."""

    bl_idname = "posenorm.export_bvh"
    bl_label = "Export BVH"
    bl_description = "Write the motion at its own frame rate as BVH: Y up, centimetres"

    filename_ext = ".bvh"
    filter_glob: bpy.props.StringProperty(default="*.bvh", options={"HIDDEN"})  # type: ignore[valid-type]

    def write(self, context: bpy.types.Context, armature: Any) -> None:
        """Writes the file."""
        export_bvh(context, armature, bpy.path.abspath(self.filepath))


def is_animated(candidate: Any) -> bool:
    """Whether `candidate`, an object or None, is an armature that an action or strips may move."""
    animation = candidate.animation_data if candidate is not None and candidate.type == "ARMATURE" else None
    return animation is not None and (animation.action is not None or len(animation.nla_tracks) > 0)


register, unregister = registration_of(PosenormExport, PosenormExportFbx, PosenormExportBvh)
