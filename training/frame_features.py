"""What the rows of Table 2 know a frame by: arrays (T, D) of a clip, compared by their Euclidean distance.

Positions in the plane are compared after the similarity that brings one pose nearest to the other. As complex numbers
of length 1, z and w, they are then sqrt(2 − 2 |z* w|) apart, which is what Euclidean distances of their projectors
z z* rise with: the nearest is the same.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from posenorm_core import quaternion
from posenorm_core.condition_skeleton import JOINT_NAMES, NON_LEAVES, PARENTS
from posenorm_core.keypoints import Keypoints
from posenorm_core.normalizer import normalize
from posenorm_core.weights import Weights
from training.two_views import poses_by

FrameFeatures = Callable[[Keypoints], dict[str, np.ndarray]]
_TURNING = list(NON_LEAVES[1:])
# A bone, and the one it hangs from: the angle between them.
_HINGES = [(j, PARENTS[j]) for j in range(1, len(JOINT_NAMES)) if PARENTS[j] > 0]
_TINY = 1e-9


def features_2d(clip: Keypoints) -> dict[str, np.ndarray]:
    """Angles between bones in the picture, and positions in it."""
    points = clip.points[:, : len(JOINT_NAMES)].astype(np.float64)
    return {"2D joint angles": joint_angles(points), "2D positions, similarity-aligned": projectors(points)}


def features_of_weights(weights: Weights) -> FrameFeatures:
    """What `normalize` makes of a clip, as rotations and as positions."""

    def features(clip: Keypoints) -> dict[str, np.ndarray]:
        motion = normalize(clip, weights=weights)
        turned = quaternion.to_rotation_vector(motion.rotations[:, _TURNING].astype(np.float64))
        return {"rotations as axis-angle": _flat(turned), "normalized pose, L2": _flat(motion.positions())}

    return features


def features_of_checkpoint(path: Path, name: str) -> FrameFeatures:
    """The positions that a checkpoint's model finds, brought to one orientation, and the angles between their bones."""
    poses = poses_by(path)

    def features(clip: Keypoints) -> dict[str, np.ndarray]:
        found = poses(clip).unified
        return {f"{name}: 3D positions": _flat(found), f"{name}: 3D joint angles": joint_angles(found)}

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
