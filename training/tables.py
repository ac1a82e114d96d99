"""Markdown tables of figures, which read well as they are printed too: numbers to the right, one way to write them."""

from collections.abc import Sequence
from dataclasses import dataclass

Cell = str | float | None


@dataclass(frozen=True)
class Column:
    """A column's title, and the decimals of its numbers; a column of words has None."""

    title: str
    decimals: int | None = None


def markdown(columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> str:
    """The table of `rows`, a cell a column; None, what was not measured, is a dash.

    >>> print(markdown([Column("model"), Column("MPJPE mm", 1)], [["ours", 1234.56], ["lifter", None]]))
    | model  | MPJPE mm |
    |:-------|---------:|
    | ours   |  1,234.6 |
    | lifter |        – |
    """
    texts = [[_text(cell, column) for cell, column in zip(row, columns, strict=True)] for row in rows]
    lines = [[column.title for column in columns], *texts]
    widths = [max(len(line[k]) for line in lines) for k in range(len(columns))]
    head, *body = ["| " + " | ".join(map(_padded, line, columns, widths)) + " |" for line in lines]
    return "\n".join([head, "|" + "|".join(map(_rule, columns, widths)) + "|", *body])


def _padded(text: str, column: Column, width: int) -> str:
    """A cell as wide as its column."""
    return text.ljust(width) if column.decimals is None else text.rjust(width)


def _rule(column: Column, width: int) -> str:
    """The dashes under a title, with the colon that tells a viewer the side."""
    dashes = "-" * (width + 1)
    return f":{dashes}" if column.decimals is None else f"{dashes}:"


def _text(cell: Cell, column: Column) -> str:
    """A cell in words."""
    if cell is None:
        return "–"
    return cell if isinstance(cell, str) else f"{cell:,.{column.decimals}f}"
