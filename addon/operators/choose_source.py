"""The two buttons beside the source's path: a file, or a folder of files."""

from typing import Any

import bpy

from ..properties import settings_of
from ..registration import registration_of


class _ChooseSource:
    """Opens the file browser, and takes what is picked for the source."""

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> Any:
        """Opens the file browser."""
        context.window_manager.fileselect_add(self)  # type: ignore[arg-type]
        return {"RUNNING_MODAL"}


class PosenormChooseFile(_ChooseSource, bpy.types.Operator):
    """Pick a keypoints file: PoseNorm's own, or a detector's."""

    bl_idname = "posenorm.choose_file"
    bl_label = "Choose Keypoints File"
    bl_description = "Pick a keypoints file: PoseNorm's own, or a detector's"

    filepath: bpy.props.StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})  # type: ignore[valid-type]
    filter_glob: bpy.props.StringProperty(default="*.npz;*.json;*.csv;*.zip", options={"HIDDEN"})  # type: ignore[valid-type]

    def execute(self, context: bpy.types.Context) -> Any:
        """Takes the file."""
        settings_of(context).source = self.filepath
        return {"FINISHED"}


class PosenormChooseFolder(_ChooseSource, bpy.types.Operator):
    """Pick a folder of keypoints, as OpenPose writes them: one JSON file a frame."""

    bl_idname = "posenorm.choose_folder"
    bl_label = "Choose Keypoints Folder"
    bl_description = "Pick a folder of keypoints, as OpenPose writes them: one JSON file a frame"

    directory: bpy.props.StringProperty(subtype="DIR_PATH", options={"SKIP_SAVE"})  # type: ignore[valid-type]
    filter_folder: bpy.props.BoolProperty(default=True, options={"HIDDEN"})  # type: ignore[valid-type]

    def execute(self, context: bpy.types.Context) -> Any:
        """Takes the folder."""
        settings_of(context).source = self.directory
        return {"FINISHED"}


register, unregister = registration_of(PosenormChooseFile, PosenormChooseFolder)
