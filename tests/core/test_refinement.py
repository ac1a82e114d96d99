"""A pose is told again from its own joints: what they see is the same from every view, the T-pose where it is right."""

import numpy as np
import pytest
import torch

from posenorm_core import quaternion
from posenorm_core.condition_skeleton import CONDITION_SKELETON, JOINT_NAMES, LEAVES, NON_LEAVES, PARENTS
from posenorm_core.kinematics import pose_skeleton
from posenorm_core.landmarks import BONE_BEGINS, BONE_ENDS, FIXED_OFFSETS, LANDMARK_COUNT, landmark_positions
from posenorm_core.network_input import with_landmarks
from posenorm_core.refinement import (
    PLACES_SIZE,
    REFINEMENT_INPUT,
    Draft,
    corrected,
    lifted,
    numbers_size,
    refined,
    seen_from_joints,
)
from posenorm_core.rotation_head import HEADS


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


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("head", HEADS)
def test_who_says_nothing_changes_nothing(head, last):
    draft = Draft(poses(), landmarks_of_pose(poses()))
    again = corrected(draft, np.zeros((20, numbers_size(head, last))), head)
    assert quaternion.geodesic_angle(again.rotations, draft.rotations).max() < 1e-7
    np.testing.assert_array_equal(again.places, draft.places)


def test_each_joint_is_turned_in_its_own_frame_and_each_landmark_moved_in_depth():
    numbers = np.zeros((20, len(NON_LEAVES), 4))
    elbow = JOINT_NAMES.index("right_elbow")
    turn = np.asarray(quaternion.from_rotation_vector(np.array([0.0, 0.7, 0.0])))
    numbers[:, NON_LEAVES.index(elbow)] = turn - [1, 0, 0, 0]
    deeper = np.random.default_rng(4).normal(size=(20, LANDMARK_COUNT))
    said = np.concatenate([numbers.reshape(20, -1), deeper], axis=1)
    again = corrected(Draft(poses(), landmarks_of_pose(poses())), said, "quaternion")
    expected, places = poses(), landmarks_of_pose(poses())
    expected[:, elbow] = quaternion.multiply(expected[:, elbow], turn)
    places[..., 2] += deeper
    np.testing.assert_allclose(again.rotations, expected, atol=1e-12)
    np.testing.assert_allclose(again.places, places, atol=1e-12)


WIDTH = 8


def telling(number: int, xp=np, as_array=np.asarray):
    """A network of two random layers."""
    rng = np.random.default_rng(number)
    enter, leave = (
        rng.normal(size=(WIDTH + REFINEMENT_INPUT, WIDTH)),
        rng.normal(size=(WIDTH, numbers_size("6d", last=False))),
    )

    def tell(hidden, seen):
        hidden = xp.tanh(xp.concatenate([hidden, seen], -1) @ as_array(enter))
        return hidden, hidden @ as_array(leave)

    return tell


def test_each_goes_on_from_what_the_one_before_said_and_had_in_mind():
    # Half of the landmarks are shown: the others are where the draft before has them.
    shown = np.broadcast_to(np.arange(LANDMARK_COUNT)[:, None] % 2, (20, LANDMARK_COUNT, 1))
    features = with_landmarks(np.concatenate([0.3 * shown, 0.2 * shown, shown], axis=-1))
    hidden, drafts = np.random.default_rng(6).normal(size=(20, WIDTH)), [Draft(poses(), landmarks_of_pose(poses()))]
    rotations, told = refined(drafts[0], features, hidden, [telling(1), telling(2)], "6d")
    for number in (1, 2):
        seen = seen_from_joints(drafts[-1].rotations, lifted(features, drafts[-1].places))
        hidden, numbers = telling(number)(hidden, seen)
        drafts.append(corrected(drafts[-1], numbers, "6d"))
    np.testing.assert_array_equal(rotations, drafts[2].rotations)
    for draft, expected in zip(told, drafts[:2], strict=True):
        np.testing.assert_array_equal(draft.rotations, expected.rotations)
        np.testing.assert_array_equal(draft.places, expected.places)


def test_numpy_and_torch_agree():
    arrays = [poses(), landmarks_of_pose(poses()), np.random.default_rng(5).normal(size=(20, 72)), np.ones((20, WIDTH))]
    rotations, places, features, hidden = arrays
    ours, our_drafts = refined(Draft(rotations, places), features, hidden, [telling(1), telling(2)], "6d")
    rotations, places, features, hidden = map(torch.from_numpy, arrays)
    tells = [telling(number, torch, torch.from_numpy) for number in (1, 2)]
    theirs, their_drafts = refined(Draft(rotations, places), features, hidden, tells, "6d")
    np.testing.assert_allclose(ours, theirs.numpy(), atol=1e-9)
    for our, their in zip(our_drafts, their_drafts, strict=True):
        np.testing.assert_allclose(our.rotations, their.rotations.numpy(), atol=1e-9)
        np.testing.assert_allclose(our.places, their.places.numpy(), atol=1e-9)
