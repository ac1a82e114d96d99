"""What the user chooses for retargeting, kept with the scene as `scene.posenorm_retarget`."""

from typing import Any, cast

import bpy

from posenorm_core.errors import InputError

from ..scene.bone_list import listed_mapping, mapping_for, remember, show_mapping
from ..scene.keyed_motion import has_motion
from ..status import status


def _bone_changed(_row: "PosenormBone", context: bpy.types.Context) -> None:
    """The character remembers what the user has put right; a chain that was filled gets another empty row."""
    settings = retarget_settings_of(context)
    if settings.is_filling:
        return
    try:
        mapping = listed_mapping(settings)
    except InputError as error:
        status.say(str(error), is_error=True)
        return
    if settings.character is not None:
        remember(settings.character, mapping)
    chosen = settings.chosen_row
    show_mapping(settings, mapping)
    settings.chosen_row = chosen


def _character_changed(settings: "PosenormRetargetSettings", _context: bpy.types.Context) -> None:
    """The list shows the bones of the character that was picked."""
    settings.bones.clear()
    settings.preset, settings.control_rig = "", ""
    if settings.character is None:
        return
    try:
        mapping = mapping_for(settings.character)
    except InputError as error:
        status.say(str(error), is_error=True)
        return
    show_mapping(settings, mapping)
    missing = [row.part for row in settings.bones if row.part == "hips" and not row.bone]
    status.say(f"{settings.character.name}: a {mapping.name} rig" + (", without hips" if missing else ""))


def _is_armature(_settings: Any, candidate: bpy.types.Object) -> bool:
    return candidate.type == "ARMATURE"


def _has_motion(_settings: Any, candidate: bpy.types.Object) -> bool:
    return has_motion(candidate)


class PosenormBone(bpy.types.PropertyGroup):
    """A row of the list: a part of the body, and the character's bone that is it."""

    part: bpy.props.StringProperty(name="Part")  # type: ignore[valid-type]
    bone: bpy.props.StringProperty(  # type: ignore[valid-type]
        name="Bone", description="The character's bone; empty: this part is left alone", update=_bone_changed
    )


class PosenormRetargetSettings(bpy.types.PropertyGroup):
    """The choices of the section Retarget."""

    motion: bpy.props.PointerProperty(  # type: ignore[valid-type]
        type=bpy.types.Object,
        name="Motion",
        description="The armature made by Normalize whose motion the character gets",
        poll=_has_motion,
    )
    character: bpy.props.PointerProperty(  # type: ignore[valid-type]
        type=bpy.types.Object,
        name="Character",
        description="The armature that gets the motion",
        poll=_is_armature,
        update=_character_changed,
    )
    bones: bpy.props.CollectionProperty(type=PosenormBone)  # type: ignore[valid-type]
    chosen_row: bpy.props.IntProperty(options={"HIDDEN"})  # type: ignore[valid-type]
    preset: bpy.props.StringProperty(options={"HIDDEN"})  # type: ignore[valid-type]
    # JSON of the mapping's `parents` and `properties`.
    control_rig: bpy.props.StringProperty(options={"HIDDEN"})  # type: ignore[valid-type]
    is_filling: bpy.props.BoolProperty(options={"HIDDEN", "SKIP_SAVE"})  # type: ignore[valid-type]
    root_motion: bpy.props.BoolProperty(  # type: ignore[valid-type]
        name="Travel",
        description="The hips go where the person went (orientation Heading); off: they stay over one place",
        default=True,
    )
    path_scale: bpy.props.FloatProperty(  # type: ignore[valid-type]
        name="Path Scale",
        description="Of the way over the ground; 1 is what the ratio of the legs' lengths gives",
        default=1.0,
        min=0.0,
        soft_max=3.0,
    )
    feet: bpy.props.EnumProperty(  # type: ignore[valid-type]
        name="Foot Lock",
        description="Keeps feet that stand where they are, and out of the floor",
        items=[
            ("off", "Off", "Feet are as the motion has them"),
            ("auto", "Auto", "While the motion says that a foot stands"),
            ("always", "Always", "One foot always stands: for walks and idling whose contacts were missed"),
        ],
        default="auto",
    )
    as_strip: bpy.props.BoolProperty(  # type: ignore[valid-type]
        name="As NLA Strip", description="A strip above the character's animation instead of a new action for it"
    )


def retarget_settings_of(context: bpy.types.Context) -> Any:
    """The retargeting's settings kept with the context's scene."""
    scene: Any = context.scene
    return scene.posenorm_retarget


def still_there(chosen: bpy.types.Object | None) -> bpy.types.Object | None:
    """What was chosen, or None once it is deleted: the choice alone keeps it in the file."""
    return chosen if chosen is not None and chosen.users_scene else None


def register() -> None:
    """Adds `scene.posenorm_retarget`."""
    bpy.utils.register_class(PosenormBone)
    bpy.utils.register_class(PosenormRetargetSettings)
    scene, properties = cast(Any, bpy.types.Scene), cast(Any, bpy.props)
    scene.posenorm_retarget = properties.PointerProperty(type=PosenormRetargetSettings)


def unregister() -> None:
    """Removes it."""
    scene: Any = bpy.types.Scene
    del scene.posenorm_retarget
    bpy.utils.unregister_class(PosenormRetargetSettings)
    bpy.utils.unregister_class(PosenormBone)
