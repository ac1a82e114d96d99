"""A motion onto a rig: which of its bones turn how, where its hips go, and what had to be left out.

Everything is computed in the armature's own axes and units, so that the character moves where it stands and faces,
whatever its object's place, turn and scale are.
"""

from dataclasses import dataclass

import numpy as np

from posenorm_core import quaternion
from posenorm_core.condition_skeleton import CONDITION_SKELETON, require_condition_joints
from posenorm_core.errors import InputError
from posenorm_core.foot_lock import MODES
from posenorm_core.kinematics import forward_kinematics, global_rotations
from posenorm_core.motion import Motion
from posenorm_core.retargeting.character_feet import lock_character_feet, whole_legs
from posenorm_core.retargeting.mapping import BoneMapping
from posenorm_core.retargeting.parts import title
from posenorm_core.retargeting.rest_alignment import RestAlignment, align_rest
from posenorm_core.retargeting.rig import Rig
from posenorm_core.retargeting.transfer import bone_rotations, departures
from posenorm_core.root_path import BALL_HEIGHT

_LEG = tuple(CONDITION_SKELETON.index(name) for name in ("left_knee", "left_ankle", "right_knee", "right_ankle"))


@dataclass(frozen=True)
class RetargetOptions:
    """What the user may choose."""

    root_motion: bool = True  # False keeps the hips over one place of the floor
    scale: float = 1.0  # of the path, on top of the ratio of the legs' lengths
    feet: str = "off"  # one of `foot_lock.MODES`

    def require_sense(self) -> None:
        """Raises InputError where the scale is no number, or the feet's mode none."""
        if not 0 <= self.scale < np.inf:  # false for nan too
            raise InputError(f"path scale {self.scale:g}: must be 0 (stay in place) or more")
        if self.feet not in MODES:
            raise InputError(f"foot locking '{self.feet}': must be one of {', '.join(MODES)}")


_DEFAULT = RetargetOptions()


@dataclass(frozen=True)
class Retargeted:
    """What is to be keyed: T frames of M bones, in the bones' own rest axes as programs key them."""

    fps: float
    bones: tuple[str, ...]
    rotations: np.ndarray  # (T, M, 4), sign-continuous
    hips: str | None  # the bone that carries the path; None where there is none
    location: np.ndarray  # (T, 3), its place from its rest, in the rig's units and the bone's rest axes
    properties: dict[str, dict[str, float]]  # bone -> custom property -> what it must be for the keys to do their work
    notes: tuple[str, ...]  # what was left out, each a sentence for the user


def retarget(motion: Motion, rig: Rig, mapping: BoneMapping, options: RetargetOptions = _DEFAULT) -> Retargeted:
    """Makes `rig` move as `motion` does, in the motion's own orientation.

    Args:
        motion: on the condition skeleton's joints; its bones may be of any length.
        rig: the character.
        mapping: its bones; those that it lacks are left out, with a note.
        options: see there.

    Raises InputError where the motion has other joints, or the rig nothing to turn.
    """
    require_condition_joints(motion.skeleton)
    options.require_sense()
    mapping = mapping.on(rig)
    if not mapping.bones:
        raise InputError(f"{rig.name}: has none of the bones that are listed; find its own, or name them")
    alignment = align_rest(rig, mapping)
    rotations = quaternion.normalize(motion.rotations.astype(np.float64))
    turned = np.asarray(global_rotations(rotations, motion.skeleton.parents))
    found = departures(turned, mapping, alignment)
    hips = mapping.bone("hips")
    way = _way_of_pelvis(motion, alignment, options)
    if hips is not None:  # whose bone begins elsewhere than in the middle of the hip joints, and swings about that
        way += quaternion.rotate(found[hips], alignment.hips_from_pelvis) - alignment.hips_from_pelvis
    notes = _notes(rig, mapping, alignment)
    if options.feet != "off":
        obstacle = _no_locking(motion, mapping, alignment)
        if obstacle:
            notes.append(obstacle)
        else:
            way = lock_character_feet(motion, rig, mapping, alignment, found, way, options.feet)
    return Retargeted(
        fps=motion.fps,
        bones=tuple(found),
        rotations=bone_rotations(rig, found, alignment.axes, mapping.parents),
        hips=hips if hips and rig.moves[rig.numbers[hips]] else None,
        location=_in_bone_axes(rig, hips, alignment.axes, way),
        properties=mapping.properties,
        notes=tuple(notes),
    )


def height_of_pelvis(motion: Motion) -> np.ndarray:
    """(T,) metres above the floor: by the motion's path, or without one as the lowest frame of the clip stands."""
    if motion.path.any():
        return np.asarray(motion.path[:, 1], dtype=np.float64)
    return np.full(len(motion), BALL_HEIGHT - motion.positions()[..., 1].min(initial=0.0))


def _way_of_pelvis(motion: Motion, alignment: RestAlignment, options: RetargetOptions) -> np.ndarray:
    """Where the middle of the hip joints is (T, 3) from its rest, in the body frame and the rig's units."""
    legs = float(motion.skeleton.bone_lengths[list(_LEG)].sum() / 2)
    rest_height = BALL_HEIGHT - _lowest_at_rest(motion)
    ratio = alignment.leg_length / legs if alignment.leg_length and legs else alignment.hips_height / rest_height
    way = np.array(motion.path, dtype=np.float64) * (options.scale * ratio if options.root_motion else 0.0)
    way[:, 1] = (height_of_pelvis(motion) - rest_height) * ratio
    return way


def _lowest_at_rest(motion: Motion) -> float:
    """How high the lowest joint of the T-pose is above the pelvis: below it, a negative number of metres."""
    nothing = quaternion.identity_like(np.zeros((len(motion.skeleton.parents), 4)))
    return float(np.asarray(forward_kinematics(motion.skeleton.offsets, nothing, motion.skeleton.parents))[:, 1].min())


def _in_bone_axes(rig: Rig, hips: str | None, axes: np.ndarray, way: np.ndarray) -> np.ndarray:
    """The way (T, 3) in the rest axes of the hips' bone."""
    if hips is None:
        return way
    to_bone = quaternion.multiply(quaternion.inverse(rig.rotation(hips)), axes)
    return np.asarray(quaternion.rotate(to_bone, way))


def _no_locking(motion: Motion, mapping: BoneMapping, alignment: RestAlignment) -> str:
    """Why feet cannot be locked, empty where they can."""
    if motion.orientation != "heading":
        return "feet are locked in the orientation Heading alone, which knows the floor"
    return "" if whole_legs(mapping, alignment) else "feet are not locked without hips and two whole legs"


def _notes(rig: Rig, mapping: BoneMapping, alignment: RestAlignment) -> list[str]:
    """What the user must know."""
    notes = []
    missing = mapping.missing_parts()
    if missing:
        notes.append(f"no bone for {', '.join(title(part) for part in missing)}")
    hips = mapping.bone("hips")
    if hips is not None and not rig.moves[rig.numbers[hips]]:
        notes.append(f"'{hips}' is connected to its parent and cannot move: the path is left out")
    if alignment.leg_length is None:
        notes.append("without legs the path is scaled by the height of the hips")
    return notes
