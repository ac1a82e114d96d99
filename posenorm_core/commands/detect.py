"""`detect VIDEO -o K.npz`: the 2D keypoints of a person in a video."""

import argparse
from pathlib import Path

from posenorm_core.clip import Clip
from posenorm_core.commands.telling import list_people, progress
from posenorm_core.detection import Progress, detect
from posenorm_core.detectors import DETECTORS
from posenorm_core.errors import InputError
from posenorm_core.files import require_writable
from posenorm_core.keypoints import save_keypoints
from posenorm_core.video import is_video


def add(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.description = "Finds a person's 2D keypoints in a video. Needs the extra [video]."
    parser.set_defaults(command=run)
    parser.add_argument("video", type=Path, metavar="VIDEO", help="a video file")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="K.npz", help="the keypoints to write")
    parser.add_argument("--person", type=int, metavar="N", help="which of several people (default: the most visible)")
    parser.add_argument(
        "--progress-lines", action="store_true", help="for programs: tell a line 'progress DONE TOTAL' for every frame"
    )
    add_video_options(parser)


def add_video_options(parser: argparse.ArgumentParser) -> None:
    """What every command takes that reads videos."""
    parser.add_argument("--detector", choices=tuple(DETECTORS), default="mediapipe", help="default: mediapipe")
    parser.add_argument("--start", type=float, default=0.0, metavar="S", help="of a video, from so many seconds on")
    parser.add_argument("--end", type=float, metavar="S", help="of a video, up to so many seconds")


def require_video_for_times(options: argparse.Namespace, *inputs: Path) -> None:
    """Raises InputError where a part of a video is asked for, and none of the `inputs` is a video."""
    if (options.start or options.end is not None) and not any(is_video(path) for path in inputs):
        raise InputError(f"{inputs[0]}: --start and --end choose a part of a video, and this is none; leave them out")


def detected(path: Path, options: argparse.Namespace, told: Progress | None = None) -> Clip:
    """The people in the video at `path`, by the options of `add_video_options`; `told` gets the progress, if given."""
    shown = told or progress("detecting")
    return detect(path, detector=options.detector, start=options.start, end=options.end, progress=shown)


def run(options: argparse.Namespace) -> None:
    """The command."""
    if options.output.suffix.lower() != ".npz":
        raise InputError(f"{options.output}: the name of the output must end in .npz")
    require_writable(options.output)
    clip = detected(options.video, options, _tell_line if options.progress_lines else None)
    keypoints = clip.keypoints(options.person)
    list_people(clip, options.person or 1)
    save_keypoints(keypoints, options.output)
    share = clip.people[(options.person or 1) - 1].share
    print(
        f"{clip.format_name}: {len(keypoints)} frames at {keypoints.fps:g} frames/s, a person in {share:.0%} of them, "
        f"written to {options.output}"
    )


def _tell_line(done: int, total: int) -> None:
    """Progress as a program reads it, at once."""
    print(f"progress {done} {total}", flush=True)
