"""Our own motion file, to be brought into another orientation or onto another body."""

from pathlib import Path

from posenorm_core.motion import load_motion
from posenorm_core.motion_files.clip import MotionClip
from posenorm_core.motion_files.head import Head

DESCRIPTION = "a motion file (.npz)"


def recognises(head: Head) -> bool:
    """Whether the `.npz` has a motion's arrays."""
    return {"format", "rotations", "view_root"} <= head.arrays


def read(path: Path, _: float | None) -> MotionClip:
    """The motion as it is, at its own rate."""
    motion = load_motion(path)
    return MotionClip(str(path), "motion file", motion.fps, (lambda _: motion,))
