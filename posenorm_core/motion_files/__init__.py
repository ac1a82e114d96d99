"""The files that hold a motion already, and `read_motion_clip`, which finds out by itself which one it has.

To add a format: one module here with `DESCRIPTION`, `recognises(head) -> bool`, told from the content, and
`read(path, fps) -> MotionClip`; and its row in `MOTION_FORMATS`.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from posenorm_core.frame_rate import require_fps
from posenorm_core.motion_files import bvh_file, motion_file, smpl_npz, smpl_pickle, smpl_torch
from posenorm_core.motion_files.clip import MotionClip
from posenorm_core.motion_files.head import Head, read_head

__all__ = ["MOTION_FORMATS", "MotionClip", "MotionFormat", "read_motion_clip"]


class MotionFormat(NamedTuple):
    """A row of the registry."""

    description: str
    recognises: Callable[[Head], bool]
    read: Callable[[Path, float | None], MotionClip]


MOTION_FORMATS = tuple(
    MotionFormat(module.DESCRIPTION, module.recognises, module.read)
    for module in (motion_file, bvh_file, smpl_npz, smpl_pickle, smpl_torch)
)


def read_motion_clip(path: str | Path, fps: float | None = None) -> MotionClip | None:
    """The motions in the file at `path`, or None where it is none of MOTION_FORMATS.

    `fps` is the frame rate where the format has none; where the format tells it, that stands.
    Raises InputError with one line that names the file, what is wrong and what would be right.
    """
    if fps is not None:
        require_fps(fps)
    head = read_head(Path(path))
    chosen = next((known for known in MOTION_FORMATS if known.recognises(head)), None)
    return chosen.read(Path(path), fps) if chosen else None
