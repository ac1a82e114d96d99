"""The mirror image, left for right (x turned over), of points, rotations and the network's input.

What a mirror shows is as good a pose as what it was shown: training learns from both, and inference asks the
network about both. Written once for NumPy and torch.
"""

from collections.abc import Callable

from posenorm_core import condition_skeleton, landmarks, quaternion
from posenorm_core.arrays import Array, array_namespace, constant_like, dot


def mirrored_points(points: Array) -> Array:
    """Joint positions or offsets (…, 19, 3) -> those of the mirror image (…, 19, 3)."""
    turned = points[..., list(condition_skeleton.MIRROR), :]
    return turned * constant_like([-1.0, 1.0, 1.0], points)


def mirrored_rotations(rotations: Array) -> Array:
    """Joint rotations (…, 19, 4), local or global -> those of the mirror image: axes turn over as x, -y, -z."""
    turned = rotations[..., list(condition_skeleton.MIRROR), :]
    return turned * constant_like([1.0, 1.0, -1.0, -1.0], rotations)


def mirrored_input(features: Array) -> Array:
    """The network's input (…, 72) -> the input that the mirrored picture would give."""
    xp = array_namespace(features)
    triples = xp.reshape(features, (*features.shape[:-1], landmarks.LANDMARK_COUNT, 3))
    turned = triples[..., list(landmarks.MIRROR), :] * constant_like([-1.0, 1.0, 1.0], features)
    return xp.reshape(turned, features.shape)


def averaged_with_mirror(predict: Callable[[Array], Array], features: Array) -> Array:
    """What `predict` (…, T', 72) -> (…, T, 19, 4) says of the input and of its mirror image, averaged.

    The network's two opinions differ where it is unsure; their mean is nearer to the truth, and a mirrored
    video gives exactly the mirrored motion.
    """
    xp = array_namespace(features)
    direct = predict(features)
    other = mirrored_rotations(predict(mirrored_input(features)))
    agreeing = xp.where(dot(direct, other) < 0, -other, other)
    return quaternion.normalize(direct + agreeing)
