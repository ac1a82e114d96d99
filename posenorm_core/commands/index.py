"""`index FOLDER -o INDEX`: the poses of all clips in a folder, kept so that `search` finds them."""

import argparse
import contextlib
import sys
import time
from collections.abc import Callable
from pathlib import Path

from posenorm_core.commands.telling import progress, tell
from posenorm_core.search.index import create_index
from posenorm_core.search.library import Telling, add_library, clip_paths

# Seconds between two looks at the progress of a cluster.
_EVERY = 0.1


def add(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.description = (
        "Indexes the poses of everybody in every clip of a folder, of any format that normalize reads but videos. "
        "Run again, it adds what is new or has changed, or was read by other weights or with another --fps, and takes "
        "out what is gone; stopped, it goes on where it was."
    )
    parser.set_defaults(command=run)
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="a folder of clips, or one clip")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="INDEX", help="the index's folder")
    parser.add_argument("--fps", type=float, metavar="F", help="the rate of clips whose format has none (default: 30)")
    parser.add_argument(
        "--ray",
        metavar="ADDRESS",
        help="have the clips read by a Ray cluster: local (this machine's processors), auto (the cluster this machine "
        "is part of), HOST:PORT or ray://HOST:PORT",
    )


def run(options: argparse.Namespace) -> None:
    """The command."""
    begun = time.perf_counter()
    paths = clip_paths(options.folder, options.output)
    with contextlib.ExitStack() as held:
        cluster = None
        if options.ray:
            from posenorm_core.search.cluster import Cluster

            cluster = held.enter_context(Cluster(options.ray))
        index = held.enter_context(create_index(options.output))
        telling = _counting() if cluster else _telling
        done = add_library(index, options.folder, paths, telling, _refused, options.fps, cluster)
        print(
            f"{options.output}: {len(index.clips)} people's motions, {index.frames} frames; {done.added} clips added, "
            f"{done.unchanged} unchanged, {done.refused} left out, {done.gone} gone, "
            f"in {time.perf_counter() - begun:.1f} s"
        )


def _refused(line: str) -> None:
    tell(f"left out: {line}")


def _telling(number: int, count: int, name: str) -> Callable[[int, int], None] | None:
    """The progress within one of the clips."""
    return progress(f"clip {number} of {count}, {name}")


def _counting() -> Telling:
    """The progress of a cluster, whose clips are done in any order: a line that counts them, on a terminal."""
    begun, shown = time.monotonic(), 0.0

    def tell_clip(number: int, count: int, name: str) -> None:
        nonlocal shown
        now = time.monotonic()
        if sys.stderr.isatty() and (number == count or now - shown >= _EVERY):
            shown, rate = now, number / max(now - begun, 1e-9)
            text = f"clip {number} of {count}, {name:.30}, {rate:.1f} clips/s, {(count - number) / rate:.0f} s left"
            print(f"\r{text:<75}", end="\n" if number == count else "", file=sys.stderr, flush=True)

    return tell_clip
