"""The change of rest pose: what a rig's joints do, told as departures from the condition skeleton's T-pose.

A source gives, frame by frame, where the 19 joints are (`points`) and, for every joint that carries bones, the
rotation of the rig's own joint that turns them (`drivers`), in whatever local frame the rig has. Each driver
differs from our joint by a constant rotation, found here from all frames of a body: it takes the bone onto the
T-pose's direction, and the roll about the bone, which a direction leaves free, from the hinge below it: knees
bend about X, backwards; elbows about Y, forwards (DESIGN.md, "Joint rotations").
"""

from dataclasses import dataclass

import numpy as np

from posenorm_core import quaternion
from posenorm_core.arrays import unit
from posenorm_core.condition_skeleton import CONDITION_SKELETON, JOINT_NAMES, PARENTS
from posenorm_core.kinematics import local_rotations

_X, _Y = np.array([1.0, 0.0, 0.0]), np.array([0.0, 1.0, 0.0])
_INDEX = {name: number for number, name in enumerate(JOINT_NAMES)}

# Upper joint, hinge joint, end joint, and the axis about which the hinge bends (right-hand rule) in the T-pose.
LIMBS = (
    ("right_hip", "right_knee", "right_ankle", _X),
    ("left_hip", "left_knee", "left_ankle", _X),
    ("left_shoulder", "left_elbow", "left_wrist", -_Y),
    ("right_shoulder", "right_elbow", "right_wrist", _Y),
)
# A hinge follows each frame's own bending plane where it bends by more than this (sine of about 20 degrees), and
# soon below it the usual one: the plane of a nearly straight limb is noise.
_STRAIGHT = 0.35
# What hangs below a limb without a hinge of its own: foot on knee.
_FEET = (("right_knee", "right_ankle", "right_toe"), ("left_knee", "left_ankle", "left_toe"))


@dataclass(frozen=True)
class RestFrames:
    """What the trunk's drivers look like when the body stands upright in the T-pose: their rotations (4)."""

    pelvis: np.ndarray
    thorax: np.ndarray
    neck: np.ndarray


@dataclass(frozen=True)
class BodyMotion:
    """A body in our T-pose and its motion: `offsets` (19, 3) metres and `rotations` (T, 19, 4), local."""

    offsets: np.ndarray
    rotations: np.ndarray


def change_rest_pose(
    points: np.ndarray, drivers: np.ndarray, rest: RestFrames, loose_hinges: tuple[str, ...] = ()
) -> BodyMotion:
    """All frames of one body as departures from the T-pose, on its own bones.

    Args:
        points: (T, 19, 3) joint positions in the world, +Y up, metres.
        drivers: (T, 19, 4) global rotations of the rig's joints that turn the bones from each of ours to its
            children; those of the leaves and of the spine are not used.
        rest: the trunk drivers' rotations in an upright T-pose.
        loose_hinges: knees and elbows that bend too little for their usual axis to be measured, on rigs whose
            drivers are the world's axes in the T-pose; the T-pose's axis is the usual one there.
    """
    turned = np.array(quaternion.identity_like(drivers))
    _turn_trunk(points, drivers, rest, turned)
    for upper, hinge, end, axis in LIMBS:
        _turn_limb(points, drivers, turned, (_INDEX[upper], _INDEX[hinge], _INDEX[end]), axis, hinge in loose_hinges)
    for above, joint, end in _FEET:
        _turn_by_mean_twist(points, drivers, turned, _INDEX[above], _INDEX[joint], _INDEX[end])
    for leaf in CONDITION_SKELETON.leaves:
        turned[:, leaf] = turned[:, PARENTS[leaf]]
    rotations = np.asarray(local_rotations(turned, PARENTS))
    rotations[:, list(CONDITION_SKELETON.leaves)] = [1.0, 0.0, 0.0, 0.0]
    return BodyMotion(_offsets_in_rest_pose(points, turned), np.asarray(quaternion.make_continuous(rotations)))


def align(primary: np.ndarray, secondary: np.ndarray, to_primary: np.ndarray, to_secondary: np.ndarray) -> np.ndarray:
    """The rotation (…, 4) that takes the direction `primary` (…, 3) onto `to_primary` and `secondary` near its own."""
    return np.asarray(
        quaternion.multiply(
            quaternion.from_matrix(_frame(to_primary, to_secondary)),
            quaternion.inverse(quaternion.from_matrix(_frame(primary, secondary))),
        )
    )


def _frame(primary: np.ndarray, secondary: np.ndarray) -> np.ndarray:
    """The right-handed frame (…, 3, 3) whose first column is `primary` and whose third is perpendicular to both."""
    first, third = np.broadcast_arrays(unit(primary), unit(np.cross(primary, secondary)))
    return np.stack([first, np.cross(third, first), third], axis=-1)


def mean_hinge_axis(upper: np.ndarray, lower: np.ndarray) -> np.ndarray:
    """The axis (3) about which the bones `lower` (T, 3) bend away from `upper` (T, 3), both in one local frame.

    The mean normal of the bending plane, weighted by the square of the sine of the flexion: a straight limb
    says nothing.
    """
    normals = np.cross(unit(upper), unit(lower))
    return np.asarray(unit(np.sum(normals * np.linalg.norm(normals, axis=1, keepdims=True), axis=0)))


def _hinge_axis_by_frame(upper: np.ndarray, lower: np.ndarray, usual: np.ndarray) -> np.ndarray:
    """Each frame's bending axis (T, 3), the `usual` one (3) where the limb is nearly straight."""
    normals = np.cross(unit(upper), unit(lower))
    sines = np.linalg.norm(normals, axis=1, keepdims=True)
    return np.asarray(unit(normals * (sines / _STRAIGHT) ** 3 + _STRAIGHT * usual))


def mean_twist(rotations: np.ndarray, axis: np.ndarray) -> float:
    """The circular mean in radians of the twist of `rotations` (T, 4) about the unit vector `axis` (3)."""
    _, twist = quaternion.swing_twist(rotations, axis)
    angles = 2 * np.arctan2(twist[:, 1:] @ axis, twist[:, 0])
    return float(np.arctan2(np.mean(np.sin(angles)), np.mean(np.cos(angles))))


def aim(rotations: np.ndarray, direction: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """`rotations` (T, 4) with the smallest swing added that turns `direction` (3) exactly onto `targets` (T, 3)."""
    swing = quaternion.between(quaternion.rotate(rotations, direction), targets)
    return np.asarray(quaternion.multiply(swing, rotations))


def _turn_trunk(points: np.ndarray, drivers: np.ndarray, rest: RestFrames, turned: np.ndarray) -> None:
    """Pelvis and thorax by their lines of hips and shoulders, the spine halfway between them, the head upright."""
    pelvis, spine, thorax, neck = (_INDEX[name] for name in ("pelvis", "spine", "thorax", "neck"))
    hips = points[:, _INDEX["left_hip"]] - points[:, _INDEX["right_hip"]]
    shoulders = points[:, _INDEX["left_shoulder"]] - points[:, _INDEX["right_shoulder"]]
    turned[:, pelvis] = _turned_by_line(drivers[:, pelvis], rest.pelvis, hips)
    turned[:, thorax] = _turned_by_line(drivers[:, thorax], rest.thorax, shoulders)
    turned[:, neck] = quaternion.multiply(drivers[:, neck], quaternion.inverse(rest.neck))
    # A single bone's twist shows nowhere: halfway is the one choice that means the same in every rig.
    halfway = quaternion.slerp(turned[:, pelvis], turned[:, thorax], 0.5)
    turned[:, spine] = aim(halfway, _Y, points[:, thorax] - points[:, spine])


def _turned_by_line(driver: np.ndarray, upright: np.ndarray, line: np.ndarray) -> np.ndarray:
    """Rotations (T, 4) that keep the pitch of `driver` (T, 4) and turn X exactly onto `line` (T, 3)."""
    return aim(np.asarray(quaternion.multiply(driver, quaternion.inverse(upright))), _X, line)


def _turn_limb(
    points: np.ndarray,
    drivers: np.ndarray,
    turned: np.ndarray,
    joints: tuple[int, int, int],
    axis: np.ndarray,
    loose: bool,
) -> None:
    """The upper bone's roll by the hinge below it, the lower bone's by its mean twist."""
    upper, hinge, end = joints
    back = quaternion.inverse(drivers[:, upper])
    bone = np.asarray(quaternion.rotate(back, points[:, hinge] - points[:, upper]))
    below = np.asarray(quaternion.rotate(back, points[:, end] - points[:, hinge]))
    direction = _direction(hinge)
    usual = axis if loose else mean_hinge_axis(bone, below)
    found = _hinge_axis_by_frame(bone, below, usual)
    fit = align(bone.mean(axis=0), found, direction, axis)
    turn = np.asarray(quaternion.multiply(drivers[:, upper], quaternion.inverse(fit)))
    turned[:, upper] = aim(turn, direction, points[:, hinge] - points[:, upper])
    _turn_by_mean_twist(points, drivers, turned, upper, hinge, end)


def _turn_by_mean_twist(
    points: np.ndarray, drivers: np.ndarray, turned: np.ndarray, above: int, joint: int, end: int
) -> None:
    """A bone whose roll is such that its mean twist against the joint `above` is zero."""
    toward = points[:, end] - points[:, joint]
    direction = _direction(end)
    bone = np.asarray(quaternion.rotate(quaternion.inverse(drivers[:, joint]), toward)).mean(axis=0)
    turn = quaternion.multiply(drivers[:, joint], quaternion.inverse(quaternion.between(bone, direction)))
    turn = aim(np.asarray(turn), direction, toward)
    local = quaternion.multiply(quaternion.inverse(turned[:, above]), turn)
    untwist = quaternion.from_rotation_vector(-mean_twist(np.asarray(local), direction) * direction)
    turned[:, joint] = quaternion.multiply(turn, untwist)


def _direction(joint: int) -> np.ndarray:
    """The condition skeleton's direction (3) from the parent of `joint` to it."""
    return np.asarray(unit(CONDITION_SKELETON.offsets[joint]))


def _offsets_in_rest_pose(points: np.ndarray, turned: np.ndarray) -> np.ndarray:
    """The body's own offsets (19, 3): the mean, in the parent's frame, of where each joint stands."""
    children = list(range(1, len(PARENTS)))
    above = list(PARENTS[1:])
    bones = quaternion.rotate(quaternion.inverse(turned[:, above]), points[:, children] - points[:, above])
    return np.concatenate([np.zeros((1, 3)), np.asarray(bones).mean(axis=0)])
