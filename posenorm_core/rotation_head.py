"""From the network's last layer to one unit quaternion a joint.

Three heads: `6d` (two vectors a joint, made orthonormal: continuous, the better one to train), `svd` (a matrix a
joint, and the rotation nearest to it) and `quaternion` (the paper's). The leaves turn nothing and stay at identity.
Written once for NumPy and torch.
"""

from collections.abc import Callable

from posenorm_core import quaternion
from posenorm_core.arrays import Array, array_namespace, constant_like, index_like
from posenorm_core.condition_skeleton import JOINT_COUNT, NON_LEAVES

# Numbers a joint, and what stands for "no rotation": added to the output, so that zero means identity. That of `svd` is
# no rotation matrix itself: its singular values must differ, where two are equal the gradient is not determined.
_REST = {
    "6d": (1.0, 0.0, 0.0, 0.0, 1.0, 0.0),
    "svd": (1.3, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.7),
    "quaternion": (1.0, 0.0, 0.0, 0.0),
}
_TURNED: dict[str, Callable[[Array], Array]] = {
    "6d": quaternion.from_6d,
    "svd": quaternion.from_9d,
    "quaternion": quaternion.normalize,
}
HEADS = tuple(_REST)

# For each joint its place among the predicted ones; leaves take the identity that is put behind them.
_PLACES = [NON_LEAVES.index(j) if j in NON_LEAVES else len(NON_LEAVES) for j in range(JOINT_COUNT)]


def output_size(head: str) -> int:
    """How many numbers a frame say the rotations of `head`."""
    return len(NON_LEAVES) * len(_REST[head])


def joint_rotations(output: Array, head: str) -> Array:
    """Numbers (…, output_size) -> unit quaternions (…, 19, 4), the root's in the view frame."""
    xp = array_namespace(output)
    numbers = xp.reshape(output, (*output.shape[:-1], len(NON_LEAVES), len(_REST[head])))
    numbers = numbers + constant_like(_REST[head], output)
    return with_still_leaves(_TURNED[head](numbers))


def with_still_leaves(turned: Array) -> Array:
    """Rotations (…, 14, 4) of the non-leaf joints -> of all (…, 19, 4): a leaf has the identity."""
    xp = array_namespace(turned)
    with_identity = xp.concat([turned, quaternion.identity_like(turned[..., :1, :])], axis=-2)
    return with_identity[..., index_like(_PLACES, turned), :]
