"""PoseNorm in Blender: 2D keypoints of a person become a keyed armature on one fixed body, ready to export.

The extension's root, and in a clone the package `addon`. Blender is touched only once `register` is called, so
that the command line can say what is missing where Blender's module is not installed.
"""

from importlib import import_module

# Registered in this order, unregistered in the reverse.
_PARTS = (
    "preferences",
    "properties",
    "settings.video",
    "settings.retarget",
    "settings.compare",
    "settings.similar",
    "settings.batch",
    "operators.choose_source",
    "operators.load_source",
    "operators.quick_start",
    "operators.check_python",
    "operators.detect",
    "operators.show_video",
    "operators.normalize",
    "operators.set_orientation",
    "operators.clean",
    "operators.marks",
    "operators.retarget",
    "operators.compare",
    "operators.similar",
    "operators.mannequin",
    "operators.export",
    "operators.batch",
    "operators.job_operator",
    "panels.retarget",
    "panels.similar",
    "panel",
)


def register() -> None:
    """Adds PoseNorm's classes, properties and handlers to Blender."""
    for part in _PARTS:
        import_module(f".{part}", __package__).register()


def unregister() -> None:
    """Takes all of them away again, a running job first."""
    for part in reversed(_PARTS):
        import_module(f".{part}", __package__).unregister()
