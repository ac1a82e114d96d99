"""Human3.6M's subjects as bodies in our T-pose, at the data set's rate: what `training.prepare --h36m` reads.

Where a subject's `D3_Angles` lie beside the positions (anywhere under the folder, with `metadata.xml` in it), they
give the rotations; otherwise the positions do, and what these cannot show (the turn of the head, the twist of
forearms and shins) is none. Conversion happens at 50 frames/s and the rotations are brought to 30, so that bones
keep their lengths.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from posenorm_core.arrays import unit
from posenorm_core.condition_skeleton import JOINT_COUNT, JOINT_NAMES, NON_LEAVES, PARENTS
from posenorm_core.errors import InputError
from posenorm_core.frame_rate import resample_rotations, resample_times, resample_values
from posenorm_core.kinematics import global_rotations
from posenorm_core.rest_pose import BodyMotion, RestFrames, align, change_rest_pose
from posenorm_core.rigs import Family
from training.human36m import angles as d3
from training.human36m.files import FPS, action_of, read_positions
from training.human36m.skeleton import OUR_JOINTS, motion_from_points, our_points
from training.mocap.bodies import Body, SourcePose
from training.mocap.dataset import FPS as DATA_FPS

FAMILY = "h36m"
_RIG = Family(FAMILY, (), 1.0, points={}, drivers={})
# Which of the rig's 32 nodes turns what hangs on each of ours: the node there, but for the thorax, where neck and
# shoulders begin, and hang on the node below.
_DRIVERS = dict(zip(JOINT_NAMES, OUR_JOINTS, strict=True)) | {"thorax": 12}
_DRIVEN = [j for j in NON_LEAVES if JOINT_NAMES[j] != "spine"]
_LEFT_HIP, _SPINE = 6, 12  # of the 32


@dataclass(frozen=True)
class _Recording:
    name: str
    positions: np.ndarray  # (T, 32, 3), world, z up
    angles: np.ndarray | None  # (T, 78)


def read_bodies(folder: Path) -> list[Body]:
    """All subjects of the files in `folder`; raises InputError where they are not what they should be."""
    positions = read_positions(folder)
    files = d3.find_angles(folder)
    rig = d3.read_rig(folder) if files else None
    found = []
    for subject, recordings in positions.items():
        read = [_recording(name, values, files.get((subject, name))) for name, values in recordings.items()]
        with_angles = [recording for recording in read if recording.angles is not None]
        without = [recording for recording in read if recording.angles is None]
        if rig is not None and with_angles:
            found.append(_body(subject, with_angles, _motion_from_angles(rig, with_angles, f"{folder}: {subject}")))
        if without:
            points = np.concatenate([our_points(recording.positions) for recording in without])
            found.append(_body(subject, without, motion_from_points(points)))
    return found


def _recording(name: str, positions: np.ndarray, path: Path | None) -> _Recording:
    found = None if path is None else d3.read_angles(path)
    if found is not None and len(found) != len(positions):
        raise InputError(
            f"{path}: {len(found)} frames of angles for {len(positions)} of positions; "
            "without it the positions alone are used"
        )
    return _Recording(name, positions, found)


def _motion_from_angles(rig: d3.Rig, recordings: Sequence[_Recording], where: str) -> BodyMotion:
    """The motion of one subject's recordings, end to end, from its angles."""
    positions = [recording.positions for recording in recordings]
    told = [recording.angles for recording in recordings if recording.angles is not None]
    turned = d3.global_rotations(rig, told, positions, where)
    drivers = np.tile([1.0, 0.0, 0.0, 0.0], (len(turned), JOINT_COUNT, 1))
    drivers[:, _DRIVEN] = turned[:, [_DRIVERS[JOINT_NAMES[joint]] for joint in _DRIVEN]]
    return change_rest_pose(np.concatenate([our_points(values) for values in positions]), drivers, _upright(rig))


def _upright(rig: d3.Rig) -> RestFrames:
    """How the trunk's nodes are turned when it stands upright and faces +Z: with all angles at zero it is straight."""
    left, up = unit(rig.offsets[_LEFT_HIP]), unit(rig.offsets[_SPINE])
    turn = align(left, up, np.array([1.0, 0.0, 0.0]), np.array([0.0, 1.0, 0.0]))
    return RestFrames(turn, turn, turn)


def _body(subject: str, recordings: Sequence[_Recording], motion: BodyMotion) -> Body:
    """The body with its recordings at the data set's rate."""
    clips, rotations, start = [], [], 0
    for recording in recordings:
        frames = slice(start, start + len(recording.positions))
        start = frames.stop
        times = _times(len(recording.positions))
        turned = resample_rotations(motion.rotations[frames], times)
        rotations.append(turned)
        clips.append(
            SourcePose(
                name=f"{subject}/{recording.name}",
                source="human36m",
                subject=f"{FAMILY}:{subject}",
                action=action_of(recording.name),
                family_name=FAMILY,
                rig=_RIG,
                points=resample_values(our_points(recording.positions), times),
                drivers=np.asarray(global_rotations(turned, PARENTS)),
            )
        )
    points = np.concatenate([clip.points for clip in clips])
    return Body(tuple(clips), points, BodyMotion(motion.offsets, np.concatenate(rotations)), scale=1.0)


def _times(frames: int) -> np.ndarray:
    """Where the data set's frames lie among those of a recording; none after its end."""
    times = resample_times(frames, FPS, DATA_FPS)
    return times[times <= frames - 1]
