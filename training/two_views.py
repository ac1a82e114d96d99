"""One performance filmed from two sides at once: how far apart are the poses that a model makes of the two clips?

What describes the pose and not the view is the same in both, and finds the same moment in the other clip again. The
rows: what `normalize` gives; the same positions without their rotations, brought onto the T-pose by Procrustes
alignment, as a position lifter's must be; each checkpoint, another normalizer or a lifter; and, as the least that
turning can leave, every frame's positions brought onto the very frame they are compared with.

Who always says one pose agrees with himself: so, where both views together tell where the body was, each row also says
how far from there the limbs point that are told from one.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from posenorm_core.cleaning import GENTLE, cleaned
from posenorm_core.condition_skeleton import CONDITION_SKELETON
from posenorm_core.frame_rate import input_times, resample_values
from posenorm_core.keypoints import Keypoints
from posenorm_core.motion import with_orientation
from posenorm_core.network_input import network_input
from posenorm_core.normalizer import computed_frames, normalize
from posenorm_core.smoothing import smooth_points
from posenorm_core.weights import Weights
from training.answer import Answer
from training.procrustes import aligned
from training.reconstruction import Reconstruction, limbs_off, require_same_instants
from training.scoring import unified
from training.trainer import trained

# Frames by which the nearest pose of the other view may be off and still be the same moment.
SAME_MOMENT = 5


@dataclass(frozen=True)
class Agreement:
    """How alike two views of one performance are."""

    distance: float  # mm, mean over frames and joints, of the same instant
    anytime: float | None = None  # mm, the same of any two instants: who always says one pose has both at 0
    # Share of frames whose nearest in the other view lies within `SAME_MOMENT`, mean of both ways.
    found: float | None = None
    limbs_off: float | None = None  # degrees from the reconstruction of both views, mean of the two


@dataclass(frozen=True)
class Poses:
    """What a model says of a clip: positions (T, 19, 3) in metres from the pelvis."""

    unified: np.ndarray
    seen: np.ndarray  # in the view frame


def agreements(
    first: Keypoints, second: Keypoints, weights: Weights, checkpoints: list[Path], truth: Reconstruction | None = None
) -> dict[str, Agreement]:
    """The rows by name; raises InputError where the clips are not of one length and rate.

    With the `truth` of both, rows that tell where limbs point as they are seen also say how far that is off.
    """
    require_same_instants(first, second)
    views = (first, second)
    said = [_normalized(view, weights) for view in views]
    rows = {
        "normalize": _row(said, truth),
        "normalize --exact": _row([_normalized(view, weights, exact=True) for view in views], truth),
        "its positions, Procrustes onto the T-pose": agreement(*(_on_t_pose(poses.seen) for poses in said)),
    }
    for path in checkpoints:
        rows[str(path)] = _row(list(map(poses_by(path), views)), truth)
    onto_the_other = aligned(*(torch.from_numpy(poses.seen) for poses in said)).numpy()
    rows["its positions, Procrustes onto the other view"] = Agreement(_distance(onto_the_other, said[1].seen))
    return rows


def _row(said: list[Poses], truth: Reconstruction | None) -> Agreement:
    """Of what a model says of the two views."""
    row = agreement(*(poses.unified for poses in said))
    if truth is None:
        return row
    off = [limbs_off(poses.seen, points) for poses, points in zip(said, truth.points, strict=True)]
    return replace(row, limbs_off=float(np.mean(off)))


def agreement(first: np.ndarray, second: np.ndarray) -> Agreement:
    """Of poses (T, 19, 3) in metres of the same T instants."""
    apart = np.stack([np.linalg.norm(pose - second, axis=-1).mean(axis=-1) for pose in first])
    instants = np.arange(len(apart))
    found = [np.abs(apart.argmin(axis=axis) - instants) <= SAME_MOMENT for axis in (0, 1)]
    return Agreement(1000 * float(np.diagonal(apart).mean()), 1000 * float(apart.mean()), float(np.mean(found)))


def _normalized(keypoints: Keypoints, weights: Weights, exact: bool = False) -> Poses:
    """What `normalize` says, told or not that the landmarks are exact, which a detector's are not."""
    motion = normalize(keypoints, weights=weights, exact=exact)
    return Poses(motion.positions(), with_orientation(motion, "view").positions())


def poses_by(path: Path) -> Callable[[Keypoints], Poses]:
    """How the model of a checkpoint poses a clip.

    The clip is cleaned before and the positions are smoothed after as `normalize` does with its own.
    """
    trainer = trained(path)
    ask = trainer.predict(mirror=True)

    def poses(keypoints: Keypoints) -> Poses:
        points, confidence = computed_frames(cleaned(keypoints))
        frames = np.arange(-trainer.context, len(points) + trainer.context).clip(0, len(points) - 1)
        features = torch.from_numpy(np.asarray(network_input(points[frames], confidence[frames]), dtype=np.float32))
        body = torch.tensor(CONDITION_SKELETON.offsets, dtype=torch.float32)
        with torch.no_grad():
            answer = ask(features[None], body[None])
        return Poses(*(_at_times(positions[0].numpy(), keypoints) for positions in (unified(answer), answer.positions)))

    return poses


def _at_times(positions: np.ndarray, keypoints: Keypoints) -> np.ndarray:
    """Positions (N, 19, 3) at 30 frames/s, at the keypoints' own times and smoothed."""
    at_times = resample_values(positions, input_times(len(keypoints), keypoints.fps))
    return smooth_points(at_times, np.ones(at_times.shape[:2]), keypoints.fps, GENTLE)


def _on_t_pose(positions: np.ndarray) -> np.ndarray:
    """Positions (T, 19, 3) as those of a lifter, which tells no rotations, are brought to one orientation."""
    return unified(Answer(torch.from_numpy(positions)[None])).numpy()[0]


def _distance(first: np.ndarray, second: np.ndarray) -> float:
    """Mean distance of joints, mm."""
    return 1000 * float(np.linalg.norm(first - second, axis=-1).mean())
