"""Forward kinematics: joint rotations on a skeleton's offsets give joint positions (the paper's FK).

Vectorised over everything but the depth of the tree: one step a level, never one a frame or a joint.
Written once for NumPy and torch.
"""

import functools

from posenorm_core import quaternion
from posenorm_core.arrays import Array, array_namespace, index_like
from posenorm_core.skeleton import depth_levels


def forward_kinematics(
    offsets: Array, rotations: Array, parents: tuple[int, ...], root_position: Array | None = None
) -> Array:
    """Joint positions (…, J, 3) of local `rotations` (…, J, 4) on a body with `offsets` (…, J, 3) metres.

    The root stands at the origin, or at `root_position` (…, 3); the offset of the root is not used.
    Leading axes broadcast.
    """
    positions, _ = pose_skeleton(offsets, rotations, parents)
    return positions if root_position is None else positions + root_position[..., None, :]


def global_rotations(rotations: Array, parents: tuple[int, ...]) -> Array:
    """Local `rotations` (…, J, 4) -> each joint's rotation in the frame of the root's parent (…, J, 4)."""
    levels: list[Array] = []
    for number, joints in enumerate(depth_levels(parents)):
        turned = _taken(rotations, joints)
        if number:
            turned = quaternion.multiply(_taken(levels[-1], _places(parents, number)), turned)
        levels.append(turned)
    return _restored(levels, parents)


def local_rotations(global_: Array, parents: tuple[int, ...]) -> Array:
    """The inverse of `global_rotations`: (…, J, 4) -> (…, J, 4)."""
    xp = array_namespace(global_)
    of_parents = _taken(global_, parents[1:])
    local = quaternion.multiply(quaternion.inverse(of_parents), global_[..., 1:, :])
    return xp.concat([global_[..., :1, :], local], axis=-2)


def pose_skeleton(offsets: Array, rotations: Array, parents: tuple[int, ...]) -> tuple[Array, Array]:
    """Positions (…, J, 3) with the root at the origin, and global rotations (…, J, 4)."""
    turned = global_rotations(rotations, parents)
    # All bones at once; what is left for the levels is a sum.
    bones = quaternion.rotate(_taken(turned, parents[1:]), offsets[..., 1:, :])
    levels = [turned[..., :1, 1:] * 0 + offsets[..., :1, :] * 0]
    for number, joints in enumerate(depth_levels(parents)[1:], start=1):
        above = _taken(levels[-1], _places(parents, number))
        levels.append(above + _taken(bones, tuple(j - 1 for j in joints)))
    return _restored(levels, parents), turned


@functools.cache
def _places(parents: tuple[int, ...], level: int) -> tuple[int, ...]:
    """Where the parents of a level's joints stand within the level above."""
    levels = depth_levels(parents)
    return tuple(levels[level - 1].index(parents[j]) for j in levels[level])


@functools.cache
def _order(parents: tuple[int, ...]) -> tuple[int, ...]:
    """Where each joint stands once the levels are laid end to end."""
    laid = [j for level in depth_levels(parents) for j in level]
    return tuple(laid.index(j) for j in range(len(parents)))


def _taken(values: Array, joints: tuple[int, ...]) -> Array:
    """The entries `joints` of the last axis but one."""
    # Not by `values[..., joints, :]`, whose gradient costs torch twice as much.
    return array_namespace(values).take(values, index_like(joints, values), axis=-2)


def _restored(steps: list[Array], parents: tuple[int, ...]) -> Array:
    """The levels' arrays (…, joints, n) as one in the skeleton's order (…, J, n)."""
    return _taken(array_namespace(steps[0]).concat(steps, axis=-2), _order(parents))
