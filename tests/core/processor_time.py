"""What work costs the processor, for laws about how one work's cost stands to another's in the same run."""

import time
from collections.abc import Callable


def best_time(work: Callable[[], object], rounds: int = 3) -> float:
    """Seconds of the processor, the best of some rounds: the machine may be busy with something else."""
    times = []
    for _ in range(rounds):
        begun = time.process_time()
        work()
        times.append(time.process_time() - begun)
    return min(times)
