"""A detector's faults put right: sides, jumps, gaps, tremble; and what is no fault left alone."""

from dataclasses import replace

import numpy as np
import pytest

from posenorm_core.cleaning import bridged, cleaned, person_size, with_sides_put_right, without_jumps
from posenorm_core.keypoints import Keypoints
from posenorm_core.landmarks import LANDMARK_COUNT, LANDMARK_NAMES

FPS, FRAMES, SIZE = 30.0, 90, 500.0
LEGS = [
    LANDMARK_NAMES.index(f"{side}_{p}") for side in ("left", "right") for p in ("hip", "knee", "ankle", "toe", "heel")
]
OTHER_LEGS = LEGS[5:] + LEGS[:5]
WRIST = LANDMARK_NAMES.index("left_wrist")


def walking(fps: float = FPS) -> Keypoints:
    """Landmarks spread over a person of about `SIZE` pixels, swinging; left and right 60 pixels apart."""
    rng = np.random.default_rng(5)
    place = rng.uniform(0, 350, size=(LANDMARK_COUNT, 2))
    for k, name in enumerate(LANDMARK_NAMES):
        if name.startswith("right_"):
            place[k] = place[LANDMARK_NAMES.index(name.replace("right", "left"))] + [60, 0]
    time = np.arange(round(FRAMES * fps / FPS)) / fps
    swing = 20 * np.sin(3 * time[:, None, None] + rng.uniform(0, 6, size=(LANDMARK_COUNT, 1)))
    points = place + swing * [1, 0.3] + [100, 100]
    return Keypoints(fps, (800, 600), points, np.ones((len(time), LANDMARK_COUNT)), {})


def test_no_strength_changes_nothing():
    clip = walking()
    assert cleaned(clip, 0.0) is clip


@pytest.mark.parametrize("frames", [slice(40, 43), slice(0, 4), slice(80, 90)])
def test_sides_exchanged_for_some_frames_are_exchanged_back(frames):
    clip = walking()
    points = clip.points.copy()
    points[frames] = exchanged(clip.points[frames])
    assert np.abs(points - clip.points).max() > 50
    right, _ = with_sides_put_right(points, clip.confidence, SIZE)
    np.testing.assert_array_equal(right, clip.points)


def test_sides_that_are_wrong_throughout_or_never_stay():
    clip = walking()
    wrong = clip.points.copy()
    wrong[:, LEGS] = clip.points[:, OTHER_LEGS]
    for points in (clip.points, wrong):
        np.testing.assert_array_equal(with_sides_put_right(points, clip.confidence, SIZE)[0], points)


def test_confidence_goes_with_the_side():
    clip = walking()
    points, confidence = clip.points.copy(), clip.confidence.copy()
    confidence[:, LEGS[:5]] = 0.5
    expected = confidence.copy()
    points[30:33], confidence[30:33] = exchanged(points[30:33]), exchanged(confidence[30:33])
    np.testing.assert_array_equal(with_sides_put_right(points, confidence, SIZE)[1], expected)


def exchanged(values: np.ndarray) -> np.ndarray:
    result = values.copy()
    result[:, LEGS] = values[:, OTHER_LEGS]
    return result


@pytest.mark.parametrize("fps", [30.0, 60.0])
@pytest.mark.parametrize("length", [1, 3])
def test_a_jump_that_comes_back_is_taken_out_and_nothing_else(fps, length):
    clip = walking(fps)
    points = clip.points.copy()
    points[40 : 40 + length, WRIST] += [0, 0.7 * SIZE]
    confidence = without_jumps(points, clip.confidence, SIZE, fps)
    gone = np.argwhere(confidence == 0).tolist()
    assert gone == [[frame, WRIST] for frame in range(40, 40 + length)]


def test_a_punch_is_no_jump():
    # Half of the person's size out and back in four tenths of a second.
    clip = walking()
    points = clip.points.copy()
    points[40:53, WRIST, 0] += 0.5 * SIZE * np.sin(np.linspace(0, np.pi, 13)) ** 2
    np.testing.assert_array_equal(without_jumps(points, clip.confidence, SIZE, FPS), clip.confidence)


def test_a_step_to_another_place_is_no_jump():
    clip = walking()
    points = clip.points.copy()
    points[40:] += 200
    np.testing.assert_array_equal(without_jumps(points, clip.confidence, SIZE, FPS), clip.confidence)


def test_gaps_of_up_to_a_second_are_bridged_as_sure_as_their_ends_and_longer_ones_left():
    clip = walking()
    confidence = clip.confidence.copy()
    confidence[19, WRIST], confidence[25, WRIST] = 0.4, 0.7
    confidence[20:25, WRIST] = confidence[45:76, WRIST] = confidence[:3, WRIST] = 0
    points = np.where((confidence > 0)[..., None], clip.points, 0)
    filled, sure = bridged(points, confidence, FPS)
    np.testing.assert_allclose(sure[20:25, WRIST], 0.4)
    np.testing.assert_allclose(filled[20:25, WRIST], clip.points[20:25, WRIST], atol=3)
    for left_alone in (slice(0, 3), slice(45, 76)):
        assert (sure[left_alone, WRIST] == 0).all()
        assert (filled[left_alone, WRIST] == 0).all()
    everything_else = np.arange(LANDMARK_COUNT) != WRIST
    np.testing.assert_array_equal(filled[:, everything_else], points[:, everything_else])
    confidence[45, WRIST] = 1
    assert (bridged(points, confidence, FPS)[1][46:76, WRIST] > 0).all()


def test_the_same_at_another_size_and_place():
    clip = walking()
    trembling = clip.points + np.random.default_rng(6).normal(size=clip.points.shape) * 4
    trembling[30, WRIST] += 300
    here = cleaned(replace(clip, points=trembling))
    there = cleaned(replace(clip, points=trembling * 0.25 + [40, 70]))
    np.testing.assert_allclose(there.points, here.points * 0.25 + [40, 70], atol=2e-3)
    np.testing.assert_array_equal(there.confidence, here.confidence)


def test_all_faults_at_once_come_nearer_to_the_truth():
    clip = walking()
    points = clip.points + np.random.default_rng(7).normal(size=clip.points.shape) * 3
    points[30:33] = exchanged(points[30:33])
    points[60, WRIST] += 250
    found = cleaned(replace(clip, points=points))
    before, after = (np.linalg.norm(p - clip.points, axis=2) for p in (points, found.points))
    assert after.mean() < 0.55 * before.mean()
    assert after.max() < 15
    jitter = [np.linalg.norm(np.diff(p - clip.points, n=2, axis=0), axis=2).mean() for p in (points, found.points)]
    assert jitter[1] < 0.3 * jitter[0]


def test_nobody_and_a_single_frame_pass_through():
    clip = walking()
    nobody = replace(clip, confidence=np.zeros_like(clip.confidence))
    assert not cleaned(nobody).confidence.any()
    one = replace(clip, points=clip.points[:1], confidence=clip.confidence[:1])
    np.testing.assert_allclose(cleaned(one).points, one.points, atol=1e-3)
    assert person_size(nobody.points, nobody.confidence) == 1.0


def standing(height: float) -> Keypoints:
    """Somebody who stands in a picture of 1000 x 1000 with his feet at `height`, beyond it held at its edge."""
    clip = walking()
    feet = [LANDMARK_NAMES.index(f"{side}_{part}") for side in ("left", "right") for part in ("ankle", "toe", "heel")]
    knees = [LANDMARK_NAMES.index(f"{side}_knee") for side in ("left", "right")]
    points = np.full_like(clip.points, 500.0)
    points[:, feet, 1], points[:, knees, 1] = height, height - 150
    return replace(clip, points=points.clip(0, 1002), image_size=(1000.0, 1000.0))


@pytest.mark.parametrize(("height", "ankles", "knees"), [(900, True, True), (1002, False, True), (1120, False, False)])
def test_what_is_held_at_the_edge_of_the_picture_is_taken_out(height, ankles, knees):
    confidence = cleaned(standing(height)).confidence
    for part, stays in (("ankle", ankles), ("knee", knees), ("wrist", True)):
        for side in ("left", "right"):
            assert (confidence[:, LANDMARK_NAMES.index(f"{side}_{part}")] > 0).all() == stays, part
    unknown = replace(standing(height), image_size=(0.0, 0.0))
    assert (cleaned(unknown).confidence > 0).all()


def test_a_guess_is_no_landmark():
    clip = walking()
    unsure = clip.confidence.copy()
    unsure[:, 3] = 0.04
    assert (cleaned(replace(clip, confidence=unsure)).confidence[:, 3] == 0).all()


@pytest.mark.parametrize("place", [None, (1.0, 1078.0)], ids=["guessed", "held at the edge"])
def test_hips_that_are_never_known_better_are_kept(place):
    clip = replace(walking(), image_size=(1920.0, 1080.0))
    points, unsure = clip.points.copy(), clip.confidence.copy()
    if place is None:
        unsure[:, [0, 1, 4]] = 0.04
    else:
        points[:, [0, 1, 4]] = place
    kept = cleaned(replace(clip, points=points, confidence=unsure)).confidence
    np.testing.assert_allclose(kept[:, [0, 1, 4]], unsure[:, [0, 1, 4]])
    unsure[:5, [0, 1, 4]], points[:5] = 1, clip.points[:5]
    seen = cleaned(replace(clip, points=points, confidence=unsure)).confidence
    assert (seen[40:, [0, 1, 4]] == 0).all(), "better ones are known"
