"""The people of a clip: who is somebody, who is nobody, who is told first, and what of the detector's word is kept."""

import numpy as np
import pytest
from figures import HAS, as_lines, detections

from posenorm_core.people import MOST_PEOPLE, Detections, find_people, without_doubles


@pytest.fixture
def rng() -> np.random.Generator:
    """The same random numbers every time."""
    return np.random.default_rng(7)


def test_who_is_seen_more_surely_and_longer_comes_first(rng: np.random.Generator) -> None:
    places = as_lines(50, ((100, 200), (100, 200)), ((500, 200), (500, 200)), ((900, 200), (900, 200)))
    places[25:, 0] = np.nan
    found, who = detections(places, [200] * 3, rng)
    found.confidence[who == 1] *= 0.75
    people = find_people(found, 50, None)
    assert [person.number for person in people] == [1, 2, 3]
    assert [round(float(person.seen_points[:, 0, 0].mean()), -2) for person in people] == [900, 500, 100]
    assert [person.share for person in people] == [1, 1, 0.5]
    shown = HAS.mean()
    assert [person.mean_confidence for person in people] == pytest.approx([0.8 * shown, 0.6 * shown, 0.8 * shown])


def test_the_one_the_picture_is_about_comes_before_a_smaller_one_in_the_background(rng: np.random.Generator) -> None:
    found, who = detections(as_lines(50, ((300, 300), (500, 300)), ((800, 100), (800, 100))), [400, 100], rng)
    found.confidence[who == 1] = np.where(HAS, 1, 0)
    people = find_people(found, 50, None)
    assert people[0].seen_points[:, 0, 1].mean() > people[1].seen_points[:, 0, 1].mean() + 100


def test_who_comes_and_goes_in_a_few_frames_is_nobody_but_in_a_short_clip(rng: np.random.Generator) -> None:
    places = as_lines(100, ((100, 200), (100, 200)), ((700, 200), (700, 200)))
    places[:50, 1] = places[53:, 1] = np.nan
    found, _ = detections(places, [200, 200], rng)
    assert len(find_people(found, 100, None)) == 1
    short, _ = detections(places[49:54], [200, 200], rng)
    assert len(find_people(short, 5, None)) == 2


@pytest.mark.parametrize("seen", [slice(0, 3), slice(97, 100)])
def test_who_is_cut_off_by_the_clips_ends_is_somebody_unless_he_is_unsure(
    seen: slice, rng: np.random.Generator
) -> None:
    places = as_lines(100, ((100, 200), (100, 200)), ((700, 200), (700, 200)))
    there = np.zeros(100, dtype=bool)
    there[seen] = True
    places[~there, 1] = np.nan
    found, who = detections(places, [200, 200], rng)
    assert len(find_people(found, 100, None)) == 2
    found.confidence[who == 1] *= 0.4
    assert len(find_people(found, 100, None)) == 1


def test_who_is_found_twice_is_taken_once(rng: np.random.Generator) -> None:
    found, _ = detections(as_lines(40, ((100, 200), (500, 200))), [200], rng)
    again, _ = detections(as_lines(40, ((100, 200), (500, 200))), [200], rng)
    again.confidence[:] *= 0.5
    both = Detections(*(np.stack(pair, axis=1).reshape(-1, *pair[0].shape[1:]) for pair in _fields(again, found)))
    (person,) = find_people(both, 40, None)
    np.testing.assert_array_equal(person.seen_points, found.points)
    np.testing.assert_array_equal(without_doubles(both).points, found.points)


def test_two_who_stand_close_are_two(rng: np.random.Generator) -> None:
    found, _ = detections(as_lines(40, ((100, 200), (100, 200)), ((130, 200), (130, 200))), [200, 200], rng)
    assert len(without_doubles(found).frames) == len(found.frames)
    assert [person.share for person in find_people(found, 40, None)] == [1, 1]


def test_somebody_whom_the_detector_takes_apart_is_put_together(rng: np.random.Generator) -> None:
    found, _ = detections(as_lines(40, ((100, 200), (300, 200))), [200], rng)
    upper = found.points[20, :, 1] < 200
    other = found.taken(np.array([20]))
    other.confidence[0, upper] = 0
    whole = found.confidence[20].copy()
    found.confidence[20, ~upper] = 0
    apart = Detections(*(np.insert(*pair, axis=0) for pair in _inserted(found, other, 20)))
    (person,) = find_people(apart, 40, None)
    np.testing.assert_allclose(person.confidence[20], whole, rtol=1e-6)
    np.testing.assert_allclose(person.points[20][whole > 0], found.points[20][whole > 0], rtol=1e-6)


def _fields(*parts: Detections) -> list[tuple[np.ndarray, ...]]:
    """The arrays of several, side by side."""
    names = ("frames", "points", "confidence", "identity")
    return [tuple(getattr(part, name) for part in parts) for name in names]


def _inserted(into: Detections, one: Detections, row: int) -> list[tuple[np.ndarray, int, np.ndarray]]:
    return [(array, row, new[0]) for array, new in _fields(into, one)]


def _numbered(found: Detections, numbers: np.ndarray) -> Detections:
    return Detections(found.frames, found.points, found.confidence, numbers)


def _groups(found: Detections, numbers: np.ndarray) -> set[frozenset[float]]:
    """Which detections have the same number, each told by where its pelvis is."""
    return {frozenset(found.points[numbers == number, 0, 0].tolist()) for number in np.unique(numbers)}


def _found_groups(found: Detections, frame_count: int) -> set[frozenset[float]]:
    return {frozenset(person.seen_points[:, 0, 0].tolist()) for person in find_people(found, frame_count, 30)}


def test_the_detectors_own_numbers_know_somebody_who_comes_back_elsewhere(rng: np.random.Generator) -> None:
    places = as_lines(100, ((100, 200), (100, 200)), ((500, 200), (500, 200)))
    places[30:70, 0] = np.nan
    places[70:, 0] += 700
    found, who = detections(places, [200, 200], rng)
    assert len(_found_groups(found, 100)) == 3
    assert _found_groups(_numbered(found, who + 7), 100) == _groups(found, who)


def test_numbers_that_begin_again_when_somebody_was_lost_are_his(rng: np.random.Generator) -> None:
    places = as_lines(60, ((100, 200), (100, 200)), ((500, 200), (500, 200)))
    places[28:33, 0] = np.nan
    found, who = detections(places, [200, 200], rng)
    numbers = np.where((found.frames > 30) & (who == 0), 9, who)
    assert _found_groups(_numbered(found, numbers), 60) == _groups(found, who)


def test_places_in_a_frames_list_are_no_identities(rng: np.random.Generator) -> None:
    found, who = detections(as_lines(60, ((100, 200), (900, 200)), ((150, 200), (900, 500))), [200, 200], rng)
    places = np.arange(len(found.frames)) - np.searchsorted(found.frames, found.frames)
    assert _groups(found, places) != _groups(found, who)
    assert _found_groups(_numbered(found, places), 60) == _groups(found, who)


def test_points_and_confidence_lie_at_the_frames_seen_and_are_zero_elsewhere(rng: np.random.Generator) -> None:
    places = as_lines(30, ((100, 200), (300, 200)))
    places[10:15, 0] = np.nan
    found, _ = detections(places, [200], rng)
    (person,) = find_people(found, 30, None)
    seen = np.isfinite(places[:, 0, 0])
    np.testing.assert_allclose(person.points[seen], found.points, rtol=1e-6)
    np.testing.assert_allclose(person.confidence[seen], found.confidence, rtol=1e-6)
    assert not person.points[~seen].any()
    assert not person.confidence[~seen].any()


def test_a_crowd_takes_no_more_than_its_most_visible(rng: np.random.Generator) -> None:
    places = np.tile(rng.uniform(0, 1e5, (1, 3 * MOST_PEOPLE, 2)), (10, 1, 1))
    found, who = detections(places, [200] * 3 * MOST_PEOPLE, rng)
    found.confidence[who >= MOST_PEOPLE] *= 0.5
    people = find_people(found, 10, None)
    assert len(people) == MOST_PEOPLE
    assert min(person.mean_confidence for person in people) > 0.7 * HAS.mean()
