"""Foot locking on the character itself: its legs are not ours in other units, so its feet must be locked anew.

The legs of the rig become a small skeleton in the body frame, in metres of a body with our legs, so that what counts
as low or slow is what it is for `foot_lock`; what comes out of it goes back to the rig's bones and units.
"""

import numpy as np

from posenorm_core import quaternion
from posenorm_core.foot_lock import lock_feet
from posenorm_core.kinematics import global_rotations, local_rotations
from posenorm_core.legs import Legs
from posenorm_core.motion import Motion
from posenorm_core.retargeting.mapping import BoneMapping
from posenorm_core.retargeting.parts import FOLLOWS
from posenorm_core.retargeting.rest_alignment import RestAlignment, bone_end
from posenorm_core.retargeting.rig import Rig
from posenorm_core.root_path import BALL_HEIGHT
from posenorm_core.skeleton import Skeleton

_SIDES = ("right", "left")
_CHAIN = ("thigh", "shin", "foot")
_PARTS = tuple(f"{side}_{part}" for side in _SIDES for part in _CHAIN)
# The hips, then a leg and the other; the end of each foot last.
_PARENTS = (-1, 0, 1, 2, 3, 0, 5, 6, 7)
_LEGS = ((1, 5), (2, 6), (3, 7), (4, 8))


def whole_legs(mapping: BoneMapping, alignment: RestAlignment) -> bool:
    """Whether hips and both legs down to the feet are there, and have a length."""
    return all(part in alignment.directions for part in _PARTS) and "hips" in mapping.bones


def lock_character_feet(
    motion: Motion,
    rig: Rig,
    mapping: BoneMapping,
    alignment: RestAlignment,
    found: dict[str, np.ndarray],
    way: np.ndarray,
    mode: str,
) -> np.ndarray:
    """Turns the legs in `found` and returns the hips' way (T, 3) so that the character's feet stand.

    Args:
        motion: tells the contacts and the frame rate; in the orientation `heading`.
        rig: the character.
        mapping: its bones.
        alignment: its rest pose.
        found: bone -> departures (T, 4) in the body frame; those of the legs are replaced.
        way: (T, 3) of the hips from their rest, in the body frame and the rig's units.
        mode: one of `foot_lock.MODES`.

    The rig must have `whole_legs`.
    """
    hips, *limbs = [mapping.bones[part][0] for part in ("hips", *_PARTS)]
    metres = _leg_length(motion) / (alignment.leg_length or 1.0)
    skeleton, legs, height = _legs_of(rig, mapping, alignment, metres)
    turned = np.stack([found[hips], *_with_ends(limbs, found)], axis=1)
    root = way * metres
    root[:, 1] += height
    locked, path = lock_feet(
        skeleton, legs, np.asarray(local_rotations(turned, _PARENTS)), root, motion.contacts, motion.fps, mode
    )
    turned = np.asarray(global_rotations(locked, _PARENTS))
    for part, place in zip(_PARTS, (1, 2, 3, 5, 6, 7), strict=True):
        found[mapping.bones[part][0]] = turned[:, place]
    for toes, foot in FOLLOWS.items():
        if toes.endswith("toes") and toes in mapping.bones:
            found[mapping.bones[toes][0]] = found[mapping.bones[foot][0]]
    path = np.array(path)
    path[:, 1] -= height
    return path / metres


def _leg_length(motion: Motion) -> float:
    """Of the motion's own body, in metres."""
    lengths = dict(zip(motion.skeleton.joint_names, motion.skeleton.bone_lengths, strict=True))
    return float(sum(lengths[f"{side}_{joint}"] for side in _SIDES for joint in ("knee", "ankle")) / 2)


def _with_ends(limbs: list[str], found: dict[str, np.ndarray]) -> list[np.ndarray]:
    """The departures of both legs' bones, each leg followed by its foot's end, which goes with the foot."""
    right, left = ([found[bone] for bone in leg] for leg in (limbs[:3], limbs[3:]))
    return [*right, right[-1], *left, left[-1]]


def _legs_of(rig: Rig, mapping: BoneMapping, alignment: RestAlignment, metres: float) -> tuple[Skeleton, Legs, float]:
    """The rig's legs as a skeleton in the body frame, which joints they are, and how high the hips are at rest."""

    def place(point: np.ndarray) -> np.ndarray:
        return np.asarray(quaternion.rotate(quaternion.inverse(alignment.axes), point)) * metres

    points = [place(rig.head(mapping.bones["hips"][0]))]
    for side in _SIDES:
        points += [place(rig.head(mapping.bones[f"{side}_{part}"][0])) for part in _CHAIN]
        points.append(place(bone_end(rig, mapping, f"{side}_foot")))
    at = np.array(points)
    offsets = at - at[[max(parent, 0) for parent in _PARENTS]]
    offsets[0] = 0.0
    ankles, toes = at[list(_LEGS[2]), 1], at[list(_LEGS[3]), 1]
    # A foot's bone may end on the floor or, as ours, in the ball above it: the floor is found under the lower of both.
    sole = min(toes.min(), ankles.min()) - BALL_HEIGHT
    legs = Legs(*_LEGS, float(ankles.mean() - sole), float(toes.mean() - sole))
    names = ("hips", *(f"{side}_{part}" for side in _SIDES for part in (*_CHAIN, "end")))
    return Skeleton(names, _PARENTS, offsets), legs, float(at[0, 1] - sole)
