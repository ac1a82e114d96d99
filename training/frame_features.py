"""What the rows of Table 2 know a frame by: arrays (T, D) of a clip, compared by their Euclidean distance.

Positions in the plane are compared after the similarity that brings one pose nearest to the other. As complex numbers
of length 1, z and w, they are then sqrt(2 − 2 |z* w|) apart, which is what Euclidean distances of their projectors
z z* rise with: the nearest is the same. Some rows know a frame by what is around it too, and of those some by how
that differs from the clip's mean.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from posenorm_core import quaternion
from posenorm_core.alignment import instant_features
from posenorm_core.cleaning import cleaned
from posenorm_core.condition_skeleton import JOINT_NAMES, NON_LEAVES, PARENTS
from posenorm_core.embedding.embed import embed
from posenorm_core.embedding.weights import EmbeddingWeights, load_embedding
from posenorm_core.frame_rate import input_times, resample_values
from posenorm_core.keypoints import Keypoints
from posenorm_core.kinematics import global_rotations
from posenorm_core.network_input import network_input
from posenorm_core.normalizer import computed_frames, normalize
from posenorm_core.weights import Weights
from training.baselines.semgcn import SemGcn
from training.pr_vipe_checkpoint import embedded, load_pr_vipe
from training.trainer import Trainer, trained
from training.two_views import poses_by

FrameFeatures = Callable[[Keypoints], dict[str, np.ndarray]]
_TURNING = list(NON_LEAVES[1:])
# A bone, and the one it hangs from: the angle between them.
_HINGES = [(j, PARENTS[j]) for j in range(1, len(JOINT_NAMES)) if PARENTS[j] > 0]
_TINY = 1e-9
# Frames of the clip, to either side of each, at which poses around it are taken.
_AROUND, _APART = 40, 4


# Name and file of a row.
Named = tuple[str, Path]


def rows_of(
    weights: Weights, checkpoints: Sequence[Named], pr_vipe: Sequence[Path] = (), embeddings: Sequence[Named] = ()
) -> list[FrameFeatures]:
    """The rows of the tables: of the picture, of what `normalize` makes of it, and of other models' checkpoints.

    The shipped E_P has its row, and so has each of the `embeddings` of `training.fit features`.
    """
    learnt = {"E_P": load_embedding(), **{f"E_P, {name}": load_embedding(path) for name, path in embeddings}}
    rows = [features_2d, features_of_weights(weights, learnt)]
    rows += [features_of_pr_vipe(path, number) for number, path in enumerate(pr_vipe)]
    rows += [features_of_checkpoint(path, name) for name, path in checkpoints]
    return rows


def features_2d(clip: Keypoints) -> dict[str, np.ndarray]:
    """Angles between bones in the picture, and positions in it."""
    points = clip.points[:, : len(JOINT_NAMES)].astype(np.float64)
    return {"2D joint angles": joint_angles(points), "2D positions, similarity-aligned": projectors(points)}


def features_of_weights(weights: Weights, learnt: Mapping[str, EmbeddingWeights]) -> FrameFeatures:
    """What `normalize` makes of a clip, as rotations and as positions, of each frame alone and with those around it.

    And what is `learnt` on it, by name.
    """

    def features(clip: Keypoints) -> dict[str, np.ndarray]:
        motion = normalize(clip, weights=weights)
        turned = quaternion.to_rotation_vector(motion.rotations[:, _TURNING].astype(np.float64))
        globally = global_rotations(motion.rotations.astype(np.float64), PARENTS)[:, list(NON_LEAVES)]
        positions = _flat(motion.positions())
        return {
            "rotations as axis-angle": _flat(turned),
            "normalized pose, L2": positions,
            **_in_time("normalized pose, L2", positions),
            **_in_time("global rotations, 6D", _flat(quaternion.to_6d(globally))),
            **{name: embed(motion, of_network) for name, of_network in learnt.items()},
            "normalized pose and E_P, as `align`": instant_features(motion),
        }

    return features


def _in_time(name: str, features: np.ndarray) -> dict[str, np.ndarray]:
    """Features (T, D) with those around them, as they are and about the clip's mean."""
    named = f"{name}, ±{_AROUND} frames"
    centred = features - features.mean(axis=0)
    return {named: with_neighbours(features), f"{named}, less the clip's mean": with_neighbours(centred)}


def with_neighbours(features: np.ndarray) -> np.ndarray:
    """Features (T, D) of every fourth frame from 40 before each to 40 after: (T, 21·D); beyond an end, the end's."""
    shifts = np.arange(-_AROUND, _AROUND + 1, _APART)
    around = np.clip(np.arange(len(features))[:, None] + shifts, 0, len(features) - 1)
    return _flat(features[around])


def features_of_checkpoint(path: Path, name: str) -> FrameFeatures:
    """The positions that a checkpoint's model finds, brought to one orientation, and the angles between their bones.

    Of a SemGCN also what its last layer is given.
    """
    poses, training = poses_by(path), trained(path)

    def features(clip: Keypoints) -> dict[str, np.ndarray]:
        found = poses(clip).unified
        told = {f"{name}: 3D positions": _flat(found), f"{name}: 3D joint angles": joint_angles(found)}
        if isinstance(training.model, SemGcn):
            told[f"{name}: latent features"] = latent_features(training, clip)
        return told

    return features


def latent_features(training: Trainer, clip: Keypoints) -> np.ndarray:
    """What a SemGCN's last layer is given (T, 24·128) of a clip, which is cleaned as `normalize` cleans its own."""
    points, confidence = computed_frames(cleaned(clip))
    frames = np.arange(-training.context, len(points) + training.context).clip(0, len(points) - 1)
    given = torch.from_numpy(np.asarray(network_input(points[frames], confidence[frames]), dtype=np.float32))
    model, heard = training.average.module.eval(), []
    hook = model.get_submodule("leave").register_forward_pre_hook(lambda _, inputs: heard.append(inputs[0]))
    with torch.no_grad():
        model(given[None])
    hook.remove()
    (nodes,) = heard  # (24, frames at 30 a second, 128)
    return resample_values(_flat(nodes.transpose(0, 1).numpy()), input_times(len(clip), clip.fps))


def features_of_pr_vipe(path: Path, number: int = 0) -> FrameFeatures:
    """The means of what a checkpoint of `training.pr_vipe` makes of each frame; `number` tells several apart."""
    model = load_pr_vipe(path)
    name = f"Pr-VIPE, training {number + 1}" if number else "Pr-VIPE"

    def features(clip: Keypoints) -> dict[str, np.ndarray]:
        return {name: embedded(model, clip).means.numpy()}

    return features


def joint_angles(points: np.ndarray) -> np.ndarray:
    """(T, H) radians between each bone and the one it hangs from, of joints (T, 19, 2 or 3)."""
    bones = points - points[:, [max(parent, 0) for parent in PARENTS]]
    directions = bones / np.maximum(np.linalg.norm(bones, axis=-1, keepdims=True), _TINY)
    cosines = [(directions[:, bone] * directions[:, parent]).sum(axis=-1) for bone, parent in _HINGES]
    return np.asarray(np.arccos(np.clip(np.stack(cosines, axis=1), -1, 1)))


def projectors(points: np.ndarray) -> np.ndarray:
    """Features (T, J²) of poses (T, J, 2): as far apart as the poses are after the best similarity between them."""
    complex_ = points[..., 0] + 1j * points[..., 1]
    complex_ = complex_ - complex_.mean(axis=1, keepdims=True)
    complex_ = complex_ / np.maximum(np.linalg.norm(complex_, axis=1, keepdims=True), _TINY)
    outer = complex_[:, :, None] * complex_[:, None, :].conj()
    # Hermitian: the real part is symmetric, the imaginary one skew, so that their sum holds both.
    return _flat(outer.real + outer.imag)


def _flat(values: np.ndarray) -> np.ndarray:
    return np.asarray(values.reshape(len(values), -1))
