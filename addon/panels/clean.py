"""The section Clean: smoothing and fewer keys, the raw ones back, and where the motion is not to be trusted."""

from typing import Any

import bpy

from ..operators.marks import WORST
from ..scene.confidence_marks import is_marked, uncertain_stretches
from ..scene.keyed_motion import has_motion

# As many stretches as are listed, the least sure ones.
_LISTED = 8


def draw_clean(layout: Any, context: bpy.types.Context) -> None:
    """Draws the section into `layout`."""
    row = layout.row(align=True)
    row.operator("posenorm.clean", icon="SMOOTHCURVE")
    row.operator("posenorm.restore_raw", icon="LOOP_BACK")
    layout.operator("posenorm.mark_uncertain", icon="KEYTYPE_EXTREME_VEC")
    armature = context.object
    if armature is not None and has_motion(armature) and is_marked(armature):
        _draw_stretches(layout, armature)


def _draw_stretches(layout: Any, armature: bpy.types.Object) -> None:
    """A button for each stretch, and one for the worst."""
    stretches = uncertain_stretches(armature)
    if not stretches:
        layout.label(text="No uncertain stretch", icon="CHECKMARK")
        return
    layout.operator("posenorm.go_to_uncertain", text="Go to the Worst", icon="ERROR").stretch = WORST
    column = layout.column(align=True)
    least_sure = sorted(range(len(stretches)), key=lambda number: stretches[number].confidence)[:_LISTED]
    for number in sorted(least_sure):
        stretch = stretches[number]
        text = f"{stretch.start}–{stretch.end}  {stretch.joint.replace('_', ' ')}  {stretch.confidence:.2f}"
        column.operator("posenorm.go_to_uncertain", text=text).stretch = number
    if len(stretches) > _LISTED:
        column.label(text=f"and {len(stretches) - _LISTED} surer ones", icon="BLANK1")
