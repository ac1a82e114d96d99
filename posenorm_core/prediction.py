"""What E_Q says of every frame, and how its last layer's numbers say it.

Besides the joint rotations: whether each foot stands, where the vertical is, and how far off each rotation is
expected to be. Written once for NumPy and torch.
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from posenorm_core import quaternion, rotation_head
from posenorm_core.architecture import Architecture
from posenorm_core.arrays import Array, array_namespace, constant_like, dot, index_like, unit
from posenorm_core.condition_skeleton import JOINT_COUNT, LEAVES, NON_LEAVES, PARENTS
from posenorm_core.landmarks import LANDMARK_COUNT
from posenorm_core.mirror import mirrored_directions, mirrored_feet, mirrored_input, mirrored_joints, mirrored_rotations
from posenorm_core.picture import aligned_with_picture
from posenorm_core.refinement import PLACES_SIZE, Draft, Tell, refined

# A fresh network expects to be off by some ten degrees (the natural logarithm of radians), and never by less than
# a third of a degree or more than half a turn.
_FRESH_DOUBT, _LEAST_DOUBT, _MOST_DOUBT = -1.7, -5.0, 1.14
# A leaf turns nothing of its own: what is said of its parent holds for it.
_DOUBTED = [NON_LEAVES.index(PARENTS[j] if j in LEAVES else j) for j in range(JOINT_COUNT)]


@dataclass(frozen=True)
class Prediction:
    """Frames (…, T) in the view frame."""

    rotations: Array  # (…, 19, 4) unit quaternions
    contacts: Array  # (…, 2) probability that the right and the left foot stand
    up: Array  # (…, 3) unit: the vertical
    doubt: Array  # (…, 19) radians: how far off each rotation is expected to be
    drafts: Sequence[Draft] = field(default=(), kw_only=True)  # what the pose was refined from: only for training

    def parts(self) -> tuple[Array, Array, Array, Array]:
        """The four arrays in their order."""
        return self.rotations, self.contacts, self.up, self.doubt


def output_size(architecture: Architecture) -> int:
    """How many numbers a frame the network's last layer must give."""
    return sum(_sizes(architecture))


def as_prediction(
    output: Array, features: Array, architecture: Architecture, hidden: Array, tells: Sequence[Tell] = ()
) -> Prediction:
    """The last layer's numbers (…, output_size) about the frames `features` (…, 72) -> what they say.

    `tells` are the architecture's refinements, of which the first goes on from `hidden` (…, width). Zeros say: T-pose,
    perhaps standing, upright.
    """
    assert len(tells) == architecture.refinements
    xp = array_namespace(output)
    rotations, contacts, up, doubt, shares, places = _cut(output, architecture)
    turned = rotation_head.joint_rotations(rotations, architecture.head)
    drafts: Sequence[Draft] = ()
    if tells:
        first = Draft(turned, xp.reshape(places, (*places.shape[:-1], LANDMARK_COUNT, 3)))
        turned, drafts = refined(first, features, hidden, tells, architecture.head)
    if architecture.picture:
        turned = aligned_with_picture(turned, features, _sigmoid(shares))
    doubt = xp.exp(xp.clip(doubt + _FRESH_DOUBT, _LEAST_DOUBT, _MOST_DOUBT))
    return Prediction(
        rotations=turned,
        contacts=_sigmoid(contacts),
        up=unit(up + constant_like([0.0, 1.0, 0.0], up)),
        doubt=doubt[..., index_like(_DOUBTED, doubt)],
        drafts=drafts,
    )


def _cut(output: Array, architecture: Architecture) -> list[Array]:
    """The numbers for rotations, contacts, vertical, doubt, shares and landmarks, in the order they are told."""
    ends = list(itertools.accumulate(_sizes(architecture), initial=0))
    return [output[..., begin:end] for begin, end in itertools.pairwise(ends)]


def _sizes(architecture: Architecture) -> list[int]:
    """How many numbers tell each of these."""
    shares = len(NON_LEAVES) if architecture.picture else 0
    places = PLACES_SIZE if architecture.refinements else 0
    return [rotation_head.output_size(architecture.head), 2, 3, len(NON_LEAVES), shares, places]


def _sigmoid(logits: Array) -> Array:
    """Any number -> a share between 0 and 1."""
    xp = array_namespace(logits)
    return 1 / (1 + xp.exp(-xp.clip(logits, -15.0, 15.0)))


def mirrored_prediction(prediction: Prediction) -> Prediction:
    """What should be said of the mirror image."""
    return Prediction(
        mirrored_rotations(prediction.rotations),
        mirrored_feet(prediction.contacts),
        mirrored_directions(prediction.up),
        mirrored_joints(prediction.doubt),
    )


def averaged_with_mirror(predict: Callable[[Array], Prediction], features: Array) -> Prediction:
    """What `predict` says of the input (…, T', 72) and of its mirror image, averaged.

    The network's two opinions differ where it is unsure; their mean is nearer to the truth, and a mirrored
    video gives exactly the mirrored motion.
    """
    xp = array_namespace(features)
    direct = predict(features)
    other = mirrored_prediction(predict(mirrored_input(features)))
    agreeing = xp.where(dot(direct.rotations, other.rotations) < 0, -other.rotations, other.rotations)
    return Prediction(
        rotations=quaternion.normalize(direct.rotations + agreeing),
        contacts=(direct.contacts + other.contacts) / 2,
        up=unit(direct.up + other.up),
        doubt=(direct.doubt + other.doubt) / 2,
    )
