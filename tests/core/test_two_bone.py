"""Two-bone inverse kinematics: the ankle arrives, what is there stays, the knee never flips or pops."""

import numpy as np
import pytest

from posenorm_core import quaternion
from posenorm_core.two_bone import reach

HIP, THIGH, SHIN = np.array([0.1, 0.9, -0.2]), np.array([0.0, -0.4, 0.0]), np.array([0.0, -0.42, 0.0])
LEG, HINGE = 0.82, np.array([1.0, 0.0, 0.0])


def about_x(angle) -> np.ndarray:
    return np.asarray(quaternion.from_axis_angle(HINGE, np.asarray(angle, dtype=np.float64)))


def leg(bend, turn=(0.0, 0.0, 0.0)) -> tuple[np.ndarray, np.ndarray]:
    """Global rotations of hip and knee, bent by `bend` radians."""
    hip = np.asarray(quaternion.from_rotation_vector(np.asarray(turn, dtype=np.float64)))
    return np.broadcast_arrays(hip, quaternion.multiply(hip, about_x(bend)))


def knee_and_ankle(hip, knee) -> tuple[np.ndarray, np.ndarray]:
    at_knee = HIP + quaternion.rotate(hip, np.broadcast_to(THIGH, (*hip.shape[:-1], 3)))
    return at_knee, at_knee + quaternion.rotate(knee, np.broadcast_to(SHIN, (*knee.shape[:-1], 3)))


def reached(hip, knee, wanted):
    return reach(HIP, hip, knee, THIGH, SHIN, wanted, HINGE)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(5)


def test_the_ankle_arrives_wherever_the_leg_is_long_enough(rng):
    hip, knee = leg(rng.uniform(0, 2.5, 500), rng.normal(0, 0.6, (500, 3)))
    way = rng.normal(size=(500, 3))
    wanted = HIP + way / np.linalg.norm(way, axis=1, keepdims=True) * rng.uniform(0.05, 0.997 * LEG, (500, 1))
    _, ankle = knee_and_ankle(*reached(hip, knee, wanted))
    np.testing.assert_allclose(ankle, wanted, atol=1e-9)


@pytest.mark.parametrize("bend", [-0.6, -0.1, -0.01, 0.0, 1e-4, 0.05, 0.5, 2.0])
def test_where_the_ankle_is_there_nothing_changes(bend, rng):
    hip, knee = leg(bend, rng.normal(0, 0.5, (20, 3)))
    for before, after in zip((hip, knee), reached(hip, knee, knee_and_ankle(hip, knee)[1]), strict=True):
        assert np.max(quaternion.geodesic_angle(before, after)) < 1e-6


def test_what_is_too_far_is_pointed_at_with_a_leg_that_is_hardly_bent_and_no_longer_than_it_is():
    hip, knee = leg(0.5)
    new_hip, new_knee = reached(hip, knee, HIP + np.array([0.0, 0.0, 5.0]))
    _, ankle = knee_and_ankle(new_hip, new_knee)
    np.testing.assert_allclose(ankle - HIP, [0, 0, LEG], atol=1e-6)
    assert quaternion.geodesic_angle(new_hip, new_knee) < 1e-3


def test_straightening_slows_down_just_short_of_straight():
    hip, knee = leg(np.full(40, 0.5))
    wanted = HIP - np.linspace(0.97, 1.02, 40)[:, None] * [0.0, LEG, 0.0]
    bends = quaternion.geodesic_angle(*reached(hip, knee, wanted))
    assert (np.diff(bends) < 0).all()
    # A leg that stopped dead at straight would be there at 1.0.
    assert bends[np.linspace(0.97, 1.02, 40) <= 1.0].min() > 0.05


def test_the_knee_stays_in_its_own_plane_and_bends_as_before(rng):
    hip, knee = leg(0.7, rng.normal(0, 0.5, (50, 3)))
    at_knee, ankle = knee_and_ankle(hip, knee)
    normal = np.asarray(quaternion.rotate(hip, np.broadcast_to(HINGE, (50, 3))))
    nearer = HIP + (ankle - HIP) * rng.uniform(0.4, 1.04, (50, 1))
    moved, _ = knee_and_ankle(*reached(hip, knee, nearer))
    assert np.abs(((moved - HIP) * normal).sum(axis=1)).max() < 1e-9
    # It stays on the same side of the line from hip to ankle.
    assert (np.cross(moved - HIP, nearer - HIP) * np.cross(at_knee - HIP, ankle - HIP)).sum(axis=1).min() > 0


def test_a_knee_that_was_bent_sideways_stays_sideways():
    hip = np.array([1.0, 0.0, 0.0, 0.0])
    knee = np.asarray(quaternion.from_axis_angle(np.array([0.6, 0.0, 0.8]), np.array(1.2)))
    at_knee, ankle = knee_and_ankle(hip, knee)
    normal = np.cross(at_knee - HIP, ankle - at_knee)
    normal /= np.linalg.norm(normal)
    moved, _ = knee_and_ankle(*reached(hip, knee, HIP + 0.9 * (ankle - HIP)))
    assert abs((moved - HIP) @ normal) < 0.01


def test_a_nearly_straight_leg_that_trembles_both_ways_bends_one_way_when_it_is_shortened():
    bend = np.concatenate([np.linspace(-0.05, 0.05, 200), np.linspace(0.05, -0.05, 200)])
    hip, knee = leg(bend)
    _, ankle = knee_and_ankle(hip, knee)
    new_hip, new_knee = reached(hip, knee, HIP + (ankle - HIP) * 0.98)
    moved, _ = knee_and_ankle(new_hip, new_knee)
    assert moved[:, 2].min() > HIP[2] + 0.05
    assert np.linalg.norm(np.diff(moved, axis=0), axis=1).max() < 0.002


@pytest.mark.parametrize("bend", [-0.05, 0.0, 0.02, 0.6])
def test_moving_the_ankle_smoothly_moves_the_knee_smoothly(bend):
    hip, knee = leg(np.full(4001, bend))
    _, ankle = knee_and_ankle(hip, knee)
    wanted = ankle + np.linspace(-0.05, 0.05, 4001)[:, None] * [0.0, 1.0, 0.3]
    moved, _ = knee_and_ankle(*reached(hip, knee, wanted))
    assert np.linalg.norm(np.diff(moved, axis=0), axis=1).max() < 0.005


def test_bones_without_length_and_a_goal_in_the_hip_give_numbers():
    hip, knee = leg(0.3)
    none = np.zeros(3)
    for thigh, shin, wanted in ((THIGH, none, HIP + 0.3), (none, none, HIP + 0.3), (THIGH, SHIN, HIP)):
        for turned in reach(HIP, hip, knee, thigh, shin, wanted, HINGE):
            assert np.isfinite(turned).all()
            np.testing.assert_allclose(np.linalg.norm(turned, axis=-1), 1, atol=1e-9)


def test_a_batch_is_its_members(rng):
    hip, knee = leg(rng.uniform(0, 1, (3, 2)), rng.normal(0, 0.5, (3, 2, 3)))
    wanted = HIP + rng.normal(0, 0.4, (3, 2, 3))
    together = reached(hip, knee, wanted)
    alone = reached(hip[1, 1], knee[1, 1], wanted[1, 1])
    for whole, one in zip(together, alone, strict=True):
        np.testing.assert_allclose(whole[1, 1], one, atol=1e-12)
