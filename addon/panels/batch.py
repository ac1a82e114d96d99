"""The panel's section Batch: a folder of clips, and what becomes of them."""

from typing import Any

import bpy

from ..settings.batch import batch_settings_of
from ..settings.retarget import retarget_settings_of
from .job_button import draw_job_button


def draw_batch(layout: Any, context: bpy.types.Context) -> None:
    """Draws the section."""
    settings = batch_settings_of(context)
    column = layout.column()
    column.prop(settings, "folder")
    column.prop(settings, "result")
    if settings.result == "FILES":
        column.prop(settings, "preset")
        column.prop(settings, "output")
    if settings.result != "ARMATURES":
        column.prop(retarget_settings_of(context), "character", icon="OUTLINER_OB_ARMATURE")
    draw_job_button(layout, "posenorm.batch", icon="FILE_FOLDER")
