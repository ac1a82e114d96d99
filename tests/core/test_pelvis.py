"""The pelvis is where it was seen, else between the hips, and a hip alone is not taken for it."""

import numpy as np
import pytest

from posenorm_core.landmarks import LANDMARK_COUNT, LANDMARK_NAMES
from posenorm_core.pelvis import HIPS, PELVIS, with_pelvis

FRAMES = 30


@pytest.fixture
def walker():
    """Points of somebody who crosses the picture, the hips ten pixels to either side of the pelvis."""
    points = np.random.default_rng(0).normal(size=(FRAMES, LANDMARK_COUNT, 2)) * 100
    points[:, PELVIS] = np.linspace([0, 50], [300, 80], FRAMES)
    points[:, HIPS] = points[:, None, PELVIS] + [[-10, 1], [10, -1]]
    return points, np.ones((FRAMES, LANDMARK_COUNT))


def test_a_pelvis_that_is_seen_stays(walker):
    points, confidence = walker
    points[:, PELVIS] += 5
    np.testing.assert_array_equal(with_pelvis(points, confidence), points)


@pytest.mark.parametrize("hidden", [[], ["left_hip"], ["right_hip"]])
def test_between_the_hips_though_one_is_hidden_for_a_while(walker, hidden):
    points, confidence = walker
    expected = points[:, PELVIS].copy()
    confidence[:, PELVIS] = 0
    points[:, PELVIS] = np.nan
    for name in hidden:
        confidence[10:20, LANDMARK_NAMES.index(name)] = 0
        points[10:20, LANDMARK_NAMES.index(name)] = np.nan
    np.testing.assert_allclose(with_pelvis(points, confidence)[:, PELVIS], expected, atol=1e-9)


def test_hips_out_of_sight_are_bridged(walker):
    points, confidence = walker
    expected = points[:, PELVIS].copy()
    confidence[10:20, [PELVIS, *HIPS]] = 0
    np.testing.assert_allclose(with_pelvis(points, confidence)[:, PELVIS], expected, atol=1e-9)


def test_a_hip_is_the_pelvis_where_the_other_is_never_seen(walker):
    points, confidence = walker
    confidence[:, [PELVIS, HIPS[0]]] = 0
    np.testing.assert_allclose(with_pelvis(points, confidence)[:, PELVIS], points[:, HIPS[1]])
