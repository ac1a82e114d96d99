"""What E_P learns from: performances, each normalized from several films of it that differ in all that is not the pose.

Camera, body and the detector's noise differ from film to film; the normalizer makes of each a motion, off in its own
way. The true motion is one more of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from tqdm import tqdm

from posenorm_core.normalizer import normalize
from posenorm_core.weights import Weights
from training.dataset import MotionData
from training.disturbance import Scene, draw_scene, film_scene, stature
from training.video_pairs import azimuth_in_front, other_body, trembled

# Frames of a performance that are filmed as one: longer clips are cut, so that minutes count as more than one.
_LONGEST, _SHORTEST = 900, 30
# Share of films from about the front, where people are filmed, and how far round about there; the rest from anywhere.
_IN_FRONT, _ROUND = 0.6, 0.7
_NEAREST, _FARTHEST = 2.5, 9.0  # metres
_CLEAR = 1.6  # metres that the camera keeps from where the subject goes
_ELEVATION, _ROLL = (-0.12, 0.3), 0.04
# Of the person's height, white: from less than a good detector's to twice a poor one's.
_TREMBLE = (0.0005, 0.012)


@dataclass(frozen=True)
class Performance:
    """One performance of a clip's at 30 frames/s, as every film of it shows it, and as it was: the last of them."""

    family: str
    clip: int
    rotations: np.ndarray  # (films + 1, T, 19, 4), float16

    def __len__(self) -> int:
        """The number of frames."""
        return self.rotations.shape[1]


def performances(data: MotionData, weights: Weights, films: int, seed: int) -> list[Performance]:
    """Those of all clips of `data`, each filmed `films` times and normalized by `weights`, with a progress bar."""
    scenes = [(clip, part, scene) for clip in range(data.clip_count) for part, scene in enumerate(_scenes(data, clip))]
    bar = tqdm(scenes, desc="normalizing", unit="performance", disable=None)
    return [
        Performance(scene.family, clip, _rotations(scene, weights, films, [seed, clip, part]))
        for clip, part, scene in bar
    ]


def _scenes(data: MotionData, clip: int) -> Iterator[Scene]:
    """The clip as scenes of about equal length, each about where the subject is in it."""
    whole = draw_scene(data, clip, int(data.clip_length[clip]))
    pieces = -(-len(whole.rotations) // _LONGEST)
    for frames in np.array_split(np.arange(len(whole.rotations)), pieces):
        if len(frames) >= _SHORTEST:
            path = whole.root_position[frames]
            level = path.mean(axis=0) * (1, 0, 1)
            yield replace(whole, rotations=whole.rotations[frames], root_position=path - level)


def _rotations(scene: Scene, weights: Weights, films: int, seed: list[int]) -> np.ndarray:
    """(films + 1, T, 19, 4)."""
    seen = [_normalized(scene, weights, film, np.random.default_rng([*seed, film])) for film in range(films)]
    return np.stack([*seen, scene.rotations]).astype(np.float16)


def _normalized(scene: Scene, weights: Weights, film: int, rng: np.random.Generator) -> np.ndarray:
    """What is made of one film; of four, two show another body, and two the noise of a detector."""
    in_front = rng.random() < _IN_FRONT
    azimuth = azimuth_in_front(scene) + rng.normal(0, _ROUND) if in_front else rng.uniform(-np.pi, np.pi)
    offsets = other_body(scene.offsets, rng) if film % 2 else scene.offsets
    from_middle = np.linalg.norm(scene.root_position - scene.root_position.mean(axis=0), axis=1).max()
    distance = max(float(np.exp(rng.uniform(*np.log([_NEAREST, _FARTHEST])))), from_middle + _CLEAR)
    in_pixels = scene.focal_length / scene.distance * stature(scene.offsets)
    focal_length = in_pixels * distance / stature(offsets)
    shot = replace(
        scene,
        offsets=offsets,
        azimuth=azimuth,
        elevation=rng.uniform(*_ELEVATION),
        roll=rng.normal(0, _ROLL),
        distance=distance,
        focal_length=focal_length,
    )
    keypoints = film_scene(shot).keypoints
    if film // 2 % 2:
        keypoints = trembled(keypoints, in_pixels * rng.uniform(*_TREMBLE), rng)
    return normalize(keypoints, weights=weights).rotations
