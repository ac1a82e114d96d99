"""The clip's vertical: outliers do not pull it, the feet level it, and it turns with what it is taken from."""

import numpy as np
import pytest

from posenorm_core import quaternion
from posenorm_core.builtin_motion import builtin_clip
from posenorm_core.condition_skeleton import CONDITION_SKELETON
from posenorm_core.root_path import posed_body
from posenorm_core.vertical import clip_vertical, levelled_by_feet

OFFSETS = CONDITION_SKELETON.offsets
UP = np.array([0.0, 1.0, 0.0])


def degrees_between(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.degrees(np.arctan2(np.linalg.norm(np.cross(a, b)), a @ b)))


def drawn(seed: int, frames: int = 101) -> np.ndarray:
    """Directions (T, 3) around +Y."""
    return UP + np.random.default_rng(seed).normal(scale=0.1, size=(frames, 3))


@pytest.mark.parametrize("seed", range(6))
def test_the_vertical_is_a_direction_that_turns_with_the_frames(seed: int) -> None:
    up, rng = drawn(seed), np.random.default_rng(seed)
    turn = quaternion.normalize(rng.normal(size=4))
    weight = rng.random(len(up))
    vertical = clip_vertical(up, weight)
    assert np.linalg.norm(vertical) == pytest.approx(1)
    np.testing.assert_allclose(clip_vertical(quaternion.rotate(turn, up), weight), quaternion.rotate(turn, vertical))
    np.testing.assert_allclose(clip_vertical(up * rng.uniform(1, 9, (len(up), 1)), weight), vertical, atol=1e-12)


@pytest.mark.parametrize("seed", range(6))
def test_no_other_direction_is_nearer_to_the_frames(seed: int) -> None:
    up, rng = drawn(seed), np.random.default_rng(seed)
    up, weight = up / np.linalg.norm(up, axis=1, keepdims=True), rng.random(len(up))

    def far(direction: np.ndarray) -> float:
        return float(weight @ np.linalg.norm(up - direction / np.linalg.norm(direction), axis=1))

    vertical = clip_vertical(up, weight)
    assert all(far(vertical) <= far(vertical + nudge) + 1e-3 for nudge in rng.normal(scale=0.03, size=(20, 3)))


def test_a_third_of_wild_frames_pulls_it_less_than_half_as_much_as_the_mean() -> None:
    up = drawn(1, 90)
    up[::3] = quaternion.rotate(quaternion.from_rotation_vector(np.array([1.0, 0.0, 0.0])), up[::3])
    mean = up.sum(axis=0) / np.linalg.norm(up.sum(axis=0))
    assert degrees_between(mean, UP) > 15
    assert degrees_between(clip_vertical(up, np.ones(90)), UP) < degrees_between(mean, UP) / 2


def test_frames_without_weight_or_number_do_not_count() -> None:
    up, weight = drawn(2), np.ones(101)
    expected = clip_vertical(up, weight)
    spoilt = np.concatenate([up, [[np.nan, 0, 0], [0, 0, 0], [0, np.inf, 0], [1, 0, 0], [1, 0, 0]]])
    np.testing.assert_array_equal(clip_vertical(spoilt, np.concatenate([weight, [1, 1, 1, 0, np.nan]])), expected)


@pytest.mark.parametrize("up", [np.full((3, 3), np.nan), np.zeros((1, 3)), np.array([[1.0, 0, 0], [-1.0, 0, 0]])])
def test_where_nothing_is_known_it_is_the_image_up(up: np.ndarray) -> None:
    np.testing.assert_array_equal(clip_vertical(up, np.ones(len(up))), UP)
    np.testing.assert_array_equal(clip_vertical(drawn(3), np.zeros(101)), UP)


@pytest.mark.parametrize("action", ["walk", "kick", "jumping_jack", "throw"])
def test_feet_that_stand_apart_level_a_tilted_vertical(action: str) -> None:
    clip = builtin_clip(action, 0, seconds=4.0)
    tilted = quaternion.rotate(quaternion.from_rotation_vector(np.deg2rad(8) * np.array([0.7, 0.0, 0.7])), UP)
    levelled = levelled_by_feet(tilted, posed_body(clip.rotations, OFFSETS), clip.contacts, 30.0)
    assert np.linalg.norm(levelled) == pytest.approx(1)
    assert degrees_between(levelled, UP) < degrees_between(tilted, UP) - 0.2
    # What is level already stays so.
    assert degrees_between(levelled_by_feet(UP, posed_body(clip.rotations, OFFSETS), clip.contacts, 30.0), UP) < 0.5


@pytest.mark.parametrize("seed", range(6))
def test_levelling_turns_with_the_frame(seed: int) -> None:
    clip = builtin_clip("walk", 0, seconds=1.0)
    rng = np.random.default_rng(seed)
    turn = quaternion.normalize(rng.normal(size=4))
    vertical = UP + rng.normal(scale=0.1, size=3)
    vertical /= np.linalg.norm(vertical)
    rotations = clip.rotations.astype(np.float64)
    levelled = levelled_by_feet(vertical, posed_body(rotations, OFFSETS), clip.contacts, 30.0)
    rotations[:, 0] = quaternion.multiply(turn, rotations[:, 0])
    turned = levelled_by_feet(quaternion.rotate(turn, vertical), posed_body(rotations, OFFSETS), clip.contacts, 30.0)
    np.testing.assert_allclose(turned, quaternion.rotate(turn, levelled), atol=1e-6)


@pytest.mark.parametrize("contact", [0.0, np.nan])
def test_without_standing_feet_nothing_changes(contact: float) -> None:
    clip = builtin_clip("walk", 0, seconds=1.0)
    tilted = np.array([0.6, 0.8, 0.0])
    levelled = levelled_by_feet(tilted, posed_body(clip.rotations, OFFSETS), np.full((30, 2), contact), 30.0)
    np.testing.assert_allclose(levelled, tilted, atol=1e-12)
