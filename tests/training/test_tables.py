"""A table reads the same for a person and for Markdown."""

import pytest

from training.tables import Column, markdown

COLUMNS = [Column("model"), Column("MPJPE mm", 1), Column("frames", 0)]


def test_numbers_stand_to_the_right_with_their_column_s_decimals():
    lines = markdown(COLUMNS, [["ours", 4.25001, 1234567], ["the longest name", 1000.0, 3]]).splitlines()
    assert lines == [
        "| model            | MPJPE mm |    frames |",
        "|:-----------------|---------:|----------:|",
        "| ours             |      4.3 | 1,234,567 |",
        "| the longest name |  1,000.0 |         3 |",
    ]


def test_what_was_not_measured_is_a_dash():
    assert markdown(COLUMNS, [["lifter", None, 1]]).splitlines()[-1] == "| lifter |        – |      1 |"


def test_a_row_must_have_every_column():
    with pytest.raises(ValueError, match="longer"):
        markdown(COLUMNS, [["ours", 4.2]])
