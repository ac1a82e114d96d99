"""`index FOLDER -o INDEX`: the poses of all clips in a folder, kept so that `search` finds them."""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

from posenorm_core.commands.telling import progress, tell
from posenorm_core.search.index import create_index
from posenorm_core.search.library import add_library, clip_paths


def add(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.description = (
        "Indexes the poses of everybody in every clip of a folder, of any format that normalize reads but videos. "
        "Run again, it adds what is new or has changed; stopped, it goes on where it was."
    )
    parser.set_defaults(command=run)
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="a folder of clips, or one clip")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="INDEX", help="the index's folder")
    parser.add_argument("--fps", type=float, metavar="F", help="the rate of clips whose format has none (default: 30)")


def run(options: argparse.Namespace) -> None:
    """The command."""
    begun = time.perf_counter()
    paths = clip_paths(options.folder, options.output)
    index = create_index(options.output)
    done = add_library(index, options.folder, paths, _telling, lambda line: tell(f"left out: {line}"), options.fps)
    print(
        f"{options.output}: {len(done.index.clips)} people's motions, {done.index.frames} frames; {done.added} clips "
        f"added, {done.unchanged} unchanged, {done.refused} left out, in {time.perf_counter() - begun:.1f} s"
    )


def _telling(number: int, count: int, name: str) -> Callable[[int, int], None] | None:
    """The progress within one of the clips."""
    return progress(f"clip {number} of {count}, {name}")
