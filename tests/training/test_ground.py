"""The measures of vertical, contacts and root path: hand-computed values, and what must not matter."""

import numpy as np
import pytest

from posenorm_core import quaternion
from posenorm_core.builtin_motion import builtin_clip
from posenorm_core.root_path import posed_body, root_path
from training.ground import (
    contact_f1,
    distance_travelled,
    root_path_error,
    true_heading_path,
    up_error_degrees,
)

UP = np.array([0.0, 1.0, 0.0])


def test_the_vertical_error_is_the_mean_angle() -> None:
    truth = np.array([[0.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    assert up_error_degrees(UP, truth) == pytest.approx((0 + 45 + 90) / 3)
    assert up_error_degrees(truth, 3 * truth) == pytest.approx(0)


def test_f1_is_counted_by_hand_and_unknown_contacts_are_no_contacts() -> None:
    truth = np.array([[1, 1], [1, 0], [0, 0]])
    said = np.array([[0.9, 0.4], [np.nan, 0.8], [0.1, 0.2]])
    # One right, two missed, one invented.
    assert contact_f1(said, truth) == pytest.approx(2 * 1 / (2 * 1 + 2 + 1))
    assert contact_f1(truth, truth) == 1
    assert contact_f1(0 * said[:1], 0 * truth[:1]) == 1
    assert contact_f1(np.ones((2, 2)), np.zeros((2, 2))) == 0


def test_the_path_error_is_the_mean_distance_in_percent_of_the_way() -> None:
    truth = np.array([[0.0, 0.9, 0.0], [1.0, 0.8, 0.0], [2.0, 0.9, 0.0], [2.0, 0.9, 2.0]])
    assert distance_travelled(truth) == pytest.approx(4)
    path = np.array([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [2.0, 0.0, 0.0], [2.0, 0.0, 2.0]])
    assert root_path_error(path, truth) == pytest.approx(0, abs=1e-9)
    straight = truth[:3]
    assert root_path_error(straight * 0.5, straight) == pytest.approx(100 * (0 + 0.5 + 1) / 3 / 2)
    assert np.isnan(root_path_error(path[:1], truth[:1]))


def test_neither_the_start_nor_the_compass_nor_the_height_matters() -> None:
    rng = np.random.default_rng(0)
    truth = np.cumsum(rng.normal(size=(50, 3)), axis=0)
    path = truth + 0.1 * rng.normal(size=(50, 3))
    turn = quaternion.from_rotation_vector(2.0 * UP)
    moved = quaternion.rotate(turn, path) + np.array([5.0, 7.0, -3.0])
    assert root_path_error(moved, truth) == pytest.approx(root_path_error(path, truth))
    assert root_path_error(path, truth) > 0.01


def test_in_heading_the_true_path_of_one_who_walks_a_curve_is_as_long_and_straight() -> None:
    clip = builtin_clip("walk", 0, seconds=4.0)
    time = np.arange(len(clip)) / clip.fps
    # The same walk on a turntable: the world turns with the walker, who by himself goes straight on.
    table = quaternion.from_rotation_vector(0.5 * time[:, None] * UP)
    rotations = clip.rotations.astype(np.float64)
    straight = true_heading_path(rotations, clip.root_position, clip.skeleton.offsets, clip.contacts, clip.fps)
    rotations[:, 0] = quaternion.multiply(table, rotations[:, 0])
    steps = quaternion.rotate(table[1:], np.diff(clip.root_position.astype(np.float64), axis=0))
    path = np.concatenate([clip.root_position[:1], clip.root_position[0] + np.cumsum(steps, axis=0)])
    heading = true_heading_path(rotations, path, clip.skeleton.offsets, clip.contacts, clip.fps)
    ends = np.linalg.norm((heading[-1] - heading[0])[[0, 2]]), np.linalg.norm((straight[-1] - straight[0])[[0, 2]])
    assert ends[0] == pytest.approx(ends[1], rel=0.05)
    assert np.linalg.norm((path[-1] - path[0])[[0, 2]]) < 0.9 * ends[1]


def test_who_never_turns_has_in_heading_the_path_of_the_world() -> None:
    clip = builtin_clip("squat", 0, seconds=3.0)
    heading = true_heading_path(clip.rotations, clip.root_position, clip.skeleton.offsets, clip.contacts, clip.fps)
    assert root_path_error(heading, clip.root_position) < 1
    np.testing.assert_array_equal(heading[:, 1], clip.root_position[:, 1])
    recovered = root_path(posed_body(clip.rotations, clip.skeleton.offsets), clip.contacts, clip.fps)
    assert root_path_error(recovered, heading) < 1


def test_whose_feet_slide_slides_in_heading_too() -> None:
    clip = builtin_clip("squat", 0, seconds=2.0)
    carried = clip.root_position + np.linspace(0, 1, len(clip))[:, None] * np.array([0.0, 0.0, 3.0])
    still, slid = (
        true_heading_path(clip.rotations, path, clip.skeleton.offsets, clip.contacts, clip.fps)
        for path in (clip.root_position, carried)
    )
    np.testing.assert_allclose((slid - still)[-1], [0.0, 0.0, 3.0], atol=0.05)
