"""Following people: whoever is who stays so, whatever order the detector lists them in."""

import tracemalloc

import numpy as np
import pytest
from figures import FIGURE_POINTS, HAS, as_lines, detections

from posenorm_core.people import Detections
from posenorm_core.tracking import follow


@pytest.fixture
def rng() -> np.random.Generator:
    """The same random numbers every time."""
    return np.random.default_rng(7)


def tracks_of(found: Detections, fps: float = 30) -> np.ndarray:
    """Whom each detection is followed as."""
    return follow(found.frames, found.points, found.confidence, fps)


def same_partition(tracks: np.ndarray, who: np.ndarray) -> bool:
    """Whether the two number the same groups."""
    pairs = set(zip(tracks.tolist(), who.tolist(), strict=True))
    return len(pairs) == len(set(tracks.tolist())) == len(set(who.tolist()))


@pytest.mark.parametrize("fps", [15, 30, 120])
@pytest.mark.parametrize("seed", range(3))
def test_people_who_pass_each_other_stay_themselves(seed: int, fps: float) -> None:
    rng = np.random.default_rng(seed)
    frames = round(3 * fps)
    places = as_lines(frames, ((0, 200), (900, 210)), ((900, 190), (0, 200)), ((450, 200), (450, 200)))
    found, who = detections(places, [200, 200, 90], rng)
    assert same_partition(tracks_of(found, fps), who)


@pytest.mark.parametrize("fps", [15, 30, 120])
def test_who_walks_on_behind_another_comes_out_as_himself_and_not_as_the_one_who_stands(fps: float) -> None:
    rng = np.random.default_rng(3)
    frames = round(4 * fps)
    places = as_lines(frames, ((0, 200), (900, 200)), ((450, 200), (450, 200)))
    hidden = np.abs(np.arange(frames) / fps - 2) < 0.4
    places[hidden, 0] = np.nan
    found, who = detections(places, [200, 200], rng)
    assert same_partition(tracks_of(found, fps), who)


def test_two_who_are_both_lost_while_they_cross_come_out_as_themselves(rng: np.random.Generator) -> None:
    places = as_lines(120, ((0, 200), (900, 200)), ((900, 200), (0, 200)))
    places[52:68] = np.nan
    found, who = detections(places, [200, 200], rng)
    assert same_partition(tracks_of(found), who)


def test_somebody_lost_for_less_than_a_second_comes_back_as_himself(rng: np.random.Generator) -> None:
    places = as_lines(120, ((100, 200), (300, 200)), ((700, 200), (700, 200)))
    places[40:69, 0] = np.nan
    found, who = detections(places, [200, 200], rng)
    assert same_partition(tracks_of(found), who)


@pytest.mark.parametrize(("fps", "people"), [(30, 2), (60, 1)])
def test_who_is_lost_for_more_than_a_second_is_not_waited_for(
    fps: float, people: int, rng: np.random.Generator
) -> None:
    places = as_lines(200, ((100, 200), (100, 200)))
    places[60:110, 0] = np.nan
    found, _ = detections(places, [200], rng)
    assert len(np.unique(tracks_of(found, fps))) == people


def test_two_who_step_aside_at_once_are_not_taken_for_each_other(rng: np.random.Generator) -> None:
    places = as_lines(40, ((100, 200), (100, 200)), ((160, 200), (160, 200)))
    places[20:, :, 0] += 36  # the first is now nearer to where the second was
    found, who = detections(places, [200, 200], rng)
    assert same_partition(tracks_of(found), who)


def test_nobody_takes_over_from_somebody_elsewhere(rng: np.random.Generator) -> None:
    places = as_lines(40, ((100, 200), (100, 200)), ((900, 200), (900, 200)))
    places[20:, 0] = np.nan
    places[:20, 1] = np.nan
    found, who = detections(places, [200, 200], rng)
    assert same_partition(tracks_of(found), who)


def test_parts_hidden_in_turn_do_not_break_a_track(rng: np.random.Generator) -> None:
    found, who = detections(as_lines(60, ((100, 200), (300, 200))), [200], rng)
    upper = FIGURE_POINTS[:, 1] < 0
    found.confidence[20:30, upper] = 0
    found.confidence[30:40] = np.where(upper & HAS, 0.8, 0)
    assert same_partition(tracks_of(found), who)


def test_a_limb_taken_from_somebody_else_does_not_carry_the_body_over(rng: np.random.Generator) -> None:
    found, who = detections(as_lines(60, ((100, 200), (100, 200)), ((260, 200), (260, 200))), [200, 200], rng)
    arms = rng.permutation(np.flatnonzero(HAS))[:6]
    for frame in range(20, 40):
        left, right = (np.flatnonzero((found.frames == frame) & (who == person))[0] for person in (0, 1))
        found.points[left, arms] = found.points[right, arms]
    assert same_partition(tracks_of(found), who)


def test_a_track_has_two_detections_of_a_frame_only_where_they_are_parts_of_one(rng: np.random.Generator) -> None:
    places = 10_000.0 * np.arange(6)[None, :, None] + rng.uniform(0, 300, (80, 6, 2))
    places[rng.random((80, 6)) < 0.3] = np.nan
    found, _ = detections(places, [150] * 6, rng)
    tracks = tracks_of(found)
    assert len(set(zip(tracks.tolist(), found.frames.tolist(), strict=True))) == len(tracks)


def test_moving_and_scaling_the_image_changes_nothing(rng: np.random.Generator) -> None:
    places = as_lines(90, ((0, 200), (900, 210)), ((900, 190), (0, 200)))
    places[rng.random((90, 2)) < 0.2] = np.nan
    found, _ = detections(places, [200, 170], rng)
    other = Detections(found.frames, found.points * 0.01 - 3, found.confidence, found.identity)
    np.testing.assert_array_equal(tracks_of(found), tracks_of(other))


def test_what_was_longer_ago_than_a_second_has_no_say(rng: np.random.Generator) -> None:
    found, _ = detections(as_lines(200, ((100, 200), (900, 200)), ((900, 200), (0, 200))), [200, 200], rng)
    first, second = (found.taken(part) for part in (found.frames < 80, found.frames >= 115))
    both = found.taken((found.frames < 80) | (found.frames >= 115))
    later = tracks_of(second) + tracks_of(first).max() + 1
    np.testing.assert_array_equal(tracks_of(both), np.concatenate([tracks_of(first), later]))


def test_in_a_storm_of_false_figures_no_more_are_followed_than_can_be_held(rng: np.random.Generator) -> None:
    frames = np.repeat(np.arange(30), 40)
    points = rng.uniform(0, 1e6, (len(frames), 1, 2)) + rng.normal(0, 100, (len(frames), 24, 2))
    tracemalloc.start()
    tracks = follow(frames, points, np.ones(points.shape[:2]), 30)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(np.unique(tracks)) == len(tracks)
    assert most < 20 * points.nbytes
