"""Any BVH as a motion on the condition skeleton.

What we wrote ourselves is read as it was written. A rig whose joints are named as programs name them (`rig_names`)
is brought from its own rest pose to our T-pose (`rest_pose`); the rest pose's trunk is taken to be upright, whichever
axis is up and wherever it faces. So is a rig of motion capture that is in the table (`rigs`), but for the pitch of its
trunk, which is another for every actor there and is found in how he stands (`trunk`).
"""

from functools import partial
from pathlib import Path

import numpy as np

from posenorm_core import quaternion
from posenorm_core.arrays import unit
from posenorm_core.bvh import BvhClip, read_bvh
from posenorm_core.condition_skeleton import CONDITION_SKELETON, JOINT_NAMES, PARENTS
from posenorm_core.errors import InputError
from posenorm_core.frame_rate import require_fps
from posenorm_core.motion_files.clip import MotionClip
from posenorm_core.motion_files.head import Head
from posenorm_core.recorded_motion import Recording, recorded_motion
from posenorm_core.rest_pose import LIMBS, change_rest_pose
from posenorm_core.rig_names import named_family
from posenorm_core.rigs import BVH_FAMILIES, Family
from posenorm_core.source_clip import SourceClip, from_bvh, points_and_drivers, pruned
from posenorm_core.trunk import straightened

DESCRIPTION = "BVH"
_INDEX = {name: number for number, name in enumerate(JOINT_NAMES)}
_LEGS = [(f"{side}_hip", f"{side}_knee", f"{side}_ankle") for side in ("right", "left")]
_NO_TURN, _Y = np.array([1.0, 0.0, 0.0, 0.0]), np.array([0.0, 1.0, 0.0])
# Frame times are written with few digits: what is this near to a whole rate is that rate.
_WHOLE_RATE = 2e-5
# In whatever unit: what is larger is no place, and what is shorter no leg.
_LARGEST, _SHORTEST = 1e9, 1e-9
# A hinge that bends less than this (sine of 25 degrees) in nearly all frames has no axis that could be measured.
_BENT = 0.42


def recognises(head: Head) -> bool:
    """Whether the file begins as BVH does."""
    return head.begin.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"HIERARCHY")


def read(path: Path, _: float | None) -> MotionClip:
    """The one person of the file, at its own rate."""
    clip = read_bvh(path)
    nearest = round(clip.fps)
    fps = require_fps(nearest if abs(clip.fps - nearest) < _WHOLE_RATE * nearest else clip.fps, f"{path}: its rate")
    numbers = np.concatenate([clip.rotations.reshape(len(clip), -1), clip.translations.reshape(len(clip), -1)], axis=1)
    sane = (np.abs(numbers) <= _LARGEST).all(axis=1)
    if not sane.all():
        raise InputError(f"{path}: holds in frame {int(np.argmin(sane))} what is no finite number of a sane size")
    if not (np.abs(np.concatenate([clip.offsets, clip.end_offsets])) <= _LARGEST).all():
        raise InputError(f"{path}: its HIERARCHY holds an OFFSET that is no finite number of a sane size")
    recording = bvh_recording(clip)
    return MotionClip(str(path), "BVH", fps, (partial(recorded_motion, recording),))


def bvh_recording(clip: BvhClip) -> Recording:
    """The clip's rotations on the condition skeleton; raises InputError naming the joints that are missing."""
    if _tree(clip.joint_names, clip.parents) == _tree(JOINT_NAMES, PARENTS):
        order = [clip.joint_names.index(name) for name in JOINT_NAMES]
        rotations, points, rig = clip.rotations[:, order], clip.pose()[0][:, order], "posenorm"
    else:
        rotations, points, rig = _converted(clip)
    leg_length = _leg_length(points)
    if not leg_length > _SHORTEST or not np.isfinite(rotations).all():
        raise InputError(f"{clip.path}: its skeleton has bones without length, which point nowhere")
    return Recording(
        frames=np.arange(len(clip)),
        frame_count=len(clip),
        rotations=rotations,
        pelvis=points[:, 0],
        leg_length=leg_length,
        source={"file": clip.path, "rig": rig},
    )


def _tree(joint_names: tuple[str, ...], parents: tuple[int, ...]) -> dict[str, str]:
    """Each joint's parent by name, in whatever order they stand; none for the root."""
    return {name: joint_names[parent] if parent >= 0 else "" for name, parent in zip(joint_names, parents, strict=True)}


def _leg_length(points: np.ndarray) -> float:
    """From hip to knee to ankle, the mean of both legs and the median of the frames: points (T, 19, 3)."""
    legs = points[:, [[_INDEX[joint] for joint in leg] for leg in _LEGS]]
    return float(np.median(np.linalg.norm(np.diff(legs, axis=2), axis=-1).sum(axis=-1).mean(axis=-1)))


def _converted(clip: BvhClip) -> tuple[np.ndarray, np.ndarray, str]:
    """Rotations (T, 19, 4), joint positions (T, 19, 3) in an upright world, and the rig's name."""
    names = set(clip.joint_names)
    known = next((family for family in BVH_FAMILIES if names.issuperset(family.markers)), None)
    family = known or named_family(clip)
    points, drivers = _in_our_axes(clip, family, upright_already=known is not None)
    loose = (*family.loose_hinges, *(hinge for upper, hinge, end, _ in LIMBS if not _bends(points, upper, hinge, end)))
    motion = change_rest_pose(points, drivers, family.rest_frames(), loose)
    if known:
        motion = straightened(points, motion, clip.fps)
    return motion.rotations, points, family.name


def _in_our_axes(clip: BvhClip, family: Family, upright_already: bool) -> tuple[np.ndarray, np.ndarray]:
    """Joint positions (T, 19, 3) in an upright world, and drivers (T, 19, 4) that are its axes in the T-pose."""
    points, drivers = points_and_drivers(pruned(from_bvh(clip), family), family)
    rest = _rest_points(clip, family)
    axes, upright = (_NO_TURN, _NO_TURN) if upright_already else _axes(rest, points)
    drivers = np.array(quaternion.multiply(quaternion.multiply(upright, drivers), axes))
    rest = np.asarray(quaternion.rotate(quaternion.inverse(axes), rest))
    # The limbs' too: a hinge that hardly bends relies on it.
    for upper, hinge, _, _ in LIMBS:
        start, end = _INDEX[upper], _INDEX[hinge]
        swing = quaternion.between(unit(CONDITION_SKELETON.offsets[end]), unit(rest[end] - rest[start]))
        drivers[:, start] = quaternion.multiply(drivers[:, start], swing)
    return np.asarray(quaternion.rotate(upright, points)), drivers


def _rest_points(clip: BvhClip, family: Family) -> np.ndarray:
    """Where our joints are (19, 3) in the file's rest pose, when nothing is turned."""
    still = SourceClip(
        path=clip.path,
        fps=clip.fps,
        joint_names=clip.joint_names,
        parents=clip.parents,
        rotations=np.tile(_NO_TURN, (1, len(clip.parents), 1)),
        translations=clip.offsets[None],
        end_parents=clip.end_parents,
        end_offsets=clip.end_offsets,
    )
    return np.asarray(points_and_drivers(still, family)[0][0])


def _axes(rest: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What turns our axes onto those of a rest pose (19, 3), and what turns the file's world upright.

    Hips and head tell the first. The world's up is the rest pose's where that is a stance. Where it is only how bones
    were drawn, legs beside the spine as in LAFAN1, it is where the head is above the feet in `points` (T, 19, 3).
    """
    trunk, legs = rest[_INDEX["neck"]] - rest[_INDEX["pelvis"]], rest[_INDEX["pelvis"]] - _between_ankles(rest)
    across = rest[_INDEX["left_hip"]] - rest[_INDEX["right_hip"]]
    up = _nearest_axis(trunk)
    left = _nearest_axis(across - (across @ up) * up)
    axes = quaternion.from_matrix(np.stack([left, up, np.cross(left, up)], axis=-1))
    standing = np.median(points[:, _INDEX["neck"]] - _between_ankles(points), axis=0)
    world_up = up if trunk @ legs > 0 else _nearest_axis(standing)
    return np.asarray(axes), np.asarray(quaternion.between(world_up, _Y))


def _between_ankles(points: np.ndarray) -> np.ndarray:
    """The middle (…, 3) between the ankles of points (…, 19, 3)."""
    return np.asarray(points[..., [_INDEX[leg[-1]] for leg in _LEGS], :].mean(axis=-2))


def _nearest_axis(direction: np.ndarray) -> np.ndarray:
    """The coordinate axis (3), either way, that is nearest to `direction` (3)."""
    axis = np.zeros(3)
    most = int(np.argmax(np.abs(direction)))
    axis[most] = -1.0 if direction[most] < 0 else 1.0
    return axis


def _bends(points: np.ndarray, upper: str, hinge: str, end: str) -> bool:
    """Whether the hinge bends enough in some frames for its axis to be measured: points (T, 19, 3)."""
    above = unit(points[:, _INDEX[hinge]] - points[:, _INDEX[upper]])
    below = unit(points[:, _INDEX[end]] - points[:, _INDEX[hinge]])
    return float(np.percentile(np.linalg.norm(np.cross(above, below), axis=-1), 95)) > _BENT
