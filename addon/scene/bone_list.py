"""The character's bones in the panel's list: one row a bone, kept with the scene and remembered by the character.

The list is what retargeting obeys; what a control rig needs besides, which no row shows, goes with it. What a user has
put right on a character is kept as JSON in a custom property of its object too, so that it comes back when that
character is chosen again, in this file or where it is appended.
"""

import json
from typing import Any

import bpy

from posenorm_core.errors import InputError
from posenorm_core.retargeting.mapping import BoneMapping, mapping_content, mapping_of
from posenorm_core.retargeting.parts import CHAINS, PARTS
from posenorm_core.retargeting.preset import choose_mapping

from .rig import rig_of

PROPERTY = "posenorm_bones"


def show_mapping(settings: Any, mapping: BoneMapping) -> None:
    """Fills the list: a row for each part, and for each bone of a chain, with an empty one to lengthen it."""
    settings.preset, settings.control_rig = mapping.name, json.dumps([mapping.parents, mapping.properties])
    settings.is_filling = True  # what changes now is not the user's doing
    settings.bones.clear()
    for part in PARTS:
        names = mapping.bones.get(part, ())
        for bone in (*names, "") if part in CHAINS or not names else names:
            row = settings.bones.add()
            row.part, row.bone = part, bone
    settings.is_filling = False


def listed_mapping(settings: Any) -> BoneMapping:
    """The mapping that the list shows. Raises InputError where a bone stands for two parts."""
    bones: dict[str, list[str]] = {}
    for row in settings.bones:
        if row.bone:
            bones.setdefault(row.part, []).append(row.bone)
    parents, properties = json.loads(settings.control_rig or "[{}, {}]")
    return BoneMapping(settings.preset, {part: tuple(names) for part, names in bones.items()}, parents, properties)


def remember(character: bpy.types.Object, mapping: BoneMapping) -> None:
    """Keeps the mapping with the character; a linked one cannot keep it, and the scene's list does alone."""
    linked: Any = character.library  # the stubs of 4.2 know no None here
    if linked is None:
        character[PROPERTY] = json.dumps(mapping_content(mapping))


def mapping_for(character: bpy.types.Object) -> BoneMapping:
    """What the character remembers, or else what its bones show. Raises InputError where they show nothing."""
    try:
        return mapping_of(json.loads(character[PROPERTY]))
    except (KeyError, TypeError, ValueError, InputError):  # never kept, or by something else
        return choose_mapping(rig_of(character))


def row_status(row: Any, character: bpy.types.Object | None) -> str:
    """Of a row of the list: "found", "unknown" where the character has no such bone, or "empty"."""
    if not row.bone:
        return "empty"
    return "found" if character is not None and row.bone in character.data.bones else "unknown"  # type: ignore[union-attr]
