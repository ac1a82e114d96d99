"""Pickles of SMPL parameters: WHAM's `wham_output.pkl`, 4D-Humans' and PHALP's results, and plain dictionaries.

WHAM: `{person: {pose (T, 72), trans, pose_world, trans_world, betas, frame_ids}}`, the world Y-up. 4D-Humans (HMR 2)
writes PHALP's form: `{frame's name: {time, tid, tracked_time, smpl: [{global_orient (1, 3, 3), body_pose
(23, 3, 3), betas}]}}`, as the camera saw the person; `tracked_time` counts the frames since he was last seen.
Nothing of the pickle is run (`safe_pickle`).
"""

from collections import defaultdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from posenorm_core.errors import InputError
from posenorm_core.motion_files.clip import MotionClip
from posenorm_core.motion_files.head import Head
from posenorm_core.motion_files.smpl_arrays import ADVICE, SPLIT_POSES, WHOLE_POSE, smpl_recording
from posenorm_core.pickle_file import is_pickle, load_pickle
from posenorm_core.recorded_motion import Recording, recorded_motion, require_whole_clip
from posenorm_core.torch_file import LEGACY_MAGIC

DESCRIPTION = "WHAM, 4D-Humans and other SMPL results (.pkl)"


def recognises(head: Head) -> bool:
    """Whether the file is a pickle, compressed or not; what it holds is seen when it is read."""
    return is_pickle(head.begin)


def read(path: Path, fps: float | None) -> MotionClip:
    """The people of the file, those in most frames first."""
    held = load_pickle(path)
    if isinstance(held, int) and held == LEGACY_MAGIC:
        raise InputError(f"{path}: was saved by an old torch; save it again: torch.save(torch.load(OLD), NEW)")
    if not isinstance(held, dict) or not held:
        raise InputError(f"{path}: holds no dictionary of SMPL parameters; {ADVICE}")
    if _is_pose(held):
        name, people = "SMPL parameters", [smpl_recording(held, path)]
    elif all(isinstance(person, dict) and _is_pose(person) for person in held.values()):
        name, people = "WHAM", _wham_people(held, path)
    elif all(isinstance(frame, dict) and {"tid", "smpl"} <= frame.keys() for frame in held.values()):
        name, people = "4D-Humans", _phalp_people(held, path)
    else:
        raise InputError(f"{path}: is no result of WHAM or 4D-Humans (PHALP); {ADVICE}")
    people.sort(key=lambda person: -len(person.frames))
    return MotionClip(str(path), name, fps, tuple(partial(recorded_motion, person) for person in people))


def _is_pose(held: dict[Any, Any]) -> bool:
    """Whether the dictionary holds one person's parameters."""
    return any(name in held for name in WHOLE_POSE) or any(set(pair) <= held.keys() for pair in SPLIT_POSES)


def _wham_people(held: dict[Any, Any], path: Path) -> list[Recording]:
    numbers = {person: _frame_numbers(told, f"{path}: person {person!r:.20}") for person, told in held.items()}
    count = max(int(frames[-1]) + 1 for frames in numbers.values())
    people = []
    for person, told in held.items():
        require_whole_clip(numbers[person], count, str(path))
        in_world = isinstance(told.get("pose_world"), np.ndarray)
        parts = {"pose": told["pose_world"], "trans": told.get("trans_world")} if in_world else told
        parts = {name: value for name, value in parts.items() if value is not None}
        world = "y" if in_world else "camera"
        people.append(smpl_recording(parts, path, world=world, frames=numbers[person], frame_count=count))
    return people


def _frame_numbers(told: dict[Any, Any], called: str) -> np.ndarray:
    """A person's frames (T,), ascending."""
    frames = told.get("frame_ids")
    if frames is None:
        pose = next((told[name] for name in WHOLE_POSE if isinstance(told.get(name), np.ndarray)), np.zeros(0))
        frames = np.arange(len(np.atleast_1d(pose)))
    if not isinstance(frames, np.ndarray) or frames.dtype.kind not in "iu" or frames.ndim != 1 or not len(frames):
        raise InputError(f"{called}: 'frame_ids' should be the numbers of his frames")
    frames = frames.astype(np.int64)  # what is too large for that comes out below zero
    if (frames < 0).any() or (np.diff(frames) <= 0).any():
        raise InputError(f"{called}: 'frame_ids' should ascend from 0 or later")
    return frames


def _phalp_people(held: dict[Any, Any], path: Path) -> list[Recording]:
    """The tracks, each from the frames in which the person was detected."""
    tracks: dict[int, dict[int, Any]] = defaultdict(dict)
    for frame, told in enumerate(held.values()):
        listed = [told[name] for name in ("tid", "smpl", "tracked_time") if name in told]
        if not all(isinstance(values, list) and len(values) == len(listed[0]) for values in listed):
            raise InputError(f"{path}: 'tid', 'smpl' and 'tracked_time' should list the same people in frame {frame}")
        for identity, pose, *since in zip(*listed, strict=True):
            if not isinstance(identity, int | np.integer):
                raise InputError(f"{path}: 'tid' should be whole numbers, not {type(identity).__name__}: frame {frame}")
            if not since or (isinstance(since[0], int | np.integer) and since[0] == 0):
                tracks[int(identity)].setdefault(frame, pose)
    if not tracks:
        raise InputError(f"{path}: nobody is in any of its {len(held)} frames")
    return [_phalp_person(poses, len(held), path) for poses in tracks.values()]


def _phalp_person(poses: dict[int, Any], frame_count: int, path: Path) -> Recording:
    frames = np.array(list(poses), dtype=np.int64)
    parts = {
        name: np.stack([_matrices(pose, name, joints, path) for pose in poses.values()])
        for name, joints in (("global_orient", 1), ("body_pose", 23))
    }
    return smpl_recording(parts, path, world="camera", frames=frames, frame_count=frame_count)


def _matrices(pose: Any, name: str, joints: int, path: Path) -> np.ndarray:
    """One frame's matrices (joints, 3, 3)."""
    values = pose.get(name) if isinstance(pose, dict) else None
    if not isinstance(values, np.ndarray) or values.size != joints * 9 or values.dtype.kind != "f":
        raise InputError(f"{path}: 'smpl' should hold '{name}' as {joints} matrices a person and frame")
    return values.reshape(joints, 3, 3)
