"""People who walk across each other before one camera, as a detector lists them: who is who, in figures."""

from typing import Any

import numpy as np
import pytest

from posenorm_core.builtin_motion import builtin_clip
from posenorm_core.clip import Person
from posenorm_core.people import Detections, find_people

people_benchmark = pytest.importorskip("benchmarks.people", reason="the benchmarks lie in the clone only")
_ACTIONS = ("walk", "wave", "walk", "squat", "walk", "kick", "walk", "throw")
_CLIPS = 5


@pytest.fixture(scope="module")
def movements() -> list[Any]:
    """Some who walk and some who do something else."""
    clips = [builtin_clip(action, seed, seconds=2.4) for seed, action in enumerate(_ACTIONS)]
    return [people_benchmark.Movement(c.rotations, c.root_position, c.skeleton.offsets) for c in clips]


def crowd_of(movements: list[Any], count: int, fps: float, seed: int) -> Any:
    """So many of `movements`, drawn by chance."""
    rng = np.random.default_rng([count, int(fps), seed])
    chosen = rng.choice(len(movements), count, replace=False)
    return people_benchmark.crossing([movements[k] for k in chosen], fps, rng)


def found_in(crowd: Any) -> tuple[Person, ...]:
    """The people found in a crowd."""
    return find_people(crowd.detections, len(crowd.truth), crowd.fps)


@pytest.mark.parametrize(("count", "least"), [(2, 0.95), (3, 0.9)])
@pytest.mark.parametrize("fps", [30.0, 60.0])
def test_most_of_what_is_seen_of_somebody_is_told_of_him(
    count: int, least: float, fps: float, movements: list[Any]
) -> None:
    crowds = [crowd_of(movements, count, fps, seed) for seed in range(_CLIPS)]
    scores = [people_benchmark.score(crowd, found_in(crowd)) for crowd in crowds]
    assert np.mean([score.idf1 for score in scores]) >= least


def test_the_order_within_a_frame_does_not_matter(movements: list[Any]) -> None:
    crowd = crowd_of(movements, 3, 30.0, 1)
    found = crowd.detections
    order = np.lexsort((-np.arange(len(found.frames)), found.frames))
    other = Detections(found.frames[order], found.points[order], found.confidence[order], found.identity[order])
    for person, again in zip(found_in(crowd), find_people(other, len(crowd.truth), 30.0), strict=True):
        np.testing.assert_array_equal(person.points, again.points)


def test_the_score_is_one_for_the_truth_and_tells_an_exchange(movements: list[Any]) -> None:
    crowd = crowd_of(movements, 2, 30.0, 0)
    frames, people = crowd.detected.shape
    true = tuple(
        Person(n, frames, np.flatnonzero(crowd.detected[:, n]), crowd.truth[crowd.detected[:, n], n], np.ones((k, 24)))
        for n, k in enumerate(crowd.detected.sum(axis=0).tolist())
    )
    assert people_benchmark.score(crowd, true) == people_benchmark.Score(1.0, 0, people)
    assert people_benchmark.score(crowd, true[:1]).idf1 == pytest.approx(2 / 3, abs=0.1)
    late = [person.frames >= frames // 2 for person in true]
    mixed = tuple(
        _joined(own, other, ~a, b) for own, other, a, b in zip(true, true[::-1], late, late[::-1], strict=True)
    )
    exchanged = people_benchmark.score(crowd, mixed)
    assert exchanged.switches == people
    assert exchanged.idf1 == pytest.approx(0.5, abs=0.15)


def _joined(first: Person, second: Person, early: np.ndarray, late: np.ndarray) -> Person:
    """One person who shows the first's `early` frames and the second's `late`."""
    parts = [(p.frames[w], p.seen_points[w], p.seen_confidence[w]) for p, w in ((first, early), (second, late))]
    return Person(first.number, first.frame_count, *(np.concatenate(both) for both in zip(*parts, strict=True)))
