"""The buttons of the section Clean: smooth and thin out the keys, and go back to the raw ones."""

import math
from typing import Any

import bpy

from posenorm_core.cleaning import GENTLE

from ..registration import registration_of
from ..scene.cleaning import Cleaned, clean, is_cleaned, restore_raw
from .telling import MotionOperator


class PosenormClean(MotionOperator, bpy.types.Operator):  # type: ignore[misc]
    """Smooth the motion and remove keys that it can do without; the raw keys are kept."""

    bl_idname = "posenorm.clean"
    bl_label = "Clean"
    bl_description = (
        "Smooth the active armature's motion and remove the keys it can do without. "
        "Always starts from the raw keys, which are kept: Raw brings them back"
    )
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012 - Blender's own spelling

    strength: bpy.props.FloatProperty(  # type: ignore[valid-type]
        name="Smoothing",
        description="How much of the tremble is taken out: 0 leaves the motion as it is, 1 looks 0.4 s to either side",
        default=GENTLE,
        min=0.0,
        max=1.0,
        subtype="FACTOR",
    )
    tolerance: bpy.props.FloatProperty(  # type: ignore[valid-type]
        name="Key Tolerance",
        description=(
            "By how much a bone may be turned off at any frame for want of a key (and the path by 1 mm a degree): "
            "0 keeps all keys"
        ),
        default=math.radians(1.0),
        min=0.0,
        max=math.radians(30.0),
        soft_max=math.radians(5.0),
        subtype="ANGLE",
    )

    def work(self, context: bpy.types.Context) -> str:
        """Cleans, and tells how many keys are left."""
        armature: Any = context.object
        return f"{armature.name}: {_told(clean(armature, self.strength, self.tolerance))}"


class PosenormRestoreRaw(MotionOperator, bpy.types.Operator):  # type: ignore[misc]
    """Bring back the keys as they were before cleaning."""

    bl_idname = "posenorm.restore_raw"
    bl_label = "Raw"
    bl_description = "Bring back the active armature's keys as they were before cleaning, your edits of then included"
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012 - Blender's own spelling

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """The active armature must have been cleaned."""
        if not super().poll(context):
            return False
        if not is_cleaned(context.object):  # type: ignore[arg-type]
            cls.poll_message_set("Nothing was cleaned: these are the raw keys")  # type: ignore[attr-defined]
            return False
        return True

    def work(self, context: bpy.types.Context) -> str:
        """Puts the raw action back."""
        armature: Any = context.object
        return f"{armature.name}: the raw keys{_saved(restore_raw(armature))}"


def _told(cleaned: Cleaned) -> str:
    """What became of the keys, as "kept 412 of 5,000 keys, at most 0.8° off"."""
    off = f", at most {math.degrees(cleaned.error):.1f}° off" if cleaned.kept < cleaned.total else ""
    return f"kept {cleaned.kept:,} of {cleaned.total:,} keys{off}{_saved(cleaned.before)}"


def _saved(action: str | None) -> str:
    """Where the edits of cleaned keys are, if there were any."""
    return f"; the keys edited before stay as the action '{action}'" if action else ""


register, unregister = registration_of(PosenormClean, PosenormRestoreRaw)
