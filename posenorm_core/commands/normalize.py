"""`normalize INPUT -o OUT.npz|.bvh`: keypoints, a video or a recorded motion to rotations on one skeleton."""

import argparse
import time
from dataclasses import dataclass, replace
from pathlib import Path

from posenorm_core.any_clip import AnyClip, motion_of, read_any
from posenorm_core.cleaning import GENTLE
from posenorm_core.clip import Clip
from posenorm_core.commands.detect import add_video_options, detected, require_video_for_times
from posenorm_core.commands.telling import list_people, progress, tell, warn_of_clip
from posenorm_core.condition_skeleton import CONDITION_SKELETON, require_condition_joints
from posenorm_core.errors import InputError
from posenorm_core.files import require_outputs
from posenorm_core.foot_lock import MODES, lock_motion_feet
from posenorm_core.formats import FORMATS
from posenorm_core.motion import ORIENTATIONS, Motion, save_positions
from posenorm_core.motion_files import MOTION_FORMATS, MotionClip
from posenorm_core.motion_writers import WRITERS, require_motion_name
from posenorm_core.preview import write_preview
from posenorm_core.skeleton import Skeleton, load_skeleton
from posenorm_core.smoothing import require_strength
from posenorm_core.video import Video, is_video, open_video


def add(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    readable, recorded = ("; ".join(known.description for known in formats) for formats in (FORMATS, MOTION_FORMATS))
    parser.description = (
        f"Turns 2D keypoints, or a video, into joint rotations. Reads videos (with the extra [video]); {readable}. "
        f"Motions are brought to the same skeleton and orientation: {recorded}."
    )
    parser.set_defaults(command=run)
    parser.add_argument("input", type=Path, metavar="INPUT", help="a video, a file or folder of 2D keypoints, a motion")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="OUT.npz|.bvh", help="the motion to write")
    parser.add_argument("--orientation", choices=ORIENTATIONS, default="unified", help="of the root (default: unified)")
    parser.add_argument(
        "--person", type=_person, default=1, metavar="N|all", help="which of several people (default: the most visible)"
    )
    parser.add_argument("--fps", type=float, metavar="F", help="the input's frame rate where its format has none")
    parser.add_argument(
        "--feet", choices=MODES, default="off", help="locks feet that stand: by the contacts, or always (default: off)"
    )
    faults = parser.add_mutually_exclusive_group()
    faults.add_argument(
        "--smooth", type=float, default=GENTLE, metavar="S", help=f"0 (not at all) to 1 (default: {GENTLE:g})"
    )
    faults.add_argument(
        "--exact", action="store_true", help="the keypoints are projected or hand-placed, not a detector's: cover them"
    )
    parser.add_argument(
        "--skeleton", type=Path, metavar="FILE", help="another body with the condition skeleton's joints"
    )
    parser.add_argument("--weights", type=Path, metavar="FILE", help="other weights than the ones shipped")
    parser.add_argument("--positions", type=Path, metavar="P.npz", help="also write the pose as joint positions")
    parser.add_argument("--preview", type=Path, metavar="P.mp4", help="also write a video to judge the motion by")
    parser.add_argument(
        "--video", type=Path, metavar="VIDEO", help="what the keypoints are of: its rate, its size, behind the preview"
    )
    add_video_options(parser)


def _person(word: str) -> int | None:
    """A person's number, None for all."""
    if word == "all":
        return None
    try:
        return int(word)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{word}' must be a person's number, or all") from None


@dataclass(frozen=True)
class _Outputs:
    """The files to write for one person."""

    motion: Path
    positions: Path | None
    preview: Path | None

    def all(self) -> list[Path]:
        return [path for path in (self.motion, self.positions, self.preview) if path]

    def of(self, person: int) -> "_Outputs":
        """The same for one of several people: `walk.npz` becomes `walk-2.npz`."""
        return _Outputs(*(path and path.with_stem(f"{path.stem}-{person}") for path in self._fields()))  # type: ignore[arg-type]

    def _fields(self) -> tuple[Path | None, ...]:
        return self.motion, self.positions, self.preview


def run(options: argparse.Namespace) -> None:
    """The command."""
    begun = time.perf_counter()
    outputs = _Outputs(options.output, options.positions, options.preview)
    everybody = options.person is None
    _check(options, outputs.of(1) if everybody else outputs)
    skeleton = CONDITION_SKELETON
    if options.skeleton:
        skeleton = load_skeleton(options.skeleton)
        require_condition_joints(skeleton)
    video = _video(options)
    clip = _read(options, video)
    warn_of_clip(clip, options.fps)
    each = {n: outputs.of(n) for n in range(1, len(clip.people) + 1)} if everybody else {options.person: outputs}
    require_outputs([path for own in each.values() for path in own.all()], _inputs(options))
    for person, own in each.items():
        motion = _write(clip, person, skeleton, own, options, video)
        written = " and ".join(str(path) for path in own.all())
        print(
            f"{clip.format_name}, person {person} of {len(clip.people)}: {len(motion)} frames at {motion.fps:g} "
            f"frames/s, {motion.orientation}, written to {written} in {time.perf_counter() - begun:.1f} s"
        )


def _video(options: argparse.Namespace) -> Video | None:
    """The video that the input is, or that its keypoints are of."""
    if is_video(options.input):
        if options.video:
            raise InputError(f"{options.video}: {options.input} is a video itself; leave --video out")
        if options.exact:
            raise InputError(f"{options.input}: what a detector finds in a video is not exact; leave --exact out")
        return open_video(options.input)
    return open_video(options.video) if options.video else None


def _read(options: argparse.Namespace, video: Video | None) -> AnyClip:
    """Everybody in the input, whatever it is."""
    if video and not options.video:
        clip = detected(options.input, options)
    else:
        read = read_any(options.input, options.fps)
        if isinstance(read, MotionClip):
            _warn_of_motion(read, options)
            return read
        clip = _of_video(read, video) if video else read
    list_people(clip, options.person)
    return clip


def _warn_of_motion(clip: MotionClip, options: argparse.Namespace) -> None:
    """What is not used of the options where no network is to judge anything."""
    for given, option in ((options.exact, "--exact"), (options.weights, "--weights"), (options.video, "--video")):
        if given:
            tell(f"warning: {clip.path} is a motion, no keypoints; {option} is not used")


def _of_video(clip: Clip, video: Video) -> Clip:
    """The clip of keypoints with the rate and the size of the video they are of, where its format tells none."""
    # Detectors may leave out the last frames, or see one more than the times of the others tell of.
    if abs(len(clip) - video.frame_count) > max(2, 0.02 * len(clip)):
        tell(f"warning: {clip.path} has {len(clip)} frames, {video.path} {video.frame_count}; are they of each other?")
    return replace(clip.in_image(video.size), fps=clip.fps or video.fps)


def _write(
    clip: AnyClip,
    person: int,
    skeleton: Skeleton,
    outputs: _Outputs,
    options: argparse.Namespace,
    video: Video | None,
) -> Motion:
    """Normalizes one person and writes what is asked for."""
    if isinstance(clip, MotionClip) and outputs.preview:
        raise InputError(f"{options.preview}: a preview shows 2D keypoints or a video; {clip.path} is a motion")
    motion = motion_of(
        clip,
        person,
        orientation=options.orientation,
        skeleton=skeleton,
        weights=options.weights,
        smooth=options.smooth,
        exact=options.exact,
        progress=progress("normalizing"),
    )
    motion = lock_motion_feet(motion, options.feet)
    if outputs.preview and isinstance(clip, Clip):
        first = 0 if video is None or options.video else round(options.start * video.fps)
        shown = clip.keypoints(person)
        write_preview(
            outputs.preview, motion, shown, video=video, first=first, progress=progress("drawing the preview")
        )
    WRITERS[outputs.motion.suffix.lower()](motion, outputs.motion)
    if outputs.positions:
        save_positions(motion, outputs.positions)
    return motion


def _check(options: argparse.Namespace, outputs: _Outputs) -> None:
    """Raises InputError, before any work, where what is to be written could not be or would replace the input."""
    require_strength(options.smooth)
    require_motion_name(outputs.motion)
    for path, what, suffix in ((outputs.positions, "positions", ".npz"), (outputs.preview, "preview", ".mp4")):
        if path and path.suffix.lower() != suffix:
            raise InputError(f"{path}: the name of the {what} must end in {suffix}")
    require_outputs(outputs.all(), _inputs(options))
    require_video_for_times(options, options.input)


def _inputs(options: argparse.Namespace) -> tuple[Path | None, ...]:
    """What is read, and so must not be written."""
    return options.input, options.video, options.skeleton, options.weights
