"""A motion: joint rotations on a skeleton over time, and its file (`.npz`, format posenorm-motion).

The root as the camera saw it stands beside the rotations, so that the orientation is chosen when a motion is
used and never lost: `unified` (root rotation (1, 0, 0, 0), the paper's normalization), `heading` (only the
turn about the vertical removed) or `view` (as seen).
"""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from posenorm_core import quaternion
from posenorm_core.errors import InputError
from posenorm_core.files import load_archive, require, save_archive
from posenorm_core.frame_rate import require_fps
from posenorm_core.kinematics import forward_kinematics
from posenorm_core.skeleton import Skeleton

FORMAT, VERSION = "posenorm-motion", 1
ORIENTATIONS = ("unified", "heading", "view")
_Y = np.array([0.0, 1.0, 0.0])
_FLOAT_ARRAYS = ("rotations", "view_root", "up", "root_position", "contacts", "confidence")
# What is farther from length 1 than this was never a rotation.
_UNIT = 0.01


@dataclass(frozen=True)
class Motion:
    """T frames of J joints at `fps`; see DESIGN.md, Files, for what each field means."""

    fps: float
    skeleton: Skeleton
    rotations: np.ndarray  # (T, J, 4), the root's in `orientation`
    orientation: str
    view_root: np.ndarray  # (T, 4)
    up: np.ndarray  # (3,), the vertical in the view frame
    root_position: np.ndarray  # (T, 3) metres, in the heading frame
    contacts: np.ndarray  # (T, 2) probability of right and left foot on the ground, NaN where not known
    confidence: np.ndarray  # (T, J)
    source: dict[str, Any]

    def __len__(self) -> int:
        """The number of frames."""
        return len(self.rotations)

    @property
    def path(self) -> np.ndarray:
        """(T, 3) metres, where the pelvis is: on its way in `heading`, which the way is told in, else in one place."""
        return self.root_position if self.orientation == "heading" else np.zeros_like(self.root_position)

    def positions(self) -> np.ndarray:
        """(T, J, 3) metres: FK on the motion's skeleton, the pelvis at the origin."""
        return np.asarray(forward_kinematics(self.skeleton.offsets, self.rotations, self.skeleton.parents))


def with_orientation(motion: Motion, orientation: str) -> Motion:
    """The same motion with its root in another orientation; nothing is computed again or lost."""
    root = oriented_root(motion.view_root, motion.up, orientation)
    rotations = motion.rotations.copy()
    rotations[:, 0] = quaternion.make_continuous(root)
    return replace(motion, rotations=rotations, orientation=orientation)


def oriented_root(view_root: np.ndarray, up: np.ndarray, orientation: str) -> np.ndarray:
    """Root rotations (T, 4) in `orientation`, from those seen in the view frame, whose vertical is `up` (3,).

    Raises InputError where `orientation` is none of ORIENTATIONS.
    """
    if orientation == "view":
        return view_root
    if orientation == "unified":
        return np.asarray(quaternion.identity_like(view_root))
    if orientation == "heading":
        upright = quaternion.multiply(
            quaternion.between(up.astype(view_root.dtype), _Y.astype(view_root.dtype)), view_root
        )
        # root = heading · tilt: the twist about the vertical, taken from the left.
        tilt_inverse, _ = quaternion.swing_twist(quaternion.inverse(upright), _Y.astype(view_root.dtype))
        return np.asarray(quaternion.inverse(tilt_inverse))
    raise InputError(f"orientation '{orientation}': must be one of {', '.join(ORIENTATIONS)}")


def save_motion(motion: Motion, path: str | Path) -> None:
    """Writes the motion file aside and renames it; raises InputError where it cannot."""
    save_archive(
        path,
        {
            "format": FORMAT,
            "version": VERSION,
            "fps": float(motion.fps),
            "joint_names": np.array(motion.skeleton.joint_names),
            "parents": np.array(motion.skeleton.parents, dtype=np.int32),
            "offsets": motion.skeleton.offsets,
            "rotations": motion.rotations.astype(np.float32),
            "orientation": motion.orientation,
            "view_root": motion.view_root.astype(np.float32),
            "up": motion.up.astype(np.float32),
            "root_position": motion.root_position.astype(np.float32),
            "contacts": motion.contacts.astype(np.float32),
            "confidence": motion.confidence.astype(np.float32),
            "source": json.dumps(motion.source),
        },
    )


def save_positions(motion: Motion, path: str | Path) -> None:
    """Writes the pose as joint positions, the paper's normalized pose where the motion's orientation is unified.

    An `.npz` of `positions` (T, J, 3) metres on the motion's skeleton with the pelvis at the origin,
    `joint_names` (J,) and `fps`.
    """
    positions = motion.positions().astype(np.float32)
    names = np.array(motion.skeleton.joint_names)
    save_archive(path, {"positions": positions, "joint_names": names, "fps": float(motion.fps)})


def load_motion(path: str | Path) -> Motion:
    """Reads a motion file; raises InputError naming the file and what is wrong with it."""
    arrays = load_archive(path, FORMAT, VERSION)
    require(arrays, path, rotations=(None, None, 4), view_root=(None, 4), up=(3,), offsets=(None, 3), fps=())
    require(arrays, path, root_position=(None, 3), contacts=(None, 2), confidence=(None, None), parents=(None,))
    frames, joints = arrays["rotations"].shape[:2]
    if not frames:
        raise InputError(f"{path}: holds no frames")
    lengths = {len(arrays[name]) for name in ("view_root", "root_position", "contacts", "confidence")}
    if lengths != {frames} or arrays["confidence"].shape[1] != joints:
        raise InputError(f"{path}: its arrays have different numbers of frames or joints; the file is damaged")
    with np.errstate(over="ignore", invalid="ignore"):  # what comes of damaged numbers is refused below
        fields = {name: arrays[name].astype(np.float32) for name in _FLOAT_ARRAYS}
    for name in ("rotations", "view_root", "up", "root_position", "confidence"):
        if not np.isfinite(fields[name]).all():
            raise InputError(f"{path}: '{name}' holds what is no finite number; the file is damaged")
    for name in ("confidence", "contacts"):
        if ((fields[name] < 0) | (fields[name] > 1)).any():
            raise InputError(f"{path}: '{name}' holds what is not in 0…1; the file is damaged")
    for name in ("rotations", "view_root", "up"):
        if (np.abs(np.linalg.norm(fields[name].astype(np.float64), axis=-1) - 1) > _UNIT).any():
            raise InputError(f"{path}: '{name}' holds what is not of length 1; the file is damaged")
    orientation, source = str(arrays.get("orientation", "")), str(arrays.get("source", "{}"))
    if orientation not in ORIENTATIONS:
        raise InputError(f"{path}: orientation {orientation!r:.40} is none of {', '.join(ORIENTATIONS)}")
    fps = require_fps(float(arrays["fps"]), f"{path}: its frame rate")
    try:
        names = np.atleast_1d(arrays["joint_names"])
        skeleton = Skeleton(tuple(names), tuple(arrays["parents"]), arrays["offsets"])
        described = dict(json.loads(source))
    except (InputError, KeyError, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise InputError(f"{path}: {error!s:.200}") from None
    if len(skeleton.joint_names) != joints:
        raise InputError(f"{path}: {joints} joints rotate, {len(skeleton.joint_names)} are named")
    return Motion(fps=fps, skeleton=skeleton, orientation=orientation, source=described, **fields)
