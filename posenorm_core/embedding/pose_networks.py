"""The three networks that the paper has look at one pose, written once for NumPy and torch.

Fully connected with residual blocks (Martinez et al. 2017), a graph of joints (Zhao et al. 2019, SemGCN) and a cloud
of points (Qi et al. 2017, PointNet). Each takes joints (…, J, C) to `width` numbers (…, width), its parameters by
name. All have residual blocks of two layers with a rectifier before each. A graph and a cloud of points know no joint
by its place, so each joint has a bias of its own.
"""

from collections.abc import Callable, Mapping

import numpy as np

from posenorm_core.arrays import Array, array_namespace, constant_like
from posenorm_core.condition_skeleton import PARENTS
from posenorm_core.embedding.architecture import NODES, EmbeddingArchitecture

Parameters = Mapping[str, Array]
Shapes = dict[str, tuple[int, ...]]
# A node's numbers are half of what the whole pose is known by.
_SHARE = 2
# What is far enough below zero that a softmax gives it nothing.
_NEVER = -1e9


def rectified(x: Array) -> Array:
    """max(x, 0)."""
    return array_namespace(x).clip(x, 0, None)


def linear(x: Array, parameters: Parameters, name: str) -> Array:
    """(…, inputs) -> (…, outputs)."""
    return array_namespace(x).matmul(x, parameters[name]) + parameters[f"{name}_bias"]


def linear_shapes(name: str, inputs: int, outputs: int) -> Shapes:
    """What `linear` needs."""
    return {name: (inputs, outputs), f"{name}_bias": (outputs,)}


def fully_connected(joints: Array, parameters: Parameters, blocks: int) -> Array:
    """All joints at once."""
    hidden = linear(_flat(joints), parameters, "enter")
    for k in range(blocks):
        inner = linear(rectified(hidden), parameters, f"block_{k}_in")
        hidden = hidden + linear(rectified(inner), parameters, f"block_{k}_out")
    return hidden


def graph(joints: Array, parameters: Parameters, blocks: int) -> Array:
    """Joints that listen to their neighbours by semantic graph convolutions, each in learned shares."""
    nodes = linear(joints, parameters, "enter") + parameters["joint_bias"]
    for k in range(blocks):
        inner = _convolution(rectified(nodes), parameters, f"block_{k}_in")
        nodes = nodes + _convolution(rectified(inner), parameters, f"block_{k}_out")
    return linear(_flat(rectified(nodes)), parameters, "gather")


def pointnet(joints: Array, parameters: Parameters, blocks: int) -> Array:
    """Joints that are looked at one by one; of each number the largest over all of them counts."""
    nodes = linear(joints, parameters, "enter") + parameters["joint_bias"]
    for k in range(blocks):
        inner = linear(rectified(nodes), parameters, f"block_{k}_in")
        nodes = nodes + linear(rectified(inner), parameters, f"block_{k}_out")
    return linear(array_namespace(nodes).max(nodes, axis=-2), parameters, "gather")


POSE_NETWORKS: dict[str, Callable[[Array, Parameters, int], Array]] = {
    "fully_connected": fully_connected,
    "graph": graph,
    "pointnet": pointnet,
}


def pose_shapes(architecture: EmbeddingArchitecture) -> Shapes:
    """What the pose network of `architecture` needs."""
    width, channels = architecture.width, architecture.channels
    if architecture.network == "fully_connected":
        inner, shapes = width, linear_shapes("enter", NODES * channels, width)
    else:
        inner = max(width // _SHARE, 1)
        gathered = NODES * inner if architecture.network == "graph" else inner
        shapes = linear_shapes("enter", channels, inner) | {"joint_bias": (NODES, inner)}
        shapes |= linear_shapes("gather", gathered, width)
    for name in (f"block_{k}_{way}" for k in range(architecture.blocks) for way in ("in", "out")):
        shapes |= linear_shapes(name, inner, inner)
        if architecture.network == "graph":
            shapes |= {f"{name}_heard": (inner, inner), f"{name}_shares": (NODES, NODES)}
    return shapes


def _convolution(nodes: Array, parameters: Parameters, name: str) -> Array:
    """Each node from itself, by a matrix of its own, and from its neighbours, in shares that add up to 1."""
    xp = array_namespace(nodes)
    logits = parameters[f"{name}_shares"] + constant_like(_NO_EDGE, nodes)
    shares = xp.exp(logits - xp.max(logits, axis=1, keepdims=True))
    shares = shares / xp.sum(shares, axis=1, keepdims=True)
    heard = xp.matmul(xp.matmul(shares, nodes), parameters[f"{name}_heard"])
    return linear(nodes, parameters, name) + heard


def _flat(nodes: Array) -> Array:
    return array_namespace(nodes).reshape(nodes, (*nodes.shape[:-2], nodes.shape[-2] * nodes.shape[-1]))


def _no_edge() -> np.ndarray:
    """(J, J): 0 where a bone joins two joints, else what silences them; spine and hips meet where the pelvis was."""
    joined = np.eye(NODES, dtype=bool)
    of_pelvis = [j - 1 for j, parent in enumerate(PARENTS) if parent == 0]
    joined[np.ix_(of_pelvis, of_pelvis)] = True
    for joint, parent in enumerate(PARENTS):
        if parent > 0:
            joined[joint - 1, parent - 1] = joined[parent - 1, joint - 1] = True
    return np.where(joined, 0.0, _NEVER)


_NO_EDGE = _no_edge()
