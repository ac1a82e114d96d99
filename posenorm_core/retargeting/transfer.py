"""The rotations of a rig's bones that make it move as our joints do, for a whole clip at once.

Told as departures: D turns a bone, in the body frame, from the rest pose to the frame's pose, D = G · C, with G the
global rotation of our joint and C the turn from the rig's rest pose to our T-pose (`rest_alignment`). How the bones'
own axes are turned, and what lies between two mapped bones, then drops out but for the last line.
"""

from collections.abc import Mapping

import numpy as np

from posenorm_core import quaternion
from posenorm_core.condition_skeleton import CONDITION_SKELETON
from posenorm_core.retargeting.mapping import BoneMapping
from posenorm_core.retargeting.parts import CHAINS, FOLLOWS, SIDES, TURNED_BY
from posenorm_core.retargeting.rest_alignment import RestAlignment
from posenorm_core.retargeting.rig import Rig

_PELVIS, _SPINE, _THORAX, _NECK = (CONDITION_SKELETON.index(name) for name in ("pelvis", "spine", "thorax", "neck"))
# Radians that the collar bone turns with an arm a quarter turn away from its rest: a fifth of it, as shoulder blade
# and collar bone do in people (Inman et al., 1944). It fades out where the arm points the opposite way.
_COLLAR = np.radians(18.0)


def departures(turned: np.ndarray, mapping: BoneMapping, alignment: RestAlignment) -> dict[str, np.ndarray]:
    """How each mapped bone is turned from its rest pose, in the body frame.

    Args:
        turned: (T, 19, 4), the global rotations of our joints.
        mapping: the rig's bones.
        alignment: the rig's rest pose.

    Returns:
        Bone -> (T, 4).
    """
    found: dict[str, np.ndarray] = {}
    for part, names in mapping.bones.items():
        if part in CHAINS:
            found.update(zip(names, _along_chain(part, len(names), turned), strict=True))
        elif part in TURNED_BY and not part.endswith("clavicle"):
            joint = CONDITION_SKELETON.index(TURNED_BY[part])
            found[names[0]] = np.asarray(quaternion.multiply(turned[:, joint], alignment.turns[part]))
    for side in SIDES:
        if f"{side}_clavicle" in mapping.bones:
            found[mapping.bones[f"{side}_clavicle"][0]] = _collar_bone(side, turned, alignment)
    for part, above in FOLLOWS.items():
        if part in mapping.bones and above in mapping.bones:
            found[mapping.bones[part][0]] = found[mapping.bones[above][0]]
    return found


def bone_rotations(rig: Rig, found: dict[str, np.ndarray], axes: np.ndarray, parents: Mapping[str, str]) -> np.ndarray:
    """`departures` as the rotations (T, M, 4) that a program keys: each bone's, in its own rest axes.

    Args:
        rig: the rig.
        found: M bones -> (T, 4), in the body frame.
        axes: (4,), from the body frame to the armature's axes.
        parents: bones that turn with another one than the rig's tree says.
    """
    local = []
    for name, turn in found.items():
        above = rig.nearest_above(name, found) if rig.turns_with_parent[rig.numbers[name]] else None
        above = parents[name] if parents.get(name) in found else above
        departure = turn if above is None else quaternion.multiply(quaternion.inverse(found[above]), turn)
        to_bone = quaternion.multiply(quaternion.inverse(axes), rig.rotation(name))
        local.append(quaternion.multiply(quaternion.multiply(quaternion.inverse(to_bone), departure), to_bone))
    return np.asarray(quaternion.make_continuous(np.stack(local, axis=1)))


def _along_chain(part: str, count: int, turned: np.ndarray) -> list[np.ndarray]:
    """The rotations (T, 4) of a chain's `count` bones from the hips up.

    The spine's share out the way from the pelvis over the spine joint to the thorax, which the topmost takes whole,
    for shoulders and neck hang on it. The neck's lie between thorax and head.
    """
    if part == "neck":
        return [_slerp(turned, _THORAX, _NECK, k / (count + 1)) for k in range(1, count + 1)]
    shares = [2 * k / count for k in range(1, count + 1)]
    return [
        _slerp(turned, _PELVIS, _SPINE, share) if share <= 1 else _slerp(turned, _SPINE, _THORAX, share - 1)
        for share in shares
    ]


def _slerp(turned: np.ndarray, first: int, second: int, share: float) -> np.ndarray:
    """Between two joints' rotations (T, 4)."""
    return np.asarray(quaternion.slerp(turned[:, first], turned[:, second], share))


def _collar_bone(side: str, turned: np.ndarray, alignment: RestAlignment) -> np.ndarray:
    """The thorax's rotation and a little of the arm's (T, 4); at the rig's own rest pose nothing."""
    thorax = turned[:, _THORAX]
    arm = f"{side}_upper_arm"
    if arm not in alignment.directions:
        return thorax
    at_rest = alignment.directions[arm]
    joint = CONDITION_SKELETON.index(TURNED_BY[arm])
    posed = quaternion.multiply(turned[:, joint], alignment.turns[arm])
    now = quaternion.rotate(quaternion.multiply(quaternion.inverse(thorax), posed), at_rest)
    swing = _COLLAR * np.cross(np.broadcast_to(at_rest, now.shape), now)
    return np.asarray(quaternion.multiply(thorax, quaternion.from_rotation_vector(swing)))
