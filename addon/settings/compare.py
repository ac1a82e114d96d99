"""What the user chooses for comparing, and what came of it last, kept with the scene as `scene.posenorm_compare`."""

from typing import Any, cast

import bpy

from ..scene.keyed_motion import has_motion


def _has_motion(_settings: Any, candidate: bpy.types.Object) -> bool:
    return has_motion(candidate)


def _choice_changed(settings: "PosenormCompareSettings", _context: bpy.types.Context) -> None:
    """What was found does not hold for others."""
    settings.result = ""


class PosenormCompareSettings(bpy.types.PropertyGroup):
    """The choices of the section Compare."""

    armature_a: bpy.props.PointerProperty(  # type: ignore[valid-type]
        type=bpy.types.Object,
        name="A",
        description="The armature made by Normalize that sets the timing",
        poll=_has_motion,
        update=_choice_changed,
    )
    armature_b: bpy.props.PointerProperty(  # type: ignore[valid-type]
        type=bpy.types.Object,
        name="B",
        description="The armature made by Normalize that is retimed to A",
        poll=_has_motion,
        update=_choice_changed,
    )
    result: bpy.props.StringProperty(options={"HIDDEN"})  # type: ignore[valid-type]  # lines of text


def compare_settings_of(context: bpy.types.Context) -> Any:
    """The comparison's settings kept with the context's scene."""
    scene: Any = context.scene
    return scene.posenorm_compare


def register() -> None:
    """Adds `scene.posenorm_compare`."""
    bpy.utils.register_class(PosenormCompareSettings)
    scene, properties = cast(Any, bpy.types.Scene), cast(Any, bpy.props)
    scene.posenorm_compare = properties.PointerProperty(type=PosenormCompareSettings)


def unregister() -> None:
    """Removes it."""
    scene: Any = bpy.types.Scene
    del scene.posenorm_compare
    bpy.utils.unregister_class(PosenormCompareSettings)
