"""The button Quick Start: a clip that comes with PoseNorm becomes the source, for a first try without files."""

from typing import Any

import bpy

from posenorm_core.builtin_motion.demo import demo_clips
from posenorm_core.errors import InputError
from posenorm_core.keypoints import save_keypoints

from ..preferences import own_folder
from ..properties import settings_of
from ..registration import registration_of
from ..status import status

_NAME = "jumping jacks.npz"


class PosenormQuickStart(bpy.types.Operator):
    """Take a clip that comes with PoseNorm for the source; then press Normalize."""

    bl_idname = "posenorm.quick_start"
    bl_label = "Quick Start"
    bl_description = "Take a clip that comes with PoseNorm for the source; then press Normalize"
    bl_options = {"UNDO"}  # noqa: RUF012 - Blender's own spelling

    def execute(self, context: bpy.types.Context) -> Any:
        """Writes the clip, once, and makes it the source."""
        path = own_folder("quick start") / _NAME
        try:
            if not path.exists():
                save_keypoints(demo_clips()[0], path)
        except InputError as error:
            status.say(str(error), is_error=True)
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        settings_of(context).source = str(path)
        return {"FINISHED"}


register, unregister = registration_of(PosenormQuickStart)
