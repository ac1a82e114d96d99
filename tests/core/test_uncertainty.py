"""Where a motion is uncertain: stretches told by hand, on a little body of three joints that turn and one that ends."""

import numpy as np
import pytest

from posenorm_core.uncertainty import Stretch, threshold, uncertain_frames, uncertain_stretches

PARENTS = (-1, 0, 1, 2)  # the last joint turns nothing
FPS = 30.0


def sure(frames: int = 100, confidence: float = 0.8) -> np.ndarray:
    return np.full((frames, len(PARENTS)), confidence)


def spans(confidence: np.ndarray, fps: float = FPS) -> list[tuple[int, int]]:
    return [(stretch.begin, stretch.end) for stretch in uncertain_stretches(confidence, PARENTS, fps)]


def test_a_stretch_is_told_with_its_worst_joint_and_frame() -> None:
    confidence = sure()
    confidence[20:30, 1] = 0.3
    confidence[24:30, 2] = 0.2
    confidence[27, 2] = 0.1
    (found,) = uncertain_stretches(confidence, PARENTS, FPS)
    mean = (10 * 0.3 + 5 * 0.2 + 0.1) / 16
    # Over all of the stretch the second joint's mean is 0.43, for it is sure in the first four frames.
    assert found == Stretch(20, 29, pytest.approx(mean), 1, 20)


def test_low_is_half_the_median_of_what_is_seen_but_never_below_a_quarter() -> None:
    assert threshold(sure(confidence=0.8), PARENTS) == pytest.approx(0.4)
    assert threshold(sure(confidence=0.3), PARENTS) == 0.25
    half_seen = sure(confidence=0.8)
    half_seen[:60] = 0
    half_seen[:, 3] = 0.01
    assert threshold(half_seen, PARENTS) == pytest.approx(0.4), "neither what is not seen counts nor what turns nothing"
    assert threshold(sure(confidence=0), PARENTS) == 0.25


def test_a_detectors_own_scale_changes_nothing() -> None:
    confidence = np.random.default_rng(0).uniform(0.55, 1, (200, 4))
    confidence[50:70, 1] *= 0.4
    confidence[120:125, 0] *= 0.3
    assert spans(confidence) == spans(0.7 * confidence) != []


def test_a_clip_that_is_sure_or_evenly_half_sure_has_none() -> None:
    assert spans(sure(confidence=0.9)) == spans(sure(confidence=0.4)) == []


def test_a_clip_in_which_nothing_is_known_is_one_stretch() -> None:
    assert spans(sure(confidence=0.1)) == [(0, 99)]


def test_short_gaps_are_closed_and_short_stretches_left_out() -> None:
    confidence = sure()
    for begin, end in ((10, 14), (20, 24), (40, 42), (60, 63)):  # 6 frames between the first two: a fifth of a second
        confidence[begin:end, 1] = 0.1
    assert spans(confidence) == [(10, 23), (60, 62)]
    low = uncertain_frames(confidence, PARENTS, FPS)
    assert low[10:24, 1].all()
    assert not low[40:42].any()
    assert not low[:, [0, 2, 3]].any()


def test_seconds_count_not_frames() -> None:
    slow, fast = sure(100), sure(200)
    for begin, end in ((10, 14), (19, 24), (40, 42)):
        slow[begin:end, 1], fast[2 * begin : 2 * end, 1] = 0.1, 0.1
    assert spans(fast, 2 * FPS) == [(2 * begin, 2 * end + 1) for begin, end in spans(slow)]


def test_joints_that_follow_each_other_closely_make_one_stretch() -> None:
    confidence = sure()
    confidence[10:20, 0] = 0.2
    confidence[22:30, 2] = 0.1
    (found,) = uncertain_stretches(confidence, PARENTS, FPS)
    assert (found.begin, found.end) == (10, 29)


def test_a_joint_that_is_never_seen_does_not_hide_when_others_are_not() -> None:
    confidence = sure()
    confidence[:, 2] = 0
    confidence[30:50, 1] = 0.1
    assert spans(confidence) == [(0, 99), (30, 49)]
    assert [stretch.joint for stretch in uncertain_stretches(confidence, PARENTS, FPS)] == [2, 1]


def test_a_joint_that_turns_nothing_is_never_uncertain() -> None:
    confidence = sure()
    confidence[10:60, 3] = 0
    assert spans(confidence) == []
