"""Optimal assignment: rows and columns paired one to one so that the costs add up to the least (Kuhn 1955).

By shortest augmenting paths (Jonker and Volgenant 1987), a row at a time. A pair that costs the limit or more is as
good as none, so rows and columns may stay without a partner.
"""

import numpy as np


def assign(cost: np.ndarray, limit: float) -> tuple[np.ndarray, np.ndarray]:
    """The rows (M,) and columns (M,) paired, for `cost` (R, C), ascending by row; each pair costs less than `limit`.

    The sum of the pairs' costs and of `limit` for each row without a pair is the least there is.

    >>> rows, columns = assign(np.array([[1.0, 2.0], [1.0, 4.0], [9.0, 9.0]]), 5.0)
    >>> rows.tolist(), columns.tolist()
    ([0, 1], [1, 0])
    """
    near = cost < limit
    if (near.sum(axis=0) <= 1).all() and (near.sum(axis=1) <= 1).all():
        rows, columns = np.nonzero(near)
        return rows, columns
    rows, columns = np.flatnonzero(near.any(axis=1)), np.flatnonzero(near.any(axis=0))
    # A column of its own for each row, at the limit, is the choice to stay alone.
    padded = np.full((len(rows), len(columns) + len(rows)), float(limit))
    padded[:, : len(columns)] = np.minimum(cost[np.ix_(rows, columns)], limit)
    partner = _partners(padded)
    paired = partner < len(columns)
    rows, columns = rows[paired], columns[partner[paired]]
    close = cost[rows, columns] < limit
    return rows[close], columns[close]


def _partners(cost: np.ndarray) -> np.ndarray:
    """The column (R,) of each row of `cost` (R, C), R ≤ C, that makes the sum least."""
    count, width = cost.shape
    row_of = np.full(width, -1)
    row_price, column_price = np.zeros(count), np.zeros(width)
    for new in range(count):
        row, reached = new, np.zeros(width, dtype=bool)
        distance, before = np.full(width, np.inf), np.full(width, -1)
        column, length = -1, 0.0
        while row >= 0:
            through = length + cost[row] - row_price[row] - column_price
            shorter = ~reached & (through < distance)
            distance[shorter], before[shorter] = through[shorter], column
            column = int(np.where(reached, np.inf, distance).argmin())
            length, row = float(distance[column]), int(row_of[column])
            reached[column] = True
        _reprice(row_price, column_price, row_of, new, reached, distance, length)
        _exchange_along(row_of, before, column, new)
    partner = np.empty(count, dtype=np.int64)
    taken = np.flatnonzero(row_of >= 0)
    partner[row_of[taken]] = taken
    return partner


def _reprice(
    row_price: np.ndarray,
    column_price: np.ndarray,
    row_of: np.ndarray,
    new: int,
    reached: np.ndarray,
    distance: np.ndarray,
    length: float,
) -> None:
    """Changes the prices so that every pair made so far, and the path of `length`, costs exactly its prices."""
    columns = np.flatnonzero(reached)
    row_price[new] += length
    held = columns[row_of[columns] >= 0]
    row_price[row_of[held]] += length - distance[held]
    column_price[columns] -= length - distance[columns]


def _exchange_along(row_of: np.ndarray, before: np.ndarray, column: int, new: int) -> None:
    """Gives each column of the path that ends in `column` the row of the one before it, the first the row `new`."""
    while before[column] >= 0:
        row_of[column] = row_of[before[column]]
        column = int(before[column])
    row_of[column] = new
