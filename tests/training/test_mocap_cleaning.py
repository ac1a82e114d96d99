"""Cleaning, contacts and duplicates, on motion whose faults are known."""

import numpy as np
import pytest

from posenorm_core import quaternion
from posenorm_core.condition_skeleton import CONDITION_SKELETON, JOINT_NAMES, PARENTS
from posenorm_core.kinematics import forward_kinematics
from training.mocap.cleaning import is_still, possible_runs, steady_run, without_calibration
from training.mocap.contacts import BALL_HEIGHT, floor_height, foot_contacts
from training.mocap.dataset import DataClip
from training.mocap.duplicates import find_duplicates

IDENTITY = np.array([1.0, 0.0, 0.0, 0.0])


def waving(frames: int, seed: int = 0) -> np.ndarray:
    """Rotations (T, 19, 4): arms down, knees and one elbow bending slowly."""
    phase = np.random.default_rng(seed).uniform(0, 2 * np.pi, size=3)
    time = np.arange(frames) / 30
    vectors = np.zeros((frames, len(JOINT_NAMES), 3))
    vectors[:, JOINT_NAMES.index("left_shoulder"), 2] = -1.3
    vectors[:, JOINT_NAMES.index("left_elbow"), 1] = -1 + 0.8 * np.sin(3 * time + phase[0])
    vectors[:, JOINT_NAMES.index("right_knee"), 0] = 0.5 + 0.4 * np.sin(2 * time + phase[1])
    vectors[:, JOINT_NAMES.index("left_knee"), 0] = 0.5 + 0.4 * np.sin(5 * time + phase[2])
    return np.asarray(quaternion.from_rotation_vector(vectors))


def poses(frames: int) -> tuple[np.ndarray, np.ndarray]:
    points = np.zeros((frames, len(JOINT_NAMES), 3))
    return points, np.tile(IDENTITY, (frames, len(JOINT_NAMES), 1))


def test_the_longest_run_without_jumps_and_nan_is_kept() -> None:
    points, drivers = poses(100)
    points[10:, 0, 0] = 5.0
    points[60, 3, 1] = np.nan
    assert steady_run(points, drivers) == slice(10, 60)
    points[:] = np.nan
    run = steady_run(points, drivers)
    assert run.stop - run.start == 0


def test_poses_held_for_calibration_go_from_both_ends_only() -> None:
    rotations = waving(60)
    rotations[:7] = rotations[-4:] = rotations[30] = IDENTITY
    assert without_calibration(rotations) == slice(7, 56)
    assert without_calibration(np.tile(IDENTITY, (20, 19, 1))) == slice(0, 0)


def test_clips_are_cut_at_broken_frames_and_short_ends_go() -> None:
    rotations = waving(100)
    assert possible_runs(rotations) == [slice(0, 100)]
    rotations[40:43, JOINT_NAMES.index("right_ankle")] = quaternion.from_rotation_vector(np.array([0.0, 2.4, 0.0]))
    rotations[95, 0] = quaternion.from_rotation_vector(np.array([0.0, 2.0, 0.0]))
    assert possible_runs(rotations) == [slice(0, 40), slice(43, 95)]
    wrong_way = waving(50)
    wrong_way[20:30, JOINT_NAMES.index("left_knee")] = quaternion.from_rotation_vector(np.array([-0.6, 0.0, 0.0]))
    assert possible_runs(wrong_way) == [slice(0, 20), slice(30, 50)]


def test_what_does_not_move_is_still() -> None:
    assert is_still(np.repeat(waving(1), 30, axis=0))
    assert not is_still(waving(30))


def stepping(frames: int, swing: slice) -> np.ndarray:
    """Positions of a body standing on the floor that swings its right foot forward in the frames `swing`."""
    positions = np.array(forward_kinematics(CONDITION_SKELETON.offsets, np.tile(IDENTITY, (frames, 19, 1)), PARENTS))
    positions[..., 1] += BALL_HEIGHT - positions[0, JOINT_NAMES.index("right_toe"), 1]
    part = np.clip((np.arange(frames) - swing.start) / (swing.stop - swing.start), 0, 1)
    for name in ("right_ankle", "right_toe"):
        positions[:, JOINT_NAMES.index(name), 2] += 0.8 * part
        positions[:, JOINT_NAMES.index(name), 1] += 0.15 * np.sin(np.pi * part)
    return positions


def test_a_foot_that_swings_does_not_stand() -> None:
    ankles = BALL_HEIGHT - CONDITION_SKELETON.offsets[[17, 18], 1]
    positions = stepping(60, slice(20, 35))
    assert floor_height(positions, ankles) == pytest.approx(0.0, abs=1e-9)
    assert floor_height(positions + np.array([0.0, 0.7, 0.0]), ankles) == pytest.approx(0.7, abs=1e-9)
    contacts = foot_contacts(positions, ankles, 30.0)
    assert contacts[:, 1].all()
    assert contacts[:18, 0].all()
    assert not contacts[22:33, 0].any()
    assert contacts[38:, 0].all()


def test_a_slow_foot_in_the_air_does_not_stand() -> None:
    ankles = BALL_HEIGHT - CONDITION_SKELETON.offsets[[17, 18], 1]
    positions = stepping(30, slice(100, 101))
    for name in ("left_ankle", "left_toe"):
        positions[:, JOINT_NAMES.index(name), 1] += 0.3
    assert foot_contacts(positions, ankles, 30.0).tolist() == [[1, 0]] * 30


def test_a_foot_that_slides_over_the_ground_does_not_stand() -> None:
    ankles = BALL_HEIGHT - CONDITION_SKELETON.offsets[[17, 18], 1]
    positions = stepping(30, slice(100, 101))
    for name in ("left_ankle", "left_toe"):
        positions[:, JOINT_NAMES.index(name), 2] += 2.0 * np.arange(30) / 30
    assert foot_contacts(positions, ankles, 30.0).tolist() == [[1, 0]] * 30


def clip(name: str, family: str, rotations: np.ndarray) -> DataClip:
    frames = len(rotations)
    return DataClip(
        name=name,
        subject="s",
        action="a",
        source="x",
        family=family,
        offsets=CONDITION_SKELETON.offsets,
        rotations=rotations,
        root_position=np.zeros((frames, 3)),
        contacts=np.zeros((frames, 2), dtype=np.uint8),
    )


def test_a_recording_met_twice_is_found_whatever_its_heading_and_the_shared_skeleton_gives_way() -> None:
    turned = waving(90)[2:]
    turned[:, 0] = quaternion.from_rotation_vector(np.array([0.0, 1.0, 0.0]))
    clips = [
        clip("first", "chaneyddtt", waving(90)),
        clip("other", "papagina", waving(90, seed=1)),
        clip("again", "dragonforged", turned),
        clip("part", "papagina", waving(90)[:70]),
    ]
    assert find_duplicates(clips) == {0: 2}
