"""The change of rest pose: whatever frames a rig has, the same movement gives the same rotations."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from posenorm_core import quaternion
from posenorm_core.condition_skeleton import CONDITION_SKELETON, JOINT_NAMES, MIRROR, NON_LEAVES, PARENTS
from posenorm_core.kinematics import forward_kinematics, pose_skeleton
from posenorm_core.rest_pose import LIMBS, RestFrames, align, change_rest_pose, mean_hinge_axis, mean_twist

IDENTITY = np.array([1.0, 0.0, 0.0, 0.0])
TRUNK = ("pelvis", "thorax", "neck")


def hinged_motion(seed: int, frames: int = 40) -> np.ndarray:
    """Rotations (T, 19, 4) of a body whose knees and elbows are pure hinges and whose spine is relaxed."""
    random = np.random.default_rng(seed)
    vectors = random.normal(scale=0.3, size=(frames, len(JOINT_NAMES), 3))
    for _, hinge, _, axis in LIMBS:
        vectors[:, JOINT_NAMES.index(hinge)] = random.uniform(0.2, 2.0, size=(frames, 1)) * axis
    rotations = np.array(quaternion.from_rotation_vector(vectors))
    rotations[:, list(CONDITION_SKELETON.leaves)] = IDENTITY
    return rotations


def random_frames(seed: int) -> np.ndarray:
    """One constant rotation a joint (19, 4): the local frames of some rig."""
    frames = np.random.default_rng(seed).normal(size=(len(JOINT_NAMES), 4))
    return frames / np.linalg.norm(frames, axis=-1, keepdims=True)


def as_seen_by_a_rig(rotations: np.ndarray, frames: np.ndarray, offsets: np.ndarray) -> tuple:
    """Points, drivers and upright trunk of a rig with local `frames` that does the movement `rotations`."""
    points, turned = pose_skeleton(offsets, rotations, PARENTS)
    drivers = np.asarray(quaternion.multiply(turned, frames))
    return points, drivers, RestFrames(*(frames[JOINT_NAMES.index(name)] for name in TRUNK))


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_rigs_own_frames_make_no_difference(seed: int) -> None:
    rotations = hinged_motion(seed)
    plain = change_rest_pose(*as_seen_by_a_rig(rotations, np.tile(IDENTITY, (19, 1)), CONDITION_SKELETON.offsets))
    strange = change_rest_pose(*as_seen_by_a_rig(rotations, random_frames(seed), CONDITION_SKELETON.offsets))
    assert np.asarray(quaternion.geodesic_angle(plain.rotations, strange.rotations)).max() < 1e-6
    assert_allclose(plain.offsets, strange.offsets, atol=1e-9)


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 2**32 - 1))
def test_a_hinged_bodys_own_rotations_come_back(seed: int) -> None:
    rotations = hinged_motion(seed)
    found = change_rest_pose(*as_seen_by_a_rig(rotations, random_frames(seed), CONDITION_SKELETON.offsets))
    exact = [j for j in NON_LEAVES if JOINT_NAMES[j].split("_")[-1] in ("pelvis", "hip", "knee", "elbow")]
    errors = np.asarray(quaternion.geodesic_angle(found.rotations, rotations))[:, exact]
    assert errors.max() < 1e-6
    # The refit stands where the source stood, all of it.
    fitted = forward_kinematics(found.offsets, found.rotations, PARENTS)
    source = forward_kinematics(CONDITION_SKELETON.offsets, rotations, PARENTS)
    assert_allclose(fitted, source, atol=1e-9)


@pytest.mark.parametrize("loose", [(), tuple(hinge for _, hinge, _, _ in LIMBS)])
def test_hinges_bend_about_the_t_poses_axes(loose: tuple[str, ...]) -> None:
    frames = np.tile(IDENTITY, (19, 1)) if loose else random_frames(5)
    seen = as_seen_by_a_rig(hinged_motion(5), frames, CONDITION_SKELETON.offsets)
    found = change_rest_pose(*seen, loose_hinges=loose)
    for _, hinge, end, axis in LIMBS:
        joint = JOINT_NAMES.index(hinge)
        upper = CONDITION_SKELETON.offsets[joint]
        lower = quaternion.rotate(found.rotations[:, joint], CONDITION_SKELETON.offsets[JOINT_NAMES.index(end)])
        measured = mean_hinge_axis(np.broadcast_to(upper, lower.shape), np.asarray(lower))
        assert np.degrees(np.arccos(np.clip(measured @ axis, -1, 1))) < (5.0 if loose else 1e-4)


def test_the_bending_plane_restores_the_roll_that_a_rig_left_out() -> None:
    rotations = hinged_motion(11)
    points, turned = pose_skeleton(CONDITION_SKELETON.offsets, rotations, PARENTS)
    drivers = np.array(turned)
    for upper, hinge, end, axis in LIMBS:
        j, direction = JOINT_NAMES.index(upper), CONDITION_SKELETON.offsets[JOINT_NAMES.index(hinge)]
        bone = points[:, JOINT_NAMES.index(hinge)] - points[:, j]
        drivers[:, j] = quaternion.between(np.broadcast_to(direction, bone.shape), bone)
        rolled = np.asarray(quaternion.geodesic_angle(drivers[:, j], turned[:, j]))
        assert np.degrees(rolled.mean()) > 15
        found = change_rest_pose(points, drivers, RestFrames(IDENTITY, IDENTITY, IDENTITY))
        bent = np.linalg.norm(rotations[:, JOINT_NAMES.index(hinge), 1:] @ axis[:, None], axis=-1) > np.sin(np.pi / 8)
        error = quaternion.geodesic_angle(found.rotations[bent, j], rotations[bent, j])
        assert np.degrees(np.asarray(error).max()) < 4, (upper, end)


def test_mirrored_movement_gives_mirrored_rotations() -> None:
    points, drivers, rest = as_seen_by_a_rig(hinged_motion(7), np.tile(IDENTITY, (19, 1)), CONDITION_SKELETON.offsets)
    flip_point, flip_turn = np.array([-1.0, 1.0, 1.0]), np.array([1.0, 1.0, -1.0, -1.0])
    swap = list(MIRROR)
    there = change_rest_pose(points, drivers, rest).rotations
    back = change_rest_pose(points[:, swap] * flip_point, drivers[:, swap] * flip_turn, rest).rotations
    assert np.asarray(quaternion.geodesic_angle(back[:, swap] * flip_turn, there)).max() < 1e-6


@given(seed=st.integers(0, 2**32 - 1))
def test_align_takes_the_first_exactly_and_the_second_into_its_plane(seed: int) -> None:
    a, b, c, d = np.random.default_rng(seed).normal(size=(4, 3))
    turn = align(a, b, c, d)
    assert_allclose(quaternion.rotate(turn, a) / np.linalg.norm(a), c / np.linalg.norm(c), atol=1e-7)
    second = np.asarray(quaternion.rotate(turn, b))
    assert np.linalg.det(np.stack([c, d, second])) == pytest.approx(0.0, abs=1e-6)
    assert np.cross(c, second) @ np.cross(c, d) > 0


def test_mean_twist_of_a_known_twist() -> None:
    axis = np.array([0.0, -1.0, 0.0])
    angles = np.array([0.1, 0.3, 0.5])
    twist = quaternion.from_rotation_vector(angles[:, None] * axis)
    swing = quaternion.from_rotation_vector(np.array([[0.7, 0.0, 0.0], [0.0, 0.0, 0.4], [0.3, 0.0, -0.2]]))
    assert mean_twist(np.asarray(quaternion.multiply(swing, twist)), axis) == pytest.approx(0.3, abs=1e-9)
