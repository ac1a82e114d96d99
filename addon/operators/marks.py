"""Where the motion is not to be trusted: mark the keys there, and go there."""

from typing import Any

import bpy

from ..registration import registration_of
from ..scene.confidence_marks import mark_uncertain, uncertain_stretches, worst_stretch
from ..scene.keyed_motion import has_motion
from .telling import MotionOperator

WORST = -1


class PosenormMarkUncertain(MotionOperator, bpy.types.Operator):  # type: ignore[misc]
    """Mark the keys where the motion is uncertain, and list the stretches."""

    bl_idname = "posenorm.mark_uncertain"
    bl_label = "Mark Uncertain"
    bl_description = (
        "Mark the active armature's keys as Extreme (red) where detector or network were not sure of the bone, "
        "and list the stretches"
    )
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012 - Blender's own spelling

    def work(self, context: bpy.types.Context) -> str:
        """Marks, and tells how much there is."""
        armature: Any = context.object
        stretches = mark_uncertain(armature)
        count = {0: "no uncertain stretch", 1: "1 uncertain stretch"}.get(
            len(stretches), f"{len(stretches)} uncertain stretches"
        )
        return f"{armature.name}: {count}"


class PosenormGoToUncertain(bpy.types.Operator):
    """Go to where the motion is uncertain."""

    bl_idname = "posenorm.go_to_uncertain"
    bl_label = "Go to Uncertain"
    bl_options = {"INTERNAL"}  # noqa: RUF012 - Blender's own spelling

    stretch: bpy.props.IntProperty(  # type: ignore[valid-type]
        name="Stretch", description="Its place in the list; -1 for the worst one", default=WORST, min=WORST
    )

    @classmethod
    def description(cls, _context: bpy.types.Context, properties: Any) -> str:
        """What the button does."""
        if properties.stretch == WORST:
            return "Go to the frame of least confidence in the least sure stretch"
        return "Go to where this uncertain stretch begins"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """There must be such a stretch."""
        if not has_motion(context.object) or not uncertain_stretches(context.object):  # type: ignore[arg-type]
            cls.poll_message_set("No uncertain stretch is marked")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> Any:
        """Sets the scene's frame."""
        armature: Any = context.object
        scene: Any = context.scene
        stretches = uncertain_stretches(armature)
        if self.stretch == WORST:
            scene.frame_set(worst_stretch(stretches).worst)
        else:
            scene.frame_set(stretches[min(self.stretch, len(stretches) - 1)].start)
        return {"FINISHED"}


register, unregister = registration_of(PosenormMarkUncertain, PosenormGoToUncertain)
