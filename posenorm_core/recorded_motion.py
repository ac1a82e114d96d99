"""Motions that were recorded as rotations: brought to the form that a video's motion has, on any body.

Nobody was filmed, so the view is the recording's own upright world, +Y up, or where the file is told as a camera
saw it, that view. The root's path is scaled by the length of the legs, so that steps fit the body that is posed.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from posenorm_core import quaternion
from posenorm_core.condition_skeleton import CONDITION_SKELETON, JOINT_COUNT, JOINT_NAMES, require_condition_joints
from posenorm_core.errors import InputError
from posenorm_core.frame_rate import resample_rotations, resample_values
from posenorm_core.motion import Motion, oriented_root
from posenorm_core.root_path import BALL_HEIGHT, posed_body, root_path
from posenorm_core.skeleton import Skeleton

_UP = np.array([0.0, 1.0, 0.0])
_LEG_BONES = [JOINT_NAMES.index(f"{side}_{joint}") for side in ("right", "left") for joint in ("knee", "ankle")]
# The floor is where the lowest sole is, but for the lowest twentieth of the frames.
_FLOOR_PERCENTILE = 5
# A clip may be this many times as long as what is seen of a person in it, and this many frames more.
_LONGEST_GAPS, _SHORT = 100, 1000


@dataclass(frozen=True)
class Recording:
    """One person's joint rotations on the condition skeleton in S of a clip's `frame_count` frames."""

    frames: np.ndarray  # (S,) ascending
    frame_count: int
    rotations: np.ndarray  # (S, 19, 4), the root's in a frame whose +Y is up
    pelvis: np.ndarray | None  # (S, 3) in that frame, in the source's own unit; None where it is not known
    leg_length: float  # of the source's body, in that unit
    source: dict[str, Any]


def recorded_motion(recording: Recording, fps: float) -> Motion:
    """The motion in the orientation `view`, in all of the clip's frames: gaps are bridged at a confidence of 0.

    Contacts are not known. Without the pelvis' path the lowest point of the body is taken to stand still.
    """
    times = np.interp(np.arange(recording.frame_count), recording.frames, np.arange(len(recording.frames)))
    rotations = resample_rotations(recording.rotations, times)
    contacts = np.full((len(rotations), 2), np.nan, dtype=np.float32)
    offsets = CONDITION_SKELETON.offsets
    upright = oriented_root(rotations[:, 0], _UP, "heading")
    body = posed_body(np.concatenate([upright[:, None], rotations[:, 1:]], axis=1), offsets)
    if recording.pelvis is None:
        path = root_path(body, contacts, fps)
    else:
        pelvis = resample_values(recording.pelvis, times) * (_leg_length(offsets) / recording.leg_length)
        path = _path_in_heading(pelvis, rotations[:, 0], upright)
        lowest = body.soles[..., 1].min(axis=(1, 2))
        path[:, 1] += BALL_HEIGHT - np.percentile(path[:, 1] + lowest, _FLOOR_PERCENTILE)
    seen = np.isin(np.arange(recording.frame_count), recording.frames)
    return Motion(
        fps=fps,
        skeleton=CONDITION_SKELETON,
        rotations=rotations.astype(np.float32),
        orientation="view",
        view_root=rotations[:, 0].astype(np.float32),
        up=_UP.astype(np.float32),
        root_position=path.astype(np.float32),
        contacts=contacts,
        confidence=np.repeat(seen[:, None], JOINT_COUNT, axis=1).astype(np.float32),
        source=recording.source,
    )


def with_skeleton(motion: Motion, skeleton: Skeleton) -> Motion:
    """The same motion on another body; its path is scaled by the length of the legs.

    Raises InputError unless both have the condition skeleton's joints.
    """
    require_condition_joints(skeleton)
    require_condition_joints(motion.skeleton)
    scale = _leg_length(skeleton.offsets) / max(_leg_length(motion.skeleton.offsets), 1e-6)
    return replace(motion, skeleton=skeleton, root_position=motion.root_position * np.float32(scale))


def require_whole_clip(frames: np.ndarray, frame_count: int, path: str) -> None:
    """Raises InputError where the numbers of the frames (S,) tell of a clip far longer than what is seen in it."""
    if frame_count > _LONGEST_GAPS * len(frames) + _SHORT:
        raise InputError(f"{path}: tells of {frame_count} frames, but somebody is seen in {len(frames)} only")


def _leg_length(offsets: np.ndarray) -> float:
    """Metres from hip to knee to ankle, the mean of both legs."""
    return float(np.linalg.norm(offsets[_LEG_BONES], axis=1).sum() / 2)


def _path_in_heading(pelvis: np.ndarray, root: np.ndarray, upright: np.ndarray) -> np.ndarray:
    """The pelvis' way (T, 3) as one who never turns makes it: from 0 at the first frame, the heights as they are.

    `root` (T, 4) is the pelvis' rotation in the frame of `pelvis`, `upright` (T, 4) the same in the heading frame.
    """
    unturned = np.asarray(quaternion.multiply(upright, quaternion.inverse(root)))
    moved = np.diff(pelvis, axis=0)
    steps = np.asarray(quaternion.rotate(unturned[1:], moved) + quaternion.rotate(unturned[:-1], moved)) / 2
    path = np.concatenate([np.zeros((1, 3)), np.cumsum(steps, axis=0)])
    path[:, 1] = pelvis[:, 1]
    return np.asarray(path)
