"""A pose is told again from its own joints: what they see is the same from every view, the T-pose where it is right."""

import numpy as np
import pytest
import torch

from posenorm_core import quaternion
from posenorm_core.condition_skeleton import CONDITION_SKELETON, JOINT_NAMES, LEAVES, NON_LEAVES, PARENTS
from posenorm_core.kinematics import pose_skeleton
from posenorm_core.landmarks import BONE_BEGINS, BONE_ENDS, FIXED_OFFSETS, LANDMARK_COUNT, landmark_positions
from posenorm_core.network_input import with_landmarks
from posenorm_core.refinement import PLACES_SIZE, REFINEMENT_INPUT, lifted, refined, seen_from_joints
from posenorm_core.rotation_head import HEADS, output_size


def poses(frames: int = 20) -> np.ndarray:
    rng = np.random.default_rng(2)
    rotations = np.array(quaternion.from_rotation_vector(rng.normal(scale=0.6, size=(frames, 19, 3))))
    rotations[:, list(LEAVES)] = [1, 0, 0, 0]
    return rotations


def landmarks_of_pose(rotations: np.ndarray) -> np.ndarray:
    positions, turned = pose_skeleton(CONDITION_SKELETON.offsets, rotations, PARENTS)
    return np.asarray(landmark_positions(positions, turned, FIXED_OFFSETS))


def bones_seen(rotations: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    return seen_from_joints(rotations, landmarks)[:, PLACES_SIZE:].reshape(-1, LANDMARK_COUNT - 1, 3)


def test_where_the_pose_is_right_its_joints_see_the_t_pose():
    at_rest = landmarks_of_pose(np.tile([1.0, 0, 0, 0], (1, 19, 1)))
    rest = at_rest[:, BONE_ENDS] - at_rest[:, BONE_BEGINS]
    seen = bones_seen(poses(), landmarks_of_pose(poses()))
    ratio = np.linalg.norm(seen, axis=-1) / np.linalg.norm(rest, axis=-1)
    np.testing.assert_allclose(ratio, ratio[0, 0])  # all of them larger by one factor
    np.testing.assert_allclose(seen, np.broadcast_to(ratio[0, 0] * rest, seen.shape), atol=1e-12)


@pytest.mark.parametrize("joint", ["left_elbow", "spine", "right_ankle"])
def test_what_is_left_to_turn_is_seen_at_the_joint_that_is_wrong_and_nowhere_before_it(joint):
    wrong, number = poses(), JOINT_NAMES.index(joint)
    wrong[:, number] = [1, 0, 0, 0]
    seen, right = bones_seen(wrong, landmarks_of_pose(poses())), bones_seen(poses(), landmarks_of_pose(poses()))
    off = np.linalg.norm(seen - right, axis=-1).max(axis=0)
    its_bones = [begin == number for begin in BONE_BEGINS]
    assert off[its_bones].min() > 0.05
    below = {number}
    for child, parent in enumerate(PARENTS):
        below |= {child} if parent in below else set()
    assert off[[begin not in below for begin in BONE_BEGINS]].max() < 1e-12


def test_what_the_joints_see_does_not_depend_on_the_view():
    turn = quaternion.from_rotation_vector(np.array([0.4, -2.0, 0.3]))
    from_elsewhere = poses()
    from_elsewhere[:, 0] = quaternion.multiply(turn, from_elsewhere[:, 0])
    seen = seen_from_joints(from_elsewhere, quaternion.rotate(turn, landmarks_of_pose(poses())))
    np.testing.assert_allclose(seen, seen_from_joints(poses(), landmarks_of_pose(poses())), atol=1e-12)


def test_a_landmark_is_where_it_is_seen_and_as_deep_as_it_is_told():
    rng = np.random.default_rng(3)
    shown, told = rng.normal(size=(5, LANDMARK_COUNT, 2)), rng.normal(size=(5, LANDMARK_COUNT, 3))
    hidden = rng.random((5, LANDMARK_COUNT, 1)) < 0.3
    features = with_landmarks(np.concatenate([np.where(hidden, 0, shown), 1.0 - hidden], axis=-1))
    places = lifted(features, told)
    np.testing.assert_array_equal(places[..., 2], told[..., 2])
    np.testing.assert_array_equal(places[..., :2], np.where(hidden, told[..., :2], shown))


@pytest.mark.parametrize("head", HEADS)
def test_who_says_nothing_turns_nothing(head):
    nothing = np.zeros((20, output_size(head)))
    again = refined(poses(), landmarks_of_pose(poses()), lambda seen: nothing, head)
    assert quaternion.geodesic_angle(again, poses()).max() < 1e-7


def test_each_joint_is_turned_in_its_own_frame():
    numbers = np.zeros((20, len(NON_LEAVES), 4))
    elbow = JOINT_NAMES.index("right_elbow")
    turn = np.asarray(quaternion.from_rotation_vector(np.array([0.0, 0.7, 0.0])))
    numbers[:, NON_LEAVES.index(elbow)] = turn - [1, 0, 0, 0]
    again = refined(poses(), landmarks_of_pose(poses()), lambda seen: numbers.reshape(20, -1), "quaternion")
    expected = poses()
    expected[:, elbow] = quaternion.multiply(expected[:, elbow], turn)
    np.testing.assert_allclose(again, expected, atol=1e-12)


def test_numpy_and_torch_agree():
    layer = np.random.default_rng(5).normal(size=(REFINEMENT_INPUT, output_size("6d")))
    ours = refined(poses(), landmarks_of_pose(poses()), lambda seen: np.tanh(seen @ layer), "6d")
    arrays = (torch.from_numpy(poses()), torch.from_numpy(landmarks_of_pose(poses())))
    theirs = refined(*arrays, lambda seen: torch.tanh(seen @ torch.from_numpy(layer)), "6d")
    np.testing.assert_allclose(ours, theirs.numpy(), atol=1e-12)
