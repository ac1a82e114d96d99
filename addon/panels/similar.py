"""The part Similar Poses of the section Compare: what to look for, and the places found; a click goes there."""

from typing import Any

import bpy

from ..registration import registration_of
from ..settings.similar import chosen_place, similar_settings_of
from .job_button import draw_job_button

_ROWS = 6
# What of a row's width each column takes, of what the columns before it have left; the last is an icon's.
_WIDTHS = (0.34, 0.33, 0.46, 0.62)


class PosenormPlacesList(bpy.types.UIList):
    """Rows of a motion's name, the time in it, the scene's frame, the distance, and whether it is a mirror image."""

    bl_idname = "POSENORM_UL_places"

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
        frame = f"{item.frame}" if item.armature else ""
        texts = item.name, f"{item.seconds:.2f} s", frame, f"{1000 * item.distance:.0f}"
        _draw_row(layout, texts, _icon(item), "MOD_MIRROR" if item.mirrored else "BLANK1")


def draw_similar(layout: Any, context: bpy.types.Context) -> None:
    """Draws the part."""
    header, body = layout.panel("posenorm_similar")
    header.label(text="Similar Poses")
    if body is None:
        return
    settings = similar_settings_of(context)
    column = body.column()
    column.prop(settings, "seconds")
    column.prop(settings, "count")
    column.prop(settings, "mirrored")
    column.prop(settings, "index")
    draw_job_button(body, "posenorm.find_similar", icon="VIEWZOOM")
    if settings.places:
        _draw_places(body, settings)


def _draw_places(layout: Any, settings: Any) -> None:
    """The list, and the button for a place that is not in the file yet."""
    column = layout.column(align=True)
    _draw_row(column, ("Motion", "Time", "Frame", "mm"), "BLANK1", "BLANK1")
    column.template_list(
        PosenormPlacesList.bl_idname,
        "",
        settings,
        "places",
        settings,
        "chosen",
        item_dyntip_propname="told",
        rows=_ROWS,
        maxrows=_ROWS,
    )
    place = chosen_place(settings)
    if place is not None and not place.armature:
        draw_job_button(layout, "posenorm.normalize_similar", icon="ARMATURE_DATA")


def _icon(place: Any) -> str:
    """For an armature as it moves now, for another action of it, or for a clip of the index."""
    if not place.armature:
        return "FILE"
    armature: Any = bpy.data.objects.get(place.armature)
    action = armature.animation_data.action if armature is not None and armature.animation_data else None
    return "ACTION" if action is not None and action.name != place.action else "ARMATURE_DATA"


def _draw_row(layout: Any, texts: tuple[str, ...], first_icon: str, last_icon: str) -> None:
    """Columns of `texts`, an icon before the first and one after the last."""
    row = layout
    for width, text, icon in zip(_WIDTHS, texts, (first_icon, "NONE", "NONE", "NONE"), strict=True):
        row = row.split(factor=width)
        row.label(text=text, icon=icon)
    row.label(icon=last_icon)


register, unregister = registration_of(PosenormPlacesList)
