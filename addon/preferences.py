"""The extension's preferences: weights of one's own, and the Python that detects poses in videos."""

from pathlib import Path
from typing import Any

import bpy

from posenorm_core.errors import InputError

from . import __package__ as root_package
from .python_check import PythonCheck
from .registration import registration_of
from .status import status

# The last test of this run of Blender: which Python, and what came out.
_tested: tuple[str, PythonCheck] | None = None


class PosenormPreferences(bpy.types.AddonPreferences):
    """What is the same for every file."""

    bl_idname = str(root_package)

    weights: bpy.props.StringProperty(  # type: ignore[valid-type]
        name="Weights",
        description="Weights (.npz) made by `python -m training.export`; empty for the ones that come with PoseNorm",
        subtype="FILE_PATH",
    )
    python: bpy.props.StringProperty(  # type: ignore[valid-type]
        name="Python for Video",
        description=(
            "A Python 3.11 or 3.12 outside Blender, with NumPy, PyAV and MediaPipe, which finds the 2D pose in videos; "
            "Test tells what it lacks. PoseNorm installs nothing by itself"
        ),
        subtype="FILE_PATH",
    )

    def draw(self, context: bpy.types.Context) -> None:
        """Draws the rows."""
        self.layout.prop(self, "weights")
        self.layout.label(text="Python for Video")
        row = self.layout.row(align=True)
        row.prop(self, "python", text="")
        row.operator("posenorm.test_python", text="Test")
        if status.progress is not None:
            self.layout.label(text=status.text, icon="TIME")
        elif (check := test_of(self.python)) is not None:
            _draw_check(self.layout, check)


def _draw_check(layout: Any, check: PythonCheck) -> None:
    """What the test has found, and the command that mends it."""
    box = layout.box()
    column = box.column(align=True)
    for finding in check.findings:
        column.label(text=finding.words, icon="CHECKMARK" if finding.fits else "ERROR")
    if check.remedy:
        column.label(text="Run this in a terminal, then test again:", icon="BLANK1")
        row = box.row(align=True)
        row.label(text=check.remedy, icon="CONSOLE")
        row.operator("posenorm.copy_command", text="", icon="COPYDOWN").command = check.remedy


def weights_path(context: bpy.types.Context) -> Path | None:
    """The user's weights file, or None for the ones that come with PoseNorm."""
    preferences = _preferences(context)
    weights = preferences.weights if preferences else ""
    return Path(bpy.path.abspath(weights)) if weights else None


def has_python(context: bpy.types.Context) -> bool:
    """Whether a Python for videos is chosen, and its last test, if there was one, found nothing wrong."""
    preferences = _preferences(context)
    if not preferences or not preferences.python:
        return False
    check = test_of(preferences.python)
    return check is None or not check.fault


def python_path(context: bpy.types.Context) -> Path:
    """The Python that detects poses in videos; raises InputError where none is chosen."""
    preferences = _preferences(context)
    if not preferences or not preferences.python:
        raise InputError("No Python for Video is chosen: choose one in PoseNorm's preferences, and press Test there")
    return Path(bpy.path.abspath(preferences.python))


def remember_test(python: str, check: PythonCheck) -> None:
    """Keeps what a test of `python`, as the preference names it, has found."""
    global _tested
    _tested = python, check


def test_of(python: str) -> PythonCheck | None:
    """What the last test has found, if it was of `python`."""
    return _tested[1] if _tested and _tested[0] == python else None


def own_folder(name: str) -> Path:
    """The extension's own folder `name` among the user's files, made if need be."""
    try:
        return Path(bpy.utils.extension_path_user(str(root_package), path=name, create=True))
    except ValueError:  # run from a clone it is no extension
        return Path(bpy.utils.user_resource("DATAFILES", path=f"posenorm/{name}", create=True))


def _preferences(context: bpy.types.Context) -> Any:
    # Run from a clone, the add-on is registered but not among the enabled ones and has no preferences.
    addon: Any = context.preferences.addons.get(str(root_package))
    return addon.preferences if addon else None


register, unregister = registration_of(PosenormPreferences)
