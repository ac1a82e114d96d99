"""From the network's last layer to one unit quaternion a joint.

Two heads: `6d` (two vectors a joint, made orthonormal: continuous, the better one to train) and `quaternion`
(the paper's). The leaves turn nothing and stay at identity. Written once for NumPy and torch.
"""

from posenorm_core import quaternion
from posenorm_core.arrays import Array, array_namespace, constant_like
from posenorm_core.condition_skeleton import JOINT_COUNT, NON_LEAVES

# Numbers a joint, and what stands for "no rotation": added to the output, so that zero means identity.
_REST = {"6d": (1.0, 0.0, 0.0, 0.0, 1.0, 0.0), "quaternion": (1.0, 0.0, 0.0, 0.0)}
HEADS = tuple(_REST)

# For each joint its place among the predicted ones; leaves take the identity that is put behind them.
_PLACES = [NON_LEAVES.index(j) if j in NON_LEAVES else len(NON_LEAVES) for j in range(JOINT_COUNT)]


def output_size(head: str) -> int:
    """How many numbers a frame the network must give for `head`."""
    return len(NON_LEAVES) * len(_REST[head])


def joint_rotations(output: Array, head: str) -> Array:
    """Network output (…, output_size) -> unit quaternions (…, 19, 4), the root's in the view frame."""
    xp = array_namespace(output)
    numbers = xp.reshape(output, (*output.shape[:-1], len(NON_LEAVES), len(_REST[head])))
    numbers = numbers + constant_like(_REST[head], output)
    turned = quaternion.from_6d(numbers) if head == "6d" else quaternion.normalize(numbers)
    with_identity = xp.concat([turned, quaternion.identity_like(turned[..., :1, :])], axis=-2)
    return with_identity[..., _PLACES, :]
