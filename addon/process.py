"""A Python outside Blender, run so that Blender stays alive. No Blender in here.

What it says comes line by line. Stopped, it is killed with its children; should Blender end first, in whatever way, its
standard input ends, by which it can tell.
"""

import contextlib
import os
import queue
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from posenorm_core.errors import InputError

_TICK = 0.1  # seconds between two looks at whether to stop
_LONGEST_LINE = 10_000  # bytes
WINDOWS = os.name == "nt"


def run_python(
    python: Path, words: Sequence[str], heed: Callable[[str], None], tick: Callable[[], None] = lambda: None
) -> int:
    """Runs `python -c` with `words`: its exit code. `heed` gets each line it says, `tick` is called every moment.

    What either raises ends the process and its children. Raises InputError where `python` cannot be started.
    """
    process = _started(python, words)
    said: queue.SimpleQueue[str] = queue.SimpleQueue()
    reader = threading.Thread(target=_read_lines, args=(process.stdout, said), daemon=True)
    reader.start()
    try:
        while process.poll() is None:
            tick()
            for line in _lines_waiting(said, _TICK):
                heed(line)
        reader.join(1.0)  # a child of its own that outlives it may hold the pipe open
        for line in _lines_waiting(said, 0.0):
            heed(line)
        return process.returncode
    finally:
        _end(process)


def _started(python: Path, words: Sequence[str]) -> "subprocess.Popen[bytes]":
    """The process, in a group of its own so that it can be ended with its children, and without a window."""
    if not python.is_file():
        what = "is a folder; choose the program in it" if python.is_dir() else "there is no such file; choose another"
        raise InputError(f"{python}: {what}, such as bin/python3.12 or python.exe")
    own_group: dict[str, Any] = {"start_new_session": True}
    if WINDOWS:
        own_group = {"creationflags": getattr(subprocess, "CREATE_NO_WINDOW", 0)}
    try:
        return subprocess.Popen(
            [str(python), "-B", "-c", *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=_environment(),
            cwd=tempfile.gettempdir(),
            **own_group,
        )
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{python}: cannot be started ({reason}); choose a Python program") from None


def _environment() -> dict[str, str]:
    """Blender's environment without what it tells Blender's own Python."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return {**kept, "PYTHONIOENCODING": "utf-8"}


def _read_lines(pipe: IO[bytes], said: "queue.SimpleQueue[str]") -> None:
    """The thread that reads: waiting for a line must not keep anybody from stopping."""
    with pipe:
        for line in iter(lambda: pipe.readline(_LONGEST_LINE), b""):
            said.put(line.decode("utf-8", errors="replace").rstrip())


def _lines_waiting(said: "queue.SimpleQueue[str]", seconds: float) -> Iterator[str]:
    """The lines said by now; where there are none the first that comes within so many seconds."""
    with contextlib.suppress(queue.Empty):
        yield said.get(timeout=seconds) if seconds else said.get_nowait()
        for _ in range(said.qsize()):
            yield said.get_nowait()


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Kills the process, if it still runs, with its children."""
    if process.poll() is None:
        if WINDOWS:
            subprocess.run(["taskkill", "/T", "/F", "/PID", str(process.pid)], capture_output=True)
        else:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if process.stdin is not None:
        process.stdin.close()
