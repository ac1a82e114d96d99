"""What of a clip is fit to learn from: finite, possible, without jumps, without calibration poses, moving.

Conversions of the CMU database hold frames where a thigh or foot is turned around by half a turn, or the whole body
from one frame to the next: clips are cut there, and what lies between is kept.
"""

import itertools

import numpy as np

from posenorm_core import quaternion
from posenorm_core.condition_skeleton import JOINT_NAMES, NON_LEAVES
from posenorm_core.rest_pose import LIMBS

# Metres between two frames at 30 frames/s: a root that goes further was moved by hand (a sprinter makes 0.35).
_FARTHEST_STEP = 0.4
SHORTEST = 10  # frames
_CALIBRATION = np.radians(12)  # every limb this near to the T-pose
_STILL = np.radians(0.5)
# Between two frames at 30 frames/s (a fast kick makes 45 degrees).
_FASTEST_TURN = np.radians(60)
_FARTHEST_ANKLE = np.radians(90)
_FARTHEST_WRONG_WAY = np.radians(25)  # knees and elbows against their hinge

_ANKLES = [JOINT_NAMES.index("right_ankle"), JOINT_NAMES.index("left_ankle")]
_HINGES = [(JOINT_NAMES.index(hinge), axis) for _, hinge, _, axis in LIMBS]
_LIMBS = [j for j in NON_LEAVES if JOINT_NAMES[j].split("_")[-1] in ("hip", "knee", "shoulder", "elbow")]


def steady_run(points: np.ndarray, drivers: np.ndarray) -> slice:
    """The longest run of frames that are finite and follow each other: points (T, 19, 3), drivers (T, 19, 4)."""
    finite = np.isfinite(points).all(axis=(1, 2)) & np.isfinite(drivers).all(axis=(1, 2))
    steps = np.linalg.norm(np.diff(np.nan_to_num(points[:, 0]), axis=0), axis=-1)
    breaks = np.concatenate([[True], (steps > _FARTHEST_STEP) | ~finite[1:] | ~finite[:-1]])
    starts = np.append(np.flatnonzero(breaks), len(points))
    longest = int(np.argmax(np.diff(starts)))
    first, last = int(starts[longest]), int(starts[longest + 1])
    # Neighbours of a frame that is not finite are broken off as runs of their own; such a run may hold it.
    return slice(first, last) if finite[first:last].all() else slice(first, first)


def possible_runs(rotations: np.ndarray) -> list[slice]:
    """The runs of at least SHORTEST frames between impossible poses and impossibly fast turns: rotations (T, 19, 4)."""
    turns = np.asarray(quaternion.geodesic_angle(rotations[1:], rotations[:-1])).max(axis=1)
    bad = _is_impossible(rotations)
    breaks = np.concatenate([[True], (turns > _FASTEST_TURN) | bad[1:] | bad[:-1]])
    edges = np.append(np.flatnonzero(breaks), len(rotations))
    runs = [slice(int(a), int(b)) for a, b in itertools.pairwise(edges)]
    return [run for run in runs if run.stop - run.start >= SHORTEST]


def _is_impossible(rotations: np.ndarray) -> np.ndarray:
    """Frames (T,) with an ankle turned around, or a knee or elbow bent the wrong way."""
    turned = quaternion.to_rotation_vector(rotations)
    bad = np.linalg.norm(turned[:, _ANKLES], axis=-1).max(axis=1) > _FARTHEST_ANKLE
    for joint, axis in _HINGES:
        bad |= turned[:, joint] @ axis < -_FARTHEST_WRONG_WAY
    return np.asarray(bad)


def without_calibration(rotations: np.ndarray) -> slice:
    """The frames between T-poses held at the start and at the end: rotations (T, 19, 4)."""
    limbs = rotations[:, _LIMBS]
    angles = quaternion.geodesic_angle(limbs, quaternion.identity_like(limbs))
    acting = np.flatnonzero((np.asarray(angles) > _CALIBRATION).any(axis=1))
    return slice(int(acting[0]), int(acting[-1]) + 1) if acting.size else slice(0, 0)


def is_still(rotations: np.ndarray) -> bool:
    """Whether nothing turns in the whole clip: rotations (T, 19, 4)."""
    angles = quaternion.geodesic_angle(rotations, np.broadcast_to(rotations[:1], rotations.shape))
    return bool(np.asarray(angles).max(initial=0.0) < _STILL)
