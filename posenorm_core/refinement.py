"""A pose told again and again, as its own joints see it: in their frames what is left to turn lies open.

How far a forearm is bent is how it lies beside the upper arm, whichever way the body faces the camera. A network that
has only the camera's view must learn that for every view. So it tells a draft of the pose, and where each landmark is
in depth; these bring what was seen into the frames of the body and of each joint, where a second network tells by how
much each joint turns further. Where there is a third, the second tells how much deeper each landmark lies, too.
Written once for NumPy and torch.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from posenorm_core import quaternion, rotation_head
from posenorm_core.arrays import Array, array_namespace, index_like
from posenorm_core.condition_skeleton import PARENTS
from posenorm_core.kinematics import global_rotations
from posenorm_core.landmarks import BONE_BEGINS, BONE_ENDS, LANDMARK_COUNT
from posenorm_core.network_input import landmarks_of

# Numbers a frame that the landmarks' places take, and that a refining network sees: the landmarks, then the bones.
PLACES_SIZE = 3 * LANDMARK_COUNT
REFINEMENT_INPUT = PLACES_SIZE + 3 * len(BONE_ENDS)
# Bones are short beside the body: so many times larger they are seen as large as the landmarks.
_BONES_LARGER = 2.0

# A refining network: what the one before it had in mind (…, width) and what the draft's joints see
# (…, REFINEMENT_INPUT) -> what it has in mind itself, and the numbers of its answer (…, `numbers_size`).
Tell = Callable[[Array, Array], tuple[Array, Array]]


@dataclass(frozen=True)
class Draft:
    """A pose before it is told again."""

    rotations: Array  # (…, 19, 4) unit quaternions
    places: Array  # (…, 24, 3) the landmarks in the view frame, in the unit of the network's input


def numbers_size(head: str, last: bool) -> int:
    """How many numbers a frame a refining network tells: the `head`'s; all but the `last` tell depth, too."""
    return rotation_head.output_size(head) + (0 if last else LANDMARK_COUNT)


def refined(
    draft: Draft, features: Array, hidden: Array, tells: Sequence[Tell], head: str
) -> tuple[Array, list[Draft]]:
    """Local rotations (…, 19, 4) as the last of `tells` has them, and what each of them was told: `draft` the first.

    `features` (…, 72) is what was seen, `hidden` (…, width) what the network that told the draft had in mind.
    """
    drafts = [draft]
    for tell in tells:
        hidden, numbers = tell(hidden, seen_from_joints(drafts[-1].rotations, lifted(features, drafts[-1].places)))
        drafts.append(corrected(drafts[-1], numbers, head))
    return drafts.pop().rotations, drafts


def corrected(draft: Draft, numbers: Array, head: str) -> Draft:
    """The draft with joints turned further, and landmarks moved in depth, as `numbers` say; zeros say nothing."""
    xp = array_namespace(numbers)
    size = rotation_head.output_size(head)
    further = rotation_head.joint_rotations(numbers[..., :size], head)
    places = draft.places
    if numbers.shape[-1] > size:
        places = xp.concat([places[..., :2], places[..., 2:] + numbers[..., size:, None]], axis=-1)
    return Draft(quaternion.multiply(draft.rotations, further), places)


def lifted(features: Array, places: Array) -> Array:
    """Where the landmarks are (…, 24, 3) in the view frame, in the unit of the network's input.

    As seen, where the input `features` (…, 72) shows them, in the depth of `places` (…, 24, 3); else as told there.
    """
    xp = array_namespace(features)
    seen = landmarks_of(features)
    shown = seen[..., 2:]
    return xp.concat([shown * seen[..., :2] + (1 - shown) * places[..., :2], places[..., 2:]], axis=-1)


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
