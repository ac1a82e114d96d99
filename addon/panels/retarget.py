"""The panel's section Retarget: motion, character, its bones, and what the motion may do to it."""

from typing import Any

import bpy

from posenorm_core.retargeting.parts import TURNED_BY, title

from ..operators.retarget import source_of_motion
from ..registration import registration_of
from ..scene.bone_list import row_status
from ..settings.retarget import retarget_settings_of

_ICONS = {"found": "CHECKMARK", "unknown": "ERROR", "empty": "BLANK1"}
_ROWS = 8


class PosenormBonesList(bpy.types.UIList):
    """Rows of a part of the body, the joint of ours that turns it, the character's bone, and whether it is there."""

    bl_idname = "POSENORM_UL_bones"

    def draw_item(  # type: ignore[override]  # Blender counts the arguments
        self,
        context: Any,
        layout: Any,
        data: Any,
        item: Any,
        icon: Any,
        active_data: Any,
        active_property: Any,
    ) -> None:
        """Draws a row."""
        character = retarget_settings_of(context).character
        state = row_status(item, character)
        split = layout.split(factor=0.42)
        split.label(text=_row_title(data.bones, item), icon=_ICONS[state])
        row = split.row()
        row.alert = state == "unknown"
        if character is None:
            row.prop(item, "bone", text="")
        else:
            row.prop_search(item, "bone", character.data, "bones", text="", icon="BONE_DATA")


def _row_title(rows: Any, item: Any) -> str:
    """The part's name, numbered from the hips up where it has several bones."""
    alike = [row for row in rows if row.part == item.part]
    number = f" {alike.index(item) + 1}" if len(alike) > 1 else ""
    return f"{title(item.part).capitalize()}{number}"


def draw_retarget(layout: Any, context: bpy.types.Context) -> None:
    """Draws the section."""
    settings = retarget_settings_of(context)
    source = source_of_motion(context)
    column = layout.column()
    column.prop(settings, "motion", icon="ARMATURE_DATA")
    if settings.motion is None and source is not None:
        column.label(text=f"Taken: {source.name}", icon="BLANK1")
    column.prop(settings, "character", icon="OUTLINER_OB_ARMATURE")
    if settings.character is not None:
        _draw_bones(layout, settings)
    column = layout.column()
    column.prop(settings, "feet")
    column.prop(settings, "root_motion")
    row = column.row()
    row.active = settings.root_motion
    row.prop(settings, "path_scale")
    column.prop(settings, "as_strip")
    layout.operator("posenorm.retarget", icon="MOD_ARMATURE")


def _draw_bones(layout: Any, settings: Any) -> None:
    """The list, folded away until it is asked for where nothing in it needs a look."""
    header, body = layout.panel("posenorm_bones", default_closed=True)
    found = sum(row_status(row, settings.character) == "found" for row in settings.bones)
    unknown = sum(row_status(row, settings.character) == "unknown" for row in settings.bones)
    header.label(text=f"{settings.preset or 'No rig'}: {found} bones", icon="ERROR" if unknown or not found else "NONE")
    if body is None:
        return
    chosen = settings.bones[settings.chosen_row] if settings.chosen_row < len(settings.bones) else None
    row = body.row()
    row.template_list(
        PosenormBonesList.bl_idname, "", settings, "bones", settings, "chosen_row", rows=_ROWS, maxrows=_ROWS
    )
    if chosen is not None:
        joint = TURNED_BY.get(chosen.part)
        told = f"Turned by {title(joint)}" if joint else "Goes with the bone it hangs on"
        body.label(text=f"{title(chosen.part).capitalize()}: {told.lower()}", icon="INFO")
    row = body.row(align=True)
    row.operator("posenorm.find_bones", text="Find", icon="VIEWZOOM")
    row.operator("posenorm.load_bones", text="Load", icon="FILE_FOLDER")
    row.operator("posenorm.save_bones", text="Save", icon="FILE_TICK")


register, unregister = registration_of(PosenormBonesList)
