"""A rig's rest pose against our T-pose: how the body stands in the armature's axes, and each limb's turn to the T.

The rest pose is read from where the bones are, never from their rolls, which every program chooses for itself. Arms
that hang in an A-pose are turned up by the smallest swing; where elbow or knee is bent enough at rest to show its
plane, the bend is laid about the T-pose's hinge, so that it opens and closes the right way. A foot is only turned
about the vertical: what is flat on the floor at rest stays flat.
"""

from dataclasses import dataclass

import numpy as np

from posenorm_core import quaternion
from posenorm_core.arrays import unit
from posenorm_core.condition_skeleton import CONDITION_SKELETON
from posenorm_core.errors import InputError
from posenorm_core.rest_pose import LIMBS, align
from posenorm_core.retargeting.mapping import BoneMapping
from posenorm_core.retargeting.parts import END_OF, SIDES, TURNED_BY
from posenorm_core.retargeting.rig import Rig

_NOTHING = np.array([1.0, 0.0, 0.0, 0.0])
_UP = np.array([0.0, 1.0, 0.0])
# The sine of a limb's bend at rest (about 12 degrees) from which on its plane is believed more than the T-pose's.
_BENT = 0.2
# The T-pose's axis about which each hinge bends.
_HINGES = {hinge: axis for _, hinge, _, axis in LIMBS}
# Shorter than this share of the body's height a bone has no direction.
_NO_LENGTH = 1e-4


@dataclass(frozen=True)
class RestAlignment:
    """What retargeting must know of a rig's rest pose; `axes` turns the body frame (+Y up, +Z front) to the rig's."""

    axes: np.ndarray  # (4,)
    turns: dict[str, np.ndarray]  # part -> (4,), body frame: from the rest pose to our T-pose
    directions: dict[str, np.ndarray]  # limb's part -> unit (3,), body frame: where its bone points at rest
    leg_length: float | None  # in the rig's units; None without legs
    hips_height: float  # of the hips' bone above the lowest of the rig's feet at rest, in its units
    hips_from_pelvis: np.ndarray  # (3,) body frame, its units: from the middle of the thighs to the hips' bone


def align_rest(rig: Rig, mapping: BoneMapping) -> RestAlignment:
    """Compares the rest pose of `rig` with the T-pose. Raises InputError where the rig shows neither up nor left."""
    axes = body_axes(rig, mapping)
    directions = _directions(rig, mapping, axes)
    turns = {part: _NOTHING for part in mapping.bones if part in TURNED_BY}
    for side in SIDES:
        _straighten(f"{side}_upper_arm", f"{side}_forearm", directions, turns)
        _straighten(f"{side}_thigh", f"{side}_shin", directions, turns)
        if f"{side}_foot" in directions:
            turns[f"{side}_foot"] = _turned_ahead(directions[f"{side}_foot"], _t_pose_direction(f"{side}_foot"))
    height, off = _hips_height(rig, mapping, axes), _hips_from_pelvis(rig, mapping, axes)
    return RestAlignment(axes, turns, directions, leg_length(rig, mapping), height, off)


def body_axes(rig: Rig, mapping: BoneMapping) -> np.ndarray:
    """The rotation (4,) from the body frame to the armature's axes, told by the rest pose alone.

    Up is the armature's axis nearest to the trunk; left runs from the right limbs to the left ones.
    """
    lower = _middle(rig, mapping, ("left_thigh", "right_thigh")) or _middle(rig, mapping, ("hips",))
    upper = _middle(rig, mapping, ("left_upper_arm", "right_upper_arm")) or _middle(rig, mapping, ("head",))
    if lower is None or upper is None or np.allclose(lower, upper):
        raise InputError(f"{rig.name}: shows no trunk; name the bones of its hips (or thighs) and head (or arms)")
    trunk = np.subtract(upper, lower)
    nearest = int(np.argmax(np.abs(trunk)))
    up = np.zeros(3)
    up[nearest] = np.sign(trunk[nearest])
    left = np.zeros(3)
    for part in ("thigh", "upper_arm"):
        if mapping.bone(f"left_{part}") and mapping.bone(f"right_{part}"):
            across = rig.head(_bone(mapping, f"left_{part}")) - rig.head(_bone(mapping, f"right_{part}"))
            left += across - (across @ up) * up
    if np.linalg.norm(left) < _NO_LENGTH * np.linalg.norm(trunk):
        raise InputError(f"{rig.name}: does not show which side is left; name the bones of both thighs or upper arms")
    left = np.asarray(unit(left))
    return np.asarray(quaternion.from_matrix(np.stack([left, up, np.cross(left, up)], axis=-1)))


def leg_length(rig: Rig, mapping: BoneMapping) -> float | None:
    """From hip over knee to ankle in the rig's units, the mean of the legs it has; None without any."""
    lengths = []
    for side in SIDES:
        bones = [mapping.bone(f"{side}_{part}") for part in ("thigh", "shin", "foot")]
        if all(bones):
            heads = np.array([rig.head(bone) for bone in bones if bone])
            lengths.append(float(np.linalg.norm(np.diff(heads, axis=0), axis=1).sum()))
    return float(np.mean(lengths)) if lengths and min(lengths) > 0 else None


def bone_end(rig: Rig, mapping: BoneMapping, part: str) -> np.ndarray:
    """Where the bone of a part ends (3): at the next part's bone, or at its own tail."""
    following = mapping.bone(END_OF.get(part, ""))
    return rig.head(following) if following else rig.tail(_bone(mapping, part))


def _directions(rig: Rig, mapping: BoneMapping, axes: np.ndarray) -> dict[str, np.ndarray]:
    """Where the limbs' bones point at rest, in the body frame; bones without a length are left out."""
    height = np.ptp(rig.heads, axis=0).max()
    found = {}
    for part in END_OF:
        if part in mapping.bones:
            along = bone_end(rig, mapping, part) - rig.head(_bone(mapping, part))
            if np.linalg.norm(along) > _NO_LENGTH * height:
                found[part] = np.asarray(quaternion.rotate(quaternion.inverse(axes), unit(along)))
    return found


def _straighten(upper: str, lower: str, directions: dict[str, np.ndarray], turns: dict[str, np.ndarray]) -> None:
    """Turns a limb into the T-pose: the upper bone with its hinge's plane, then the lower one onto its line."""
    if upper not in directions:
        return
    bone, wanted = directions[upper], _t_pose_direction(upper)
    swing = np.asarray(quaternion.between(bone, wanted))
    turns[upper] = swing
    if lower not in directions:
        return
    axis = _HINGES[TURNED_BY[lower]]
    bend = np.cross(bone, directions[lower])
    usual = quaternion.rotate(quaternion.inverse(swing), axis)
    sine = float(np.linalg.norm(bend))
    if bend @ usual > 0:  # bent the wrong way at rest, a hinge shows nothing
        hinge = unit(bend * (sine / _BENT) ** 3 + _BENT * usual)
        turns[upper] = align(bone, np.asarray(hinge), wanted, axis)
    raised = quaternion.rotate(turns[upper], directions[lower])
    turns[lower] = np.asarray(quaternion.multiply(quaternion.between(raised, _t_pose_direction(lower)), turns[upper]))


def _turned_ahead(direction: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """The turn (4,) about the vertical that brings `direction` (3) over `wanted` (3)."""
    flat = np.array([1.0, 0.0, 1.0])
    if np.linalg.norm(direction * flat) < 0.1:  # a foot that points straight down points nowhere
        return _NOTHING
    return np.asarray(quaternion.between(direction * flat, wanted * flat))


def _t_pose_direction(part: str) -> np.ndarray:
    """Where the condition skeleton's bone of a limb's part points in the T-pose (3)."""
    joint = CONDITION_SKELETON.index(TURNED_BY[part])
    child = CONDITION_SKELETON.parents.index(joint)
    return np.asarray(unit(CONDITION_SKELETON.offsets[child]))


def _middle(rig: Rig, mapping: BoneMapping, parts: tuple[str, ...]) -> list[float] | None:
    """The mean of where the bones of `parts` begin, if all are there."""
    bones = [mapping.bone(part) for part in parts]
    return np.mean([rig.head(bone) for bone in bones if bone], axis=0).tolist() if all(bones) else None


def _hips_height(rig: Rig, mapping: BoneMapping, axes: np.ndarray) -> float:
    """How high the hips' bone begins above the lowest end of a foot, or without feet above the lowest bone."""
    up = quaternion.rotate(axes, _UP)
    hips = mapping.bone("hips")
    if hips is None:
        return 0.0
    feet = [part for side in SIDES for part in (f"{side}_foot", f"{side}_toes") if part in mapping.bones]
    ends = [bone_end(rig, mapping, part) for part in feet] or [*rig.heads, *rig.tails]
    return float(rig.head(hips) @ up - min(end @ up for end in ends))


def _hips_from_pelvis(rig: Rig, mapping: BoneMapping, axes: np.ndarray) -> np.ndarray:
    """Where the hips' bone begins, seen from the middle of the thighs (3); in that middle where one is missing."""
    hips = mapping.bone("hips")
    pelvis = _middle(rig, mapping, ("left_thigh", "right_thigh"))
    if hips is None or pelvis is None:
        return np.zeros(3)
    return np.asarray(quaternion.rotate(quaternion.inverse(axes), rig.head(hips) - pelvis))


def _bone(mapping: BoneMapping, part: str) -> str:
    """The bone of a part that is known to have one."""
    return mapping.bones[part][0]
