"""Feeds every reader damaged and hostile files: `python -m tests.fuzz [--reader NAME …] [--cases N] [--seed S]`.

Each case starts from a small sound file and changes it in its meaning (wrong types, huge, negative and not finite
numbers, lost, doubled and exchanged parts, deep nesting, pickles that would run something) or as mere bytes. What
readers must do with it is told in `watch`; what they do not is printed and kept in `out/fuzz`, and the command ends
with 1. The same seed gives the same cases.
"""

import argparse
import faulthandler
import multiprocessing
import sys
import time
from functools import partial
from pathlib import Path

_CLONE = Path(__file__).resolve().parents[2]
# The builders of the readers' own tests make the sound files.
sys.path.append(str(_CLONE / "tests" / "core"))

from tests.fuzz.campaign import Tally, try_reader  # noqa: E402
from tests.fuzz.readers import READERS  # noqa: E402

_KEEP = _CLONE / "out" / "fuzz"


def main() -> int:
    """Tries the readers and prints the table; 1 where there were findings."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Every reader, with hostile files.")
    parser.add_argument("--reader", action="append", choices=READERS, metavar="NAME", help=f"of {', '.join(READERS)}")
    parser.add_argument("--cases", type=int, default=100_000, help="for each reader")
    parser.add_argument("--first", type=int, default=0, help="the number of the first case, to see one again")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=1)
    options = parser.parse_args()
    faulthandler.enable()  # a reader that crashes Python is a finding that nothing else could tell
    print("| reader | cases | results | refusals | findings | seconds |\n|---|---|---|---|---|---|", flush=True)
    tallies = {}
    for name in options.reader or READERS:
        began = time.perf_counter()
        tallies[name] = tally = _tried(name, options)
        took = time.perf_counter() - began
        row = (name, tally.cases, tally.results, tally.refusals, tally.found, f"{took:.0f}")
        print(f"| {' | '.join(map(str, row))} |", flush=True)
    for name, tally in tallies.items():
        for told, kept in sorted(tally.findings.items()):
            print(f"{name}: {told}: {len(kept)} times, first in {kept[0]} (--seed {options.seed})")
    return 1 if any(tally.findings for tally in tallies.values()) else 0


def _tried(name: str, options: argparse.Namespace) -> Tally:
    """The reader's cases, dealt out to the processes."""
    last = options.first + options.cases
    shares = [range(options.first + place, last, options.processes) for place in range(options.processes)]
    run = partial(_share, name, options.seed)
    whole = Tally()
    if options.processes == 1:
        return run(shares[0])
    with multiprocessing.get_context("spawn").Pool(options.processes) as pool:
        for tally in pool.map(run, shares):
            whole.add(tally)
    return whole


def _share(name: str, seed: int, numbers: range) -> Tally:
    return try_reader(name, READERS[name], numbers, seed, _KEEP)


if __name__ == "__main__":
    sys.exit(main())
