"""A character's rig in its rest pose, as any program holds it: in the armature's own axes and units."""

from collections.abc import Container
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from posenorm_core.errors import InputError


@dataclass(frozen=True)
class Rig:
    """B bones, each after its parent."""

    name: str
    bone_names: tuple[str, ...]
    parents: tuple[int, ...]  # -1 where there is none; a rig may have several roots
    heads: np.ndarray  # (B, 3)
    tails: np.ndarray  # (B, 3)
    rotations: np.ndarray  # (B, 4), how each bone's own axes are turned against the armature's
    turns_with_parent: tuple[bool, ...]  # False: the bone keeps its own rotation when its parent turns
    moves: tuple[bool, ...]  # False: its head is fixed to its parent's tail, and a location is not obeyed

    def __post_init__(self) -> None:
        """Raises InputError where a bone stands before its parent or is not finite."""
        if any(parent >= number for number, parent in enumerate(self.parents)):
            raise InputError(f"{self.name}: a bone stands before its parent")
        if not all(np.isfinite(values).all() for values in (self.heads, self.tails, self.rotations)):
            raise InputError(f"{self.name}: a bone's place is not a finite number; mend the rest pose in edit mode")

    @cached_property
    def numbers(self) -> dict[str, int]:
        """Each bone's number by its name."""
        return {name: number for number, name in enumerate(self.bone_names)}

    def head(self, bone: str) -> np.ndarray:
        """Where the bone begins (3)."""
        return np.asarray(self.heads[self.numbers[bone]])

    def tail(self, bone: str) -> np.ndarray:
        """Where the bone ends (3)."""
        return np.asarray(self.tails[self.numbers[bone]])

    def rotation(self, bone: str) -> np.ndarray:
        """The bone's rest rotation (4)."""
        return np.asarray(self.rotations[self.numbers[bone]])

    def parent(self, bone: str) -> str | None:
        """The name of the bone that it hangs on."""
        number = self.parents[self.numbers[bone]]
        return None if number < 0 else self.bone_names[number]

    def children(self, bone: str) -> tuple[str, ...]:
        """The names of the bones that hang on it."""
        number = self.numbers[bone]
        return tuple(name for name, parent in zip(self.bone_names, self.parents, strict=True) if parent == number)

    def ancestors(self, bone: str) -> list[str]:
        """The bones that it hangs on, the nearest first."""
        found = []
        above = self.parent(bone)
        while above is not None:
            found.append(above)
            above = self.parent(above)
        return found

    def nearest_above(self, bone: str, among: Container[str]) -> str | None:
        """The nearest ancestor that is one of `among`."""
        return next((name for name in self.ancestors(bone) if name in among), None)
