"""A journal: a file of JSON lines that is only added to, so that a line more costs the same however many there are.

What stops a writing tears the last line at most, and a line without its end counts as never written. Any other line
that cannot be read is damage.
"""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from posenorm_core.errors import InputError
from posenorm_core.files import write_aside

Line = dict[str, Any]


def read_journal(path: Path) -> tuple[list[Line], int]:
    """Its whole lines, and how many bytes of it they take; raises InputError where it cannot be read."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    end = content.rfind(b"\n") + 1
    lines = []
    for number, text in enumerate(content[:end].split(b"\n")[:-1], start=1):
        try:
            line = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise damaged(path, number, error) from None
        if not isinstance(line, dict):
            raise damaged(path, number, "is no object")
        lines.append(line)
    return lines, end


def write_journal(path: Path, lines: Iterable[Line]) -> int:
    """Writes it anew, aside and renamed; its bytes. Raises InputError where it cannot be written."""
    content = _text(lines)
    with write_aside(path) as aside, aside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return len(content)


def damaged(path: Path, number: int, why: object) -> InputError:
    """What is told of a line, counted from 1, that is not as it should be."""
    return InputError(f"{path}: line {number} is damaged ({why!s:.100}); delete {path.parent} and make the index again")


def append(path: Path, end: int, lines: Iterable[Line]) -> int:
    """Adds lines after the `end` of its whole ones; its new end. They are on the disk when this returns.

    Raises InputError where they cannot be written.
    """
    content = _text(lines)
    left = memoryview(content)
    try:
        with path.open("r+b", buffering=0) as file:
            # A line that an attempt before this one has torn goes first.
            file.truncate(end)
            file.seek(end)
            while left:
                left = left[file.write(left) :]
            os.fsync(file.fileno())
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror}); make room or choose another folder") from None
    return end + len(content)


def _text(lines: Iterable[Line]) -> bytes:
    return b"".join(json.dumps(line).encode("ascii") + b"\n" for line in lines)
