"""`align A B -o ALIGN.json`: which frame of B answers which of A, how far apart they are and in which joints."""

import argparse
from pathlib import Path

from posenorm_core.alignment import Alignment, JointDifference, align, alignment_along, find, save_alignment
from posenorm_core.alignment_plot import draw_alignment
from posenorm_core.any_clip import motion_of, read_any
from posenorm_core.commands.detect import add_video_options, detected, require_video_for_times
from posenorm_core.commands.telling import list_people, progress, tell, warn_of_clip
from posenorm_core.dtw import Hit
from posenorm_core.errors import InputError
from posenorm_core.files import require_outputs
from posenorm_core.motion import ORIENTATIONS, Motion, with_orientation
from posenorm_core.motion_files import MotionClip
from posenorm_core.motion_writers import WRITERS, require_motion_name
from posenorm_core.pose_drawing import require_plotting
from posenorm_core.retiming import retimed
from posenorm_core.video import is_video


def add(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.description = (
        "Lines up two performances: for every frame of A the frame of B that answers it, whatever the speed, the body "
        "and the camera. Takes what `normalize` takes: videos, 2D keypoints, motions."
    )
    parser.set_defaults(command=run)
    parser.add_argument("a", type=Path, metavar="A", help="a video, a file or folder of 2D keypoints, a motion")
    parser.add_argument("b", type=Path, metavar="B", help="what is lined up with it")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="ALIGN.json", help="the alignment to write")
    parser.add_argument("--plot", type=Path, metavar="P.png", help="also draw the distances and keyframes ([plot])")
    parser.add_argument("--retime", type=Path, metavar="OUT.npz|.bvh", help="also write B warped to A's timing")
    parser.add_argument(
        "--orientation", choices=ORIENTATIONS, default="unified", help="of what --retime writes (default: unified)"
    )
    parser.add_argument(
        "--find", type=int, metavar="N", help="B is long and holds A somewhere: up to N places, the best one lined up"
    )
    parser.add_argument("--person-a", type=int, default=1, metavar="N", help="of A (default: the most visible)")
    parser.add_argument("--person-b", type=int, default=1, metavar="N", help="of B (default: the most visible)")
    parser.add_argument("--fps", type=float, metavar="F", help="the frame rate where a format has none")
    parser.add_argument("--weights", type=Path, metavar="FILE", help="other weights than the ones shipped")
    add_video_options(parser)


def run(options: argparse.Namespace) -> None:
    """The command."""
    _check(options)
    a = _motion(options.a, options.person_a, options)
    b = _motion(options.b, options.person_b, options)
    hits = None if options.find is None else find(a, b, options.find)
    alignment = align(a, b) if hits is None else alignment_along(a, b, hits[0].path)
    written = [options.output]
    if options.plot:
        draw_alignment(options.plot, alignment, a, b, (options.a.name, options.b.name))
        written.append(options.plot)
    if options.retime:
        timed = with_orientation(retimed(b, alignment.path, a.fps), options.orientation)
        WRITERS[options.retime.suffix.lower()](timed, options.retime)
        written.append(options.retime)
    save_alignment(alignment, a, b, options.output, hits)
    for line in _summary(alignment, a, b, hits):
        print(line)
    print("written to " + " and ".join(str(path) for path in written))


def _check(options: argparse.Namespace) -> None:
    """Raises InputError, before any work, where what is to be written could not be or would replace the input."""
    if options.find is not None and options.find < 1:
        raise InputError(f"--find {options.find}: must be 1 or more")
    if options.output.suffix.lower() != ".json":
        raise InputError(f"{options.output}: the name of the alignment must end in .json")
    if options.plot:
        require_plotting(options.plot)
    if options.retime:
        require_motion_name(options.retime)
    written = filter(None, (options.output, options.plot, options.retime))
    require_outputs(written, (options.a, options.b, options.weights))
    require_video_for_times(options, options.a, options.b)


def _motion(path: Path, person: int, options: argparse.Namespace) -> Motion:
    """The motion of one person of whatever is at `path`."""
    clip = detected(path, options) if is_video(path) else read_any(path, options.fps)
    warn_of_clip(clip, options.fps)
    if not isinstance(clip, MotionClip):
        list_people(clip, person)
    motion = motion_of(clip, person, weights=options.weights, progress=progress(f"normalizing {path.name}"))
    if not motion.confidence.any():
        tell(f"warning: {path}: nobody is seen in it; what is lined up is a guess")
    return motion


def _summary(alignment: Alignment, a: Motion, b: Motion, hits: list[Hit] | None) -> list[str]:
    """What was found, for the person at the terminal."""
    speed = "" if alignment.speed_ratio is None else f", B goes {alignment.speed_ratio:.2f} times as fast as A"
    lines = [
        f"{len(a)} frames and {len(b)}: similarity {alignment.similarity:.2f}, on average "
        f"{alignment.distance.mean() * 1000:.0f} mm apart{speed}",
        "differing most on the whole: " + _joints(alignment.worst_joints),
    ]
    lines += [
        f"  {worst.frame_a / a.fps:7.2f} s and {worst.frame_b / b.fps:7.2f} s: {worst.distance * 1000:4.0f} mm apart: "
        + _joints(worst.joints)
        for worst in alignment.worst_frames
    ]
    lines += [
        f"found in B from {hit.first / b.fps:.2f} to {(hit.last + 1) / b.fps:.2f} s, "
        f"{hit.mean_distance * 1000:.0f} mm apart"
        for hit in hits or ()
    ]
    return lines


def _joints(joints: tuple[JointDifference, ...]) -> str:
    return ", ".join(f"{joint.joint} {joint.degrees:.0f}°" for joint in joints)
