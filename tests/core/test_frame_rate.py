"""Frame rates: to 30 frames/s and back again onto the input's own frames, at the same instants."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from processor_time import best_time

from posenorm_core import quaternion
from posenorm_core.errors import InputError
from posenorm_core.frame_rate import (
    input_times,
    require_fps,
    resample_keypoints,
    resample_rotations,
    resample_times,
    resample_values,
)

RATES = st.sampled_from([10, 12.5, 15, 23.976, 24, 25, 29.97, 30, 50, 59.94, 60, 119.88, 240]) | st.floats(1, 1000)


@pytest.fixture
def rng() -> np.random.Generator:
    """The same random numbers every time."""
    return np.random.default_rng(7)


@given(st.integers(1, 500), RATES)
def test_the_computed_frames_are_a_thirtieth_apart_and_cover_the_clip(frames: int, fps: float) -> None:
    times = resample_times(frames, fps)
    assert times[0] == 0
    np.testing.assert_allclose(times / fps, np.arange(len(times)) / 30, atol=1e-9)
    assert times[-1] >= frames - 1 - 1e-6
    assert len(times) == 1 or times[-2] < frames - 1


@given(st.integers(1, 500), RATES)
def test_there_and_back_is_the_same_instant(frames: int, fps: float) -> None:
    computed = resample_values(np.arange(frames) / fps, resample_times(frames, fps))
    back = resample_values(computed, input_times(frames, fps))
    assert len(back) == frames
    # The computed frame after the end holds it, so what lies in the last thirtieth may differ by that much.
    whole = np.arange(frames) / fps <= (frames - 1) / fps - 1 / 30
    np.testing.assert_allclose(back[whole], (np.arange(frames) / fps)[whole], atol=1e-6)
    np.testing.assert_allclose(back, np.arange(frames) / fps, atol=1 / 30)


def test_at_30_frames_a_second_nothing_changes(rng: np.random.Generator) -> None:
    points, confidence = rng.normal(size=(40, 24, 2)), rng.choice([0, 0.5, 1], (40, 24))
    points[confidence == 0] = 0
    times = resample_times(40, 30)
    for before, after in zip((points, confidence), resample_keypoints(points, confidence, times), strict=True):
        np.testing.assert_array_equal(before, after)


def test_a_point_holds_half_way_to_a_missing_frame_and_between_two_seen_is_the_line() -> None:
    points = np.array([[[0.0, 0.0]], [[10.0, 20.0]], [[999.0, 999.0]], [[30.0, 0.0]]])
    confidence = np.array([[0.4], [0.8], [0.0], [1.0]])
    times = np.array([0.0, 0.25, 1.0, 1.5, 2.0, 2.999, 3.0, 7.0])
    resampled, sure = resample_keypoints(points, confidence, times)
    np.testing.assert_allclose(sure[:, 0], [0.4, 0.5, 0.8, 0.8, 0, 1, 1, 1])
    expected = [[0, 0], [2.5, 5], [10, 20], [10, 20], [0, 0], [30, 0], [30, 0], [30, 0]]
    np.testing.assert_allclose(resampled[:, 0], expected)


@given(st.integers(2, 60), RATES, st.integers(0, 2**32 - 1))
def test_a_steady_turn_stays_steady(frames: int, fps: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    axis = rng.normal(size=3)
    axis /= np.linalg.norm(axis)
    speed = rng.uniform(0, 1)  # radians an input frame
    turn = quaternion.from_rotation_vector(axis * (np.arange(frames) * speed)[:, None])
    turn *= rng.choice([-1, 1], (frames, 1))  # the sign of a quaternion says nothing
    times = resample_times(frames, fps)
    resampled = resample_rotations(np.stack([turn, turn], axis=1), times)
    held = np.minimum(times, frames - 1)
    expected = quaternion.from_rotation_vector(axis * (held * speed)[:, None])
    assert resampled.shape == (len(times), 2, 4)
    assert quaternion.geodesic_angle(resampled[:, 0], expected).max() < 1e-6
    assert (np.sum(resampled[1:] * resampled[:-1], axis=-1) >= 0).all()
    np.testing.assert_allclose(np.linalg.norm(resampled, axis=-1), 1)


def test_one_frame_is_one_frame_at_any_rate() -> None:
    for fps in (1, 29.97, 240):
        times = resample_times(1, fps)
        assert times.tolist() == [0]
        assert resample_values(np.array([[7.0]]), times).tolist() == [[7.0]]
        assert resample_rotations(np.array([[[1.0, 0, 0, 0]]]), input_times(1, fps)).tolist() == [[[1, 0, 0, 0]]]


def test_what_is_not_known_stays_not_known() -> None:
    assert np.isnan(resample_values(np.full((5, 2), np.nan, dtype=np.float32), np.array([0, 0.5, 4]))).all()


@pytest.mark.parametrize("fps", [0, -30, float("nan"), float("inf"), 1e9, 1e-9])
def test_no_video_has_such_a_rate(fps: float) -> None:
    for refuse in (lambda: require_fps(fps), lambda: resample_times(100, fps), lambda: input_times(100, fps)):
        with pytest.raises(InputError, match="between 1 and 1000"):
            refuse()


def test_ten_times_the_frames_cost_about_ten_times_as_much() -> None:
    def there_and_back(frames: int) -> None:
        points, confidence = np.ones((frames, 24, 2), dtype=np.float32), np.ones((frames, 24), dtype=np.float32)
        rotations = np.tile(np.float32([1, 0, 0, 0]), (frames, 19, 1))
        computed, _ = resample_keypoints(points, confidence, resample_times(frames, 29.97))
        back = resample_rotations(rotations, input_times(frames, 29.97))
        assert computed.dtype == back.dtype == np.float32

    # It has been 14 times: the larger arrays leave the processor's caches. What goes over all frames for each is at 80.
    assert best_time(lambda: there_and_back(100_000)) < 25 * best_time(lambda: there_and_back(10_000))
