"""Which bones of a rig are which parts of the body, and the JSON file that keeps it.

The file: `format` "posenorm-bones", `version` 1, `rig` (a name to know it by) and `bones`, an object of parts with
the name of a bone each; spine and neck hold a list of names from the hips up. Control rigs, whose controls hang on
each other by constraints, may need two more: `parents`, control -> the bone whose turn it takes part in, where the
rig's own tree does not say it; and `properties`, bone -> custom property -> the number it must have for the controls
to drive the rig, and for `parents` to be so.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from posenorm_core.errors import InputError
from posenorm_core.files import write_aside
from posenorm_core.retargeting.parts import CHAINS, PARTS, is_missed, title
from posenorm_core.retargeting.rig import Rig

FORMAT, VERSION = "posenorm-bones", 1


@dataclass(frozen=True)
class BoneMapping:
    """`bones[part]` are the names of the bones of a part: one, or for spine and neck any number from the hips up."""

    name: str
    bones: dict[str, tuple[str, ...]]
    parents: dict[str, str] = field(default_factory=dict)  # control -> the bone that it turns with
    properties: dict[str, dict[str, float]] = field(default_factory=dict)  # bone -> property -> its number

    def __post_init__(self) -> None:
        """Raises InputError where a part is unknown, has too many bones, or a bone is two parts."""
        unknown = [part for part in self.bones if part not in PARTS]
        if unknown:
            raise InputError(f"{self.name}: '{unknown[0]}' is no part of the body; the parts are {', '.join(PARTS)}")
        object.__setattr__(self, "bones", {part: tuple(self.bones[part]) for part in PARTS if self.bones.get(part)})
        for part, names in self.bones.items():
            if len(names) > 1 and part not in CHAINS:
                raise InputError(f"{self.name}: the {title(part)} has {len(names)} bones; it takes one")
        named = [name for names in self.bones.values() for name in names]
        double = next((name for name in named if named.count(name) > 1), None)
        if double is not None:
            raise InputError(f"{self.name}: the bone '{double}' stands for two parts of the body; give it to one")

    def bone(self, part: str) -> str | None:
        """The bone of a part, of a chain its lowest."""
        names = self.bones.get(part)
        return names[0] if names else None

    def on(self, rig: Rig) -> "BoneMapping":
        """The same without the bones that `rig` lacks."""
        kept = {part: tuple(name for name in names if name in rig.numbers) for part, names in self.bones.items()}
        parents = {name: above for name, above in self.parents.items() if {name, above} <= rig.numbers.keys()}
        properties = {name: values for name, values in self.properties.items() if name in rig.numbers}
        return BoneMapping(self.name, kept, parents, properties)

    def missing_parts(self) -> list[str]:
        """The parts without a bone that the motion would have turned."""
        return [part for part in PARTS if part not in self.bones and is_missed(part)]


def save_mapping(mapping: BoneMapping, path: str | Path) -> None:
    """Writes the mapping file aside and renames it; raises InputError where it cannot."""
    with write_aside(path) as aside:
        aside.write_text(json.dumps(mapping_content(mapping), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def mapping_content(mapping: BoneMapping) -> dict[str, Any]:
    """What a mapping file holds."""
    bones = {part: list(names) if part in CHAINS else names[0] for part, names in mapping.bones.items()}
    content: dict[str, Any] = {"format": FORMAT, "version": VERSION, "rig": mapping.name, "bones": bones}
    more = {"parents": mapping.parents, "properties": mapping.properties}
    return content | {name: values for name, values in more.items() if values}


def load_mapping(path: str | Path) -> BoneMapping:
    """Reads a mapping file; raises InputError naming the file and what is wrong with it."""
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError):
        raise InputError(f"{path}: is no JSON; a bone mapping is saved by PoseNorm's panel") from None
    try:
        return mapping_of(content)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def mapping_of(content: Any) -> BoneMapping:
    """The mapping that a file's `content` tells; raises InputError where it tells none."""
    if not isinstance(content, dict) or content.get("format") != FORMAT or not isinstance(content.get("bones"), dict):
        raise InputError(f'is no bone mapping, which is JSON with "format": "{FORMAT}" and "bones"')
    if content.get("version") != VERSION:
        raise InputError(f"bone mapping version {content.get('version')!r:.20}; this program reads version {VERSION}")
    return BoneMapping(
        str(content.get("rig", ""))[:80],
        {str(part): _names(found) for part, found in content["bones"].items()},
        _parents(content.get("parents", {})),
        _properties(content.get("properties", {})),
    )


def _parents(found: Any) -> dict[str, str]:
    """Control -> bone."""
    if not isinstance(found, dict) or not all(isinstance(above, str) for above in found.values()):
        raise InputError(f'"parents" must be an object of bones, not {found!r:.60}')
    return dict(found)


def _properties(found: Any) -> dict[str, dict[str, float]]:
    """Bone -> property -> number."""
    if not isinstance(found, dict) or not all(isinstance(values, dict) for values in found.values()):
        raise InputError(f'"properties" must be an object of bones with their properties, not {found!r:.60}')
    numbers = [number for values in found.values() for number in values.values()]
    if not all(isinstance(number, int | float) and abs(number) < 1e6 for number in numbers):
        raise InputError('"properties" must be numbers')
    return {name: {key: float(number) for key, number in values.items()} for name, values in found.items()}


def _names(found: Any) -> tuple[str, ...]:
    """One name or a list of them."""
    names = found if isinstance(found, list) else [found] if found else []
    if not all(isinstance(name, str) and name for name in names):
        raise InputError(f"a bone must be a name or a list of names, not {found!r:.60}")
    return tuple(names)
