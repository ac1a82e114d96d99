"""What the user chooses in the panel, kept with the scene as `scene.posenorm`."""

from typing import Any, cast

import bpy

from posenorm_core.clip import Person
from posenorm_core.motion import ORIENTATIONS

from . import source

_ORIENTATION_TEXTS = {
    "unified": ("Unified", "Always upright and facing the front: only the pose remains"),
    "heading": ("Heading", "Only the turn about the vertical is removed: bows, floor work and planted feet stay true"),
    "view": ("View", "As the camera saw it"),
}
ORIENTATION_ITEMS = [(name, *_ORIENTATION_TEXTS[name]) for name in ORIENTATIONS]
MOST_VISIBLE = "0"

# Blender keeps no reference to the texts of items made by a function: they must outlive the call.
_person_items: list[tuple[str, str, str, int]] = []


def _list_people(settings: "PosenormSettings", _context: bpy.types.Context | None) -> list[tuple[str, str, str, int]]:
    clip = source.recall(settings.source)
    chosen = settings.person_number
    _person_items[:] = [(MOST_VISIBLE, "Most visible", "The person seen in most of the frames", 0)]
    for number, person in enumerate(clip.people if clip else (), start=1):
        label, tip = f"Person {number}", "A recorded motion"
        if isinstance(person, Person):
            label, tip = f"{label} ({person.share:.0%} of frames)", f"Mean confidence {person.mean_confidence:.2f}"
        _person_items.append((str(number), label, tip, number))
    if chosen and clip is None:  # the source is not read yet, as in a file that was opened
        _person_items.append((str(chosen), f"Person {chosen}", "As chosen before", chosen))
    return _person_items


def _person_changed(settings: "PosenormSettings", _context: bpy.types.Context) -> None:
    """Keeps the choice where the list of people does not: beside Blender's data."""
    settings.person_number = int(settings.person)


def _source_changed(settings: "PosenormSettings", _context: bpy.types.Context) -> None:
    """Reads what was picked; a script (no window) reads when it wants to."""
    settings.person = MOST_VISIBLE
    operators: Any = bpy.ops
    known = source.recall(settings.source) is not None
    if settings.source and not known and not bpy.app.background and operators.posenorm.load_source.poll():
        operators.posenorm.load_source("INVOKE_DEFAULT")


class PosenormSettings(bpy.types.PropertyGroup):
    """The panel's choices."""

    source: bpy.props.StringProperty(  # type: ignore[valid-type]
        name="Source",
        description="2D keypoints of a video: an OpenPose folder, or a file of any format PoseNorm reads",
        update=_source_changed,
    )
    person: bpy.props.EnumProperty(  # type: ignore[valid-type]
        name="Person", description="Whom to normalize", items=_list_people, update=_person_changed
    )
    person_number: bpy.props.IntProperty(options={"HIDDEN"}, min=0)  # type: ignore[valid-type]
    fps: bpy.props.FloatProperty(  # type: ignore[valid-type]
        name="Frame Rate",
        description="Frames per second of the video, which this format does not tell",
        default=30.0,
        min=1.0,
        max=1000.0,
    )
    orientation: bpy.props.EnumProperty(  # type: ignore[valid-type]
        name="Orientation",
        description="How the body is turned; can be changed afterwards without computing again",
        items=ORIENTATION_ITEMS,
        default="unified",
    )
    body: bpy.props.EnumProperty(  # type: ignore[valid-type]
        name="Body",
        description="Whose bones the armature has",
        items=[
            ("CONDITION", "Condition skeleton", "PoseNorm's one fixed body"),
            ("CHARACTER", "Character", "The bone lengths of your own character, the one of the section Retarget"),
            ("FILE", "Skeleton file…", "The same joints with lengths of one's own"),
        ],
        default="CONDITION",
    )
    skeleton_path: bpy.props.StringProperty(  # type: ignore[valid-type]
        name="Skeleton",
        description="Skeleton file (JSON: joint_names, parents, offsets)",
        subtype="FILE_PATH",
    )
    start_frame: bpy.props.IntProperty(  # type: ignore[valid-type]
        name="Start Frame", description="The scene's frame of the clip's first frame", default=1, min=0
    )


def chosen_person(settings: Any) -> int | None:
    """The number of the person chosen, None for the most visible."""
    return settings.person_number or None


def settings_of(context: bpy.types.Context) -> Any:
    """The settings kept with the context's scene."""
    scene: Any = context.scene
    return scene.posenorm


def register() -> None:
    """Adds `scene.posenorm`."""
    bpy.utils.register_class(PosenormSettings)
    scene, properties = cast(Any, bpy.types.Scene), cast(Any, bpy.props)
    scene.posenorm = properties.PointerProperty(type=PosenormSettings)


def unregister() -> None:
    """Removes it, and lets the clip go."""
    scene: Any = bpy.types.Scene
    del scene.posenorm
    bpy.utils.unregister_class(PosenormSettings)
    source.forget()
