"""A rig's bones as places and chains, and the plane that its left half mirrors its right one in.

Nothing is read from names here but which bones are to be passed over.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from posenorm_core.retargeting.rig import Rig

# How far a bone may be from its mirror image, as a share of the rig's size.
_SAME_PLACE = 0.05


@dataclass(frozen=True)
class BoneTree:
    """K bones of a rig, each after its parent."""

    names: tuple[str, ...]
    heads: np.ndarray  # (K, 3)
    tails: np.ndarray  # (K, 3)
    parents: tuple[int, ...]

    @cached_property
    def size(self) -> float:
        """The rig's largest extent."""
        return float(np.ptp(np.concatenate([self.heads, self.tails]), axis=0).max())

    @cached_property
    def children(self) -> tuple[tuple[int, ...], ...]:
        """The bones that hang on each."""
        found: list[list[int]] = [[] for _ in self.names]
        for bone, parent in enumerate(self.parents):
            if parent >= 0:
                found[parent].append(bone)
        return tuple(tuple(below) for below in found)

    @cached_property
    def reach(self) -> np.ndarray:
        """(K,) the length of the longest chain below each bone's head, the last bone included."""
        found: np.ndarray = np.linalg.norm(self.tails - self.heads, axis=1)
        for bone in reversed(range(len(self.names))):
            below = self.children[bone]
            if below:
                found[bone] = max(
                    np.linalg.norm(self.heads[child] - self.heads[bone]) + found[child] for child in below
                )
        return found

    @cached_property
    def centers(self) -> np.ndarray:
        """(K, 3) the mean place of all tails below each bone, its own included."""
        sums, counts = self.tails.copy(), np.ones(len(self.names))
        for bone in reversed(range(len(self.names))):
            if self.parents[bone] >= 0:
                sums[self.parents[bone]] += sums[bone]
                counts[self.parents[bone]] += counts[bone]
        return np.asarray(sums / counts[:, None])

    def longest_path(self, root: int) -> list[int]:
        """The bones of the longest chain from `root` on."""
        path = [root]
        while self.children[path[-1]]:
            here = self.heads[path[-1]]
            path.append(
                max(self.children[path[-1]], key=lambda b: np.linalg.norm(self.heads[b] - here) + self.reach[b])
            )
        return path

    def points(self, path: list[int]) -> np.ndarray:
        """Where the bones of a chain begin and the last one ends (n + 1, 3)."""
        return np.concatenate([self.heads[path], self.tails[path[-1:]]])

    def upwards(self, bone: int) -> list[int]:
        """The bone, its parent, and so on."""
        found = [bone] if bone >= 0 else []
        while found and self.parents[found[-1]] >= 0:
            found.append(self.parents[found[-1]])
        return found


@dataclass(frozen=True)
class Mirror:
    """The plane `normal · x = offset`, and for each bone its image: itself, another, or none (-1)."""

    normal: np.ndarray  # (3,)
    offset: float
    image: tuple[int, ...]


def bone_tree(rig: Rig, kept: Callable[[str], bool]) -> BoneTree:
    """The bones of `rig` whose names are `kept`; what hangs on another hangs on the next one above."""
    numbers = [number for number, name in enumerate(rig.bone_names) if kept(name)]
    place = {number: k for k, number in enumerate(numbers)}
    parents = []
    for number in numbers:
        above = rig.parents[number]
        while above >= 0 and above not in place:
            above = rig.parents[above]
        parents.append(place.get(above, -1))
    names = tuple(rig.bone_names[number] for number in numbers)
    return BoneTree(names, rig.heads[numbers], rig.tails[numbers], tuple(parents))


def mirror_plane(tree: BoneTree) -> Mirror | None:
    """The plane in which most of the rig is its own image; None where no two limbs are each other's."""
    found = None
    most = 0.0
    for first, second in _like_siblings(tree):
        across = tree.centers[second] - tree.centers[first]
        length = float(np.linalg.norm(across))
        if length <= _SAME_PLACE * tree.size:
            continue
        normal = across / length
        offset = float(normal @ (tree.centers[first] + tree.centers[second]) / 2)
        image = _images(tree, normal, offset)
        mirrored = [bone for bone, other in enumerate(image) if other not in (-1, bone)]
        total = float(sum(np.linalg.norm(tree.tails[b] - tree.heads[b]) for b in mirrored))
        if total > most:
            found, most = Mirror(normal, offset, image), total
    return found


def _like_siblings(tree: BoneTree) -> list[tuple[int, int]]:
    """Pairs of bones of one parent that carry chains of one length, long enough for a limb; the longest first."""
    long = [bone for bone in range(len(tree.names)) if tree.reach[bone] > 0.15 * tree.size]
    pairs = [
        (a, b)
        for place, a in enumerate(long)
        for b in long[place + 1 :]
        if tree.parents[a] == tree.parents[b] and abs(tree.reach[a] - tree.reach[b]) < 0.05 * tree.reach[a]
    ]
    return sorted(pairs, key=lambda pair: -tree.reach[pair[0]])[:24]


def _images(tree: BoneTree, normal: np.ndarray, offset: float) -> tuple[int, ...]:
    """For each bone the one nearest to its mirror image, of which what hangs on it is at the image's place too."""

    def reflected(points: np.ndarray) -> np.ndarray:
        return np.asarray(points - 2 * (points @ normal - offset)[:, None] * normal)

    apart = sum(np.linalg.norm(reflected(points)[:, None] - points, axis=-1) for points in (tree.heads, tree.centers))
    nearest = np.argmin(apart, axis=1)
    there = np.take_along_axis(np.asarray(apart), nearest[:, None], axis=1)[:, 0] < 2 * _SAME_PLACE * tree.size
    return tuple(int(bone) if found else -1 for bone, found in zip(nearest, there, strict=True))
