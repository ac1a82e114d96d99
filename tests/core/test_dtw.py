"""Dynamic time warping: the least sum there is, against a table filled cell by cell."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from posenorm_core import dtw
from posenorm_core.correspondence import distance_rows, distances, nearest_frames
from posenorm_core.dtw import find_hits, warping_path
from posenorm_core.errors import InputError

# A distance is the root of a difference of squares: 1e-16 of rounding becomes 1e-8.
CLOSE = 1e-6


def naive_table(distance: np.ndarray, *, enters_anywhere: bool = False) -> np.ndarray:
    """The least cost (N, M) of arriving at each cell, one after another."""
    costs = np.full((distance.shape[0] + 1, distance.shape[1] + 1), np.inf)
    costs[0, : None if enters_anywhere else 1] = 0
    for i, row in enumerate(distance):
        for j, cell in enumerate(row):
            costs[i + 1, j + 1] = cell + min(costs[i, j], costs[i, j + 1], costs[i + 1, j])
    return costs[1:, 1:]


def cost(path: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    return float(np.linalg.norm(a[path[:, 0]] - b[path[:, 1]], axis=1).sum())


def walk(frames: int, seed: int, dimensions: int = 4) -> np.ndarray:
    return np.asarray(np.cumsum(np.random.default_rng(seed).normal(size=(frames, dimensions)), axis=0))


def assert_steps(path: np.ndarray) -> None:
    steps = np.diff(path, axis=0)
    assert ((steps == 0) | (steps == 1)).all()
    assert steps.any(axis=1).all()


@given(st.integers(1, 18), st.integers(1, 18), st.integers(0, 10**6), st.booleans())
def test_the_path_costs_the_least(rows: int, columns: int, seed: int, ties: bool) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(rows, 2)), rng.normal(size=(columns, 2))
    if ties:
        a, b = a.round(), b.round()
    path = warping_path(a, b)
    assert (tuple(path[0]), tuple(path[-1])) == ((0, 0), (rows - 1, columns - 1))
    assert_steps(path)
    assert cost(path, a, b) == pytest.approx(naive_table(distances(a, b))[-1, -1], abs=CLOSE)


def test_a_sequence_lines_up_with_itself_frame_by_frame() -> None:
    a = walk(300, 1)
    np.testing.assert_array_equal(warping_path(a, a), np.arange(300)[:, None].repeat(2, axis=1))


def test_frames_held_are_found() -> None:
    a = walk(50, 2)
    held = np.repeat(np.arange(50), np.random.default_rng(3).integers(1, 5, 50))
    path = warping_path(a, a[held])
    np.testing.assert_array_equal(path[:, 0], held)


def test_beyond_the_exact_the_path_is_sought_around_a_coarser_one() -> None:
    a = walk(700, 4)
    b = a[np.sort(np.random.default_rng(5).integers(0, 700, 900))]
    exact, sought = warping_path(a, b), warping_path(a, b, exact_cells=20_000, radius=40)
    np.testing.assert_array_equal(sought, exact)
    narrow = warping_path(a, b, exact_cells=2_000, radius=1)
    assert (tuple(narrow[0]), tuple(narrow[-1])) == ((0, 0), (699, 899))
    assert_steps(narrow)
    assert cost(narrow, a, b) >= cost(exact, a, b) - CLOSE


@pytest.mark.parametrize(("rows", "columns"), [(1, 900), (900, 1), (3, 800), (801, 2)])
def test_the_very_short_lines_up_with_the_very_long(rows: int, columns: int) -> None:
    path = warping_path(walk(rows, 6), walk(columns, 7), exact_cells=50, radius=2)
    assert (tuple(path[0]), tuple(path[-1])) == ((0, 0), (rows - 1, columns - 1))
    assert_steps(path)


def test_rows_come_in_blocks_as_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = walk(40, 8), walk(60, 9)
    low = np.sort(np.random.default_rng(0).integers(0, 30, 40))
    high = low + 20
    whole = distances(a, b)
    monkeypatch.setattr("posenorm_core.correspondence._BLOCK", 70)
    rows = list(distance_rows(a, b, low, high))
    assert len(rows) == len(a)
    for i, row in enumerate(rows):
        np.testing.assert_allclose(row, whole[i, low[i] : high[i]], atol=CLOSE)


def test_distances_are_euclidean_and_nearest_frames_are_the_least() -> None:
    a, b = walk(30, 10), walk(50, 11)
    naive = np.linalg.norm(a[:, None] - b, axis=-1)
    np.testing.assert_allclose(distances(a, b), naive, atol=CLOSE)
    np.testing.assert_array_equal(nearest_frames(a, b), naive.argmin(axis=1))


def test_an_action_is_found_wherever_it_is_in_a_long_clip() -> None:
    query = walk(30, 12)
    slower = query[np.repeat(np.arange(30), 2)]
    clip = np.concatenate([walk(80, 13) + 40, slower, walk(50, 14) - 40, query + 0.1, walk(20, 15) + 60])
    hits = find_hits(query, clip, 2)
    # Of a frame that stands twice at an end of the stretch one is enough.
    assert hits[0].first in (80, 81)
    assert hits[0].last in (138, 139)
    assert (hits[1].first, hits[1].last) == (190, 219)
    assert hits[0].mean_distance == pytest.approx(0, abs=CLOSE)
    assert hits[1].mean_distance == pytest.approx(0.2)  # 0.1 in each of four dimensions


@given(st.integers(1, 8), st.integers(1, 25), st.integers(0, 10**6))
def test_the_best_hit_costs_the_least_and_hits_share_no_frame(rows: int, columns: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    query, clip = rng.normal(size=(rows, 2)), rng.normal(size=(columns, 2))
    hits = find_hits(query, clip, 3)
    last_row = naive_table(distances(query, clip), enters_anywhere=True)[-1]
    assert min(cost(hit.path, query, clip) for hit in hits) == pytest.approx(last_row.min(), abs=CLOSE)
    for hit in hits:
        assert_steps(hit.path)
        assert (hit.path[0, 0], hit.path[-1, 0]) == (0, rows - 1)
        assert cost(hit.path, query, clip) / len(hit.path) == pytest.approx(hit.mean_distance, abs=CLOSE)
    taken = [frame for hit in hits for frame in range(hit.first, hit.last + 1)]
    assert len(taken) == len(set(taken))


def test_a_query_too_long_is_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dtw, "EXACT_CELLS", 100)
    with pytest.raises(InputError, match="a query of 30 frames is too long for a clip of 50; give at most 10"):
        find_hits(walk(30, 1), walk(50, 1), 1)
