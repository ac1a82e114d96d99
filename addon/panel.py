"""The panel Normalize Video Pose, in the sidebar's tab PoseNorm: the last news, and a section for each step.

The sections stand in the order of the work; each is drawn by the file of its name in `panels`.
"""

from collections.abc import Callable
from typing import Any

import bpy

from .panels.batch import draw_batch
from .panels.clean import draw_clean
from .panels.compare import draw_compare
from .panels.export import draw_export
from .panels.normalize import draw_normalize
from .panels.retarget import draw_retarget
from .panels.source import draw_source
from .registration import registration_of
from .status import status

_CHARACTER_WIDTH = 7.5  # pixels, on the average, at a resolution scale of 1
_MOST_LINES = 8  # of news, lest a long one push the sections away; Blender's own report shows all of it
_MARGIN = 60  # pixels that the icon and the frame around a line take

# Title, what draws it, and whether it is folded away at first.
_SECTIONS: tuple[tuple[str, Callable[[Any, bpy.types.Context], None], bool], ...] = (
    ("Source", draw_source, False),
    ("Normalize", draw_normalize, False),
    ("Clean", draw_clean, True),
    ("Retarget", draw_retarget, True),
    ("Compare", draw_compare, True),
    ("Export", draw_export, True),
    ("Batch", draw_batch, True),
)


class PosenormNormalizePanel(bpy.types.Panel):
    """The panel itself: what was done last, which stays to be read, or how far a job is."""

    bl_idname = "VIEW3D_PT_posenorm_normalize"
    bl_label = "Normalize Video Pose"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "PoseNorm"

    def draw(self, context: bpy.types.Context) -> None:
        """Draws the news; the sections follow."""
        layout: Any = self.layout
        if status.progress is not None:
            layout.progress(factor=status.progress, text=status.text)
            return
        column = layout.column(align=True)
        column.alert = status.is_error
        lines = _wrapped(status.text, _characters_across(context))
        shown = lines if len(lines) <= _MOST_LINES else [*lines[: _MOST_LINES - 1], "…"]
        for number, line in enumerate(shown):
            column.label(text=line, icon="BLANK1" if number else "ERROR" if status.is_error else "CHECKMARK")


def _section(title: str, draw: Callable[[Any, bpy.types.Context], None], closed: bool) -> type[bpy.types.Panel]:
    """The class of a section's panel."""

    def draw_section(self: Any, context: bpy.types.Context) -> None:
        self.layout.use_property_split = True
        self.layout.use_property_decorate = False
        draw(self.layout, context)

    fields = {
        "bl_idname": f"{PosenormNormalizePanel.bl_idname}_{title.lower()}",
        "bl_parent_id": PosenormNormalizePanel.bl_idname,
        "bl_label": title,
        "bl_space_type": PosenormNormalizePanel.bl_space_type,
        "bl_region_type": PosenormNormalizePanel.bl_region_type,
        "bl_category": PosenormNormalizePanel.bl_category,
        "bl_options": {"DEFAULT_CLOSED"} if closed else set(),
        "draw": draw_section,
    }
    return type(f"PosenormPanel{title}", (bpy.types.Panel,), fields)


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


register, unregister = registration_of(PosenormNormalizePanel, *(_section(*each) for each in _SECTIONS))
