"""Rigs that are known by the names of their bones: one JSON file each, chosen by how well it fits a rig.

A preset is a bone mapping (`mapping.py`) with one field more: `prefix`, a regular expression of what may stand before
its names. Namespaces ("hero:Hips") and capitals do not matter.
"""

import json
import re
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np

from posenorm_core import quaternion
from posenorm_core.errors import InputError
from posenorm_core.retargeting.guess import guess_mapping
from posenorm_core.retargeting.mapping import BoneMapping, mapping_of
from posenorm_core.retargeting.parts import SIDES
from posenorm_core.retargeting.rest_alignment import body_axes, bone_end
from posenorm_core.retargeting.rig import Rig

_FOLDER = Path(__file__).with_name("presets")
# A limb is there as a whole, or it is another rig's.
_LIMBS = {"arm": ("upper_arm", "forearm"), "leg": ("thigh", "shin", "foot")}
# The mapped part that a part hangs on; the trunk's may hang on any part of the trunk below them.
_LIMB_ABOVE = {"forearm": "upper_arm", "hand": "forearm", "shin": "thigh", "foot": "shin", "toes": "foot"}
_TRUNK_BELOW: dict[str, tuple[str | None, ...]] = {
    "hips": (None,),
    "spine": (None, "hips", "spine"),
    "neck": (None, "hips", "spine", "neck"),
    "head": (None, "hips", "spine", "neck"),
    "thigh": (None, "hips"),
    "clavicle": (None, "hips", "spine"),
    "upper_arm": (None, "hips", "spine", "clavicle"),
}
# Of the bones that are named as a preset says, this share must hang on each other as a body's do.
_FITTING = 0.8


@dataclass(frozen=True)
class Preset:
    """The mapping of one kind of rig; its bones are named without the prefix."""

    mapping: BoneMapping
    prefix: str

    def on(self, rig: Rig) -> BoneMapping:
        """The mapping with the bones of `rig`, without those that it lacks."""
        known: dict[str, str] = {}
        for name in rig.bone_names:
            known.setdefault(self._plain(name), name)
        mapping = self.mapping
        bones = {
            part: tuple(known[name.casefold()] for name in names if name.casefold() in known)
            for part, names in mapping.bones.items()
        }
        parents = {
            known[name.casefold()]: known[above.casefold()]
            for name, above in mapping.parents.items()
            if {name.casefold(), above.casefold()} <= known.keys()
        }
        properties = {known[n.casefold()]: held for n, held in mapping.properties.items() if n.casefold() in known}
        return BoneMapping(mapping.name, bones, parents, properties)

    def _plain(self, name: str) -> str:
        """A bone's name without namespace, prefix and capitals."""
        bare = name.rsplit(":", 1)[-1]
        return re.sub(f"^(?:{self.prefix})", "", bare, flags=re.IGNORECASE).casefold()


@cache
def presets() -> tuple[Preset, ...]:
    """All presets, in the order of their files."""
    return tuple(_load(path) for path in sorted(_FOLDER.glob("*.json")))


def choose_mapping(rig: Rig) -> BoneMapping:
    """Which bones of `rig` are what: by the best preset, or by the rig's shape where none fits.

    Raises InputError where neither tells a body.
    """
    found = best_preset(rig)
    named = None if found is None else found[1]
    if found is not None and named is not None and named.missing_parts() == found[0].mapping.missing_parts():
        return named
    try:
        guessed = guess_mapping(rig)
    except InputError:
        if named is None:
            raise
        return named
    return guessed if named is None or len(guessed.missing_parts()) < len(named.missing_parts()) else named


def best_preset(rig: Rig) -> tuple[Preset, BoneMapping] | None:
    """The preset that fits `rig` best and its mapping on it, sides put right; None where no preset fits."""
    best, most = None, 0
    for preset in presets():
        mapping = preset.on(rig)
        points = _points(rig, preset, mapping)
        if points is not None and (best is None or points > most):
            best, most = (preset, mapping), points
    return None if best is None else (best[0], with_sides_of_the_feet(rig, best[1]))


def with_sides_of_the_feet(rig: Rig, mapping: BoneMapping) -> BoneMapping:
    """`mapping` with left and right exchanged where the rig's feet point backwards by its names."""
    try:
        ahead = quaternion.rotate(body_axes(rig, mapping), np.array([0.0, 0.0, 1.0]))
    except InputError:
        return mapping
    feet = [part for side in SIDES if (part := f"{side}_foot") in mapping.bones]
    along = [bone_end(rig, mapping, part) - rig.head(mapping.bones[part][0]) for part in feet]
    if not feet or any(way @ ahead > -0.3 * np.linalg.norm(way) for way in along):
        return mapping
    exchanged = {_other_side(part): names for part, names in mapping.bones.items()}
    return replace(mapping, name=f"{mapping.name}, left and right exchanged", bones=exchanged)


def _other_side(part: str) -> str:
    """The part of the body's other half."""
    for side, other in (SIDES, SIDES[::-1]):
        if part.startswith(f"{side}_"):
            return part.replace(side, other, 1)
    return part


def _load(path: Path) -> Preset:
    """One preset's file."""
    content = json.loads(path.read_text(encoding="utf-8"))
    return Preset(mapping_of(content), content.get("prefix", ""))


def _points(rig: Rig, preset: Preset, mapping: BoneMapping) -> int | None:
    """How many bones fit, less those that are missing or misplaced; None where it is another rig."""
    limbs = _limbs(mapping)
    wanted = sum(len(names) for names in preset.mapping.bones.values())
    found = sum(len(names) for names in mapping.bones.values())
    fitting = _fitting(rig, mapping)
    if not limbs or None in limbs.values() or fitting < _FITTING * found:
        return None
    return 2 * fitting - wanted


def _limbs(mapping: BoneMapping) -> dict[str, bool | None]:
    """The limbs that are there; None for one of which only some bones are."""
    found: dict[str, bool | None] = {}
    for side in SIDES:
        for limb, parts in _LIMBS.items():
            there = [f"{side}_{part}" in mapping.bones for part in parts]
            if any(there):
                found[f"{side}_{limb}"] = True if all(there) else None
    return found


def _fitting(rig: Rig, mapping: BoneMapping) -> int:
    """How many of the mapped bones hang on the mapped bone that they should hang on."""
    part_of = {name: part for part, names in mapping.bones.items() for name in names}
    return sum(_fits(part, rig.nearest_above(name, part_of), part_of, mapping) for name, part in part_of.items())


def _fits(part: str, above: str | None, part_of: dict[str, str], mapping: BoneMapping) -> bool:
    """Whether a part's bone may hang on the mapped bone `above`."""
    side, _, limb = part.partition("_")
    if side not in SIDES:
        return (part_of[above] if above else None) in _TRUNK_BELOW[part]
    if limb in _LIMB_ABOVE:
        return above is not None and part_of[above] == f"{side}_{_LIMB_ABOVE[limb]}"
    if above is None:
        return True
    on = part_of[above].removeprefix(f"{side}_")
    # Arms hang on the topmost bone of the spine: what is above it would be the neck.
    return on in _TRUNK_BELOW[limb] and (on != "spine" or above == mapping.bones["spine"][-1])
