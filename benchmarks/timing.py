"""How long one call takes."""

import time
from collections.abc import Callable


def seconds(work: Callable[[], object]) -> float:
    """The wall time of one call, seconds."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun
