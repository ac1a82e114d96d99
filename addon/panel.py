"""The panel Normalize Video Pose, in the sidebar's tab PoseNorm: from top to bottom what one does."""

from typing import Any

import bpy

from . import source
from .properties import settings_of
from .registration import registration_of
from .scene.keyed_motion import has_motion, orientation_of
from .status import status

_CHARACTER_WIDTH = 7.5  # pixels, on the average, at a resolution scale of 1
_MARGIN = 60  # pixels that the icon and the frame around a line take


class PosenormNormalizePanel(bpy.types.Panel):
    """Source, choices, the button, and what can be done with the result."""

    bl_idname = "VIEW3D_PT_posenorm_normalize"
    bl_label = "Normalize Video Pose"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "PoseNorm"

    def draw(self, context: bpy.types.Context) -> None:
        """Draws the panel."""
        settings, layout = settings_of(context), self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        _draw_source(layout, settings)
        _draw_choices(layout, settings)
        _draw_button(layout, _characters_across(context))
        _draw_result(layout, context)


def _draw_source(layout: Any, settings: Any) -> None:
    """The path, and once it is read what is there."""
    row = layout.row(align=True)
    row.use_property_split = False
    row.prop(settings, "source", text="", icon="OUTLINER_DATA_ARMATURE", placeholder="Keypoints file or folder")
    row.operator("posenorm.choose_file", text="", icon="FILE")
    row.operator("posenorm.choose_folder", text="", icon="FILE_FOLDER")
    row.operator("posenorm.load_source", text="", icon="FILE_REFRESH")
    clip = source.recall(settings.source)
    if clip is None:
        return
    people = "1 person" if len(clip.people) == 1 else f"{len(clip.people)} people"
    column = layout.column(align=True)
    column.label(text=clip.format_name, icon="INFO")
    column.label(text=f"{len(clip)} frames, {people}", icon="BLANK1")
    if clip.fps is None:
        layout.prop(settings, "fps")
    else:
        column.label(text=f"{clip.fps:g} frames/s", icon="BLANK1")
    if len(clip.people) > 1:
        layout.prop(settings, "person")


def _draw_choices(layout: Any, settings: Any) -> None:
    """What the armature will be like."""
    column = layout.column()
    column.prop(settings, "orientation")
    column.prop(settings, "body")
    if settings.body == "FILE":
        column.prop(settings, "skeleton_path")
    column.prop(settings, "start_frame")


def _draw_button(layout: Any, width: int) -> None:
    """The button and the last news, wrapped so that all of it can be read; while a job runs, its progress instead."""
    if status.progress is not None:
        layout.progress(factor=status.progress, text=status.text)
        return
    layout.operator("posenorm.normalize", icon="ARMATURE_DATA")
    column = layout.column(align=True)
    column.alert = status.is_error
    for number, line in enumerate(_wrapped(status.text, width)):
        column.label(text=line, icon="BLANK1" if number else "ERROR" if status.is_error else "CHECKMARK")


def _characters_across(context: bpy.types.Context) -> int:
    """How many characters about fit a line of the sidebar as wide as it is."""
    pixels = context.region.width / context.preferences.system.ui_scale
    return max(12, int((pixels - _MARGIN) / _CHARACTER_WIDTH))


def _wrapped(text: str, width: int) -> list[str]:
    """The text in lines of at most `width` characters; a path longer than a line is cut where it must be."""
    lines: list[str] = []
    for word in text.split():
        if lines and len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += " " + word
        else:
            lines += [word[start : start + width] for start in range(0, len(word), width)]
    return lines


def _draw_result(layout: Any, context: bpy.types.Context) -> None:
    """The finished armature's orientation, and the exports."""
    box = layout.box()
    armature = context.object
    if armature is not None and has_motion(armature):
        box.label(text=armature.name, icon="OUTLINER_OB_ARMATURE")
        row = box.row(align=True)
        for name in ("unified", "heading", "view"):
            chosen = orientation_of(armature) == name
            row.operator("posenorm.set_orientation", text=name.title(), depress=chosen).orientation = name
    row = box.row(align=True)
    row.operator("posenorm.export_fbx")
    row.operator("posenorm.export_bvh")


register, unregister = registration_of(PosenormNormalizePanel)
