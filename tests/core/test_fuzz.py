"""The fuzzing of the readers (`python -m tests.fuzz`): a few cases of each pass, and what is broken is found."""

import json
import os
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from posenorm_core.errors import InputError
from tests.fuzz import watch
from tests.fuzz.campaign import MEASURED_EVERY, try_reader
from tests.fuzz.documents import Document, json_part
from tests.fuzz.readers import READERS, Reader

_TRAINED = ("torch", "dataset", "configuration")


@pytest.mark.parametrize("name", READERS)
def test_every_reader_ends_in_a_result_or_one_line(name: str) -> None:
    if name in _TRAINED:
        pytest.importorskip("torch")
    tally = try_reader(name, READERS[name], range(1, 40), seed=1)
    assert not tally.findings
    assert tally.results > 0
    assert tally.refusals > 0


_SOUND = b'{"a": [1.0, 2.0, 3.0]}'


def _seeds(_: Path) -> list[Document]:
    return [Document("file", {"a.json": json_part(json.loads(_SOUND))})]


def _writes(path: Path) -> None:
    path.with_name("made").mkdir(exist_ok=True)


def _runs(_: Path) -> None:
    os.system("true")


def _fails(_: Path) -> None:
    raise KeyError("a")


def _warns(_: Path) -> None:
    np.ones(1) / np.zeros(1)


def _names_no_file(_: Path) -> None:
    raise InputError("is wrong")


def _takes_memory(path: Path) -> None:
    np.zeros(watch.SMALL + watch.MOST_MEMORY * path.stat().st_size + 1, np.uint8)


def _is_not_sound(_: Path) -> None:
    raise AssertionError("nobody")  # as where a look at what was read finds something wrong


def _never_ends(_: Path) -> None:
    while True:
        try:
            time.sleep(10)
        except Exception:  # as one who takes whatever happens for a damaged file
            time.sleep(10)


BROKEN: dict[str, tuple[Callable[[Path], None], str]] = {
    "writes": (_writes, r"ran os\.mkdir"),
    "runs": (_runs, r"ran os\.system"),
    "fails": (_fails, r"KeyError .* in test_fuzz\.py"),
    "warns": (_warns, "RuntimeWarning"),
    "no name": (_names_no_file, "without its name"),
    "memory": (_takes_memory, "times the memory"),
    "not sound": (_is_not_sound, "is not sound: nobody"),
    "never ends": (_never_ends, "endless"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_broken_is_found_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    read, told = BROKEN[case]
    if case == "never ends" and not hasattr(signal, "setitimer"):
        pytest.skip("nothing can end what takes too long here")
    monkeypatch.setattr(watch, "LONGEST", 0.05)
    monkeypatch.setattr(watch, "SMALL", 2**20)
    broken = Reader(_seeds, lambda path: read(path) if path.read_bytes() != _SOUND else None)
    tally = try_reader("broken", broken, range(MEASURED_EVERY, MEASURED_EVERY + 2), 0, tmp_path / "kept")
    (found,) = tally.findings
    assert re.search(told, found)
    # Memory is looked at in the first of the two cases alone.
    assert (tally.found, tally.results) == ((1, 1) if case == "memory" else (2, 0))
    (kept,) = (tmp_path / "kept").iterdir()
    assert str(kept) in tally.findings[found][0]


def test_a_case_is_the_same_whenever_it_is_tried() -> None:
    def contents(numbers: range) -> list[bytes]:
        read: list[bytes] = []
        try_reader("same", Reader(_seeds, lambda path: read.append(path.read_bytes())), numbers, 0)
        return read[1:]

    cases = contents(range(9))
    assert contents(range(4, 6)) == cases[4:6]
    assert len(set(cases)) > 6
