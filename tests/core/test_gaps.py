"""Bridging: what is seen stays, what lies between is on the straight line, the ends are held."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from posenorm_core.gaps import bridge


@pytest.fixture
def rng() -> np.random.Generator:
    """The same random numbers every time."""
    return np.random.default_rng(7)


def bridged_slowly(points: np.ndarray, confidence: np.ndarray) -> np.ndarray:
    """The same by the definition, frame by frame."""
    result = np.zeros_like(points)
    for k in range(points.shape[1]):
        known = [t for t in range(len(points)) if confidence[t, k] > 0]
        for t in range(len(points)) if known else ():
            before = max((s for s in known if s <= t), default=known[0])
            after = min((s for s in known if s >= t), default=known[-1])
            share = (t - before) / (after - before) if after > before else 0
            result[t, k] = points[before, k] * (1 - share) + points[after, k] * share
    return result


@given(st.integers(0, 2**32 - 1), st.integers(1, 30), st.floats(0, 1))
def test_equals_the_definition(seed: int, frames: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(frames, 4, 2))
    confidence = (rng.random((frames, 4)) < share) * 0.7
    points[confidence == 0] = rng.choice([0.0, 1e9, np.nan])
    np.testing.assert_allclose(bridge(points, confidence), bridged_slowly(points, confidence), atol=1e-12)


def test_a_straight_path_is_found_again_and_what_is_seen_is_untouched(rng: np.random.Generator) -> None:
    path = np.linspace([0.0, 5.0], [100.0, -5.0], 50)[:, None] + rng.normal(size=(1, 24, 2))
    confidence = np.ones((50, 24))
    confidence[7:30, 3] = 0
    confidence[20:22] = 0
    given_confidence = confidence.copy()
    bridged = bridge(np.where(confidence[..., None] > 0, path, 0), confidence)
    np.testing.assert_allclose(bridged, path, atol=1e-9)
    np.testing.assert_array_equal(bridged[confidence > 0], path[confidence > 0])
    np.testing.assert_array_equal(confidence, given_confidence)


def test_ends_are_held_and_what_is_never_seen_is_zero() -> None:
    points = np.full((6, 2, 2), np.nan, dtype=np.float32)
    points[2, 0], points[3, 0] = (1, 2), (3, 4)
    confidence = np.zeros((6, 2))
    confidence[2:4, 0] = 1
    bridged = bridge(points, confidence)
    assert bridged[:, 0].tolist() == [[1, 2]] * 3 + [[3, 4]] * 3
    assert not bridged[:, 1].any()
    assert bridged.dtype == np.float32
