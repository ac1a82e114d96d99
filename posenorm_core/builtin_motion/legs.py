"""A leg that reaches: hip and knee for an ankle that has to be in a given place, analytically.

The knee's angle follows from the law of cosines, the hip then turns the leg onto the target by the shortest
way, so that the knee points where it pointed before.
"""

import numpy as np

from posenorm_core import quaternion

# A standing knee is never quite straight (the law of cosines is steep there), a bent one stops at the calf.
KNEE_LOWEST, KNEE_HIGHEST = np.deg2rad(3.0), np.deg2rad(150.0)
_X = np.array([1.0, 0.0, 0.0])


def longest_reach(thigh: np.ndarray, shank: np.ndarray) -> np.ndarray:
    """How far (…,) an ankle can be from its hip, for bones `thigh` and `shank` (…, 3) metres."""
    a, b = np.linalg.norm(thigh, axis=-1), np.linalg.norm(shank, axis=-1)
    return np.asarray(np.sqrt(a * a + b * b + 2 * a * b * np.cos(KNEE_LOWEST)))


def reaching_leg(
    thigh: np.ndarray, shank: np.ndarray, hip_turn: np.ndarray, target: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The hip's global and the knee's local rotation (…, 4) that bring the ankle to `target`.

    `thigh` and `shank` (…, 3) are the bones in the T-pose (straight legs), `hip_turn` (…, 4) the hip's global
    rotation so far, `target` (…, 3) metres from the hip. What is out of reach is reached for.
    """
    a, b = np.linalg.norm(thigh, axis=-1), np.linalg.norm(shank, axis=-1)
    cosine = ((target * target).sum(axis=-1) - a * a - b * b) / (2 * a * b)
    flexion = np.clip(np.arccos(np.clip(cosine, -1, 1)), KNEE_LOWEST, KNEE_HIGHEST)
    knee = quaternion.from_rotation_vector(flexion[..., None] * _X)
    ankle = quaternion.rotate(hip_turn, thigh + quaternion.rotate(knee, shank))
    return np.asarray(quaternion.multiply(quaternion.between(ankle, target), hip_turn)), np.asarray(knee)
