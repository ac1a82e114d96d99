"""Which bones of an unknown humanoid are what, told by its shape alone: for rigs that no preset knows.

Legs are two mirrored chains that go down, arms two mirrored chains above them, the head the chain between the arms
that goes up. In front is where the feet point. Names help in two ways: bones that only help others (IK targets,
twists, skirts, hair) are passed over, and left and right are read from them where feet do not tell.
"""

import re
from dataclasses import dataclass
from itertools import product

import numpy as np

from posenorm_core.errors import InputError
from posenorm_core.retargeting.limbs import Limb, arm, leg
from posenorm_core.retargeting.mapping import BoneMapping
from posenorm_core.retargeting.rig import Rig
from posenorm_core.retargeting.tree import BoneTree, Mirror, bone_tree, mirror_plane

_HELPERS = re.compile(
    r"(?:^|[^a-z])(?:ik|pole|target|mch|org|def|vis|wgt|tweak|twist|roll|skirt|hair|tail|cape|cloak|weapon|prop|wing|"
    r"breast|nub|end|leaf)(?:$|[^a-z])"
)
_LEFT, _RIGHT = (
    re.compile(rf"(?:^|[^a-z]){mark}(?:$|[^a-z])|{word}") for mark, word in (("l", "left"), ("r", "right"))
)
# A limb is at least so long, as a share of the rig's size.
_SHORTEST = 0.2
# A foot points ahead at least by this share of its length.
_AHEAD = 0.4

# An arm points ahead at rest by less than this share of its length.
_HELD_OUT = 0.8


@dataclass(frozen=True)
class _Body:
    """A way to read the rig: its limbs, each side's in the order of the roots they begin with."""

    up: np.ndarray
    legs: dict[int, Limb]
    arms: dict[int, Limb]
    score: float


def guess_mapping(rig: Rig) -> BoneMapping:
    """The bones of `rig` by its shape. Raises InputError where it shows no humanoid, or not which side is left."""
    tree = bone_tree(rig, lambda name: not _HELPERS.search(_spaced(name)))
    if _read(tree) is None:
        tree = bone_tree(rig, lambda name: True)
    read = _read(tree)
    if read is None:
        raise InputError(f"{rig.name}: looks like no humanoid (no two legs or arms); name its bones in the list")
    mirror, body = read
    left = _left(tree, mirror, body)
    if left is None:
        raise InputError(f"{rig.name}: does not show which side is left; name the bones of its legs or arms")
    found: dict[str, tuple[int, ...]] = _trunk(tree, mirror, body)
    for root, limb in (body.legs | body.arms).items():
        side = "left" if (tree.centers[root] @ mirror.normal - mirror.offset) * (left @ mirror.normal) > 0 else "right"
        found |= {f"{side}_{part}": (bone,) for part, bone in limb.bones.items()}
    return BoneMapping("guessed", {part: tuple(tree.names[bone] for bone in bones) for part, bones in found.items()})


def _read(tree: BoneTree) -> tuple[Mirror, _Body] | None:
    """The rig's mirror plane and the likeliest body in it."""
    mirror = mirror_plane(tree) if tree.names else None
    if mirror is None:
        return None
    pairs = _limb_roots(tree, mirror)
    bodies = [_body(tree, mirror, below, above) for below, above in product([(), *pairs], repeat=2) if below != above]
    best = max((body for body in bodies if body is not None), key=lambda body: body.score, default=None)
    return None if best is None else (mirror, best)


def _limb_roots(tree: BoneTree, mirror: Mirror) -> list[tuple[int, ...]]:
    """What limbs may begin with: mirrored bones of one parent, or one bone at the side that has no image."""
    long = [bone for bone in range(len(tree.names)) if tree.reach[bone] > _SHORTEST * tree.size]
    pairs = [
        (bone, image)
        for bone in long
        if (image := mirror.image[bone]) > bone and tree.parents[bone] == tree.parents[image]
    ]
    single = [
        (bone,)
        for bone in long
        if mirror.image[bone] < 0
        and abs(tree.centers[bone] @ mirror.normal - mirror.offset) > 0.05 * tree.size
        and (tree.parents[bone] < 0 or _is_central(tree, mirror, tree.parents[bone]))
        and not any(_is_central(tree, mirror, below) for below in tree.longest_path(bone)[1:])
    ]
    return [*sorted(pairs, key=lambda pair: -tree.reach[pair[0]])[:6], *single]


def _is_central(tree: BoneTree, mirror: Mirror, bone: int) -> bool:
    """Whether a bone begins in the mirror plane."""
    return bool(abs(tree.heads[bone] @ mirror.normal - mirror.offset) < 0.02 * tree.size)


def _body(tree: BoneTree, mirror: Mirror, below: tuple[int, ...], above: tuple[int, ...]) -> _Body | None:
    """The body whose legs begin with the bones `below` and its arms with those `above`; None where that is none."""
    up = _up(tree, mirror, below, above)
    if up is None:
        return None
    legs = {root: limb for root in below if (limb := leg(tree, root, up)) is not None}
    arms = {root: limb for root in above if (limb := arm(tree, root)) is not None and _is_at_rest(limb, mirror, up)}
    if len(legs) < len(below) or len(arms) < len(above):
        return None
    has_head = bool(above and _above(tree, mirror, tree.parents[above[0]], up))
    heights = tree.heads @ up
    reaches_floor = bool(below) and min(limb.end @ up for limb in legs.values()) - heights.min() < 0.2 * tree.size
    if not (above and below):
        # Above legs alone there is a trunk or nothing, above arms alone no more than a head.
        rise = (heights.max() - heights[list(below or above)].mean()) / tree.reach[(below or above)[0]]
        if not (has_head and rise < 0.5) and not (reaches_floor and (rise > 0.5 or rise < 0.05)):
            return None
    score = float(sum(tree.reach[root] for root in below + above)) / tree.size
    return _Body(up, legs, arms, score + 0.5 * has_head)


def _is_at_rest(arm: Limb, mirror: Mirror, up: np.ndarray) -> bool:
    """Whether an arm is spread or hangs: held out ahead it would be a forepaw."""
    along = arm.end - arm.begin
    return bool(abs(along @ np.cross(mirror.normal, up)) < _HELD_OUT * np.linalg.norm(along))


def _up(tree: BoneTree, mirror: Mirror, below: tuple[int, ...], above: tuple[int, ...]) -> np.ndarray | None:
    """Where up is (3), in the mirror plane: from the legs to the arms, or what one of them tells."""
    if below and above:
        way = tree.heads[list(above)].mean(axis=0) - tree.heads[list(below)].mean(axis=0)
    elif below:
        way = (tree.heads[list(below)] - tree.centers[list(below)]).mean(axis=0)
    elif above:
        trunk = tree.upwards(tree.parents[above[0]])
        way = tree.heads[list(above)].mean(axis=0) - tree.heads[trunk[-1]] if trunk else np.zeros(3)
    else:
        return None
    way = way - (way @ mirror.normal) * mirror.normal
    length = float(np.linalg.norm(way))
    return way / length if length > 0.05 * tree.size else None


def _trunk(tree: BoneTree, mirror: Mirror, body: _Body) -> dict[str, tuple[int, ...]]:
    """Hips, spine, neck and head."""
    chest = next((tree.parents[root] for root in body.arms), -1)
    seat = next((tree.parents[root] for root in body.legs), -1)
    hips, spine = _hips_and_spine(tree, body, seat, chest)
    path = _above(tree, mirror, chest if body.arms else hips, body.up)
    place = next((k for k, bone in enumerate(path) if _carries_a_face(tree, mirror, bone)), None)
    if place is None:
        # A rig that ends its feet with bones that turn nothing ends its head so.
        ended = any(limb.has_end_bone for limb in body.legs.values()) and len(path) > 1
        place = len(path) - 1 - ended
    elif place > 0 and np.linalg.norm(tree.heads[path[place]] - tree.heads[path[place - 1]]) < 0.01 * tree.size:
        place -= 1
    head, neck = path[place : place + 1], path[:place]
    if not body.arms:  # nothing shows where the spine ends
        spine, neck = neck[:-1], neck[-1:]
    found = {"hips": [hips] if hips >= 0 else [], "spine": spine, "neck": neck, "head": head}
    return {part: tuple(bones) for part, bones in found.items() if bones}


def _hips_and_spine(tree: BoneTree, body: _Body, seat: int, chest: int) -> tuple[int, list[int]]:
    """The bone that carries all (-1: none), and those from it up to the `chest`, which the arms hang on."""
    chain = tree.upwards(chest)[::-1]
    if not body.legs:
        # What stands on the floor below the hips is the rig's root.
        while len(chain) > 2:
            first, second, last = tree.heads[[chain[0], chain[1], chain[-1]]]
            if np.linalg.norm(second - first) < 0.6 * np.linalg.norm(last - first):
                break
            chain = chain[1:]
        return (chain[0], chain[1:]) if chain else (-1, [])
    if not body.arms:
        return seat, []
    common = [bone for bone in chain if bone in tree.upwards(seat)]
    spine = chain[len(common) :]
    if not common:
        return seat, spine
    height = np.mean([limb.begin @ body.up for limb in body.legs.values()])
    leg_length = np.mean([np.linalg.norm(limb.end - limb.begin) for limb in body.legs.values()])
    is_near = abs(tree.heads[common[-1]] @ body.up - height) < 0.35 * leg_length
    return (common[-1] if is_near else seat), spine


def _above(tree: BoneTree, mirror: Mirror, bone: int, up: np.ndarray) -> list[int]:
    """The chain in the mirror plane that goes up from `bone`."""
    path: list[int] = []
    here = bone
    while here >= 0:
        higher = [child for child in tree.children[here] if _goes_on_up(tree, mirror, child, up)]
        if not higher:
            break
        here = max(higher, key=lambda child: float(max(tree.heads[child] @ up, tree.centers[child] @ up)))
        path.append(here)
    return path


def _goes_on_up(tree: BoneTree, mirror: Mirror, bone: int, up: np.ndarray) -> bool:
    """Whether a bone in the mirror plane begins above its parent, or at its height and rises."""
    if mirror.image[bone] not in (bone, -1) or not _is_central(tree, mirror, bone):
        return False
    rise = (tree.heads[bone] - tree.heads[tree.parents[bone]]) @ up
    tip = max(tree.centers[bone] @ up, tree.tails[bone] @ up)
    return bool(rise > 0.02 * tree.size or (rise > -0.01 * tree.size and tip > tree.heads[bone] @ up))


def _carries_a_face(tree: BoneTree, mirror: Mirror, bone: int) -> bool:
    """Whether mirrored bones hang on it, as eyes and ears do on a head."""
    return any(mirror.image[child] not in (child, -1) for child in tree.children[bone])


def _left(tree: BoneTree, mirror: Mirror, body: _Body) -> np.ndarray | None:
    """Where left is (3): by the feet, else by names, else by how knees and elbows are bent; None if nothing tells."""
    ahead = np.cross(mirror.normal, body.up)
    feet = sum(float(limb.ahead @ ahead) for limb in body.legs.values() if "foot" in limb.bones)
    # The tail of a last bone may point anywhere, and mostly points on: it must point well ahead to be a foot's.
    if abs(feet) > _AHEAD * sum(float(np.linalg.norm(limb.ahead)) for limb in body.legs.values()):
        return np.asarray(np.cross(body.up, np.sign(feet) * ahead))
    named = 0.0
    for root in body.legs | body.arms:
        name, place = _spaced(tree.names[root]), tree.centers[root] @ mirror.normal - mirror.offset
        named += float(np.sign(place)) * (bool(_LEFT.search(name)) - bool(_RIGHT.search(name)))
    if named:
        return float(np.sign(named)) * mirror.normal
    bent = sum(float(limb.bend @ ahead) for limb in body.legs.values())
    bent -= sum(float(limb.bend @ ahead) for limb in body.arms.values())
    return np.asarray(np.cross(body.up, np.sign(bent) * ahead)) if abs(bent) > 0.005 * tree.size else None


def _spaced(name: str) -> str:
    """A bone's name in small letters, its words apart."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).casefold()
