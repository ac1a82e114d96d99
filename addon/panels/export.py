"""The section Export: a body for those programs that want a mesh, and a button a program."""

from typing import Any

import bpy

from ..operators.export import is_animated
from ..scene.export_presets import PRESETS
from ..scene.stand_in import deformed_meshes


def draw_export(layout: Any, context: bpy.types.Context) -> None:
    """Draws the section into `layout`."""
    armature = context.object
    if armature is not None and is_animated(armature):
        layout.label(text=armature.name, icon="OUTLINER_OB_ARMATURE")
        if not deformed_meshes(context, armature):
            layout.label(text="No mesh: engines want one", icon="INFO")
            layout.operator("posenorm.add_mannequin", icon="OUTLINER_OB_MESH")
    column = layout.column(align=True)
    for preset in PRESETS.values():
        column.operator("posenorm.export", text=preset.label, icon="EXPORT").preset = preset.name
