"""The files people have of Human3.6M: `data_3d_h36m.npz` and `data_2d_h36m_<detections>.npz`, both of VideoPose3D.

3D: subject -> recording -> (T, 32, 3) metres in the world, z up, 50 frames/s. 2D: subject -> recording -> four
cameras, each (T, 17, 2) pixels. A recording is an action, or an action and a number (`Walking 1`). S11's `Directions`
is left out, as everybody does: its mocap is broken.
"""

from pathlib import Path
from typing import Any

import numpy as np

from posenorm_core.errors import InputError
from posenorm_core.npy import read_members
from training.human36m.cameras import CAMERA_NAMES, SUBJECTS

FPS = 50.0
JOINTS_3D, JOINTS_2D = 32, 17
BROKEN = ("S11", "Directions")
GROUND_TRUTH = "gt"
# Left and right of the 17 joints; detectors' files in other layouts have as many joints, and other numbers here.
_SYMMETRY = ([4, 5, 6, 11, 12, 13], [1, 2, 3, 14, 15, 16])
_THIGH = (1, 2)  # the right hip's and the knee's numbers
_THIGH_LENGTHS = (0.3, 0.6)  # metres: what tells a file in metres from one in millimetres

Positions = dict[str, dict[str, np.ndarray]]
Keypoints = dict[str, dict[str, list[np.ndarray]]]


def action_of(recording: str) -> str:
    """The action of a recording: `Walking` of `Walking 1`."""
    return recording.split(" ")[0]


def read_positions(folder: Path) -> Positions:
    """Subject -> recording -> (T, 32, 3) metres in the world; raises InputError where the file is not of that kind."""
    path = _found(folder, "data_3d_h36m.npz")
    subjects = _subjects(read_members(path, "positions_3d")[0], path)
    for subject, recordings in subjects.items():
        for recording, values in recordings.items():
            _require_array(values, (JOINTS_3D, 3), f"{path}: {subject} {recording}")
        _require_metres(recordings, f"{path}: {subject}")
    return subjects


def read_keypoints(folder: Path, detections: str = GROUND_TRUTH) -> Keypoints:
    """Subject -> recording -> four of (T, 17, 2) pixels, in the order of CAMERA_NAMES.

    `detections` is what stands in the file's name: `gt`, `cpn_ft_h36m_dbb`, … Raises InputError where the file is
    missing, is not of that kind, or its joints are another layout's.
    """
    path = _found(folder, f"data_2d_h36m_{detections}.npz")
    held, metadata = read_members(path, "positions_2d", "metadata")
    _require_layout(metadata, path)
    subjects = _subjects(held, path)
    for subject, recordings in subjects.items():
        for recording, views in recordings.items():
            if not isinstance(views, (list, tuple)) or len(views) != len(CAMERA_NAMES):
                raise InputError(f"{path}: {subject} {recording} should hold the four cameras' points, one array each")
            for name, values in zip(CAMERA_NAMES, views, strict=True):
                _require_array(values, (JOINTS_2D, 2), f"{path}: {subject} {recording}, camera {name}")
    return subjects


def as_long_as(points: np.ndarray, frames: int, where: str) -> np.ndarray:
    """The first `frames` of `points` (T, 17, 2): videos run on after the mocap; raises InputError where they do not."""
    if len(points) < frames:
        raise InputError(f"{where}: {len(points)} frames of 2D points for {frames} of mocap; the file is cut short")
    return points[:frames]


def _found(folder: Path, name: str) -> Path:
    if not folder.is_dir():
        raise InputError(f"{folder}: is no folder; give the one that holds {name}")
    if not (folder / name).is_file():
        others = sorted(path.name for path in folder.glob("data_?d_h36m*.npz"))
        raise InputError(
            f"{folder}: holds no {name}, which VideoPose3D's DATASETS.md tells how to make; it holds "
            f"{', '.join(others) or 'none of its kind'}"
        )
    return folder / name


def _subjects(held: Any, path: Path) -> dict[str, dict[str, Any]]:
    """The subjects whose cameras are known, without the broken recording."""
    if not isinstance(held, dict) or not all(isinstance(recordings, dict) for recordings in held.values()):
        raise InputError(f"{path}: should be a dictionary of subjects, each a dictionary of recordings")
    subjects = {
        subject: {name: values for name, values in held[subject].items() if (subject, name) != BROKEN}
        for subject in SUBJECTS
        if subject in held
    }
    if not any(subjects.values()):
        known = ", ".join(map(str, list(held)[:6])) or "nobody"
        raise InputError(f"{path}: holds none of the subjects {', '.join(SUBJECTS)}, but {known}")
    return subjects


def _require_array(values: Any, shape: tuple[int, int], where: str) -> None:
    if not isinstance(values, np.ndarray) or values.dtype.kind != "f" or values.ndim != 3 or values.shape[1:] != shape:
        found = f"{values.dtype} {values.shape}" if isinstance(values, np.ndarray) else type(values).__name__
        raise InputError(f"{where}: should be numbers of shape (frames, {shape[0]}, {shape[1]}), is {found}")
    if len(values) == 0 or not np.isfinite(values).all():
        raise InputError(f"{where}: {'has no frames' if len(values) == 0 else 'holds values that are not finite'}")


def _require_metres(recordings: dict[str, np.ndarray], where: str) -> None:
    hip, knee = _THIGH
    for recording, values in recordings.items():
        thigh = float(np.median(np.linalg.norm(values[:, knee] - values[:, hip], axis=-1)))
        if not _THIGH_LENGTHS[0] < thigh < _THIGH_LENGTHS[1]:
            raise InputError(f"{where} {recording}: its thigh is {thigh:.3g} long; positions must be in metres")


def _require_layout(metadata: Any, path: Path) -> None:
    """Raises InputError unless the 17 joints are Human3.6M's: COCO's are as many."""
    found = metadata if isinstance(metadata, dict) else {}
    symmetry = tuple(list(side) for side in found.get("keypoints_symmetry", ()))
    if found.get("num_joints") != JOINTS_2D or symmetry != _SYMMETRY:
        raise InputError(
            f"{path}: its joints are not Human3.6M's 17 (it tells of {found.get('num_joints', 'no number of')} with "
            f"the sides {list(symmetry)}); use detections in that layout, as data_2d_h36m_cpn_ft_h36m_dbb.npz"
        )
