"""The two export buttons: the active armature's motion as FBX or BVH."""

from typing import Any

import bpy
from bpy_extras.io_utils import ExportHelper

from posenorm_core.errors import InputError

from ..registration import registration_of
from ..scene.export import export_bvh, export_fbx
from ..scene.keyed_motion import has_motion
from ..status import status


class _ExportMotion(ExportHelper):
    """What both have in common: whose motion, the file's default name, the report."""

    filename_ext = ""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """An armature of ours must be active."""
        if not has_motion(context.object):
            cls.poll_message_set("Select an armature that PoseNorm made")  # type: ignore[attr-defined]
            return False
        return True

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Any:
        """Opens the file browser with the armature's name."""
        armature: Any = context.object
        self.filepath = bpy.path.clean_name(armature.name) + self.filename_ext
        return super().invoke(context, event)

    def execute(self, context: bpy.types.Context) -> Any:
        """Writes the file."""
        try:
            self.write(context, context.object)
        except InputError as error:
            status.say(str(error), is_error=True)
            self.report({"ERROR"}, str(error))  # type: ignore[attr-defined]
            return {"CANCELLED"}
        status.say(f"Wrote {self.filepath}")
        return {"FINISHED"}

    def write(self, context: bpy.types.Context, armature: Any) -> None:
        """Writes the file; raises InputError where it cannot."""
        raise NotImplementedError


class PosenormExportFbx(_ExportMotion, bpy.types.Operator):  # type: ignore[misc]
    """Write the armature and its motion for other programs, with the T-pose as the rest pose."""

    bl_idname = "posenorm.export_fbx"
    bl_label = "Export FBX"
    bl_description = "Write the armature and its motion for other programs, with the T-pose as the rest pose"

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
        export_bvh(armature, bpy.path.abspath(self.filepath))


register, unregister = registration_of(PosenormExportFbx, PosenormExportBvh)
