"""How fast dynamic time warping is, beside dtw-python's, on the same distances and with the same steps.

`python -m benchmarks.alignment [--frames N ...]`. Features of as many numbers as a pose's, a sequence and the same
unevenly played with noise. The peer (Giorgino 2009, in C) is `pip install dtw-python`; it is given the distances, which
ours computes on the way. Both must find paths of the same cost. Memory is the highest of a process of its own.
"""

import argparse
import importlib.util
import multiprocessing
import resource
import sys
from collections.abc import Sequence

import numpy as np

from benchmarks.timing import seconds
from posenorm_core.command import exit_code
from posenorm_core.correspondence import distances
from posenorm_core.dtw import EXACT_CELLS, warping_path
from posenorm_core.errors import InputError
from training.tables import Cell, Column, markdown

_ROUNDS, _FEATURES, _MOST_OF_PEER = 3, 57, 5000
_COLUMNS = [
    Column("frames of each"),
    Column("seconds", 2),
    Column("memory MB", 0),
    Column("dtw-python: times as long", 1),
    Column("its memory MB", 0),
    Column("costs differ by", 9),
]


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description="Dynamic time warping beside dtw-python's.")
    parser.add_argument("--frames", type=int, nargs="+", default=[1000, 5000, 20_000, 100_000])
    options = parser.parse_args()
    _require_measurable(options.frames)
    rows: list[list[Cell]] = []
    for frames in options.frames:
        ours, cost, memory = _in_own_process(_ours, frames)
        row: list[Cell] = [f"{frames:,}" + ("" if frames**2 <= EXACT_CELLS else " (banded)"), ours, memory]
        if frames <= _MOST_OF_PEER:
            theirs, peer_cost, peer_memory = _in_own_process(_peer, frames)
            row += [theirs / ours, peer_memory, abs(cost - peer_cost) / peer_cost]
        else:
            row += [None, None, None]
        rows.append(row)
        print(f"{frames:,} frames done", file=sys.stderr, flush=True)
    print(markdown(_COLUMNS, rows))


def _require_measurable(lengths: Sequence[int]) -> None:
    """Raises InputError where a length is none, or the peer that one of them needs is not installed."""
    if min(lengths) < 1:
        raise InputError(f"--frames {min(lengths)}: must be 1 or more")
    if min(lengths) <= _MOST_OF_PEER and importlib.util.find_spec("dtw") is None:
        raise InputError("the peer is not installed here; pip install dtw-python")


def _in_own_process(measure: object, frames: int) -> tuple[float, float, float]:
    """(seconds, cost, MB) of `measure(frames)`."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(measure, (frames,))  # type: ignore[arg-type]


def _ours(frames: int) -> tuple[float, float, float]:
    a, b = sequences(frames)
    taken = min(seconds(lambda: warping_path(a, b)) for _ in range(_ROUNDS))
    path = warping_path(a, b)
    return taken, float(np.linalg.norm(a[path[:, 0]] - b[path[:, 1]], axis=1).sum()), _megabytes()


def _peer(frames: int) -> tuple[float, float, float]:
    dtw = importlib.import_module("dtw")  # nothing of ours needs it but this comparison

    a, b = sequences(frames)
    found = []
    taken = min(
        seconds(lambda: found.append(dtw.dtw(distances(a, b), step_pattern="symmetric1"))) for _ in range(_ROUNDS)
    )
    return taken, float(found[-1].distance), _megabytes()


def sequences(frames: int) -> tuple[np.ndarray, np.ndarray]:
    """A walk (N, 57) and the same unevenly played, with noise (N, 57)."""
    rng = np.random.default_rng(0)
    a = np.cumsum(rng.normal(size=(frames, _FEATURES)), axis=0)
    return a, a[np.sort(rng.integers(0, frames, frames))] + rng.normal(size=a.shape)


def _megabytes() -> float:
    """The most memory the process has held (on Linux in kB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


if __name__ == "__main__":
    sys.exit(exit_code(main))
