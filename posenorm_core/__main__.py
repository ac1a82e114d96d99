"""The command line: `python -m posenorm_core normalize KEYPOINTS -o OUT.npz|.bvh`.

Each command parses, calls the functions of the core and reports; the work is done there. Exit codes: 0 done;
2 the input or the arguments are wrong, told in one line; 130 stopped by Ctrl-C. Files are written aside and
renamed, so that none is ever half there.
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from posenorm_core.bvh import write_motion_bvh
from posenorm_core.clip import DEFAULT_FPS, Clip
from posenorm_core.command import exit_code
from posenorm_core.condition_skeleton import CONDITION_SKELETON, require_condition_joints
from posenorm_core.errors import InputError
from posenorm_core.files import require_writable
from posenorm_core.formats import FORMATS, read_clip
from posenorm_core.motion import ORIENTATIONS, Motion, save_motion, save_positions
from posenorm_core.normalizer import normalize
from posenorm_core.skeleton import load_skeleton

_WRITERS: dict[str, Callable[[Motion, Path], None]] = {".npz": save_motion, ".bvh": write_motion_bvh}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command of the command line and returns its exit code."""
    options = _parser().parse_args(arguments)
    return exit_code(lambda: options.command(options))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="posenorm",
        description="Normalized human pose: 2D keypoints of a video to joint rotations on one skeleton.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_normalize(commands.add_parser("normalize", help="2D keypoints to joint rotations on the condition skeleton"))
    return parser


def _add_normalize(parser: argparse.ArgumentParser) -> None:
    readable = "; ".join(known.description for known in FORMATS)
    parser.description = f"Turns 2D keypoints into joint rotations. Reads: {readable}."
    parser.set_defaults(command=_normalize)
    parser.add_argument("keypoints", type=Path, metavar="KEYPOINTS", help="a file or folder of 2D keypoints")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="OUT.npz|.bvh", help="the motion to write")
    parser.add_argument("--orientation", choices=ORIENTATIONS, default="unified", help="of the root (default: unified)")
    parser.add_argument("--person", type=int, metavar="N", help="which of several people (default: the most visible)")
    parser.add_argument("--fps", type=float, metavar="F", help="the input's frame rate where its format has none")
    parser.add_argument(
        "--skeleton", type=Path, metavar="FILE", help="another body with the condition skeleton's joints"
    )
    parser.add_argument("--weights", type=Path, metavar="FILE", help="other weights than the ones shipped")
    parser.add_argument("--positions", type=Path, metavar="P.npz", help="also write the pose as joint positions")


def _normalize(options: argparse.Namespace) -> None:
    begun = time.perf_counter()
    _check_outputs(options)
    skeleton = CONDITION_SKELETON
    if options.skeleton:
        skeleton = load_skeleton(options.skeleton)
        require_condition_joints(skeleton)
    clip = read_clip(options.keypoints, options.fps)
    keypoints = clip.keypoints(options.person)
    _warn_of_frame_rate(clip, options.fps)
    motion = normalize(
        keypoints,
        orientation=options.orientation,
        skeleton=skeleton,
        weights=options.weights,
        progress=_show_progress if sys.stderr.isatty() else None,
    )
    _WRITERS[options.output.suffix.lower()](motion, options.output)
    if options.positions:
        save_positions(motion, options.positions)
    _summarize(clip, motion, options, time.perf_counter() - begun)


def _check_outputs(options: argparse.Namespace) -> None:
    """Raises InputError, before any work, where what is to be written could not be or would replace the input."""
    if options.output.suffix.lower() not in _WRITERS:
        raise InputError(f"{options.output}: the name of the output must end in {' or '.join(_WRITERS)}")
    if options.positions and options.positions.suffix.lower() != ".npz":
        raise InputError(f"{options.positions}: the name of the positions must end in .npz")
    outputs = [path for path in (options.output, options.positions) if path]
    taken = {path.resolve() for path in (options.keypoints, options.skeleton, options.weights) if path}
    for path in outputs:
        if path.resolve() in taken:
            raise InputError(f"{path}: is to be read and written at once; choose another name for the output")
        taken.add(path.resolve())
        require_writable(path)


def _warn_of_frame_rate(clip: Clip, given: float | None) -> None:
    if clip.fps is None:
        _tell(
            f"warning: {clip.path} does not tell its frame rate; {DEFAULT_FPS:g} is taken, give the right one by --fps"
        )
    elif given is not None and given != clip.fps:
        _tell(f"warning: {clip.path} tells its own frame rate, {clip.fps:g}; --fps {given:g} is not used")


def _summarize(clip: Clip, motion: Motion, options: argparse.Namespace, seconds: float) -> None:
    person = f"person {options.person or 1} of {len(clip.people)}"
    written = " and ".join(str(path) for path in (options.output, options.positions) if path)
    print(
        f"{clip.format_name}, {person}: {len(motion)} frames at {motion.fps:g} frames/s, {motion.orientation}, "
        f"written to {written} in {seconds:.1f} s"
    )


def _show_progress(done: int, total: int) -> None:
    """One line that counts up, ended with the last frame."""
    print(f"\rnormalizing: {done} of {total} frames", end="\n" if done >= total else "", file=sys.stderr, flush=True)


def _tell(line: str) -> None:
    print(line, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
