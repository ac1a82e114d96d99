"""The extension's preferences: weights of one's own instead of the ones that come with it."""

from pathlib import Path
from typing import Any

import bpy

from . import __package__ as root_package
from .registration import registration_of


class PosenormPreferences(bpy.types.AddonPreferences):
    """What is the same for every file."""

    bl_idname = str(root_package)

    weights: bpy.props.StringProperty(  # type: ignore[valid-type]
        name="Weights",
        description="Weights (.npz) made by `python -m training.export`; empty for the ones that come with PoseNorm",
        subtype="FILE_PATH",
    )

    def draw(self, context: bpy.types.Context) -> None:
        """Draws the one row."""
        self.layout.prop(self, "weights")


def weights_path(context: bpy.types.Context) -> Path | None:
    """The user's weights file, or None for the ones that come with PoseNorm."""
    # Run from a clone, the add-on is registered but not among the enabled ones and has no preferences.
    addon: Any = context.preferences.addons.get(str(root_package))
    weights = addon.preferences.weights if addon and addon.preferences else ""
    return Path(bpy.path.abspath(weights)) if weights else None


register, unregister = registration_of(PosenormPreferences)
