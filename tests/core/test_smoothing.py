"""What smoothing keeps (parabolas, the ends, what stands alone) and what it takes away; the same on the sphere."""

import numpy as np
import pytest

from posenorm_core import quaternion
from posenorm_core.errors import InputError
from posenorm_core.smoothing import reach_in_frames, require_strength, smooth_points, smooth_rotations

FPS = 30.0
TIME = np.arange(120) / FPS


def sure(values: np.ndarray) -> np.ndarray:
    return np.ones(values.shape[:2])


def test_nothing_is_done_at_strength_zero_or_where_the_reach_is_below_a_frame():
    points = np.random.default_rng(0).normal(size=(20, 3, 2))
    np.testing.assert_array_equal(smooth_points(points, sure(points), FPS, 0.0), points)
    assert reach_in_frames(1.0, 1.0) < 1
    np.testing.assert_array_equal(smooth_points(points, sure(points), 1.0, 1.0), points)


@pytest.mark.parametrize("strength", [0.1, 0.3, 1.0])
def test_a_parabola_stays_itself_to_its_ends(strength):
    points = np.stack([TIME, 2 - TIME + 0.5 * TIME**2], axis=1)[:, None]
    smoothed = smooth_points(points, sure(points), FPS, strength)
    np.testing.assert_allclose(smoothed, points, atol=2e-3 * np.ptp(points))


def test_the_fit_is_that_of_least_squares():
    rng = np.random.default_rng(1)
    points, weight = rng.normal(size=(40, 1, 1)), rng.uniform(0.1, 1, size=(40, 1))
    smoothed = smooth_points(points, weight, FPS, 0.5)
    reach = reach_in_frames(FPS, 0.5)
    for frame in (0, 3, 20, 39):
        time = (np.arange(40) - frame) / reach
        near = np.abs(time) < 1
        w = np.sqrt(weight[near, 0] * (1 - np.abs(time[near]) ** 3) ** 3)
        columns = np.stack([np.ones(near.sum()), time[near], time[near] ** 2], axis=1)
        value = np.linalg.lstsq(columns * w[:, None], points[near, 0, 0] * w, rcond=None)[0][0]
        assert smoothed[frame, 0, 0] == pytest.approx(value, abs=0.1)


def test_the_stronger_the_smoother_and_no_lag():
    rng = np.random.default_rng(2)
    true = np.sin(4 * TIME)[:, None, None]
    noisy = true + 0.05 * rng.normal(size=true.shape)
    errors = [np.abs(smooth_points(noisy, sure(noisy), FPS, s) - true).mean() for s in (0.0, 0.2, 0.4)]
    assert errors[0] > errors[1] > errors[2]
    backwards = smooth_points(noisy[::-1], sure(noisy), FPS, 0.4)[::-1]
    np.testing.assert_allclose(backwards, smooth_points(noisy, sure(noisy), FPS, 0.4), atol=1e-12)


def test_what_has_no_weight_tells_nothing_and_takes_its_neighbours_value():
    points = np.zeros((30, 1, 2))
    points[10] = 1e6
    weight = sure(points)
    weight[10] = 0
    np.testing.assert_allclose(smooth_points(points, weight, FPS, 0.3), 0, atol=1e-9)
    alone = smooth_points(points, np.zeros((30, 1)), FPS, 0.3)
    np.testing.assert_array_equal(alone, points)


def turning(axis: tuple[float, float, float], speed: float = 2.0) -> np.ndarray:
    """A steady turn, through all of the circle."""
    return np.asarray(quaternion.from_axis_angle(np.array(axis), speed * TIME))[:, None]


def test_a_steady_turn_stays_itself_through_the_whole_circle():
    q = turning((0.6, 0.0, 0.8), speed=5.0)
    smoothed = smooth_rotations(q, sure(q), FPS, 0.5)
    assert np.degrees(quaternion.geodesic_angle(smoothed, q)).max() < 0.05


def test_how_the_world_is_turned_does_not_matter():
    rng = np.random.default_rng(3)
    shaken = quaternion.normalize(turning((0, 1, 0)) + 0.05 * rng.normal(size=(120, 1, 4)))
    turn = quaternion.normalize(rng.normal(size=4))
    here = quaternion.multiply(turn, smooth_rotations(shaken, sure(shaken), FPS, 0.3))
    there = smooth_rotations(quaternion.multiply(turn, shaken), sure(shaken), FPS, 0.3)
    assert np.degrees(quaternion.geodesic_angle(here, there)).max() < 1e-4
    after = smooth_rotations(quaternion.multiply(shaken, turn), sure(shaken), FPS, 0.3)
    before = quaternion.multiply(smooth_rotations(shaken, sure(shaken), FPS, 0.3), turn)
    assert np.degrees(quaternion.geodesic_angle(after, before)).max() < 1e-4


def test_rotations_come_back_of_length_one_and_nearer_to_the_truth():
    rng = np.random.default_rng(4)
    true = turning((0, 0, 1))
    shaken = quaternion.normalize(true + 0.03 * rng.normal(size=true.shape))
    smoothed = smooth_rotations(shaken.astype(np.float32), sure(true), FPS, 0.4)
    assert smoothed.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(smoothed, axis=-1), 1, atol=1e-6)
    before, after = (quaternion.geodesic_angle(q, true).mean() for q in (shaken, smoothed))
    assert after < 0.6 * before


@pytest.mark.parametrize("strength", [-0.1, 1.1, float("nan")])
def test_no_share_is_refused(strength):
    with pytest.raises(InputError, match="between 0"):
        require_strength(strength)
