"""Search: what is nearest, by a slow naive twin; faiss finds the same; mirrors and frame rates make no difference."""

import itertools
from pathlib import Path

import numpy as np
import pytest

from posenorm_core import quaternion
from posenorm_core.builtin_motion import builtin_clip
from posenorm_core.condition_skeleton import CONDITION_SKELETON, PARENTS
from posenorm_core.errors import InputError
from posenorm_core.kinematics import forward_kinematics
from posenorm_core.mirror import mirrored_rotations
from posenorm_core.motion import Motion
from posenorm_core.search.index import Index, Person, add_clip, create_index, remove_clips
from posenorm_core.search.inverted import LISTS, load_inverted
from posenorm_core.search.pose_code import (
    DIMENSIONS,
    pose_descriptors,
    pose_features,
    poses_of,
    shipped_code,
    unified_positions,
)
from posenorm_core.search.search import APART, Query, Searcher, query_of

ACTIONS = ("walk", "jumping_jack", "kick", "throw", "squat")


def moving(action: str, fps: float = 30.0, seed: int = 3, seconds: float = 4.0) -> Motion:
    return builtin_clip(action, seed=seed, seconds=seconds, fps=fps).motion()


def index_of(folder: Path, clips: list[tuple[np.ndarray, float]]) -> Index:
    """An index of descriptors (T, 32) at their rates, a clip each."""
    index = create_index(folder / "index")
    for number, (descriptors, fps) in enumerate(clips):
        path = folder / f"clip{number}.npz"
        path.write_bytes(b"a clip")
        index = add_clip(index, path, path.name, [Person(1, fps, descriptors)])
    return index


@pytest.fixture
def library(tmp_path: Path) -> Index:
    """A clip an action."""
    return index_of(tmp_path, [(pose_descriptors(moving(action)), 30.0) for action in ACTIONS])


def naive(index: Index, queries: list[Query], count: int) -> list[tuple[int, int, float]]:
    """Every place of every clip one after the other, the nearest kept, all beside it struck out."""
    places = []
    for query, (number, clip) in itertools.product(queries, enumerate(index.clips)):
        descriptors, wanted = index.descriptors(clip), query.at_rate(clip.fps)
        for first in range(len(descriptors) - len(wanted) + 1):
            each = [np.linalg.norm(descriptors[first + k] - wanted[k]) for k in range(len(wanted))]
            places.append((float(np.mean(each)), number, first))
    kept: list[tuple[int, int, float]] = []
    for distance, number, first in sorted(places):
        fps = index.clips[number].fps
        if all(number != other or abs(first - frame) / fps >= APART - 1e-9 for other, frame, _ in kept):
            kept.append((number, first, distance))
    return kept[:count]


def random_library(folder: Path, seed: int) -> Index:
    rng = np.random.default_rng(seed)
    rates = (24.0, 30.0, 60.0, 23.976)
    clips = [(rng.normal(size=(int(rng.integers(1, 90)), DIMENSIONS)).astype(np.float32), r) for r in rates * 2]
    return index_of(folder, clips)


@pytest.mark.parametrize("frames", [(1,), (7,), (1, 1), (7, 7), (7, 2, 1)])
@pytest.mark.parametrize("seed", range(4))
def test_exact_search_is_the_naive_one(tmp_path: Path, seed: int, frames: tuple[int, ...]) -> None:
    """Also of several queries: what one of them finds stands in the way of what another does, and of nothing else."""
    index = random_library(tmp_path, seed)
    rng = np.random.default_rng(seed + 100)
    queries = [Query(rng.normal(size=(count, DIMENSIONS)).astype(np.float32), 30.0) for count in frames]
    found = Searcher(index, exact=True).nearest(queries, 12)
    expected = naive(index, queries, 12)
    assert [(index.clips.index(hit.clip), hit.frame) for hit in found] == [place[:2] for place in expected]
    np.testing.assert_allclose([hit.distance for hit in found], [place[2] for place in expected], rtol=1e-5)


def test_search_in_blocks_is_search_in_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, library: Index) -> None:
    query = query_of(moving("walk", seed=9), 1.0, 0.5)
    whole = Searcher(library, exact=True).nearest(query, 10)
    monkeypatch.setattr("posenorm_core.search.search._BLOCK", 7)
    assert Searcher(library, exact=True).nearest(query, 10) == whole


def test_where_the_lists_have_nothing_that_fits_all_is_looked_through(library: Index) -> None:
    """So it is where all that is near a sequence's frames lies too near to the ends of the clips."""

    class Barren:
        def nearest(self, poses: np.ndarray, count: int) -> np.ndarray:
            return np.full((len(poses), count), -1)

    query = query_of(moving("walk", seed=9), 1.0, 0.5)
    searcher = Searcher(library)
    searcher._inverted = Barren()  # type: ignore[assignment]
    assert searcher.nearest(query, 10) == Searcher(library, exact=True).nearest(query, 10)


@pytest.mark.parametrize("seconds", [None, 0.6])
def test_a_query_from_the_index_finds_itself_first_at_no_distance(library: Index, seconds: float | None) -> None:
    for number, action in enumerate(ACTIONS):
        first = Searcher(library).nearest(query_of(moving(action), 1.5, seconds), 3)[0]
        assert (first.clip, first.frame, first.seconds) == (library.clips[number], 45, 1.5)
        assert first.distance < 1e-6


def test_a_mirrored_query_finds_the_mirrored_clip(tmp_path: Path) -> None:
    motion = moving("throw")
    turned = Motion(**(vars(motion) | {"rotations": mirrored_rotations(motion.rotations)}))
    index = index_of(tmp_path, [(pose_descriptors(turned), 30.0), (pose_descriptors(moving("walk")), 30.0)])
    plain, mirrored = (query_of(motion, 2.0, 0.5, mirrored=mirrored) for mirrored in (False, True))
    searcher = Searcher(index)
    assert searcher.nearest(plain, 1)[0].distance > 0.02
    hit = searcher.nearest([plain, mirrored], 5)[0]
    assert (hit.clip.name, hit.frame, hit.mirrored) == ("clip0.npz", 60, True)
    assert hit.distance < 1e-5


@pytest.mark.parametrize("fps", [24.0, 60.0, 120.0])
def test_a_sequence_finds_itself_at_another_frame_rate(tmp_path: Path, fps: float) -> None:
    clips = [(pose_descriptors(moving(action, fps)), fps) for action in ACTIONS]
    index = index_of(tmp_path, clips)
    for number, action in enumerate(ACTIONS):
        hit = Searcher(index).nearest(query_of(moving(action), 1.5, 0.8), 1)[0]
        assert hit.clip == index.clips[number]
        assert abs(hit.seconds - 1.5) <= 1 / fps
        assert hit.distance < 0.01  # metres: what lies between frames is a straight line to the one, not to the other


def test_hits_of_a_clip_are_half_a_second_apart(library: Index) -> None:
    hits = Searcher(library).nearest(query_of(moving("walk"), 0.0), 40)
    assert [hit.distance for hit in hits] == sorted(hit.distance for hit in hits)
    for clip in library.clips:
        times = sorted(hit.seconds for hit in hits if hit.clip == clip)
        assert (np.diff(times) >= APART - 1e-9).all()


def test_descriptors_are_as_far_apart_as_the_joints() -> None:
    motions = [moving(action, seed=seed) for action in ACTIONS for seed in (0, 1)]
    positions = np.concatenate([unified_positions(motion.rotations) for motion in motions])
    descriptors = np.concatenate([pose_descriptors(motion) for motion in motions])
    first, second = np.random.default_rng(0).integers(len(positions), size=(2, 2000))
    rms = np.sqrt(((positions[first] - positions[second]) ** 2).sum(axis=-1).mean(axis=-1))
    coded = np.linalg.norm(descriptors[first] - descriptors[second], axis=-1)
    assert np.median(np.abs(coded - rms)) < 0.01
    assert np.corrcoef(coded, rms)[0, 1] > 0.99


def test_the_directions_are_orthonormal_and_give_the_pose_back() -> None:
    basis = shipped_code().basis.astype(np.float64)
    np.testing.assert_allclose(basis.T @ basis, np.eye(DIMENSIONS), atol=1e-5)
    motion = moving("kick")
    lost = poses_of(pose_descriptors(motion)) - unified_positions(motion.rotations)
    assert np.sqrt((lost**2).sum(axis=-1).mean()) < 0.04


@pytest.mark.parametrize("fps", [30.0, 60.0, 120.0])
def test_velocity_is_the_derivative_at_every_frame_rate(fps: float) -> None:
    times = np.arange(round(fps) + 1) / fps
    positions = np.zeros((len(times), 19, 3))
    positions[:, 5, 1] = times**2
    velocity = pose_features(positions, fps)[:, 57:].reshape(-1, 19, 3)
    within = slice(round(fps / 30), -round(fps / 30))
    np.testing.assert_allclose(velocity[within, 5, 1], 0.05 * 2 * times[within] / np.sqrt(19), atol=1e-9)
    assert np.count_nonzero(velocity.any(axis=0)) == 1


def test_where_the_body_faces_and_whose_it_is_makes_no_difference() -> None:
    motion = moving("walk")
    turned = motion.rotations.copy()
    turned[:, 0] = quaternion.multiply(np.array([0.6, 0.0, 0.8, 0.0], dtype=np.float32), turned[:, 0])
    other = Motion(**(vars(motion) | {"rotations": turned, "skeleton": CONDITION_SKELETON}))
    np.testing.assert_array_equal(pose_descriptors(motion), pose_descriptors(other))
    unturned = motion.rotations.astype(np.float64)
    unturned[:, 0] = (1, 0, 0, 0)
    expected = forward_kinematics(CONDITION_SKELETON.offsets, unturned, PARENTS)
    np.testing.assert_allclose(unified_positions(motion.rotations), expected, atol=1e-5)


def test_a_clip_of_one_frame_is_found_and_asked_for(tmp_path: Path) -> None:
    motion = moving("kick", seconds=1 / 30)
    assert len(motion) == 1
    index = index_of(tmp_path, [(pose_descriptors(motion), 30.0)])
    assert Searcher(index).nearest(query_of(motion, 0.0), 5)[0].distance < 1e-6
    with pytest.raises(InputError, match=r"no clip in it lasts 0\.50 s"):
        Searcher(index).nearest(query_of(moving("walk"), 0.0, 0.5), 1)


@pytest.mark.parametrize(
    ("at", "seconds"), [(-1.0, None), (4.5, None), (3.8, 1.0), (float("nan"), None), (0.0, float("inf"))]
)
def test_a_query_beyond_its_clip_is_refused(at: float, seconds: float | None) -> None:
    with pytest.raises(InputError, match=r"lasts from 0 to 3\.97 s"):
        query_of(moving("walk"), at, seconds)


@pytest.mark.parametrize("seconds", [None, 0.5])
def test_faiss_finds_what_exact_search_finds(
    tmp_path: Path, seconds: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("faiss", reason="needs the extra [search]")
    monkeypatch.setattr("posenorm_core.search.inverted.SMALLEST", 0)
    motions = [moving(action, fps, seed) for action in ACTIONS for fps in (30.0, 60.0) for seed in range(4)]
    index = index_of(tmp_path, [(pose_descriptors(motion), motion.fps) for motion in motions])
    near, exact = Searcher(index), Searcher(index, exact=True)
    assert near._inverted is not None
    for action in ACTIONS:
        query = query_of(moving(action, seed=77), 1.0, seconds)
        found, expected = ({(hit.clip.name, hit.frame) for hit in s.nearest(query, 10)} for s in (near, exact))
        assert len(found & expected) >= 9


def test_the_lists_follow_the_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("faiss", reason="needs the extra [search]")
    monkeypatch.setattr("posenorm_core.search.inverted.SMALLEST", 0)
    index = index_of(tmp_path, [(pose_descriptors(moving(action)), 30.0) for action in ACTIONS])
    load_inverted(index)
    listed = (index.folder / LISTS).read_text()
    new = tmp_path / "new.npz"
    new.write_bytes(b"a clip")
    motion = moving("wave")
    index = add_clip(index, new, "new", [Person(1, 30.0, pose_descriptors(motion))])

    def fail(*_: object) -> None:
        raise AssertionError("the centres are found anew")

    with monkeypatch.context() as patch:
        patch.setattr("posenorm_core.search.inverted._trained", fail)
        assert Searcher(index).nearest(query_of(motion, 1.0), 1)[0].clip.name == "new"
        assert (index.folder / LISTS).read_text() != listed
        assert load_inverted(index) is not None
    index = add_clip(index, tmp_path / "clip0.npz", "replaced", [Person(1, 30.0, pose_descriptors(motion)[:40])])
    assert Searcher(index).nearest(query_of(motion, 0.5), 1)[0].distance < 1e-6
    assert len(list(index.folder.glob("inverted-*.faiss"))) == 1
    next(index.folder.glob("inverted-*.faiss")).write_bytes(b"cut")
    assert Searcher(index).nearest(query_of(motion, 0.5), 1)[0].distance < 1e-6


def test_the_lists_know_no_clip_that_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The nearest frame to each of the index is itself, whichever clips came and went, in files of whichever names."""
    pytest.importorskip("faiss", reason="needs the extra [search]")
    monkeypatch.setattr("posenorm_core.search.inverted.SMALLEST", 0)
    index = index_of(tmp_path, [(pose_descriptors(moving(action)), 30.0) for action in ACTIONS])
    gone = iter((index.clips[-1].path, index.clips[0].path, index.clips[2].path))
    for seed, path in enumerate(gone, start=50):
        load_inverted(index)
        remove_clips(index, [path])
        index.close()
        index = create_index(index.folder)  # which may write its list anew
        new = tmp_path / f"new{seed}.npz"
        new.write_bytes(b"a clip")
        add_clip(index, new, new.name, [Person(1, 30.0, pose_descriptors(moving("wave", seed=seed)))])
        inverted = load_inverted(index)
        assert inverted is not None
        frames = np.concatenate([index.descriptors(clip) for clip in index.clips])
        np.testing.assert_array_equal(frames[inverted.nearest(frames, 1)[:, 0]], frames)


def test_a_searcher_searches_the_index_that_it_was_given(tmp_path: Path) -> None:
    index = index_of(tmp_path, [(pose_descriptors(moving(action)), 30.0) for action in ACTIONS])
    searcher, query = Searcher(index), query_of(moving("squat"), 1.0)
    before = searcher.nearest(query, 5)
    remove_clips(index, [index.clips[0].path])
    assert searcher.nearest(query, 5) == before
