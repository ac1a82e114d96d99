"""A Ray cluster that reads the clips of a library: this machine's processors, or those of many machines.

Its workers run the function that is run without it, on so many items at a time that a library of any size takes no
more memory here than a small one. A task whose worker or machine dies is run again, and told as lost where that does
not help. Needs the extra `[cluster]`; machines of a cluster need posenorm-core and the clips at the same paths.
"""

import contextlib
import importlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from posenorm_core.errors import InputError

Item = TypeVar("Item")
Result = TypeVar("Result")

# Tasks under way for each of the cluster's processors, so that none waits for the next; and at least.
_EACH, _FEWEST = 2, 8
# How often a task is run again whose worker has died.
_RETRIES = 3
# Seconds until nobody is taken to be at an address, and until who is there is taken to be no cluster.
_ANSWERING, _CONNECTING = 5.0, 30.0
_PROBE = "import sys, ray; ray.init(sys.argv[1], log_to_driver=False, logging_level='ERROR')"
_ADDRESSES = "auto, local, HOST:PORT or ray://HOST:PORT"


@dataclass(frozen=True)
class Lost:
    """In place of a result: why there is none."""

    why: str


class Cluster:
    """The cluster at an address: `auto`, `local`, `host:port` or `ray://host:port`; a context.

    `auto` is the one that this machine is part of, `local` one of this machine's processors for as long as it is open.
    """

    def __init__(self, address: str) -> None:
        """Raises InputError where Ray is missing or no cluster answers."""
        # Else a cluster that is started here reports its usage to Ray's makers.
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        try:
            self._ray: Any = importlib.import_module("ray")
        except ImportError:
            raise InputError('a cluster needs Ray: pip install "posenorm-core[cluster]"') from None
        self._silence()
        if address != "local":
            _require_cluster(address)
        options = {"include_dashboard": False} if address == "local" else {}
        try:
            self._ray.init(address, log_to_driver=False, logging_level="ERROR", **options)
        except (OSError, RuntimeError, ValueError) as error:
            raise _no_cluster(address, str(error)) from None
        self._stop_asked = False
        self._handler: Any = None

    def __enter__(self) -> "Cluster":
        """The cluster itself."""
        if threading.current_thread() is threading.main_thread():
            self._handler = signal.signal(signal.SIGINT, self._interrupted)
        return self

    def __exit__(self, *_: object) -> None:
        """Leaves it; what its workers still do for this program is stopped."""
        if self._handler is not None:
            signal.signal(signal.SIGINT, self._handler)
        self._ray.shutdown()

    def _interrupted(self, number: int, frame: Any) -> None:
        """Ctrl-C. What is raised within one of Ray's callbacks is lost there, so it is remembered as well."""
        self._stop_asked = True
        signal.default_int_handler(number, frame)

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[tuple[Item, Result | Lost]]:
        """`function` of each of `items`, in the order in which they are done; what it raises is raised here.

        Raises InputError where the workers lack what the function is made of.
        """
        work = self._ray.remote(num_cpus=1, max_retries=_RETRIES)(_called)
        at_once = max(_FEWEST, _EACH * round(self._ray.cluster_resources().get("CPU", 0)))
        left, under_way = iter(items), dict[Any, Item]()
        self._stop_asked = False
        while True:
            for item in left:
                under_way[work.remote(function, item)] = item
                if len(under_way) >= at_once:
                    break
            if not under_way:
                return
            try:
                (done, *_), _ = self._ray.wait(list(under_way), num_returns=1)
                result = self._result(done)
            except ConnectionError as error:
                raise InputError(f"the cluster was lost ({error!s:.200}); run it again to go on") from None
            if self._stop_asked:
                raise KeyboardInterrupt
            yield under_way.pop(done), result

    def _result(self, done: Any) -> Any:
        """What a task has given, or that its worker died as often as it was tried."""
        try:
            return self._ray.get(done)
        except self._ray.exceptions.RayTaskError as error:
            missing = re.search(r"No module named '([^']+)'", str(error))
            if missing:
                raise InputError(
                    f"the cluster's workers have no {missing[1]}; install this version of posenorm-core on its machines"
                ) from None
            raise
        except self._ray.exceptions.RayError as error:
            return Lost(f"its worker was lost, {_RETRIES + 1} times over ({type(error).__name__})")

    def _silence(self) -> None:
        """Keeps what machines report of their workers off stdout, where it is written whatever `init` is told."""
        with contextlib.suppress(AttributeError):
            self._ray._private.worker.print_to_stdstream = lambda *_, **__: None


def _called(function: Callable[[Item], Result], item: Item) -> Result:
    """What a task does."""
    return function(item)


def _require_cluster(address: str) -> None:
    """Raises InputError where no cluster is at `address`.

    Another process tries it first, for Ray tries for minutes, cannot be stopped meanwhile, and tells of every try.
    """
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if address != "auto":
        if not host or not port.isdecimal() or int(port) > 65535:
            raise InputError(f"--ray {address}: is no address of a cluster; give {_ADDRESSES}")
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=_ANSWERING).close()
        except OSError as error:
            raise _no_cluster(address, f"{error.strerror or error}") from None
    try:
        probe = subprocess.run(
            [sys.executable, "-c", _PROBE, address],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_CONNECTING,
        )
    except subprocess.TimeoutExpired:
        raise _no_cluster(address, f"nothing that answers as one does in {_CONNECTING:.0f} s") from None
    if probe.returncode:
        raise _no_cluster(address, probe.stderr.strip().rpartition("\n")[2])


def _no_cluster(address: str, why: str) -> InputError:
    return InputError(f"--ray {address}: no cluster is reached there ({why:.200}); give {_ADDRESSES}")
