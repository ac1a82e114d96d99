"""Motion capture to one data set: `python -m training.prepare --mocap DIR… -o DATA.npz`, or `--h36m FOLDER`.

With an output that does not end in .npz, a folder is written, which training maps instead of reading it whole
(`training.mapped`): for data larger than memory.

Every clip is brought to 30 frames/s and to the condition skeleton's T-pose on its own body, set on the floor,
cleaned, and written with its foot contacts; what was taken, dropped and why is printed and written beside DATA.
`--print-condition-skeleton` computes the table that is frozen in `posenorm_core.condition_skeleton`.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from tqdm import tqdm

from posenorm_core import quaternion
from posenorm_core.bvh import parse_bvh
from posenorm_core.command import exit_code
from posenorm_core.condition_skeleton import JOINT_NAMES, PARENTS
from posenorm_core.errors import InputError
from posenorm_core.kinematics import forward_kinematics
from posenorm_core.source_clip import SourceClip, from_bvh, points_and_drivers, pruned
from training.human36m import bodies as human36m
from training.mapped import require_no_folder, save_folder
from training.mocap.archives import MotionFile, find_motion_files, read_motion_files
from training.mocap.bodies import Body, SourcePose, bodies
from training.mocap.cleaning import SHORTEST, is_still, possible_runs, steady_run, without_calibration
from training.mocap.contacts import BALL_HEIGHT, floor_height, foot_contacts
from training.mocap.dataset import FPS, DataClip, save_dataset
from training.mocap.duplicates import find_duplicates
from training.mocap.glb import read_glb_clips
from training.mocap.mean_body import condition_skeleton_table
from training.mocap.report import Report, write_report
from training.mocap.source import family_of, resampled
from training.mocap.stance import standing_straight

_ANKLE_TO_TOE = [JOINT_NAMES.index("right_toe"), JOINT_NAMES.index("left_toe")]


def prepare(mocap: Sequence[Path], output: Path) -> Report:
    """Writes the data set of all motion capture at `mocap`, and the report beside it.

    Raises InputError where there is none, a file is damaged, or `output` cannot be written.
    """
    report = Report()
    return _write(read_bodies(mocap, report), mocap[0], output, report)


def prepare_human36m(folder: Path, output: Path) -> Report:
    """The same of the Human3.6M files in `folder` (`training.human36m`)."""
    return _write(human36m.read_bodies(folder), folder, output, Report())


def _write(converted: Sequence[Body], place: Path, output: Path, report: Report) -> Report:
    """Writes the clips of the bodies, which come from `place`."""
    people = [person for body in converted for person in standing_straight(body)]
    clips = without_duplicates([clip for person in people for clip in body_to_clips(person, report)], report)
    if not clips:
        raise InputError(f"{place}: none of its clips is fit to learn from; the families read are in the README")
    report.prove(converted)
    if output.suffix == ".npz":
        save_dataset(clips, output)
    else:
        save_folder(clips, output)
    report.take(clips)
    write_report(report, output)
    return report


def read_bodies(mocap: Sequence[Path], report: Report) -> list[Body]:
    """All clips at `mocap`, converted body by body; what is left out is told to `report`."""
    poses: list[SourcePose] = []
    for path in find_motion_files(mocap):
        with tqdm(desc=path.name, unit=" clips", disable=None) as progress:
            for file in read_motion_files(path):
                poses += _source_poses(file, report)
                progress.update()
    return bodies(poses)


def _source_poses(file: MotionFile, report: Report) -> Iterator[SourcePose]:
    """The clips in a motion file, at the data set's rate, without frames that nobody can use."""
    for clip in _source_clips(file):
        rig = family_of(clip)
        action = clip.path.partition("#")[2] or file.action
        if rig is None:
            report.drop(clip.path, file.source, len(clip), "its joints are those of no known family")
            continue
        kept = replace(clip, rotations=clip.rotations[rig.cut :], translations=clip.translations[rig.cut :])
        points, drivers = points_and_drivers(resampled(pruned(kept, rig), FPS), rig)
        run = steady_run(points, drivers)
        report.cut(clip.path, len(points) - len(points[run]), "before or after a jump of the root, or not finite")
        if len(points[run]) < SHORTEST:
            report.drop(clip.path, rig.name, len(points), f"shorter than {SHORTEST} frames")
            continue
        family = file.source if file.source in _OWN_FAMILIES else rig.name
        yield SourcePose(clip.path, file.source, file.subject, action, family, rig, points[run], drivers[run])


# Collections that count as a family of their own though their rig is another's.
_OWN_FAMILIES = ("misc",)


def _source_clips(file: MotionFile) -> Iterator[SourceClip]:
    if file.path.endswith(".glb"):
        yield from read_glb_clips(file.content, file.path, FPS)
    else:
        clip = from_bvh(parse_bvh(file.content, file.path))
        yield replace(clip, path=file.path.removesuffix(".bvh"))


def body_to_clips(body: Body, report: Report) -> Iterator[DataClip]:
    """The clips of a body, set on the floor, with contacts, cut where calibration poses or broken frames are."""
    for clip, frames in body.frames():
        rotations, root = body.motion.rotations[frames], body.points[frames, 0]
        acting = without_calibration(rotations)
        report.cut(clip.name, len(rotations) - len(rotations[acting]), "T-pose held for calibration")
        rotations, root = rotations[acting], root[acting]
        if len(rotations) < SHORTEST or is_still(rotations):
            report.drop(clip.name, clip.family_name, len(clip.points), "a pose held, not a motion")
            continue
        runs = possible_runs(rotations)
        kept = sum(run.stop - run.start for run in runs)
        report.cut(clip.name, len(rotations) - kept, "impossible pose or turn of a joint")
        if not runs:
            report.drop(clip.name, clip.family_name, len(clip.points), "impossible poses or turns throughout")
        for run in runs:
            name = clip.name if len(runs) == 1 else f"{clip.name}@{run.start}"
            yield _data_clip(name, clip, body.motion.offsets, rotations[run], root[run])


def _data_clip(name: str, clip: SourcePose, offsets: np.ndarray, rotations: np.ndarray, root: np.ndarray) -> DataClip:
    """A run of frames as the data set holds it."""
    ankle_heights = BALL_HEIGHT - offsets[_ANKLE_TO_TOE, 1]
    positions = np.asarray(forward_kinematics(offsets, rotations, PARENTS, root))
    positions[..., 1] -= floor_height(positions, ankle_heights)
    return DataClip(
        name=name,
        subject=clip.subject,
        action=clip.action,
        source=clip.source,
        family=clip.family_name,
        offsets=offsets,
        rotations=np.asarray(quaternion.make_continuous(rotations)),
        root_position=positions[:, 0],
        contacts=foot_contacts(positions, ankle_heights, FPS),
    )


def without_duplicates(clips: Sequence[DataClip], report: Report) -> list[DataClip]:
    """The clips without those that repeat another recording."""
    repeated = find_duplicates(clips)
    for number, original in repeated.items():
        clip = clips[number]
        report.drop(clip.name, clip.family, len(clip), f"repeats {clips[original].name}")
    return [clip for number, clip in enumerate(clips) if number not in repeated]


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m training.prepare", description=__doc__.splitlines()[0])
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--mocap", nargs="+", type=Path, help="folders, archives, .bvh or .glb files")
    source.add_argument("--h36m", type=Path, metavar="FOLDER", help="of Human3.6M: data_3d_h36m.npz, D3_Angles or not")
    parser.add_argument("-o", "--output", type=Path, help="the data set to write: a file (.npz) or a folder")
    parser.add_argument("--print-condition-skeleton", action="store_true", help="only print the mean body's offsets")
    options = parser.parse_args(arguments)
    if not options.print_condition_skeleton and options.output is None:
        parser.error("name the data set to write with -o DATA.npz")
    return exit_code(lambda: print(_told(options)))


def _told(options: argparse.Namespace) -> str:
    """What the command prints: the mean body, or the report of the data set it has written."""
    if options.print_condition_skeleton:
        read = human36m.read_bodies(options.h36m) if options.h36m else read_bodies(options.mocap, Report())
        return condition_skeleton_table(read)
    if options.output.suffix != ".npz":
        require_no_folder(options.output)
    if options.h36m:
        return prepare_human36m(options.h36m, options.output).text()
    return prepare(options.mocap, options.output).text()


if __name__ == "__main__":
    sys.exit(main())
