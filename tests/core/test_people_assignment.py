"""The cheapest pairs, beside every other way to pair."""

import itertools

import numpy as np
import pytest

from posenorm_core.assignment import assign


def cheapest(cost: np.ndarray, limit: float) -> float:
    """What the best of all ways costs, tried one by one; a row without a pair costs `limit`."""
    rows, columns = cost.shape
    padded = np.hstack([np.minimum(cost, limit), np.full((rows, rows), limit)])
    ways = itertools.permutations(range(columns + rows), rows)
    return min(sum(padded[row, column] for row, column in enumerate(way)) for way in ways)


@pytest.mark.parametrize("seed", range(60))
def test_no_other_way_to_pair_is_cheaper(seed: int) -> None:
    rng = np.random.default_rng(seed)
    shape = rng.integers(1, 5, 2)
    cost = rng.random(shape) if seed % 2 else rng.integers(0, 4, shape).astype(float)
    limit = float(rng.choice([0.4, 0.9, 3.0]))
    rows, columns = assign(cost, limit)
    assert len(set(rows.tolist())) == len(set(columns.tolist())) == len(rows)
    assert (np.diff(rows) > 0).all()
    assert (cost[rows, columns] < limit).all()
    assert cost[rows, columns].sum() + limit * (len(cost) - len(rows)) == pytest.approx(cheapest(cost, limit))


def test_the_nearest_pair_is_given_up_where_that_is_cheaper_for_all() -> None:
    rows, columns = assign(np.array([[0.0, 1.0], [1.0, 9.0]]), 20.0)
    assert (rows.tolist(), columns.tolist()) == ([0, 1], [1, 0])


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0)])
def test_nobody_has_nobody(shape: tuple[int, int]) -> None:
    rows, columns = assign(np.zeros(shape), 1.0)
    assert len(rows) == len(columns) == 0


def test_what_costs_too_much_or_cannot_be_is_not_paired() -> None:
    rows, columns = assign(np.array([[np.inf, 0.5, 2.0], [np.inf, 0.1, np.inf]]), 1.0)
    assert (rows.tolist(), columns.tolist()) == ([1], [1])
