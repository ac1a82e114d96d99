"""AMASS and other `.npz` files of SMPL parameters.

AMASS: `poses`, `trans`, and `mocap_framerate` (SMPL-H, 156 numbers a frame) or `mocap_frame_rate` (SMPL-X, 165), in a
Z-up world (Mahmood et al., AMASS, 2019). Others: `global_orient`, `body_pose`, `transl`, as SMPL-X's own code names
them; their rate is told by nobody.
"""

from functools import partial
from pathlib import Path

from posenorm_core.errors import InputError
from posenorm_core.frame_rate import require_fps
from posenorm_core.motion_files.clip import MotionClip
from posenorm_core.motion_files.head import Head
from posenorm_core.motion_files.smpl_arrays import SMPLX_ONLY, SPLIT_POSES, TRANSLATIONS, WHOLE_POSE, smpl_recording
from posenorm_core.npy import read_arrays
from posenorm_core.recorded_motion import recorded_motion

DESCRIPTION = "SMPL, SMPL-X and AMASS parameters (.npz)"
_RATES = ("mocap_framerate", "mocap_frame_rate", "fps")
_WANTED = (*WHOLE_POSE, *TRANSLATIONS, *_RATES, *SMPLX_ONLY, *(name for pair in SPLIT_POSES for name in pair))


def recognises(head: Head) -> bool:
    """Whether the `.npz` has a pose of SMPL's."""
    return any(pose in head.arrays for pose in WHOLE_POSE) or any(set(pair) <= head.arrays for pair in SPLIT_POSES)


def read(path: Path, fps: float | None) -> MotionClip:
    """The one person of the file; AMASS tells its rate."""
    arrays = read_arrays(path, _WANTED)  # what else is there may be large, or Python objects
    rate = next((arrays[name] for name in _RATES if name in arrays), None)
    if rate is not None:
        if rate.size != 1 or rate.dtype.kind not in "fiu":
            raise InputError(f"{path}: its frame rate should be one number, is {rate.dtype} {rate.shape}")
        fps = require_fps(float(rate.reshape(())), f"{path}: its frame rate")
    is_amass = any(name in arrays for name in _RATES[:2])
    recording = smpl_recording(arrays, path, world="z" if is_amass else None)
    name = "AMASS" if is_amass else "SMPL parameters"
    return MotionClip(str(path), name, fps, (partial(recorded_motion, recording),))
