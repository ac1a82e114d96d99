"""GVHMR's `hmr4d_results.pt`: SMPL-X parameters in a world with gravity along -Y, and as the camera saw them.

`{smpl_params_global: {global_orient (T, 3), body_pose (T, 63), transl (T, 3), betas}, smpl_params_incam: …}` (Shen et
al., World-Grounded Human Motion Recovery via Gravity-View Coordinates, 2024). The world is what is read; a
dictionary of the parameters alone is read too.
"""

from functools import partial
from pathlib import Path

from posenorm_core.errors import InputError
from posenorm_core.motion_files.clip import MotionClip
from posenorm_core.motion_files.head import Head
from posenorm_core.motion_files.smpl_arrays import ADVICE, smpl_recording
from posenorm_core.recorded_motion import recorded_motion
from posenorm_core.torch_file import is_torch_zip, load_torch

DESCRIPTION = "GVHMR results (.pt)"
_PLACES = (("smpl_params_global", "y"), ("smpl_params_incam", "camera"))


def recognises(head: Head) -> bool:
    """Whether torch has written the file."""
    return is_torch_zip(list(head.names))


def read(path: Path, fps: float | None) -> MotionClip:
    """The one person of the file."""
    held = load_torch(path)
    if not isinstance(held, dict):
        raise InputError(f"{path}: holds no dictionary of SMPL parameters; {ADVICE}")
    place, world = next(((place, world) for place, world in _PLACES if place in held), ("", None))
    parts = held[place] if place else held
    if not isinstance(parts, dict):
        raise InputError(f"{path}: its '{place}' is no dictionary of SMPL parameters; {ADVICE}")
    recording = smpl_recording(parts, path, world=world, model="smplx" if place else None)
    name = "GVHMR" if place else "SMPL parameters"
    return MotionClip(str(path), name, fps, (partial(recorded_motion, recording),))
