"""What the user chooses for a folder of clips, kept with the scene as `scene.posenorm_batch`."""

from typing import Any, cast

import bpy

from ..scene.export_presets import PRESETS


class PosenormBatchSettings(bpy.types.PropertyGroup):
    """The choices of the section Batch."""

    folder: bpy.props.StringProperty(  # type: ignore[valid-type]
        name="Clips",
        description="A folder of clips: keypoints or motions of any kind, and folders of JSON files",
        subtype="DIR_PATH",
    )
    result: bpy.props.EnumProperty(  # type: ignore[valid-type]
        name="Become",
        items=[
            ("ARMATURES", "Armatures", "Each clip an armature of its own, as Normalize makes them"),
            ("ACTIONS", "Actions", "Each clip an action of the character of the section Retarget"),
            ("FILES", "Files", "Each clip a file for another program, on the character where one is chosen"),
        ],
    )
    preset: bpy.props.EnumProperty(  # type: ignore[valid-type]
        name="For",
        description="The program that the files are for",
        items=[(preset.name, preset.label, preset.why) for preset in PRESETS.values()],
    )
    output: bpy.props.StringProperty(  # type: ignore[valid-type]
        name="Into", description="The folder that the files are written to", subtype="DIR_PATH"
    )


def batch_settings_of(context: bpy.types.Context) -> Any:
    """The batch's settings kept with the context's scene."""
    scene: Any = context.scene
    return scene.posenorm_batch


def register() -> None:
    """Adds `scene.posenorm_batch`."""
    bpy.utils.register_class(PosenormBatchSettings)
    scene, properties = cast(Any, bpy.types.Scene), cast(Any, bpy.props)
    scene.posenorm_batch = properties.PointerProperty(type=PosenormBatchSettings)


def unregister() -> None:
    """Removes it."""
    scene: Any = bpy.types.Scene
    del scene.posenorm_batch
    bpy.utils.unregister_class(PosenormBatchSettings)
