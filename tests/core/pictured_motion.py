"""A lively motion, the bodies it is seen on, and what a camera sees of it."""

import numpy as np

from posenorm_core import quaternion
from posenorm_core.condition_skeleton import CONDITION_SKELETON, JOINT_NAMES, LEAVES, PARENTS
from posenorm_core.kinematics import pose_skeleton
from posenorm_core.landmarks import FIXED_OFFSETS, LANDMARK_COUNT, landmark_positions

HINGES = {"elbow": [0.0, 1.0, 0.0], "knee": [1.0, 0.0, 0.0]}


def motion(frames: int = 240, seed: int = 0) -> np.ndarray:
    """A smooth random motion (frames, 19, 4) whose elbows and knees bend like hinges."""
    rng = np.random.default_rng(seed)
    time = np.linspace(0, 2 * np.pi, frames)[:, None, None]
    waves = [np.sin(k * time + rng.uniform(0, 6, (19, 3))) * rng.normal(0, 0.45, (19, 3)) / k for k in (1, 2, 3)]
    rotations = np.array(quaternion.from_rotation_vector(np.sum(waves, axis=0)))
    for number, name in enumerate(JOINT_NAMES):
        for hinge, axis in HINGES.items():
            if name.endswith(hinge):
                sign = -1 if name == "left_elbow" else 1
                angle = 0.9 + 0.7 * np.sin(2 * time[:, 0, 0] + rng.uniform(0, 6))
                rotations[:, number] = quaternion.from_axis_angle(sign * np.array(axis), angle)
    rotations[:, list(LEAVES)] = [1, 0, 0, 0]
    return rotations


def pictured(
    rotations: np.ndarray, offsets: np.ndarray = CONDITION_SKELETON.offsets, distance: float = np.inf
) -> np.ndarray:
    """The landmarks (frames, 24, 2), y up, that a camera sees `distance` metres from the pelvis."""
    positions, turned = pose_skeleton(offsets, rotations, PARENTS)
    landmarks = landmark_positions(positions, turned, FIXED_OFFSETS)
    return np.asarray(400 * landmarks[..., :2] / (1 - landmarks[..., 2:] / distance))


def seen(frames: int) -> np.ndarray:
    """Every landmark is."""
    return np.ones((frames, LANDMARK_COUNT))


def doubt(frames: int, degrees: float) -> np.ndarray:
    """The same of every joint in every frame."""
    return np.full((frames, 19), np.radians(degrees))


def other_body() -> np.ndarray:
    """Long arms and short shins, alike on both sides."""
    offsets = CONDITION_SKELETON.offsets.copy()
    for name, factor in (("elbow", 1.2), ("wrist", 1.2), ("ankle", 0.8)):
        for side in ("left", "right"):
            offsets[JOINT_NAMES.index(f"{side}_{name}")] *= factor
    return offsets
