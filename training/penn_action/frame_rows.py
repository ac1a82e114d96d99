"""What each row of Table 3 knows a frame by: arrays (T, D) of a clip, compared by their Euclidean distance.

Rows of the picture, of lifted joints, and of what `normalize` makes of the clip, each without and with how the person
lies to the vertical: in the picture the trunk's direction, in space the pose with only its turn about the vertical
taken out. The widest row of each kind knows all of these and the pelvis's path in the picture.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from posenorm_core import quaternion
from posenorm_core.cleaning import cleaned, person_size
from posenorm_core.condition_skeleton import JOINT_NAMES, NON_LEAVES, PARENTS
from posenorm_core.embedding.embed import embed
from posenorm_core.embedding.weights import EmbeddingWeights
from posenorm_core.gaps import bridge
from posenorm_core.keypoints import Keypoints
from posenorm_core.kinematics import global_rotations
from posenorm_core.landmarks import LANDMARK_NAMES, MIRROR
from posenorm_core.motion import Motion, with_orientation
from posenorm_core.normalizer import normalize
from posenorm_core.pelvis import PELVIS, with_pelvis
from posenorm_core.weights import Weights
from training.frame_features import FrameFeatures, Named, joint_angles, projectors
from training.penn_action.labels import LAYOUT
from training.two_views import poses_by

# What `normalize` makes of a clip, all of it.
WIDEST = "normalized: all of these, pelvis's path"
_TURNING = list(NON_LEAVES[1:])
_HIPS = [JOINT_NAMES.index("left_hip"), JOINT_NAMES.index("right_hip")]
_TRUNK = ("pelvis", "thorax", None)
# The bones of the picture by name: from, to, and the bone whose direction they bend from.
_BONES = {
    "trunk": _TRUNK,
    "neck": ("thorax", "nose", "trunk"),
    **{
        f"{side}_{name}": (begin.format(side), end.format(side), before.format(side))
        for side in ("left", "right")
        for name, begin, end, before in (
            ("shoulder", "thorax", "{}_shoulder", "trunk"),
            ("upper_arm", "{}_shoulder", "{}_elbow", "{}_shoulder"),
            ("forearm", "{}_elbow", "{}_wrist", "{}_upper_arm"),
            ("hip", "pelvis", "{}_hip", "trunk"),
            ("thigh", "{}_hip", "{}_knee", "{}_hip"),
            ("shin", "{}_knee", "{}_ankle", "{}_thigh"),
        )
    },
}
_TINY = 1e-9


def mirrored_clip(clip: Keypoints) -> Keypoints:
    """What a mirror shows of the clip: the picture turned over, left and right exchanged."""
    turned = clip.points[:, list(MIRROR)] * np.array([-1.0, 1.0]) + np.array([clip.image_size[0], 0.0])
    return replace(clip, points=turned.astype(np.float32), confidence=clip.confidence[:, list(MIRROR)])


def rows_of(weights: Weights, checkpoints: Sequence[Named], embedding: EmbeddingWeights) -> list[FrameFeatures]:
    """The rows of the table: of the picture, of named checkpoints' lifted joints, and of what `normalize` makes."""
    lifted = [features_of_checkpoint(path, name) for name, path in checkpoints]
    return [features_2d, *lifted, features_of(weights, embedding)]


def features_2d(clip: Keypoints) -> dict[str, np.ndarray]:
    """Positions in the picture, and the directions of bones in it as cosine and sine."""
    points, path = pictured(clip)
    bones = {
        name: _direction(points[:, _given(end)] - points[:, _given(start)]) for name, (start, end, _) in _BONES.items()
    }
    bends = [bones[name] * bones[before].conj() for name, (_, _, before) in _BONES.items() if before]
    positions, angles = _flat(points), _as_numbers(np.stack(bends, axis=1))
    aligned, trunk = projectors(points), _as_numbers(bones["trunk"][:, None])
    return {
        "2D positions": positions,
        "2D positions, similarity-aligned": aligned,
        "2D positions, similarity-aligned, trunk's direction": np.hstack([aligned, trunk]),
        "2D angles": angles,
        "2D angles, trunk's direction": np.hstack([angles, trunk]),
        "2D, all of these, pelvis's path": np.hstack([positions, aligned, angles, trunk, path]),
    }


def features_of_checkpoint(path: Path, name: str) -> FrameFeatures:
    """What a checkpoint's model finds: in one orientation, and as seen but for the turn about the vertical."""
    poses = poses_by(path)

    def features(clip: Keypoints) -> dict[str, np.ndarray]:
        found = poses(clip)
        unified, upright = _flat(found.unified), _flat(without_heading(found.seen))
        angles = joint_angles(found.unified)
        return {
            f"{name}: 3D positions": unified,
            f"{name}: 3D positions, tilt": upright,
            f"{name}: 3D angles": angles,
            f"{name}: all of these, pelvis's path": np.hstack([unified, upright, angles, pictured(clip)[1]]),
        }

    return features


def features_of(weights: Weights, embedding: EmbeddingWeights) -> FrameFeatures:
    """What `normalize` makes of a clip, and E_P of that."""

    def features(clip: Keypoints) -> dict[str, np.ndarray]:
        motion = normalize(clip, weights=weights)
        told = {name: row(motion) for name, row in MOTION_ROWS.items()} | {"E_P": embed(motion, embedding)}
        return told | {WIDEST: np.hstack([*told.values(), pictured(clip)[1]])}

    return features


def _pose(motion: Motion) -> np.ndarray:
    return _flat(motion.positions())


def _upright_pose(motion: Motion) -> np.ndarray:
    return _flat(with_orientation(motion, "heading").positions())


def _rotation_vectors(motion: Motion) -> np.ndarray:
    return _flat(quaternion.to_rotation_vector(motion.rotations[:, _TURNING].astype(np.float64)))


def _global_rotations(motion: Motion) -> np.ndarray:
    turned = global_rotations(with_orientation(motion, "heading").rotations.astype(np.float64), PARENTS)
    return _flat(quaternion.to_6d(turned[:, list(NON_LEAVES)]))


# The rows that are made of a motion whose root is unturned, by name.
MOTION_ROWS: dict[str, Callable[[Motion], np.ndarray]] = {
    "normalized pose, L2": _pose,
    "normalized pose, tilt": _upright_pose,
    "rotations as axis-angle": _rotation_vectors,
    "global rotations, tilt": _global_rotations,
}


def pictured(clip: Keypoints) -> tuple[np.ndarray, np.ndarray]:
    """The landmarks of Penn Action (T, 15, 2) from the pelvis, and the pelvis (T, 2) from its middle place.

    In the person's size, y up; cleaned as `normalize` cleans its own, and bridged. What is never seen is at the pelvis.
    """
    clip = cleaned(clip)
    points = with_pelvis(clip.points, clip.confidence).astype(np.float64)
    pelvis = points[:, [PELVIS]]
    points = bridge(points, clip.confidence) - pelvis
    points = points * np.any(clip.confidence > 0, axis=0)[:, None]
    points[:, PELVIS] = 0
    up = np.array([1, -1]) / person_size(clip.points, clip.confidence)
    given = [LANDMARK_NAMES.index(name) for name in LAYOUT.landmarks]
    return points[:, given] * up, (pelvis - np.median(pelvis, axis=0))[:, 0] * up


def without_heading(positions: np.ndarray) -> np.ndarray:
    """Positions (T, 19, 3), y up, turned about the vertical until the hips' line has no depth."""
    across = positions[:, _HIPS[0]] - positions[:, _HIPS[1]]
    turn = _direction(across[:, [0, 2]])[:, None]
    ground = (positions[..., 0] + 1j * positions[..., 2]) * turn.conj()
    return np.stack([ground.real, positions[..., 1], ground.imag], axis=-1)


def _given(name: str) -> int:
    """The column of a landmark among those of Penn Action."""
    return list(LAYOUT.landmarks).index(name)


def _direction(vectors: np.ndarray) -> np.ndarray:
    """Vectors (…, 2) of any length as complex numbers (…) of length 1, or 0 where there is no telling."""
    numbers = vectors[..., 0] + 1j * vectors[..., 1]
    return np.asarray(numbers / np.maximum(np.abs(numbers), _TINY))


def _as_numbers(values: np.ndarray) -> np.ndarray:
    """Complex (T, N) as real (T, 2·N)."""
    return np.hstack([values.real, values.imag])


def _flat(values: np.ndarray) -> np.ndarray:
    return np.asarray(values.reshape(len(values), -1))
