"""Euler angles: the inverse of their composition in every order, through gimbal lock too, and never a jump."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from posenorm_core import quaternion
from posenorm_core.euler import ORDERS, continuous_euler, from_euler, to_euler


def angle_between(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.max(quaternion.geodesic_angle(a, b)))


def random_rotations(count: int, seed: int = 0) -> np.ndarray:
    return np.asarray(quaternion.normalize(np.random.default_rng(seed).normal(size=(count, 4))))


@pytest.mark.parametrize("order", ORDERS)
def test_what_angles_compose_to_is_the_rotation_they_came_from(order: str) -> None:
    q = random_rotations(500)
    assert angle_between(from_euler(to_euler(q, order), order), q) < 1e-7


def test_the_first_letter_is_turned_about_first() -> None:
    quarter = np.pi / 2
    turned = quaternion.rotate(from_euler(np.array([quarter, quarter, 0.0]), "XYZ"), np.array([0.0, 1.0, 0.0]))
    assert_allclose(turned, [1, 0, 0], atol=1e-12)  # about X: y -> z; then about Y: z -> x
    turned = quaternion.rotate(from_euler(np.array([quarter, quarter, 0.0]), "YXZ"), np.array([0.0, 1.0, 0.0]))
    assert_allclose(turned, [0, 0, 1], atol=1e-12)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("side", [1, -1])
def test_gimbal_lock_loses_nothing(order: str, side: int) -> None:
    angles = np.zeros((50, 3))
    angles[:, "XYZ".index(order[0])] = np.linspace(-3, 3, 50)
    angles[:, "XYZ".index(order[1])] = side * np.pi / 2
    q = from_euler(angles, order)
    assert angle_between(from_euler(to_euler(q, order), order), q) < 1e-4


@pytest.mark.parametrize("order", ORDERS)
def test_angles_along_time_tell_the_same_rotations_and_do_not_jump(order: str) -> None:
    """Two and a half turns about a slanted axis, past gimbal lock on the way."""
    axis = np.array([0.6, 0.5, np.sqrt(1 - 0.61)])
    q = np.asarray(quaternion.from_axis_angle(axis, np.linspace(0, 5 * np.pi, 2000)))
    angles = continuous_euler(q, order)
    both = continuous_euler(np.stack([q, q[::-1]], axis=1), order)  # many joints at once
    np.testing.assert_array_equal(both[:, 0], angles)
    assert angle_between(from_euler(angles, order), q) < 1e-7
    assert np.abs(np.diff(to_euler(q, order), axis=0)).max() > 3  # the plain ones do
    assert np.abs(np.diff(angles, axis=0)).max() < 0.5


def test_no_frame_and_one_frame_are_clips() -> None:
    assert continuous_euler(np.zeros((0, 4)), "XYZ").shape == (0, 3)
    assert_allclose(continuous_euler(np.array([[1.0, 0, 0, 0]]), "ZYX"), [[0, 0, 0]], atol=1e-15)
