"""What E_P is given of a pose: the condition skeleton's joints, the root unturned, and how each is turned."""

from posenorm_core import quaternion
from posenorm_core.arrays import Array, array_namespace, constant_like
from posenorm_core.condition_skeleton import CONDITION_SKELETON, PARENTS
from posenorm_core.kinematics import pose_skeleton

# Metres -> numbers about as large as those of a rotation.
_SCALE = 2.0


def joint_input(rotations: Array, inputs: str) -> Array:
    """Local `rotations` (…, 19, 4) -> (…, 18, 3) positions, or (…, 18, 9) with the global rotations in 6D as well.

    All joints but the pelvis, whose rotation does not matter: the pose is normalized here. `inputs` is one of
    `architecture.INPUTS`.
    """
    xp = array_namespace(rotations)
    unturned = xp.concat([quaternion.identity_like(rotations[..., :1, :]), rotations[..., 1:, :]], axis=-2)
    positions, turned = pose_skeleton(constant_like(CONDITION_SKELETON.offsets, rotations), unturned, PARENTS)
    scaled = positions[..., 1:, :] * _SCALE
    if inputs == "positions":
        return scaled
    return xp.concat([scaled, quaternion.to_6d(turned[..., 1:, :])], axis=-1)
