"""How right the ground of what ships is: contacts, vertical and path of clips filmed by cameras that look up or down.

Every clip goes through `normalize` as a user's does. Per family over its clips, and the plain mean over families.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from posenorm_core import quaternion
from posenorm_core.condition_skeleton import JOINT_NAMES, PARENTS
from posenorm_core.normalizer import normalize
from posenorm_core.skeleton import Skeleton
from posenorm_core.weights import Weights
from training.dataset import MotionData
from training.disturbance import Scene, draw_scene, film_scene
from training.ground import contact_f1, root_path_error, true_heading_path, up_error_degrees

_FRAMES = 600  # of each clip, its first
# Degrees: the cameras look down or up by as much as people hold them, and are not level.
_PITCH, _ROLL = (-20.0, 45.0), 5.0


@dataclass(frozen=True)
class GroundScores:
    """Of some clips: F1 of "the foot stands", degrees off the vertical, and percent of the way off the path."""

    clips: int
    contact_f1: float
    up_median: float
    up_mean: float
    path_median: float


def ground_scores(weights: Weights, data: MotionData) -> dict[str, GroundScores]:
    """The scores of each family, and of all as `mean` (medians: the mean of the families')."""
    measured: dict[str, list[_Clip]] = {}
    for clip in range(data.clip_count):
        measured.setdefault(str(data.clip_family[clip]), []).append(_measured(weights, data, clip))
    families = {family: _scores(clips) for family, clips in sorted(measured.items())}
    return {**families, "mean": _mean(families)}


@dataclass(frozen=True)
class _Clip:
    said: np.ndarray  # (T, 2) contacts
    stands: np.ndarray  # (T, 2)
    up_error: float
    path_error: float


def _measured(weights: Weights, data: MotionData, clip: int) -> _Clip:
    """One clip, filmed from a pitched camera and normalized."""
    scene = pitched(draw_scene(data, clip, _FRAMES))
    take = film_scene(scene)
    # On the subject's own body: how far a step goes is a matter of the legs.
    body = Skeleton(JOINT_NAMES, PARENTS, scene.offsets)
    motion = normalize(take.keypoints, orientation="heading", skeleton=body, weights=weights)
    begin = int(data.clip_start[clip])
    stands = data.contacts[begin : begin + len(motion)].numpy()
    # What takes the true root from the world into the view frame takes the vertical there.
    to_view = quaternion.multiply(take.rotations[:, 0], quaternion.inverse(scene.rotations[:, 0]))
    true_up = quaternion.rotate(to_view, np.tile([0.0, 1.0, 0.0], (len(motion), 1)))
    path = true_heading_path(scene.rotations, scene.root_position, scene.offsets, stands, scene.fps)
    return _Clip(
        motion.contacts, stands, up_error_degrees(motion.up, true_up), root_path_error(motion.root_position, path)
    )


def pitched(scene: Scene) -> Scene:
    """The scene before a camera that is not level."""
    rng = np.random.default_rng([scene.seed, 2])
    pitch, roll = rng.uniform(*np.radians(_PITCH)), rng.normal(0, np.radians(_ROLL))
    return replace(scene, elevation=float(pitch), roll=float(roll))


def _scores(clips: list[_Clip]) -> GroundScores:
    ups = [clip.up_error for clip in clips]
    said, stands = (np.concatenate([getattr(clip, name) for clip in clips]) for name in ("said", "stands"))
    paths = [clip.path_error for clip in clips if np.isfinite(clip.path_error)]
    path = float(np.median(paths)) if paths else float("nan")
    return GroundScores(len(clips), contact_f1(said, stands), float(np.median(ups)), float(np.mean(ups)), path)


def _mean(families: Mapping[str, GroundScores]) -> GroundScores:
    rows = np.array([[s.contact_f1, s.up_median, s.up_mean, s.path_median] for s in families.values()])
    means = [float(value) for value in np.nanmean(rows, axis=0)]
    return GroundScores(sum(s.clips for s in families.values()), *means)
