"""The parameters of SMPL, SMPL-H and SMPL-X as arrays, by whatever names, made recordings on the condition skeleton.

Read are `poses` (T, 3 n) with the root first (AMASS, WHAM's `pose`), or the root apart from the body
(`global_orient` and `body_pose`, `root_orient` and `pose_body`); angles as rotation vectors in radians or matrices.
The world is Z-up in AMASS; where nothing tells, it is the one of +Y, +Z (worlds) and -Y (cameras) along
which the body stands on average.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from posenorm_core import quaternion
from posenorm_core.errors import InputError
from posenorm_core.recorded_motion import Recording
from posenorm_core.smpl import SMPL_JOINT_COUNT, smpl_leg_length, smpl_to_condition

WHOLE_POSE = ("poses", "pose")
SPLIT_POSES = (("global_orient", "body_pose"), ("root_orient", "pose_body"))
TRANSLATIONS = ("trans", "transl")
ADVICE = (
    "save with numpy.savez 'poses' (T, 72, 156 or 165), or 'global_orient' (T, 3) and 'body_pose' (T, 63 or 69), "
    "rotation vectors in radians"
)
# What turns a file's world upright: Z-up worlds, and cameras, whose y points down and whose z points ahead.
UPRIGHT = {
    "y": np.array([1.0, 0.0, 0.0, 0.0]),
    "z": np.array([np.sqrt(0.5), -np.sqrt(0.5), 0.0, 0.0]),
    "camera": np.array([0.0, 1.0, 0.0, 0.0]),
}
_SMPLX_POSE = 165
SMPLX_ONLY = ("jaw_pose", "pose_jaw")  # what only SMPL-X has
# Radians and metres: what is larger is no angle of a joint and no place of a person.
_LARGEST_ANGLE, _LARGEST_PLACE = 1e3, 1e5
_ORTHONORMAL = 0.05


def smpl_recording(
    arrays: Mapping[str, Any],
    path: str | Path,
    *,
    world: str | None = None,
    model: str | None = None,
    frames: np.ndarray | None = None,
    frame_count: int | None = None,
) -> Recording:
    """The recording of one person's parameters; raises InputError where they are not what they should be.

    Args:
        arrays: the parameters by their names.
        path: the file, for errors.
        world: which of UPRIGHT the file is in, None to find out.
        model: "smpl" or "smplx", None to find out.
        frames: the numbers (T,) of the frames, 0, 1, … where it is None.
        frame_count: how many frames the clip has; as many as are told where it is None.
    """
    rotations, found_model = _local_rotations(arrays, path)
    frames = np.arange(len(rotations)) if frames is None else frames
    if len(frames) != len(rotations) or not len(rotations):
        raise InputError(f"{path}: holds {len(rotations)} poses for {len(frames)} frames")
    model, world = model or found_model, world or _likeliest_world(rotations[:, 0])
    turn = UPRIGHT[world]
    rotations = np.concatenate([quaternion.multiply(turn, rotations[:, :1]), rotations[:, 1:]], axis=1)
    translation = _translation(arrays, len(rotations), path)
    return Recording(
        frames=frames,
        frame_count=frame_count or len(frames),
        rotations=smpl_to_condition(rotations, model),
        pelvis=None if translation is None else np.asarray(quaternion.rotate(turn, translation)),
        leg_length=smpl_leg_length(model),
        source={"file": str(path), "model": model, "world": world},
    )


def _local_rotations(arrays: Mapping[str, Any], path: str | Path) -> tuple[np.ndarray, str]:
    """The 22 joints' rotations (T, 22, 4) and the model they are of."""
    is_smplx = any(name in arrays for name in SMPLX_ONLY)
    split = next((pair for pair in SPLIT_POSES if all(name in arrays for name in pair)), None)
    if split is not None:
        root, body = (_turns(arrays[name], f"{path}: '{name}'") for name in split)
        if len(root) != len(body):
            raise InputError(f"{path}: '{split[0]}' tells {len(root)} frames, '{split[1]}' {len(body)}")
        rotations = np.concatenate([root[:, :1], body], axis=1)
    else:
        name = next((name for name in WHOLE_POSE if name in arrays), None)
        if name is None:
            raise InputError(f"{path}: holds no pose of SMPL, SMPL-H or SMPL-X; {ADVICE}")
        rotations = _turns(arrays[name], f"{path}: '{name}'")
        is_smplx |= rotations.shape[1] * 3 == _SMPLX_POSE
    if rotations.shape[1] < SMPL_JOINT_COUNT:
        raise InputError(f"{path}: tells {rotations.shape[1]} joints, the body has {SMPL_JOINT_COUNT}; {ADVICE}")
    return rotations[:, :SMPL_JOINT_COUNT], "smplx" if is_smplx else "smpl"


def _turns(values: Any, called: str) -> np.ndarray:
    """Rotation vectors (T, 3 n) or (T, n, 3), or matrices (T, …, 3, 3), as quaternions (T, n, 4)."""
    if not isinstance(values, np.ndarray) or values.dtype.kind not in "fiu" or values.ndim < 2 or not values.size:
        raise InputError(f"{called} should be numbers of shape (frames, joints · 3); {ADVICE}")
    numbers = _finite(values, _LARGEST_ANGLE, called)
    if values.shape[-2:] == (3, 3) and values.ndim > 2:
        matrices = numbers.reshape(len(numbers), -1, 3, 3)
        error = np.abs(matrices @ matrices.swapaxes(-1, -2) - np.eye(3)).max()
        if error > _ORTHONORMAL or (np.linalg.det(matrices) < 0).any():
            raise InputError(f"{called} should be rotations, but holds matrices that are none")
        return np.asarray(quaternion.from_matrix(matrices))
    if numbers[0].size % 3:
        raise InputError(f"{called} has {numbers[0].size} numbers a frame, which are no rotation vectors; {ADVICE}")
    return np.asarray(quaternion.from_rotation_vector(numbers.reshape(len(numbers), -1, 3)))


def _translation(arrays: Mapping[str, Any], frames: int, path: str | Path) -> np.ndarray | None:
    """Where the body is, (T, 3) metres, or None where the file does not tell."""
    name = next((name for name in TRANSLATIONS if name in arrays), None)
    if name is None:
        return None
    values, called = arrays[name], f"{path}: '{name}'"
    if not isinstance(values, np.ndarray) or values.dtype.kind not in "fiu" or values.shape != (frames, 3):
        raise InputError(f"{called} should be metres of shape ({frames}, 3)")
    return _finite(values, _LARGEST_PLACE, called)


def _finite(values: np.ndarray, largest: float, called: str) -> np.ndarray:
    """The numbers in double precision; raises InputError where one is not finite or larger than `largest`."""
    with np.errstate(invalid="ignore", over="ignore"):
        numbers = values.astype(np.float64)
        wrong = ~(np.abs(numbers.reshape(len(numbers), -1)) <= largest).all(axis=1)
    if wrong.any():
        raise InputError(f"{called} holds in frame {int(np.argmax(wrong))} what is no finite number of a sane size")
    return numbers


def _likeliest_world(root: np.ndarray) -> str:
    """The one of UPRIGHT in which the bodies with root rotations (T, 4) stand straightest on average."""
    up = np.asarray(quaternion.rotate(root, np.array([0.0, 1.0, 0.0]))).mean(axis=0)
    heights = {world: float(np.asarray(quaternion.rotate(turn, up))[1]) for world, turn in UPRIGHT.items()}
    return max(heights, key=lambda world: heights[world])
