"""The mirror image, left for right (x turned over), of points, rotations and the network's input.

What a mirror shows is as good a pose as what it was shown: training learns from both, and inference asks the
network about both. Written once for NumPy and torch.
"""

from posenorm_core import condition_skeleton, landmarks
from posenorm_core.arrays import Array, constant_like, index_like
from posenorm_core.network_input import landmarks_of, with_landmarks


def mirrored_directions(directions: Array) -> Array:
    """Vectors (…, 3) that belong to no side -> those of the mirror image (…, 3)."""
    return directions * constant_like([-1.0, 1.0, 1.0], directions)


def mirrored_feet(values: Array) -> Array:
    """What is said of the right and the left foot (…, 2), exchanged."""
    return values[..., index_like((1, 0), values)]


def mirrored_joints(values: Array) -> Array:
    """What is said of each joint (…, 19), left and right exchanged."""
    return values[..., index_like(condition_skeleton.MIRROR, values)]


def mirrored_points(points: Array) -> Array:
    """Joint positions or offsets (…, 19, 3) -> those of the mirror image (…, 19, 3)."""
    return mirrored_directions(points[..., index_like(condition_skeleton.MIRROR, points), :])


def mirrored_rotations(rotations: Array) -> Array:
    """Joint rotations (…, 19, 4), local or global -> those of the mirror image: axes turn over as x, -y, -z."""
    turned = rotations[..., index_like(condition_skeleton.MIRROR, rotations), :]
    return turned * constant_like([1.0, 1.0, -1.0, -1.0], rotations)


def mirrored_input(features: Array) -> Array:
    """The network's input (…, 72) -> the input that the mirrored picture would give."""
    turned = landmarks_of(features)[..., index_like(landmarks.MIRROR, features), :]
    # A bone's length is taken over both sides of the body and stays.
    return with_landmarks(turned * constant_like([-1.0, 1.0, 1.0], features))
