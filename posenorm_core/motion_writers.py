"""The files a motion is written to, by the ending of their names."""

from collections.abc import Callable
from pathlib import Path

from posenorm_core.bvh import write_motion_bvh
from posenorm_core.errors import InputError
from posenorm_core.motion import Motion, save_motion

WRITERS: dict[str, Callable[[Motion, Path], None]] = {".npz": save_motion, ".bvh": write_motion_bvh}


def require_motion_name(path: Path) -> None:
    """Raises InputError where the ending of `path` is none of `WRITERS`."""
    if path.suffix.lower() not in WRITERS:
        raise InputError(f"{path}: the name of the output must end in {' or '.join(WRITERS)}")
