"""The mean body of the training data: how the condition skeleton's frozen table was computed.

Bodies are averaged within their collection first and the collections then: ReActIdle's 21 bodies come from one
estimator with one bias and shall not outvote the marker-based ones. Characters (dragonforged's, quaternius') were
drawn, not measured, and are left out.
"""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from posenorm_core.condition_skeleton import CONDITION_SKELETON, JOINT_NAMES, MIRROR, PARENTS
from training.mocap.bodies import Body
from training.mocap.dataset import FPS

_DRAWN = ("dragonforged", "quaternius")
_VOTES_WITH = {"misc": "chaneyddtt"}  # one kind of rig, one vote
_FEET = (("right_ankle", "right_toe"), ("left_ankle", "left_toe"))
_STILL = 0.15  # metres a second: a foot slower than this, heel and ball, is flat on the ground


def mean_offsets(bodies: Sequence[Body]) -> np.ndarray:
    """(19, 3) metres, mirror symmetric, rounded to the millimetre, in the T-pose's own directions."""
    votes: dict[str, list[np.ndarray]] = defaultdict(list)
    for body in bodies:
        family = body.clips[0].family_name
        if family not in _DRAWN:
            votes[_VOTES_WITH.get(family, family)].append(_with_flat_feet(body))
    mean = np.mean([np.mean(offsets, axis=0) for offsets in votes.values()], axis=0)
    mean = (mean + mean[list(MIRROR)] * [-1.0, 1.0, 1.0]) / 2
    for joint, name in enumerate(JOINT_NAMES):
        # Thorax to neck and ankle to toe slant forward; the T-pose fixes all other directions.
        if joint and name not in ("neck", "right_toe", "left_toe"):
            nominal = CONDITION_SKELETON.offsets[joint] / CONDITION_SKELETON.bone_lengths[joint]
            mean[joint] = nominal * np.linalg.norm(mean[joint])
    return np.asarray(np.round(mean, 3) + 0.0)


def _with_flat_feet(body: Body) -> np.ndarray:
    """The body's offsets (19, 3) with its feet sloping as they do when flat on the ground."""
    offsets = body.motion.offsets.copy()
    for names in _FEET:
        ankle, toe = (JOINT_NAMES.index(name) for name in names)
        foot = body.points[:, [ankle, toe]]
        speed = np.linalg.norm(np.gradient(foot, axis=0), axis=-1).max(axis=1) * FPS
        bone = (foot[:, 1] - foot[:, 0])[speed < _STILL]
        slope = np.median(np.arctan2(-bone[:, 1], np.hypot(bone[:, 0], bone[:, 2])))
        offsets[toe] = np.linalg.norm(offsets[toe]) * np.array([0.0, -np.sin(slope), np.cos(slope)])
    return np.asarray(offsets)


def condition_skeleton_table(bodies: Sequence[Body]) -> str:
    """The rows of the table in `posenorm_core.condition_skeleton`."""
    rows = zip(JOINT_NAMES, PARENTS, mean_offsets(bodies).tolist(), strict=True)
    return "\n".join(f'    ("{name}", {parent}, {tuple(offset)}),' for name, parent, offset in rows)
