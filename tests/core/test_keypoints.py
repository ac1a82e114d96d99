"""Keypoints of one person: what is missing is marked as such, and the file gives back what was written."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from posenorm_core.errors import InputError
from posenorm_core.keypoints import Keypoints, load_keypoints, save_keypoints
from posenorm_core.landmarks import LANDMARK_COUNT, LANDMARK_NAMES


def some_keypoints(frames: int = 20) -> Keypoints:
    """A person about whom a fifth is missing."""
    rng = np.random.default_rng(5)
    confidence = rng.random((frames, LANDMARK_COUNT)) * (rng.random((frames, LANDMARK_COUNT)) < 0.8)
    points = rng.uniform(0, 1000, (frames, LANDMARK_COUNT, 2))
    return Keypoints(29.97, (1920.0, 1080.0), points, confidence, {"file": "walk.mp4"})


_ANY = st.floats(width=32, allow_nan=True, allow_infinity=True)


@given(hnp.arrays(np.float32, (2, 24, 2), elements=_ANY), hnp.arrays(np.float32, (2, 24), elements=_ANY))
def test_every_point_is_finite_and_every_confidence_between_0_and_1(points: np.ndarray, confidence: np.ndarray) -> None:
    keypoints = Keypoints(30, (0, 0), points, confidence, {})
    assert np.isfinite(keypoints.points).all()
    assert ((keypoints.confidence >= 0) & (keypoints.confidence <= 1)).all()
    missing = keypoints.confidence == 0
    assert not keypoints.points[missing].any()
    good = np.isfinite(points).all(axis=2) & np.isfinite(confidence) & (confidence > 0)
    np.testing.assert_array_equal(missing, ~good)
    np.testing.assert_array_equal(keypoints.points[good], points[good])


@pytest.mark.parametrize(
    ("points", "confidence"), [((5, 23, 2), (5, 23)), ((5, 24, 3), (5, 24)), ((5, 24, 2), (4, 24))]
)
def test_other_shapes_are_refused(points: tuple[int, ...], confidence: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="24"):
        Keypoints(30, (0, 0), np.zeros(points), np.zeros(confidence), {})


def test_save_and_load_give_back_the_same(tmp_path: Path) -> None:
    keypoints = some_keypoints()
    save_keypoints(keypoints, tmp_path / "k.npz")
    loaded = load_keypoints(tmp_path / "k.npz")
    assert (loaded.fps, loaded.image_size) == (29.97, (1920, 1080))
    np.testing.assert_array_equal(loaded.points, keypoints.points)
    np.testing.assert_array_equal(loaded.confidence, keypoints.confidence)
    assert loaded.source == {"file": str(tmp_path / "k.npz")}


def test_fewer_landmarks_in_another_order_find_their_places(tmp_path: Path) -> None:
    keypoints = some_keypoints()
    chosen = ["nose", "left_hip", "pelvis"]
    columns = [LANDMARK_NAMES.index(name) for name in chosen]
    np.savez(
        tmp_path / "k.npz",
        format="posenorm-keypoints",
        version=1,
        fps=30.0,
        image_size=[0, 0],
        joint_names=chosen,
        points=keypoints.points[:, columns],
        confidence=keypoints.confidence[:, columns],
    )
    loaded = load_keypoints(tmp_path / "k.npz")
    np.testing.assert_array_equal(loaded.points[:, columns], keypoints.points[:, columns])
    others = [j for j in range(LANDMARK_COUNT) if j not in columns]
    assert not loaded.confidence[:, others].any()
