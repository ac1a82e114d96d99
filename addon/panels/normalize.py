"""The panel's section Normalize: what the armature will be like, the button, and how the finished one stands."""

from typing import Any

import bpy

from ..properties import ORIENTATION_ITEMS, settings_of
from ..scene.keyed_motion import has_motion, orientation_of
from ..settings.retarget import retarget_settings_of
from .job_button import draw_job_button


def draw_normalize(layout: Any, context: bpy.types.Context) -> None:
    """Draws the section."""
    settings = settings_of(context)
    column = layout.column()
    column.prop(settings, "orientation")
    column.prop(settings, "body")
    if settings.body == "FILE":
        column.prop(settings, "skeleton_path")
    if settings.body == "CHARACTER":
        column.prop(retarget_settings_of(context), "character")
    column.prop(settings, "start_frame")
    draw_job_button(layout, "posenorm.normalize", icon="ARMATURE_DATA")
    if has_motion(context.object):
        _draw_finished(layout.box(), context.object)


def _draw_finished(box: Any, armature: Any) -> None:
    """The active armature's name and its orientation."""
    box.label(text=armature.name, icon="OUTLINER_OB_ARMATURE")
    row = box.row(align=True)
    for name, label, *_ in ORIENTATION_ITEMS:
        chosen = orientation_of(armature) == name
        row.operator("posenorm.set_orientation", text=label, depress=chosen).orientation = name
