"""Fuzzing of every reader: `python -m tests.fuzz` feeds them damaged and hostile files; see `campaign`."""
