"""The joints of one leg or arm, told by where its bones are: a chain from the trunk to the tip of toe or finger.

Both have two bones of nearly one length. Legs go down, and their ankle is near the floor; after an arm's comes a
hand, where the fingers part.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from posenorm_core.retargeting.tree import BoneTree

# An ankle's height above the lowest point of the leg, at most, as a share of the hip's.
_ANKLE = 0.22
# A bone that goes down at least so steeply (a cosine) may be a thigh; what goes sideways before it is the pelvis'.
_STEEP = 0.7
# Three joints that are less like an arm's or a leg's than this are none (see `_unlikeness`).
_UNLIKELY = 0.3
# Importers make a last bone as long as its parent. It is first taken for a foot, of this share of the shin's length.
_LAST = 0.25
# From this share of an arm's length on there may be a hand.
_PAST_ELBOW = 0.5


@dataclass(frozen=True)
class Limb:
    """The bones of a limb, by part without its side, and where it begins and ends."""

    bones: dict[str, int]
    begin: np.ndarray  # (3,), hip or shoulder
    bend: np.ndarray  # (3,), from the middle of hip and ankle, or shoulder and wrist, to knee or elbow
    end: np.ndarray  # (3,), ankle or wrist
    ahead: np.ndarray  # (3,), from there to the tip
    has_end_bone: bool  # whether a bone follows the toes


def leg(tree: BoneTree, root: int, up: np.ndarray) -> Limb | None:
    """The leg that begins with bone `root`; None where that is none."""
    path = tree.longest_path(root)
    points = tree.points(path)
    short = points.copy()
    if len(path) > 1:
        most = _LAST * float(np.linalg.norm(points[-2] - points[-3]))
        last = points[-1] - points[-2]
        short[-1] = points[-2] + last * min(1.0, most / max(float(np.linalg.norm(last)), 1e-12))
    return _leg_along(path, short, up) or _leg_along(path, points, up)


def _leg_along(path: list[int], points: np.ndarray, up: np.ndarray) -> Limb | None:
    """The leg of a chain of bones, whose heads and last tail are `points`."""
    steps = np.diff(points, axis=0)
    lengths = np.linalg.norm(steps, axis=1)
    down = [k for k in range(len(path)) if lengths[k] > 0 and -(steps[k] @ up) > _STEEP * lengths[k]]
    if not down:
        return None
    heights, first = points @ up, down[0]
    floor = heights[first:].min()
    hip_height = heights[first] - floor
    ankle = next((k for k in range(first + 1, len(points)) if heights[k] - floor < _ANKLE * hip_height), None)
    if ankle is None or ankle < first + 2:
        return None
    joints = min(
        ((hip, knee, ankle) for hip in down for knee in range(hip + 1, ankle)),
        key=lambda joints: _unlikeness(points, joints, lengths.sum()),
    )
    hip, knee, _ = joints
    if _unlikeness(points, joints, lengths.sum()) > _UNLIKELY:
        return None
    bones = {"thigh": path[hip], "shin": path[knee]}
    bones |= {part: path[k] for part, k in (("foot", ankle), ("toes", ankle + 1)) if k < len(path)}
    return _limb(bones, points, joints, len(path) > ankle + 2)


def arm(tree: BoneTree, root: int) -> Limb | None:
    """The arm that begins with bone `root`; None where that is none."""
    path = tree.longest_path(root)
    points = tree.points(path)
    total = np.linalg.norm(np.diff(points, axis=0), axis=1).sum()
    hand = _where_fingers_part(tree, path, points)
    joints = min(_two_bones(len(points), hand), key=lambda joints: _unlikeness(points, joints, total), default=None)
    if joints is None or _unlikeness(points, joints, total) > _UNLIKELY:
        return None
    shoulder, elbow, wrist = joints
    bones = {"upper_arm": path[shoulder], "forearm": path[elbow]}
    if wrist < len(path):
        bones["hand"] = path[wrist]
    if shoulder > 0:
        bones["clavicle"] = path[0]
    return _limb(bones, points, joints, False)


def _limb(bones: dict[str, int], points: np.ndarray, joints: tuple[int, int, int], has_end_bone: bool) -> Limb:
    """A limb of the joints' places in its chain."""
    begin, bend, end = points[list(joints)]
    return Limb(bones, begin, bend - (begin + end) / 2, end, points[-1] - end, has_end_bone)


def _two_bones(count: int, hand: int | None) -> Iterator[tuple[int, int, int]]:
    """The triples of joints that may be shoulder, elbow and wrist."""
    for wrist in range(2, count) if hand is None else [hand]:
        for elbow in range(1, wrist):
            for shoulder in range(elbow):
                yield shoulder, elbow, wrist


def _unlikeness(points: np.ndarray, joints: tuple[int, int, int], total: float) -> float:
    """How little three joints of a chain are a limb's: two bones of one length, and little left over."""
    shoulder, elbow, wrist = joints
    upper, lower = (np.linalg.norm(points[b] - points[a]) for a, b in ((shoulder, elbow), (elbow, wrist)))
    if not min(upper, lower) > 0.05 * total:
        return float("inf")
    return float(abs(np.log(upper / lower)) - (upper + lower) / total)


def _where_fingers_part(tree: BoneTree, path: list[int], points: np.ndarray) -> int | None:
    """The place in the chain of the bone that carries more than one finger."""
    lengths = np.linalg.norm(np.diff(points, axis=0), axis=1)
    for place in range(1, len(path) - 1):
        if lengths[:place].sum() < _PAST_ELBOW * lengths.sum():
            continue
        finger = tree.reach[path[place + 1]]
        others = [child for child in tree.children[path[place]] if child != path[place + 1]]
        if any(
            tree.reach[other] > 0.3 * finger and not _lies_along(tree.heads[other], points[place : place + 2])
            for other in others
        ):
            return place
    return None


def _lies_along(point: np.ndarray, bone: np.ndarray) -> bool:
    """Whether a point is on the way from a bone's head to the next joint, as those of twist bones are."""
    along = bone[1] - bone[0]
    length = float(np.linalg.norm(along))
    if length == 0:
        return False
    share = (point - bone[0]) @ along / length**2
    return bool(-0.05 < share < 0.9 and np.linalg.norm(point - bone[0] - share * along) < 0.05 * length)
