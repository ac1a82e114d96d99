"""What a reader does with one file: a result, a refusal in one line, or a finding.

A finding is any other exception, a warning, a refusal of several lines or one that does not name the file, a result
that is not sound, more than `LONGEST` seconds, more memory than `MOST_MEMORY` times the file, or anything that runs:
a process, a module imported, code evaluated, a file written, as CPython's audit events tell (PEP 578).
"""

import contextlib
import encodings.raw_unicode_escape  # what Python imports when it first reads a text of a pickle
import encodings.utf_8_sig  # noqa: F401  # and one of a file
import signal
import sys
import time
import traceback
import tracemalloc
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, NamedTuple

from posenorm_core.errors import InputError

LONGEST = 5.0
# The memory of a small file is that of NumPy's and Python's own workings.
MOST_MEMORY, SMALL = 20, 64 * 2**20
_LONGEST_MESSAGE = 2000
_RUNNING = (
    *(
        "os.",
        "subprocess.",
        "shutil.",
        "socket.",
        "ctypes.",
        "pickle.",
        "exec",
        "import",
        "marshal.",
        "code.",
        "urllib.",
    ),
    *("ftplib.", "http.", "webbrowser.", "pty.", "signal.", "sys.addaudithook", "sys.settrace", "winreg.", "tempfile."),
)
_READING = ("os.scandir", "os.listdir", "os.putenv")


class Outcome(NamedTuple):
    """`kind` is "result", "refusal" or "finding"; `told` what the reader said, or what is wrong."""

    kind: str
    told: str


class _EndlessError(BaseException):
    """Ends a reader that takes too long; no reader can take it for a damaged file."""


class Watch:
    """Watches one reader after the other; a context, for Python's own hooks cannot be taken away again."""

    def __init__(self) -> None:
        """Nothing is watched before the context is entered."""
        self._armed = False
        self._run: list[str] = []

    def __enter__(self) -> "Watch":
        """From here on it is heard what a reader runs, and ended what takes too long."""
        sys.addaudithook(self._heard)
        if hasattr(signal, "SIGALRM"):
            self._before = signal.signal(signal.SIGALRM, _end)
        return self

    def __exit__(self, *_: object) -> None:
        """Leaves things as they were."""
        self._armed = False
        if hasattr(signal, "SIGALRM"):
            signal.signal(signal.SIGALRM, self._before)

    def outcome(self, read: Callable[[Path], None], path: Path, size: int, measured: bool = False) -> Outcome:
        """What `read` makes of the file of `size` bytes at `path`; its memory is looked at where it is `measured`.

        `read` raises AssertionError where what it has read is not sound.
        """
        most = max(MOST_MEMORY * size, SMALL)
        with _peak(measured) as peak:
            began = time.perf_counter()
            outcome = self._tried(read, path)
            took = time.perf_counter() - began
        if self._run:
            return Outcome("finding", f"ran {self._run[0]}")
        if took > LONGEST:
            return Outcome("finding", f"takes more than {LONGEST:g} s; {outcome.told}")
        if peak and peak[0] > most:
            return Outcome(
                "finding", f"takes more than {MOST_MEMORY} times the memory of the file and {SMALL >> 20} MB"
            )
        return outcome

    def _tried(self, read: Callable[[Path], None], path: Path) -> Outcome:
        self._run = []
        with _no_longer_than(2 * LONGEST), warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.simplefilter("ignore", ResourceWarning)  # of files that NumPy leaves to Python to close
            try:
                self._armed = True
                read(path)
            except InputError as error:
                self._armed = False
                return _refusal(str(error), path)
            except _EndlessError as error:
                return Outcome("finding", f"endless in {_place(error.__traceback__)}")
            except AssertionError as error:
                return Outcome("finding", f"is not sound: {error} {_place(error.__traceback__)}")
            except (Exception, SystemExit) as error:
                return Outcome(
                    "finding", f"{type(error).__name__} {str(error)[:60]!r} in {_place(error.__traceback__)}"
                )
            finally:
                self._armed = False
        return Outcome("result", "")

    def _heard(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._armed:
            return
        if event == "open" and isinstance(arguments[1], str) and not set(arguments[1]).isdisjoint("wax+"):
            self._run.append(f"open for writing {arguments[0]!r:.60}")
        elif event.startswith(_RUNNING) and event not in _READING:
            self._run.append(f"{event} {arguments!r:.80}")


def _refusal(message: str, path: Path) -> Outcome:
    if len(message.splitlines()) != 1:
        return Outcome("finding", "is refused in several lines")
    if str(path) not in message:
        return Outcome("finding", f"is refused without its name: {message[:60]}")
    if len(message) > _LONGEST_MESSAGE:
        return Outcome("finding", f"is refused in {len(message)} characters")
    return Outcome("refusal", message)


def _place(trace: TracebackType | None) -> str:
    """The innermost line of our own code, by which findings of one cause are told from others."""
    frames = [
        frame
        for frame in traceback.extract_tb(trace)
        if "/posenorm_core/" in frame.filename or "/training/" in frame.filename
    ]
    frames = frames or traceback.extract_tb(trace)[-1:]
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"


def _end(_: int, __: FrameType | None) -> None:
    raise _EndlessError


@contextlib.contextmanager
def _no_longer_than(seconds: float) -> Iterator[None]:
    if not hasattr(signal, "setitimer"):
        yield
        return
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


@contextlib.contextmanager
def _peak(measured: bool) -> Iterator[list[int]]:
    """The most memory that Python and NumPy hold at once, in bytes, once it is left; nothing where not measured."""
    found: list[int] = []
    if measured:
        tracemalloc.start()
    try:
        yield found
    finally:
        if measured:
            found.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
