"""Who leaves and comes back: himself where that is plausible, else somebody new; and what comes out as a motion."""

import numpy as np
import pytest
from figures import as_lines, detections

from posenorm_core.builtin_motion import builtin_clip
from posenorm_core.clip import Clip
from posenorm_core.keypoints import Keypoints
from posenorm_core.motion import Motion
from posenorm_core.normalizer import normalize
from posenorm_core.people import Detections, find_people
from posenorm_core.synthetic_view import film


@pytest.fixture
def rng() -> np.random.Generator:
    """The same random numbers every time."""
    return np.random.default_rng(7)


@pytest.fixture(scope="module")
def whole() -> Keypoints:
    """Somebody who waves for 3 s."""
    clip = builtin_clip("wave", seconds=3)
    return film(
        clip.rotations,
        clip.root_position,
        clip.skeleton,
        azimuth=0.4,
        elevation=0.1,
        distance=4.0,
        focal_length=800.0,
        fps=clip.fps,
    )


def seen_in(whole: Keypoints, frames: np.ndarray) -> Clip:
    """The clip of somebody who is in the picture in `frames` only."""
    nobody = np.full(len(frames), -1)
    found = Detections(frames, whole.points[frames], whole.confidence[frames], nobody)
    people = find_people(found, len(whole), whole.fps)
    return Clip("clip", "test", whole.fps, whole.image_size, len(whole), people)


def largest_step(motion: Motion) -> float:
    """The largest turn of a joint from a frame to the next, radians."""
    dots = np.abs((motion.rotations[1:] * motion.rotations[:-1]).sum(axis=-1))
    return float(2 * np.arccos(np.minimum(dots, 1)).max())


@pytest.mark.parametrize(
    ("moved", "size", "gone", "people"),
    [(0, 200, 100, 1), (60, 200, 100, 1), (800, 200, 100, 2), (0, 120, 100, 2), (0, 200, 320, 2)],
    ids=["the same", "near", "elsewhere", "another size", "too late"],
)
def test_who_comes_back_is_himself_where_that_is_plausible(
    moved: float, size: float, gone: int, people: int, rng: np.random.Generator
) -> None:
    first, _ = detections(as_lines(60, ((400, 200), (400, 200))), [200], rng)
    place = (400 + moved, 200)
    again, _ = detections(as_lines(60, (place, place)), [size], rng)
    frames = np.concatenate([first.frames, again.frames + 60 + gone])
    both = Detections(
        frames,
        np.concatenate([first.points, again.points]),
        np.concatenate([first.confidence, again.confidence]),
        np.full(120, -1),
    )
    assert len(find_people(both, 500, 30)) == people


def test_who_comes_back_twice_is_one_and_two_are_not_taken_for_each_other(rng: np.random.Generator) -> None:
    places = as_lines(300, ((100, 200), (100, 200)), ((250, 200), (250, 200)))
    places[40:90] = places[150:200] = np.nan
    found, _ = detections(places, [200, 200], rng)
    people = find_people(found, 300, 30)
    assert [person.share for person in people] == pytest.approx([2 / 3, 2 / 3])
    assert sorted(round(float(np.ptp(person.seen_points[:, 0, 0])) // 50) for person in people) == [0, 0]


ABSENCES = {
    "0.5 s in the middle": np.r_[0:40, 55:90],
    "2 s in the middle": np.r_[0:15, 75:90],
    "there in the last 5 frames": np.arange(85, 90),
    "there in the first 5 frames": np.arange(5),
    "there in one frame": np.array([40]),
    "in and out": np.flatnonzero(np.arange(90) // 9 % 2 == 0),
}


@pytest.mark.parametrize("frames", ABSENCES.values(), ids=ABSENCES)
def test_the_motion_of_who_was_away_is_whole_and_does_not_jump(whole: Keypoints, frames: np.ndarray) -> None:
    clip = seen_in(whole, frames)
    assert len(clip.people) == 1
    motion = normalize(clip.keypoints(), orientation="heading")
    assert len(motion) == len(whole)
    for values in (motion.rotations, motion.root_position, motion.view_root, motion.confidence):
        assert np.isfinite(values).all()
    assert largest_step(motion) < 1.5 * largest_step(normalize(whole, orientation="heading"))


def test_nothing_is_sure_where_somebody_is_away_for_long(whole: Keypoints) -> None:
    frames = np.r_[0:15, 75:90]
    motion = normalize(seen_in(whole, frames).keypoints())
    away = np.setdiff1d(np.arange(90), frames)
    assert not motion.confidence[away].any()
    assert (motion.confidence[frames] > 0).any(axis=1).all()


def test_who_is_away_turns_evenly_from_how_he_left_to_how_he_comes_back(whole: Keypoints) -> None:
    motion = normalize(seen_in(whole, np.r_[0:15, 75:90]).keypoints(), smooth=0)
    dots = np.abs((motion.rotations[1:] * motion.rotations[:-1]).sum(axis=-1))
    steps = 2 * np.arccos(np.minimum(dots.astype(np.float64), 1))[20:70]
    np.testing.assert_allclose(steps, np.broadcast_to(steps.mean(axis=0), steps.shape), atol=2e-3)
