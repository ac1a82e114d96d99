"""The one conversion between the body frame (+Y up, facing +Z) and Blender's axes (+Z up, facing -Y).

(x, y, z) becomes (x, -z, y): a quarter turn about X. Rotations turn their axis with it. NumPy only.
"""

import numpy as np


def body_to_blender(vectors: np.ndarray) -> np.ndarray:
    """Vectors (…, 3) of the body frame in Blender's axes."""
    return np.stack([vectors[..., 0], -vectors[..., 2], vectors[..., 1]], axis=-1)


def blender_to_body(vectors: np.ndarray) -> np.ndarray:
    """Vectors (…, 3) of Blender's axes in the body frame."""
    return np.stack([vectors[..., 0], vectors[..., 2], -vectors[..., 1]], axis=-1)


def rotations_to_blender(quaternions: np.ndarray) -> np.ndarray:
    """Rotations (…, 4) of the body frame as rotations of Blender's axes: the angle stays, the axis is converted."""
    return np.concatenate([quaternions[..., :1], body_to_blender(quaternions[..., 1:])], axis=-1)


def rotations_to_body(quaternions: np.ndarray) -> np.ndarray:
    """The inverse of `rotations_to_blender`."""
    return np.concatenate([quaternions[..., :1], blender_to_body(quaternions[..., 1:])], axis=-1)
