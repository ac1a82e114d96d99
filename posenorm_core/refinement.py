"""A pose told once more, as its own joints see it: in their frames what is left to turn lies open.

How far a forearm is bent is how it lies beside the upper arm, whichever way the body faces the camera. A network that
has only the camera's view must learn that for every view. So it tells a draft of the pose, and where each landmark is
in depth; these bring what was seen into the frames of the body and of each joint, where a second, small network tells
by how much each joint turns. Written once for NumPy and torch.
"""

from collections.abc import Callable

from posenorm_core import quaternion, rotation_head
from posenorm_core.arrays import Array, array_namespace, index_like
from posenorm_core.condition_skeleton import PARENTS
from posenorm_core.kinematics import global_rotations
from posenorm_core.landmarks import BONE_BEGINS, BONE_ENDS, LANDMARK_COUNT
from posenorm_core.network_input import landmarks_of

# Numbers a frame that the landmarks' places take, and that the second network sees: the landmarks, then the bones.
PLACES_SIZE = 3 * LANDMARK_COUNT
REFINEMENT_INPUT = PLACES_SIZE + 3 * len(BONE_ENDS)
# Bones are short beside the body: so many times larger they are seen as large as the landmarks.
_BONES_LARGER = 2.0


def lifted(features: Array, places: Array) -> Array:
    """Where the landmarks are (…, 24, 3) in the view frame, in the unit of the network's input.

    As seen, where the input `features` (…, 72) shows them, in the depth of `places` (…, 24, 3); else as told there.
    """
    xp = array_namespace(features)
    seen = landmarks_of(features)
    shown = seen[..., 2:]
    return xp.concat([shown * seen[..., :2] + (1 - shown) * places[..., :2], places[..., 2:]], axis=-1)


def refined(rotations: Array, landmarks: Array, tell: Callable[[Array], Array], head: str) -> Array:
    """Local rotations (…, 19, 4), each turned further by what `tell` says of the view from the joints.

    `landmarks` (…, 24, 3) are `lifted`; `tell` takes (…, REFINEMENT_INPUT) to the numbers of the `head`, of which zeros
    turn nothing.
    """
    further = rotation_head.joint_rotations(tell(seen_from_joints(rotations, landmarks)), head)
    return quaternion.multiply(rotations, further)


def seen_from_joints(rotations: Array, landmarks: Array) -> Array:
    """The landmarks (…, 24, 3) in the frame of the root, and each bone in the frame of the joint that turns it.

    (…, REFINEMENT_INPUT); where the pose is right, a bone lies there as in the T-pose.
    """
    xp = array_namespace(rotations)
    turned = global_rotations(rotations, PARENTS)
    bones = landmarks[..., index_like(BONE_ENDS, landmarks), :] - landmarks[..., index_like(BONE_BEGINS, landmarks), :]
    own = quaternion.inverse(turned[..., index_like(BONE_BEGINS, landmarks), :])
    body = quaternion.rotate(quaternion.inverse(rotations[..., :1, :]), landmarks)
    seen = xp.concat([body, _BONES_LARGER * quaternion.rotate(own, bones)], axis=-2)
    return xp.reshape(seen, (*seen.shape[:-2], REFINEMENT_INPUT))
