"""How still the feet of what ships stand, before and after locking: clips filmed before pitched cameras, normalized.

Which foot stands is told by the recording. A foot slides by as much as that end of its sole, ball or heel, moves along
the floor that touches it, or of two that touch the one that moves less: a flat foot may swivel about either. Everything
is measured in the frame of the motion's own path. Per family over the frames of its clips, and the plain mean over
families.
"""

from collections.abc import Mapping
from dataclasses import astuple, dataclass, replace

import numpy as np

from posenorm_core.condition_skeleton import JOINT_NAMES, PARENTS
from posenorm_core.foot_lock import lock_motion_feet
from posenorm_core.motion import Motion
from posenorm_core.normalizer import normalize
from posenorm_core.root_path import BALL_HEIGHT, posed_body
from posenorm_core.skeleton import Skeleton
from posenorm_core.weights import Weights
from training.dataset import MotionData
from training.disturbance import draw_scene, film_scene
from training.ground_scores import pitched

_FRAMES = 600  # of each clip, its first
# Metres: an end of the sole so little above the lower one touches the floor as well.
_TOUCHING = 0.01
# What is measured: the mode of locking, and whether the recording's contacts are given instead of the network's.
VARIANTS = {
    "not locked": ("off", False),
    "auto": ("auto", False),
    "auto, true contacts": ("auto", True),
    "always": ("always", False),
}


@dataclass(frozen=True)
class FeetScores:
    """Of some clips, in millimetres: a standing foot's slide a frame, feet under the floor, and what locking moved."""

    clips: int
    slide_median: float
    slide_p95: float
    sunk_p99: float
    sunk_max: float
    moved: float  # joints, in the mean, the path and all
    moved_pose: float  # joints as seen from the pelvis


@dataclass(frozen=True)
class ClipFeet:
    """The same of one clip, frame by frame."""

    slides: np.ndarray  # (N,) of feet that stand in a frame and in the next
    sunk: np.ndarray  # (2 T,)
    moved: np.ndarray  # (T,)
    moved_pose: np.ndarray  # (T,)


def feet_scores(weights: Weights, data: MotionData) -> dict[str, dict[str, FeetScores]]:
    """For each of VARIANTS the scores of each family, and of all as `mean`."""
    measured: dict[str, dict[str, list[ClipFeet]]] = {variant: {} for variant in VARIANTS}
    for clip in range(data.clip_count):
        motion, stands = _normalized(weights, data, clip)
        for variant, (mode, truly) in VARIANTS.items():
            given = replace(motion, contacts=stands.astype(motion.contacts.dtype)) if truly else motion
            clips = measured[variant].setdefault(str(data.clip_family[clip]), [])
            clips.append(clip_feet(motion, lock_motion_feet(given, mode), stands))
    return {variant: _with_mean(families) for variant, families in measured.items()}


def clip_feet(motion: Motion, locked: Motion, stands: np.ndarray) -> ClipFeet:
    """How the feet of `locked` stand, and how far it is from `motion`, both in `heading`.

    `stands` (T, 2) tells whether right and left foot truly do.
    """
    soles = posed_body(locked.rotations, locked.skeleton.offsets).soles + locked.root_position[:, None, None]
    poses = [each.positions() for each in (motion, locked)]
    path = (locked.root_position - motion.root_position)[:, None]
    moved, moved_pose = (
        1000 * np.linalg.norm(poses[1] - poses[0] + shift, axis=-1).mean(axis=1) for shift in (path, 0.0)
    )
    sunk = 1000 * np.maximum(BALL_HEIGHT - soles[..., 1].min(axis=2), 0.0).ravel()
    return ClipFeet(1000 * slides(soles, stands), sunk, moved, moved_pose)


def slides(soles: np.ndarray, stands: np.ndarray) -> np.ndarray:
    """Metres a frame (N,) that standing feet slide, for `soles` (T, 2, 2, 3) and `stands` (T, 2): see above.

    >>> soles = np.zeros((2, 2, 2, 3))
    >>> soles[1, 0, 0, 0] = soles[1, 1, :, 2] = 0.3   # the right foot swivels about its heel, the left one slides
    >>> slides(soles, np.ones((2, 2))).tolist()
    [0.0, 0.3]
    """
    standing = (stands[1:] > 0.5) & (stands[:-1] > 0.5)
    above = soles[..., 1] - soles[..., 1].min(axis=2, keepdims=True)
    touching = (above[1:] < _TOUCHING) & (above[:-1] < _TOUCHING)
    # A foot that goes over from one end to the other in a frame touches with neither in both.
    touching |= ~touching.any(axis=2, keepdims=True)
    way = np.linalg.norm(np.diff(soles, axis=0)[..., [0, 2]], axis=-1)
    return np.asarray(np.where(touching, way, np.inf).min(axis=2)[standing])


def _normalized(weights: Weights, data: MotionData, clip: int) -> tuple[Motion, np.ndarray]:
    """One clip, filmed from a pitched camera and normalized onto the subject's own body, and who stands (T, 2)."""
    scene = pitched(draw_scene(data, clip, _FRAMES))
    body = Skeleton(JOINT_NAMES, PARENTS, scene.offsets)
    motion = normalize(film_scene(scene).keypoints, orientation="heading", skeleton=body, weights=weights)
    begin = int(data.clip_start[clip])
    return motion, data.contacts[begin : begin + len(motion)].numpy()


def _with_mean(families: Mapping[str, list[ClipFeet]]) -> dict[str, FeetScores]:
    """The scores of each family, all its frames together, and their mean; NaN where no foot stands."""
    scores = {family: _scores(clips) for family, clips in sorted(families.items())}
    rows = np.array([astuple(told)[1:] for told in scores.values()])
    known = np.isfinite(rows).any(axis=0)
    means = [float(np.nanmean(column)) if any_ else float("nan") for column, any_ in zip(rows.T, known, strict=True)]
    return {**scores, "mean": FeetScores(sum(told.clips for told in scores.values()), *means)}


def _scores(clips: list[ClipFeet]) -> FeetScores:
    slid, sunk, moved, moved_pose = (
        np.concatenate([getattr(clip, name) for clip in clips]) for name in ("slides", "sunk", "moved", "moved_pose")
    )
    median, most = np.percentile(slid, [50, 95]) if len(slid) else (np.nan, np.nan)
    figures = (median, most, np.percentile(sunk, 99), sunk.max(), moved.mean(), moved_pose.mean())
    return FeetScores(len(clips), *(float(value) for value in figures))
