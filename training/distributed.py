"""One training in several processes, on one machine or more, as `torchrun` starts them.

Without torchrun there is one process, and nothing here does anything. The first process alone speaks, measures and
writes; what goes wrong in one of them, or Ctrl-C, ends all of them alike.
"""

import contextlib
import datetime
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any, NoReturn, TypeVar

import torch
from torch import distributed

from posenorm_core.errors import InputError

T = TypeVar("T")

# Seconds that the others may take to start without a word of it.
_SILENCE = 5.0
# The others wait while the first validates, which may take long.
_PATIENCE = datetime.timedelta(hours=2)


def rank() -> int:
    """This process's number, from 0."""
    return distributed.get_rank() if distributed.is_initialized() else 0


def world_size() -> int:
    """How many processes there are."""
    return distributed.get_world_size() if distributed.is_initialized() else 1


def _started_by_torchrun() -> bool:
    return int(os.environ.get("WORLD_SIZE", "1")) > 1


def require_one_process(command: str) -> None:
    """Raises InputError where torchrun started several of a `command` that does not divide its work among them."""
    if _started_by_torchrun():
        raise InputError(f"{command} trains in one process; start it without torchrun")


@contextlib.contextmanager
def first_speaks() -> Iterator[None]:
    """What the other processes print goes nowhere: every line and bar would come once from each."""
    with contextlib.ExitStack() as stack:
        if _started_by_torchrun() and os.environ.get("RANK", "0") != "0":
            nowhere = stack.enter_context(open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123
            stack.enter_context(contextlib.redirect_stdout(nowhere))
            stack.enter_context(contextlib.redirect_stderr(nowhere))
        yield


def leave(code: int) -> NoReturn:
    """Ends the program with `code`, one of several processes at once, without taking Python apart.

    A training that was done has been aborted after it ("terminate called without an active exception", what C++ says
    where Python at its end stops a thread in the middle of torch), which torchrun tells as a failure. It is rare, and
    not to be had at will.
    """
    if _started_by_torchrun():
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def own_device(device: torch.device) -> torch.device:
    """The device of this process: of a machine's GPUs each process takes one.

    Raises InputError where there are more processes than GPUs.
    """
    if device.type != "cuda" or not _started_by_torchrun():
        return device
    number, count = int(os.environ["LOCAL_RANK"]), torch.cuda.device_count()
    if number >= count:
        raise InputError(f"--nproc_per_node: this machine has {count} GPUs, one for each process; start no more")
    torch.cuda.set_device(number)
    return torch.device("cuda", number)


@contextlib.contextmanager
def process_group(device: torch.device) -> Iterator[None]:
    """Joins the processes that torchrun's environment names, and leaves them at the end.

    Raises InputError where the others cannot be reached.
    """
    if not _started_by_torchrun():
        yield
        return
    try:
        with _waiting():
            distributed.init_process_group("nccl" if device.type == "cuda" else "gloo", timeout=_PATIENCE)
    except (RuntimeError, ValueError) as error:
        told = str(error).splitlines()[0]
        raise InputError(f"the other processes cannot be reached ({told}); start all of them with torchrun") from None
    try:
        with _interrupts.deferred():
            yield
    finally:
        distributed.destroy_process_group()


@contextlib.contextmanager
def _waiting() -> Iterator[None]:
    """Waits within for the others to come, and tells so after a while.

    torch waits where Python's own handling of Ctrl-C is never reached: the system's ends the process, which has done
    nothing yet.
    """
    number, expected = os.environ.get("RANK", "0"), os.environ["WORLD_SIZE"]
    words = f"process {number} waits until all {expected} are there (torchrun starts them); Ctrl-C ends it"
    # Every process says so, the first may be the one that is missing.
    telling = threading.Timer(_SILENCE, lambda: print(words, file=sys.__stderr__, flush=True))
    telling.daemon = True
    telling.start()
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        telling.cancel()


def agreed(work: Callable[[], T]) -> T:
    """What `work` gives in this process; every process must come here in its turn.

    Raises everywhere what was raised anywhere (InputError, KeyboardInterrupt), so that nobody waits for the others.
    """
    if world_size() == 1:
        return work()
    result, failure = None, None
    try:
        result = _interrupts.at_once(work)
    except InputError as error:
        failure = str(error)
    failures: list[Any] = [None] * world_size()
    distributed.all_gather_object(failures, (_interrupts.came, failure))
    if any(interrupted for interrupted, _ in failures):
        raise KeyboardInterrupt
    for _, told in failures:
        if told is not None:
            raise InputError(told)
    return result  # type: ignore[return-value]


def from_first(work: Callable[[], T]) -> T:
    """What `work` gives in the first process, which alone does it; raises everywhere what it raises there."""
    result = [agreed(lambda: work() if rank() == 0 else None)]
    if world_size() > 1:
        distributed.broadcast_object_list(result, src=0)
    return result[0]  # type: ignore[return-value]


def means(values: dict[str, torch.Tensor]) -> dict[str, float]:
    """The means over the processes of single numbers, by name."""
    total = torch.stack([value.float() for value in values.values()])
    if world_size() > 1:
        distributed.all_reduce(total)
    return dict(zip(values, (total / world_size()).tolist(), strict=True))


class _Interrupts:
    """Ctrl-C, kept until all processes agree: one that left alone would leave the others waiting for it."""

    came = False
    _working = False

    @contextlib.contextmanager
    def deferred(self) -> Iterator[None]:
        before = signal.signal(signal.SIGINT, self._note)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)
            self.came = False

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.came = True
        if self._working:
            raise KeyboardInterrupt

    def at_once(self, work: Callable[[], T]) -> T | None:
        """What `work` gives, which nobody else takes part in; None where Ctrl-C ends it."""
        self._working = True
        try:
            return work()
        except KeyboardInterrupt:
            return None
        finally:
            self._working = False


_interrupts = _Interrupts()
