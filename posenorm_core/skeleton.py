"""Skeletons: joint names, parents and T-pose offsets in metres, and the JSON file that holds one.

Body frame: right-handed, +Y up, +Z the way the subject faces, +X the subject's left. A joint stands after
its parent; the root's parent is -1.
"""

import functools
import json
import operator
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from posenorm_core.errors import InputError
from posenorm_core.files import write_aside

# The largest rigs, faces and fingers included, have some 900; a chain of ten thousand would take minutes to pose.
MOST_JOINTS = 2000


@dataclass(frozen=True)
class Skeleton:
    """A tree of joints with its T-pose: `offsets` (J, 3) metres from each parent, the root's being unused."""

    joint_names: tuple[str, ...]
    parents: tuple[int, ...]
    offsets: np.ndarray

    def __post_init__(self) -> None:
        """Raises InputError where the three do not make one tree of finite bones."""
        offsets = np.array(self.offsets, dtype=np.float64)
        object.__setattr__(self, "joint_names", tuple(str(name) for name in self.joint_names))
        object.__setattr__(self, "parents", _whole_numbers(self.parents))
        count = len(self.joint_names)
        if offsets.shape != (count, 3) or len(self.parents) != count or count == 0:
            raise InputError(f"skeleton: {count} joint names need as many parents and (x, y, z) offsets")
        if count > MOST_JOINTS:
            raise InputError(f"skeleton: {count} joints; no more than {MOST_JOINTS} can be posed")
        if len(set(self.joint_names)) != count:
            raise InputError("skeleton: two joints have the same name")
        if self.parents[0] != -1 or any(not 0 <= p < j for j, p in enumerate(self.parents) if j):
            raise InputError("skeleton: the first joint must be the root (-1), every other stand after its parent")
        if not np.isfinite(offsets).all():
            raise InputError("skeleton: an offset is not a finite number")
        offsets.flags.writeable = False
        object.__setattr__(self, "offsets", offsets)

    def index(self, name: str) -> int:
        """The number of the joint called `name`."""
        return self.joint_names.index(name)

    @property
    def leaves(self) -> tuple[int, ...]:
        """The joints nothing hangs on."""
        return tuple(j for j in range(len(self.parents)) if j not in self.parents)

    @property
    def bone_lengths(self) -> np.ndarray:
        """(J,) metres from each joint to its parent; 0 for the root."""
        lengths = np.asarray(np.linalg.norm(self.offsets, axis=1))
        lengths[0] = 0.0
        return lengths


def _whole_numbers(parents: Iterable[Any]) -> tuple[int, ...]:
    """`parents` as integers; raises InputError where one is a fraction, a word or not finite."""
    parents = tuple(parents)
    try:
        if any(isinstance(parent, bool | np.bool_) for parent in parents):
            raise TypeError("a truth is no number")
        return tuple(operator.index(parent) for parent in parents)
    except TypeError:
        raise InputError("skeleton: parents must be whole numbers, the number of each joint's parent") from None


@functools.cache
def depth_levels(parents: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    """The joints by their distance from the root: ((root,), (its children), …)."""
    depth: list[int] = []
    for parent in parents:
        depth.append(0 if parent < 0 else depth[parent] + 1)
    return tuple(tuple(j for j, d in enumerate(depth) if d == level) for level in range(max(depth) + 1))


def save_skeleton(skeleton: Skeleton, path: str | Path) -> None:
    """Writes the skeleton file (JSON: joint_names, parents, offsets)."""
    content = {
        "joint_names": list(skeleton.joint_names),
        "parents": list(skeleton.parents),
        "offsets": skeleton.offsets.tolist(),
    }
    with write_aside(path) as aside:
        aside.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def load_skeleton(path: str | Path) -> Skeleton:
    """Reads a skeleton file; raises InputError naming the file and what is wrong with it."""
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        if isinstance(content["joint_names"], str):
            raise TypeError("joint_names is no list")
        return Skeleton(content["joint_names"], content["parents"], content["offsets"])
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        raise InputError(
            f"{path}: is no skeleton file, which is JSON with joint_names, parents and offsets ({error!r:.100})"
        ) from None
