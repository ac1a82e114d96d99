"""E_P: poses of a clip to features. Written once: torch trains what NumPy runs.

A pose network looks at each pose by itself. What all poses of the clip have in common may then be taken away, since
there the errors sit that a view makes, and convolutions over time may tell each pose of those around it; without
either, E_P is the paper's. Features have length 1, and are compared by their Euclidean distance.
"""

import numpy as np

from posenorm_core.arrays import Array, array_namespace, index_like, unit
from posenorm_core.embedding.architecture import KERNEL, EmbeddingArchitecture
from posenorm_core.embedding.pose_networks import (
    POSE_NETWORKS,
    Parameters,
    Shapes,
    linear,
    linear_shapes,
    pose_shapes,
    rectified,
)

# What is no larger than the root of this, beside the numbers a pose is known by, is taken for rest.
_REST = 0.01


def parameter_shapes(architecture: EmbeddingArchitecture) -> Shapes:
    """What E_P has to learn, by name: matrices (inputs, outputs) and biases."""
    shapes = pose_shapes(architecture)
    if architecture.centred:
        shapes |= linear_shapes("centre", architecture.width, architecture.width)
    for layer, _ in enumerate(architecture.dilations):
        shapes |= linear_shapes(f"time_{layer}_in", KERNEL * architecture.width, architecture.width)
        shapes |= linear_shapes(f"time_{layer}_out", architecture.width, architecture.width)
    return shapes | linear_shapes("leave", architecture.width, architecture.size)


def features(architecture: EmbeddingArchitecture, parameters: Parameters, joints: Array) -> Array:
    """Joints (…, T, J, C) of clips, see `joint_input`, -> features (…, T, size) of length 1."""
    hidden = POSE_NETWORKS[architecture.network](joints, parameters, architecture.blocks)
    if architecture.centred:
        hidden = linear(_centred(hidden), parameters, "centre")
    for layer, dilation in enumerate(architecture.dilations):
        inner = linear(_around(rectified(hidden), dilation), parameters, f"time_{layer}_in")
        hidden = hidden + linear(rectified(inner), parameters, f"time_{layer}_out")
    return unit(linear(hidden, parameters, "leave"))


def _centred(hidden: Array) -> Array:
    """(…, T, width) less its mean over the clip, each number in units of how far it goes from there."""
    xp = array_namespace(hidden)
    away = hidden - xp.mean(hidden, axis=-2, keepdims=True)
    return away / xp.sqrt(xp.mean(away * away, axis=-2, keepdims=True) + _REST)


def _around(hidden: Array, dilation: int) -> Array:
    """(…, T, width) -> (…, T, KERNEL · width): every frame beside those around it; the ends of the clip are held."""
    frames, width = hidden.shape[-2:]
    reach = (KERNEL // 2) * dilation
    seen = np.arange(frames)[:, None] + np.arange(-reach, reach + 1, dilation)
    places = index_like(np.clip(seen, 0, frames - 1).ravel().tolist(), hidden)
    xp = array_namespace(hidden)
    return xp.reshape(xp.take(hidden, places, axis=-2), (*hidden.shape[:-1], KERNEL * width))
