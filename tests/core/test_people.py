"""People over frames: whoever is who stays so, whatever order the detector lists them in."""

import time
from pathlib import Path

import numpy as np
import pytest
from openpose_files import FIGURE

from posenorm_core.formats import read_clip
from posenorm_core.landmarks import LANDMARK_NAMES
from posenorm_core.people import MOST_PEOPLE, Detections, associate, find_people

_FIGURE = np.array([FIGURE.get(name, (0.0, 0.0)) for name in LANDMARK_NAMES])
_HAS = np.array([name in FIGURE for name in LANDMARK_NAMES])


@pytest.fixture
def rng() -> np.random.Generator:
    """The same random numbers every time."""
    return np.random.default_rng(7)


def detections(places: np.ndarray, sizes: list[float], rng: np.random.Generator, noise: float = 0.01) -> tuple:
    """Figures at `places` (T, P, 2), NaN where not detected, in random order; and who each really is (D,)."""
    frames, points, who = [], [], []
    for t, people in enumerate(places):
        for p in rng.permutation(len(people)):
            if np.isfinite(people[p]).all():
                frames.append(t)
                points.append(people[p] + sizes[p] * (_FIGURE + rng.normal(0, noise, _FIGURE.shape)))
                who.append(p)
    confidence = np.tile(np.where(_HAS, 0.8, 0), (len(frames), 1))
    return Detections(np.array(frames), np.array(points), confidence, np.full(len(frames), -1)), np.array(who)


def as_lines(frames: int, *lines: tuple[tuple[float, float], tuple[float, float]]) -> np.ndarray:
    """Straight paths (T, P, 2) from one place to another."""
    return np.stack([np.linspace(start, end, frames) for start, end in lines], axis=1)


def same_partition(tracks: np.ndarray, who: np.ndarray) -> bool:
    """Whether the two number the same groups."""
    pairs = set(zip(tracks.tolist(), who.tolist(), strict=True))
    return len(pairs) == len(set(tracks.tolist())) == len(set(who.tolist()))


@pytest.mark.parametrize("seed", range(5))
def test_people_who_pass_each_other_stay_themselves(seed: int) -> None:
    rng = np.random.default_rng(seed)
    places = as_lines(90, ((0, 200), (900, 210)), ((900, 190), (0, 200)), ((450, 200), (450, 200)))
    found, who = detections(places, [200, 200, 90], rng)
    assert same_partition(associate(found, 30), who)


def test_somebody_lost_for_less_than_a_second_comes_back_as_himself(rng: np.random.Generator) -> None:
    places = as_lines(120, ((100, 200), (300, 200)), ((700, 200), (700, 200)))
    places[40:69, 0] = np.nan
    found, who = detections(places, [200, 200], rng)
    assert same_partition(associate(found, 30), who)


def test_after_more_than_a_second_he_is_somebody_new_and_the_rate_tells_how_many_frames_that_is(
    rng: np.random.Generator,
) -> None:
    places = as_lines(200, ((100, 200), (100, 200)))
    places[60:110, 0] = np.nan
    found, _ = detections(places, [200], rng)
    assert [len(find_people(found, 200, fps)) for fps in (None, 30, 60)] == [2, 2, 1]


def test_nobody_takes_over_from_somebody_elsewhere(rng: np.random.Generator) -> None:
    places = as_lines(40, ((100, 200), (100, 200)), ((900, 200), (900, 200)))
    places[20:, 0] = np.nan
    places[:20, 1] = np.nan
    found, who = detections(places, [200, 200], rng)
    assert same_partition(associate(found, 30), who)


def test_parts_hidden_in_turn_do_not_break_a_track(rng: np.random.Generator) -> None:
    found, who = detections(as_lines(60, ((100, 200), (300, 200))), [200], rng)
    upper = _FIGURE[:, 1] < 0
    found.confidence[20:30, upper] = 0
    found.confidence[30:40] = np.where(upper & _HAS, 0.8, 0)
    assert same_partition(associate(found, 30), who)


def test_no_track_has_two_detections_in_one_frame(rng: np.random.Generator) -> None:
    places = rng.uniform(0, 600, (80, 6, 2))
    places[rng.random((80, 6)) < 0.3] = np.nan
    found, _ = detections(places, [150] * 6, rng)
    tracks = associate(found, 30)
    assert len(set(zip(tracks.tolist(), found.frames.tolist(), strict=True))) == len(tracks)


def test_moving_and_scaling_the_image_changes_nothing(rng: np.random.Generator) -> None:
    places = as_lines(90, ((0, 200), (900, 210)), ((900, 190), (0, 200)))
    places[rng.random((90, 2)) < 0.2] = np.nan
    found, _ = detections(places, [200, 170], rng)
    other = Detections(found.frames, found.points * 0.001 - 3, found.confidence, found.identity)
    np.testing.assert_array_equal(associate(found, 30), associate(other, 30))


def test_the_most_visible_comes_first_and_the_numbers_follow(rng: np.random.Generator) -> None:
    places = as_lines(50, ((100, 200), (100, 200)), ((500, 200), (500, 200)), ((900, 200), (900, 200)))
    places[25:, 0] = np.nan
    found, who = detections(places, [200] * 3, rng)
    found.confidence[who == 1] *= 0.75
    people = find_people(found, 50, None)
    assert [person.number for person in people] == [1, 2, 3]
    assert [round(float(person.seen_points[:, 0, 0].mean()), -2) for person in people] == [900, 500, 100]
    assert [person.share for person in people] == [1, 1, 0.5]
    shown = _HAS.mean()
    assert [person.mean_confidence for person in people] == pytest.approx([0.8 * shown, 0.6 * shown, 0.8 * shown])


def test_a_detection_of_a_few_frames_is_no_person_but_in_a_short_clip(rng: np.random.Generator) -> None:
    places = as_lines(100, ((100, 200), (100, 200)), ((700, 200), (700, 200)))
    places[3:, 1] = np.nan
    found, _ = detections(places, [200, 200], rng)
    assert len(find_people(found, 100, None)) == 1
    short, _ = detections(places[:4], [200, 200], rng)
    assert len(find_people(short, 4, None)) == 2


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


def test_the_detectors_own_numbers_are_kept_where_everybody_has_one(rng: np.random.Generator) -> None:
    places = as_lines(60, ((100, 200), (100, 200)), ((110, 200), (110, 200)))
    found, who = detections(places, [200, 200], rng, noise=0.2)
    numbered = Detections(found.frames, found.points, found.confidence, who + 7)
    people = find_people(numbered, 60, None)
    assert [person.share for person in people] == [1, 1]
    groups = {frozenset(map(float, person.seen_points[:, 0, 0].round(3))) for person in people}
    assert groups == {frozenset(map(float, found.points[who == p, 0, 0].round(3))) for p in (0, 1)}


def test_a_crowd_takes_no_more_than_its_most_visible(rng: np.random.Generator) -> None:
    places = np.tile(rng.uniform(0, 1e5, (1, 3 * MOST_PEOPLE, 2)), (10, 1, 1))
    found, who = detections(places, [200] * 3 * MOST_PEOPLE, rng)
    found.confidence[who >= MOST_PEOPLE] *= 0.5
    people = find_people(found, 10, None)
    assert len(people) == MOST_PEOPLE
    assert min(person.mean_confidence for person in people) > 0.7 * _HAS.mean()


def test_a_hundred_thousand_frames_of_two_people_take_less_than_a_minute(rng: np.random.Generator) -> None:
    frames = 10_000  # a tenth of it, in a tenth of the time
    found, who = detections(as_lines(frames, ((0, 200), (900, 200)), ((900, 400), (0, 400))), [200, 200], rng)
    begun = time.process_time()
    tracks = associate(found, 30)
    assert time.process_time() - begun < 6
    assert same_partition(tracks, who)


def test_two_real_people_keep_their_own_tracks(shared_data: Path) -> None:
    people = read_clip(shared_data / "keypoints" / "openpose_body25" / "two_people_cam01", fps=60).people
    alone = read_clip(shared_data / "keypoints" / "openpose_body25" / "balancing_cam01", fps=60).people
    # The same film as balancing_cam01 with a third figure added: the two are found again, frame by frame.
    for person in alone:
        best = max(
            np.isclose(other.points, person.points).all(axis=(1, 2))[other.frames].mean()
            for other in people
            if other.frame_count == person.frame_count
        )
        assert best == 1
