"""What the user chooses for finding similar poses, and what was found, kept with the scene as `scene.posenorm_similar`.

The places name their armatures and actions and do not point to them: what is deleted would stay in the file.
"""

from dataclasses import fields
from typing import Any, cast

import bpy

from posenorm_core.errors import InputError

from ..scene.go_to_place import go_to_place
from ..similar import Place
from ..status import status

NONE = -1


def _place_chosen(settings: "PosenormSimilarSettings", context: bpy.types.Context) -> None:
    """Goes to the place whose row was clicked; a clip of the index must be normalized first."""
    place = chosen_place(settings)
    if place is None:
        return
    if not place.armature:
        status.say(f"{place.name}, person {place.person}: is in the index; Normalize Clip brings it")
        return
    try:
        status.say(go_to_place(context, place.armature, place.action, place.frame))
    except InputError as error:
        status.say(str(error), is_error=True)


class PosenormPlace(bpy.types.PropertyGroup):
    """A row of the list; `name` and the fields are those of `Place`."""

    seconds: bpy.props.FloatProperty()  # type: ignore[valid-type]
    distance: bpy.props.FloatProperty()  # type: ignore[valid-type]
    mirrored: bpy.props.BoolProperty()  # type: ignore[valid-type]
    armature: bpy.props.StringProperty()  # type: ignore[valid-type]
    action: bpy.props.StringProperty()  # type: ignore[valid-type]
    frame: bpy.props.IntProperty()  # type: ignore[valid-type]
    path: bpy.props.StringProperty()  # type: ignore[valid-type]
    person: bpy.props.IntProperty()  # type: ignore[valid-type]
    fps: bpy.props.FloatProperty()  # type: ignore[valid-type]
    told: bpy.props.StringProperty()  # type: ignore[valid-type]  # when the pointer rests on the row


class PosenormSimilarSettings(bpy.types.PropertyGroup):
    """The choices of the part Similar Poses."""

    count: bpy.props.IntProperty(  # type: ignore[valid-type]
        name="Places", description="How many to find at most", default=10, min=1, max=100
    )
    seconds: bpy.props.FloatProperty(  # type: ignore[valid-type]
        name="Length",
        description="Seconds of motion to look for, from the present frame on; 0 for the pose alone",
        default=0.0,
        min=0.0,
        soft_max=5.0,
        step=10,
        subtype="TIME_ABSOLUTE",
    )
    mirrored: bpy.props.BoolProperty(  # type: ignore[valid-type]
        name="Mirrored", description="Also look for the mirror image, left for right"
    )
    index: bpy.props.StringProperty(  # type: ignore[valid-type]
        name="Index",
        description="A folder made by `python -m posenorm_core index`, to look through too; empty: only this file",
        subtype="DIR_PATH",
    )
    places: bpy.props.CollectionProperty(type=PosenormPlace)  # type: ignore[valid-type]
    chosen: bpy.props.IntProperty(  # type: ignore[valid-type]
        name="Place", description="Click a row to go there", default=NONE, min=NONE, update=_place_chosen
    )


def similar_settings_of(context: bpy.types.Context) -> Any:
    """The settings kept with the context's scene."""
    scene: Any = context.scene
    return scene.posenorm_similar


def chosen_place(settings: Any) -> Any | None:
    """The row that is chosen, or None."""
    return settings.places[settings.chosen] if 0 <= settings.chosen < len(settings.places) else None


def show_places(settings: Any, places: list[Place]) -> None:
    """Lists the places in place of those before, none chosen."""
    settings.places.clear()
    settings.chosen = NONE
    for place in places:
        row = settings.places.add()
        for field in fields(Place):
            setattr(row, field.name, getattr(place, field.name))
        row.told = _told(place)


def _told(place: Place) -> str:
    """All of a place in words."""
    distance = f"{1000 * place.distance:.0f} mm off{', mirrored' if place.mirrored else ''}"
    if not place.armature:
        return f"Person {place.person} of {place.path}, {distance}"
    return f"{place.armature}: frame {place.frame} of '{place.action}', {distance}"


def register() -> None:
    """Adds `scene.posenorm_similar`."""
    bpy.utils.register_class(PosenormPlace)
    bpy.utils.register_class(PosenormSimilarSettings)
    scene, properties = cast(Any, bpy.types.Scene), cast(Any, bpy.props)
    scene.posenorm_similar = properties.PointerProperty(type=PosenormSimilarSettings)


def unregister() -> None:
    """Removes it."""
    scene: Any = bpy.types.Scene
    del scene.posenorm_similar
    bpy.utils.unregister_class(PosenormSimilarSettings)
    bpy.utils.unregister_class(PosenormPlace)
