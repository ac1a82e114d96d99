"""Fewer keys: no frame farther off than allowed, by the way Blender draws the line between two keys; none too many."""

from collections.abc import Callable

import numpy as np
import pytest

from posenorm_core import quaternion
from posenorm_core.errors import InputError
from posenorm_core.key_reduction import interpolated, reduce_points, reduce_rotations, require_tolerance


def wandering_rotations(frames: int, joints: int, seed: int, noise: float = 0.0) -> np.ndarray:
    """Rotations (T, K, 4) that swing by several sines, trembling by about `noise` radians."""
    rng = np.random.default_rng(seed)
    time = np.linspace(0, 6, frames)[:, None, None]
    swings = [rng.uniform(0, 0.6, (joints, 3)) * np.sin(rng.uniform(0.5, 4, (joints, 3)) * time) for _ in range(3)]
    vectors = sum(swings) + noise * rng.normal(size=(frames, joints, 3))
    return np.asarray(quaternion.make_continuous(quaternion.from_rotation_vector(vectors)))


def off_by(rotations: np.ndarray, keyed: np.ndarray) -> np.ndarray:
    """The angle (T, K) between what the keys show and what was given."""
    shown = np.asarray(quaternion.normalize(interpolated(rotations, keyed)))
    return np.asarray(quaternion.geodesic_angle(shown, rotations))


def reduced_one_by_one(
    values: np.ndarray, tolerance: float, distance: Callable[[np.ndarray, np.ndarray], float]
) -> np.ndarray:
    """Which frames (T,) of one joint (T, n) are keyed: Douglas and Peucker's algorithm as it is told."""
    keyed = np.zeros(len(values), dtype=bool)
    keyed[[0, -1]] = True

    def split(begin: int, end: int) -> None:
        off = [
            distance(values[begin] + (frame - begin) / (end - begin) * (values[end] - values[begin]), values[frame])
            for frame in range(begin + 1, end)
        ]
        if off and max(off) > tolerance:
            worst = begin + 1 + int(np.argmax(off))
            keyed[worst] = True
            split(begin, worst)
            split(worst, end)

    split(0, len(values) - 1)
    return keyed


@pytest.mark.parametrize("degrees", [0.1, 1.0, 8.0])
@pytest.mark.parametrize("noise", [0.0, 0.01])
def test_no_frame_is_farther_off_than_allowed_and_the_worst_is_told(degrees: float, noise: float) -> None:
    rotations = wandering_rotations(400, 5, seed=1, noise=noise)
    reduction = reduce_rotations(rotations, np.radians(degrees))
    off = off_by(rotations, reduction.keyed)
    assert off.max() <= np.radians(degrees) + 1e-6
    assert reduction.error == pytest.approx(off.max(), abs=1e-6)
    assert reduction.keyed[[0, -1]].all()
    assert not reduction.keyed.all(), "keys are left out"


def test_points_are_within_the_distance_too() -> None:
    points = wandering_rotations(300, 2, seed=2)[..., 1:]
    reduction = reduce_points(points, 0.01)
    off = np.linalg.norm(interpolated(points, reduction.keyed) - points, axis=-1)
    assert reduction.error == pytest.approx(off.max(), abs=1e-6)
    assert off.max() <= 0.01 + 1e-6
    assert reduction.keyed.mean() < 0.3


def test_it_is_douglas_and_peuckers_algorithm_joint_by_joint() -> None:
    rotations = wandering_rotations(120, 4, seed=3, noise=0.002)

    def angle(between: np.ndarray, true: np.ndarray) -> float:
        return float(quaternion.geodesic_angle(between / np.linalg.norm(between), true))

    def length(between: np.ndarray, true: np.ndarray) -> float:
        return float(np.linalg.norm(between - true))

    turned, moved = reduce_rotations(rotations, 0.02).keyed, reduce_points(rotations[..., 1:], 0.01).keyed
    for joint in range(4):
        np.testing.assert_array_equal(turned[:, joint], reduced_one_by_one(rotations[:, joint], 0.02, angle))
        np.testing.assert_array_equal(moved[:, joint], reduced_one_by_one(rotations[:, joint, 1:], 0.01, length))


def test_a_path_of_straight_lines_is_keyed_at_its_corners() -> None:
    corners, heights = [0, 30, 41, 99], [0.0, 1.0, -0.5, 0.0]
    path = np.interp(np.arange(100), corners, heights)[:, None, None]
    assert np.flatnonzero(reduce_points(path, 1e-4).keyed[:, 0]).tolist() == corners


def test_what_stands_still_is_keyed_at_its_ends() -> None:
    still = np.tile([0.5, 0.5, -0.5, 0.5], (50, 3, 1))
    reduction = reduce_rotations(still, 1e-4)
    assert reduction.keyed.sum(axis=0).tolist() == [2, 2, 2]
    assert reduction.error == pytest.approx(0, abs=1e-6)


def test_keys_next_to_each_other_have_one_sign() -> None:
    # One turn and a half at even speed: with all the tolerance in the world two keys would not tell it.
    angle = np.linspace(0, 3 * np.pi, 40)[:, None]
    turning = np.asarray(quaternion.make_continuous(quaternion.from_axis_angle(np.array([0.0, 0.0, 1.0]), angle)))
    keyed = reduce_rotations(turning, 3.0).keyed[:, 0]
    keys = turning[keyed, 0]
    assert (np.sum(keys[1:] * keys[:-1], axis=1) >= 0).all()


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_the_shortest_clips_have_keys(frames: int) -> None:
    keyed = reduce_rotations(wandering_rotations(frames, 2, seed=4), 0.5).keyed
    assert keyed.shape == (frames, 2)
    assert keyed[[0, -1]].all()


@pytest.mark.parametrize("tolerance", [-1e-3, float("nan"), float("inf")])
def test_what_is_no_tolerance_is_refused(tolerance: float) -> None:
    require_tolerance(0.0)
    with pytest.raises(InputError, match="tolerance"):
        require_tolerance(tolerance)
    with pytest.raises(InputError, match="tolerance"):
        reduce_points(np.zeros((5, 1, 3)), tolerance)
