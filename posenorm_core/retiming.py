"""A motion played at another's timing along an alignment: B's poses in A's frames and at A's rate.

A warping path is a staircase, and played as it stands would halt and leap; so the time map is evened over a fifth of a
second on each side, which keeps it monotonic, since it is the mean of what only rises.
"""

from dataclasses import replace

import numpy as np

from posenorm_core.along_time import evened
from posenorm_core.frame_rate import resample_rotations, resample_values
from posenorm_core.motion import Motion

_EVENED = 0.2  # seconds before and after


def time_map(path: np.ndarray, fps: float) -> np.ndarray:
    """For each frame (N,) of A, at `fps`, the moment of B that answers it by `path` (P, 2), in B's frames; it rises."""
    count = np.bincount(path[:, 0])
    answering = np.bincount(path[:, 0], weights=path[:, 1]) / count
    reach = round(_EVENED * fps)
    # Turned about its ends, so that they stay where they are.
    continued = np.pad(answering, reach, mode="reflect", reflect_type="odd")
    return evened(continued, reach)[reach : reach + len(answering)]


def retimed(motion: Motion, path: np.ndarray, fps: float) -> Motion:
    """`motion` (B) at the timing of A, whose rate is `fps`, by their `path` (P, 2): rotations along the shorter arc."""
    times = time_map(path, fps)
    return replace(
        motion,
        fps=fps,
        rotations=resample_rotations(motion.rotations, times),
        view_root=resample_rotations(motion.view_root, times),
        root_position=resample_values(motion.root_position, times),
        contacts=resample_values(motion.contacts, times),
        confidence=resample_values(motion.confidence, times),
    )
