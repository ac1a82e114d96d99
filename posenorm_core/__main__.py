"""The command line: `python -m posenorm_core COMMAND`, each command a module of `posenorm_core.commands`.

Exit codes: 0 done; 2 the input or the arguments are wrong, told in one line; 130 stopped by Ctrl-C; 141 nobody reads
what it tells any more, as behind `| head`. Files are written aside and renamed, so that none is ever half there.
"""

import argparse
import sys
from collections.abc import Sequence

from posenorm_core.command import exit_code
from posenorm_core.commands import align, detect, index, normalize, search

_COMMANDS = (
    ("normalize", "a video, 2D keypoints or a motion to joint rotations on the condition skeleton", normalize.add),
    ("detect", "a video to 2D keypoints", detect.add),
    ("align", "two performances frame by frame, whatever their speed, body and camera", align.add),
    ("index", "the poses of a folder of clips, kept to be searched", index.add),
    ("search", "where a pose or a sequence is found in an index", search.add),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command of the command line and returns its exit code."""
    options = _parser().parse_args(arguments)
    return exit_code(lambda: options.command(options))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="posenorm",
        description="Normalized human pose: a video, or 2D keypoints, to joint rotations on one skeleton.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, told, add in _COMMANDS:
        add(commands.add_parser(name, help=told))
    return parser


if __name__ == "__main__":
    sys.exit(main())
