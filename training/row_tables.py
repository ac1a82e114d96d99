"""The tables whose rows are features of frames, as Markdown: a line a row, and in every setting the same columns."""

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

from training.correspondence import Correspondence
from training.retrieval import Retrieval
from training.tables import Cell, Column, markdown


def correspondence_tables(found: dict[str, dict[str, Correspondence]]) -> str:
    """A row of features a line, with their spread in each setting: hits in per cent and square errors, then paths."""

    def nearest(row: Correspondence) -> list[Cell]:
        return [100 * row.hits, 100 * row.hits_spread, row.error, row.error_spread]

    hits = [Column("hits %", 1), Column("±", 1), Column("square error", 0), Column("±", 0)]
    paths = [Column("path off by frames", 1), Column("±", 1)]
    return f"{_by_setting(found, hits, nearest)}\n\n{_by_setting(found, paths, lambda row: [row.off, row.off_spread])}"


def retrieval_table(found: dict[str, dict[str, Retrieval]]) -> str:
    """A row of features a line, Hit@1 and Hit@10 in per cent in each setting, with their spread."""
    columns = [Column("Hit@1 %", 1), Column("±", 1), Column("Hit@10 %", 1), Column("±", 1)]
    return _by_setting(found, columns, lambda row: [100 * value for value in asdict(row).values()])


def _by_setting(found: dict[str, dict[str, Any]], columns: list[Column], cells: Callable[[Any], list[Cell]]) -> str:
    """A row of features a line: of each setting the `columns`, the first of which names it."""
    named = [
        replace(column, title=f"{setting}: {column.title}") if column is columns[0] else column
        for setting in found
        for column in columns
    ]
    names = next(iter(found.values()))
    lines: list[list[Cell]] = [[name, *(x for rows in found.values() for x in cells(rows[name]))] for name in names]
    return markdown([Column("features"), *named], lines)
