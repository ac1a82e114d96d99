"""Pairs of videos whose correspondence is known: one performance, two frontal cameras, frames dropped from each.

After Section 4.3 of the paper: each frame stays with a probability of one half, never are five in a row dropped, and
what answers what is found by dynamic time warping of the numbers of the frames that stayed. The paper's setting has
one body in both; in the other two the second video shows another body (every 50 frames' bones times U[0.75, 1.25], as
in its Table 1, here a clip's), or both videos have a detector's noise.
"""

from dataclasses import dataclass, replace

import numpy as np

from posenorm_core import quaternion
from posenorm_core.condition_skeleton import JOINT_COUNT, MIRROR
from posenorm_core.dtw import warping_path
from posenorm_core.keypoints import Keypoints
from training.dataset import MotionData
from training.disturbance import Scene, draw_scene, film_scene, stature

SETTINGS = ("same body", "other body", "noise")
FRAMES = 600  # of each performance, its first
_KEPT, _MOST_DROPPED = 0.5, 4
# Radians that each camera stands off the mean of where the body faces: Human3.6M's two in front are about so far apart.
_APART = 0.6
_FORWARD = np.array([0.0, 0.0, 1.0])
_LEAST, _MOST = 0.75, 1.25
# Of the person's height along x and along y, white: within what `detector_noise` measures on real detections.
_TREMBLE = 0.004


@dataclass(frozen=True)
class VideoPair:
    """Source (S frames) and target (T frames), and for each of the target's the source's frame that answers it (T,)."""

    family: str
    source: Keypoints
    target: Keypoints
    answers: np.ndarray


def draw_pair(data: MotionData, clip: int, setting: str, seed: int) -> VideoPair:
    """The pair of the performance `clip`; the same frames stay, before the same cameras, in every setting."""
    rng = np.random.default_rng([clip, seed, 4])
    scene = draw_scene(data, clip, FRAMES)
    front = azimuth_in_front(scene)
    count = len(scene.rotations)
    kept = kept_frames(count, rng), kept_frames(count, rng)
    azimuths = front + _APART * np.array([1, -1]) + rng.normal(0, 0.1, 2)
    another = other_body(scene.offsets, rng)
    bodies = scene.offsets, another if setting == "other body" else scene.offsets
    seen = []
    for azimuth, frames, offsets in zip(azimuths, kept, bodies, strict=True):
        shown = film_scene(replace(scene, azimuth=float(azimuth), offsets=offsets, roll=0.0)).keypoints
        if setting == "noise":
            height = scene.focal_length * stature(offsets) / scene.distance
            shown = trembled(shown, _TREMBLE * height, rng)
        seen.append(replace(shown, points=shown.points[frames], confidence=shown.confidence[frames]))
    return VideoPair(scene.family, seen[0], seen[1], answering(*kept))


def kept_frames(count: int, rng: np.random.Generator) -> np.ndarray:
    """The numbers of the frames that stay: each with a probability of one half, one after four that were dropped."""
    kept, dropped = [], 0
    for frame, stays in enumerate(rng.random(count) < _KEPT):
        if stays or dropped == _MOST_DROPPED:
            kept.append(frame)
            dropped = 0
        else:
            dropped += 1
    return np.array(kept)


def answering(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """For each kept frame (T,) of the target the place in `source` (S,) that answers it, by DTW of their numbers.

    Of several that do, the one whose number is nearest.
    """
    path = warping_path(target[:, None].astype(float), source[:, None].astype(float))
    apart = np.abs(target[path[:, 0]] - source[path[:, 1]])
    order = np.lexsort((apart, path[:, 0]))
    first = np.searchsorted(path[order, 0], np.arange(len(target)))
    return np.asarray(path[order, 1][first])


def azimuth_in_front(scene: Scene) -> float:
    """The azimuth of a camera that the body faces on average."""
    forward = quaternion.rotate(scene.rotations[:, 0], np.broadcast_to(_FORWARD, (len(scene.rotations), 3)))
    return float(np.arctan2(*forward.mean(axis=0)[[0, 2]]))


def other_body(offsets: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A body (19, 3) with each bone of `offsets` longer or shorter, left and right alike."""
    factors = rng.uniform(_LEAST, _MOST, JOINT_COUNT)[[min(j, opposite) for j, opposite in enumerate(MIRROR)]]
    return np.asarray(offsets * factors[:, None])


def trembled(clip: Keypoints, pixels: float, rng: np.random.Generator) -> Keypoints:
    """The clip with white noise of `pixels` along x and along y on every point."""
    return replace(clip, points=clip.points + pixels * rng.normal(size=clip.points.shape))
