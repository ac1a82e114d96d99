"""The network's input knows nothing of place, size or how the clip was cut."""

import numpy as np
import pytest
import torch

from posenorm_core.landmarks import LANDMARK_COUNT, LANDMARK_NAMES
from posenorm_core.network_input import INPUT_CONTEXT, INPUT_SIZE, landmarks_of, network_input, without_hidden


@pytest.fixture
def clip():
    """A clip of points in pixels, with an eighth of the landmarks missing."""
    rng = np.random.default_rng(3)
    points = np.cumsum(rng.normal(size=(150, LANDMARK_COUNT, 2)), axis=0) + rng.normal(size=(LANDMARK_COUNT, 2)) * 200
    confidence = np.where(rng.random((150, LANDMARK_COUNT)) < 0.125, 0.0, rng.random((150, LANDMARK_COUNT)))
    return points, confidence


def test_place_and_size_in_the_image_change_nothing(clip):
    points, confidence = clip
    expected = network_input(points, confidence)
    np.testing.assert_allclose(network_input(points * 3.7 + [900, -40], confidence), expected, atol=1e-9)


def test_a_clip_in_pieces_equals_the_clip_whole(clip):
    points, confidence = clip
    whole = network_input(points, confidence)
    for begin in range(0, len(whole), 17):
        end = min(begin + 17, len(whole))
        piece = slice(begin, end + 2 * INPUT_CONTEXT)
        np.testing.assert_array_equal(network_input(points[piece], confidence[piece]), whole[begin:end])


def test_what_is_missing_is_zero_and_its_coordinates_do_not_matter(clip):
    points, confidence = clip
    confidence[:, 0] = 1.0
    moved = np.where((confidence > 0)[..., None], points, 12345.0)
    result = network_input(moved, confidence)
    np.testing.assert_array_equal(result, network_input(points, confidence))
    triples = landmarks_of(result)
    missing = confidence[INPUT_CONTEXT:-INPUT_CONTEXT] == 0
    assert missing.any()
    assert (triples[missing] == 0).all()


def test_how_sure_the_detector_is_of_what_it_gives_changes_nothing(clip):
    points, confidence = clip
    seen = (confidence > 0).astype(float)
    result = network_input(points, confidence)
    np.testing.assert_array_equal(result, network_input(points, seen))
    np.testing.assert_array_equal(landmarks_of(result)[..., 2], seen[INPUT_CONTEXT:-INPUT_CONTEXT])


def test_up_in_the_image_is_positive(clip):
    points = np.zeros((2 * INPUT_CONTEXT + 1, LANDMARK_COUNT, 2))
    points[:, 10] = [0, -50]  # the head 50 pixels above the pelvis; pixels count downwards
    points[:, 2] = [0, 80]
    result = landmarks_of(network_input(points, np.ones(points.shape[:2])))[0]
    assert result[10, 1] > 0 > result[2, 1]


def test_nobody_in_sight_gives_zeros():
    points = np.full((2 * INPUT_CONTEXT + 2, LANDMARK_COUNT, 2), 7.0)
    assert not network_input(points, np.zeros(points.shape[:2])).any()


def test_numpy_and_torch_agree(clip):
    points, confidence = clip
    from_torch = network_input(torch.tensor(points), torch.tensor(confidence))
    assert from_torch.shape[-1] == INPUT_SIZE
    np.testing.assert_allclose(from_torch.numpy(), network_input(points, confidence), atol=1e-12)


def test_hiding_afterwards_is_hiding_before(clip):
    points, _ = clip
    visible = [name not in ("right_toe", "left_toe", "left_knee", "head") for name in LANDMARK_NAMES]
    everything = np.ones(points.shape[:2])
    after = without_hidden(network_input(points, everything), visible)
    before = network_input(points, everything * visible)
    # But for the size, which is taken over what is seen.
    hidden = before == 0
    assert hidden.any()
    np.testing.assert_array_equal(after == 0, hidden)
