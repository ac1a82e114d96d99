"""The panel's section Compare: two performances, lined up by a click, and how they differ; and similar poses."""

from typing import Any

import bpy

from ..settings.compare import compare_settings_of
from .similar import draw_similar


def draw_compare(layout: Any, context: bpy.types.Context) -> None:
    """Draws the section."""
    settings = compare_settings_of(context)
    column = layout.column()
    column.prop(settings, "armature_a", icon="ARMATURE_DATA")
    column.prop(settings, "armature_b", icon="ARMATURE_DATA")
    layout.operator("posenorm.compare", icon="MOD_TIME")
    column = layout.column(align=True)
    for line in settings.result.splitlines():
        title, _, items = line.partition(": ")
        column.label(text=title)
        for item in items.split(", ") if items else ():
            column.label(text=item, icon="DOT")
    draw_similar(layout, context)
