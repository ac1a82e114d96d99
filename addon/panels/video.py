"""The section Video: a video, the 2D pose found in it, and both behind the armature."""

from typing import Any

import bpy

from .. import __package__ as root_package
from ..preferences import has_python
from ..properties import settings_of
from ..settings.video import video_settings_of
from .job_button import draw_job_button


def draw_video(layout: Any, context: bpy.types.Context) -> None:
    """Draws the section into `layout`."""
    settings = video_settings_of(context)
    row = layout.row(align=True)
    row.use_property_split = False
    row.prop(settings, "video", text="", icon="FILE_MOVIE", placeholder="Video file")
    row.operator("posenorm.choose_video", text="", icon="FILEBROWSER")
    if not has_python(context):
        text = "Choose a Python for Video"
        layout.operator("preferences.addon_show", text=text, icon="PREFERENCES").module = str(root_package)
    layout.prop(settings, "person")
    again = bool(settings.detected) and settings.detected == settings_of(context).source
    text = "Detect Again" if again else "Detect"
    button = draw_job_button(layout, "posenorm.detect", text=text, icon="VIEWZOOM")
    if button is not None:
        button.again = again
    layout.operator("posenorm.show_video", icon="CAMERA_DATA")
    layout.prop(settings, "show_pose")
