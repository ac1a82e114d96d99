"""The panel's section Source: a video or keypoints, and what is in them."""

from typing import Any

import bpy

from posenorm_core.clip import Clip

from .. import source
from ..properties import settings_of
from .video import draw_video


def draw_source(layout: Any, context: bpy.types.Context) -> None:
    """Draws the section: the path, and once it is read what is there."""
    settings = settings_of(context)
    if not settings.source:
        layout.operator("posenorm.quick_start", icon="PLAY")
    _, body = _folded(layout, "posenorm_video", "From a Video")
    if body is not None:
        draw_video(body, context)
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
    column.label(text=f"{len(clip)} frames, {people}" if isinstance(clip, Clip) else people, icon="BLANK1")
    if clip.fps is None:
        layout.prop(settings, "fps")
    else:
        column.label(text=f"{clip.fps:g} frames/s", icon="BLANK1")
    if len(clip.people) > 1:
        layout.prop(settings, "person")


def _folded(layout: Any, name: str, title: str) -> tuple[Any, Any]:
    """A part of the section that is folded away until it is asked for."""
    header, body = layout.panel(name, default_closed=True)
    header.label(text=title)
    return header, body
