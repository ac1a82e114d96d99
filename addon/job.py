"""A computation on a thread of its own, so that Blender's window stays alive. No Blender in here.

Blender may only be touched from its main thread: the work gets plain data and returns plain data. Its progress
and its end are messages on a queue that the main thread empties when it likes. Cancelling makes the work's next
report of progress raise; what it returns after that is thrown away.
"""

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Report = Callable[[int, int], None]
Work = Callable[[Report], Any]


class JobCancelledError(Exception):
    """Raised inside the work by its report of progress once the job is cancelled."""


@dataclass(frozen=True)
class Progress:
    """So much of the work is done, as a fraction."""

    fraction: float


@dataclass(frozen=True)
class Done:
    """The work has returned `result`."""

    result: Any


@dataclass(frozen=True)
class Failed:
    """The work has raised `error`."""

    error: Exception


Message = Progress | Done | Failed


class Job:
    """`work` on a thread, started at once. It is a daemon: Blender may be closed while it runs."""

    def __init__(self, work: Work) -> None:
        """Starts `work`, which is called with a function to report (done, total) to."""
        self._work = work
        self._messages: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._cancelled = threading.Event()
        self._thread = threading.Thread(target=self._run, name="posenorm-job", daemon=True)
        self._thread.start()

    def cancel(self) -> None:
        """Asks the work to stop at its next report; from now on `messages` is empty."""
        self._cancelled.set()

    def messages(self) -> list[Message]:
        """What has been reported since the last call, in order; nothing once cancelled."""
        found: list[Message] = []
        while not self._messages.empty():
            found.append(self._messages.get())
        return [] if self._cancelled.is_set() else found

    def wait(self, seconds: float | None = None) -> bool:
        """Waits for the thread to end; whether it has."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._messages.put(Done(self._work(self._report)))
        except JobCancelledError:
            pass
        except Exception as error:  # crosses to the main thread, which decides what to do about it
            self._messages.put(Failed(error))

    def _report(self, done: int, total: int) -> None:
        if self._cancelled.is_set():
            raise JobCancelledError
        self._messages.put(Progress(done / max(total, 1)))
