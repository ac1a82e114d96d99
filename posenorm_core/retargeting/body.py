"""A character's body as a skeleton of ours: its bone lengths on the condition skeleton's joints, in the T-pose.

Normalized onto it, a motion stands and reaches as the character does, before any bone of the rig is touched.
"""

import numpy as np

from posenorm_core import quaternion
from posenorm_core.condition_skeleton import CONDITION_SKELETON, JOINT_NAMES
from posenorm_core.errors import InputError
from posenorm_core.retargeting.mapping import BoneMapping
from posenorm_core.retargeting.parts import SIDES, TURNED_BY, title
from posenorm_core.retargeting.rest_alignment import RestAlignment, align_rest, bone_end
from posenorm_core.retargeting.rig import Rig
from posenorm_core.skeleton import Skeleton

_NEEDED = ("head", *(f"{side}_{part}" for side in SIDES for part in ("upper_arm", "forearm", "thigh", "shin", "foot")))
_LIMB_PARTS = tuple(part for part in _NEEDED if part != "head")

_LENGTHS = CONDITION_SKELETON.bone_lengths
# The head's length in lengths of the trunk, on the condition skeleton.
_HEAD_SHARE = float(
    _LENGTHS[JOINT_NAMES.index("head")] / (_LENGTHS[JOINT_NAMES.index("spine")] + _LENGTHS[JOINT_NAMES.index("thorax")])
)


def body_of(rig: Rig, mapping: BoneMapping, metres: float = 1.0) -> Skeleton:
    """The body of `rig`, whose unit is `metres` long.

    Raises InputError where it lacks an arm, a leg or the head, or a limb of it has no length.
    """
    mapping = mapping.on(rig)
    missing = [part for part in _NEEDED if part not in mapping.bones]
    if missing:
        raise InputError(f"{rig.name}: has no bone for {', '.join(title(part) for part in missing)}; a body needs them")
    alignment = align_rest(rig, mapping)
    short = next((part for part in _LIMB_PARTS if part not in alignment.directions), None)
    if short is not None:
        raise InputError(f"{rig.name}: its {title(short)} has no length; mend the rest pose, or choose another bone")
    trunk = {name: _in_body(alignment, point) for name, point in _trunk(rig, mapping).items()}
    offsets = CONDITION_SKELETON.offsets.copy()
    for name, point in trunk.items():
        above = JOINT_NAMES[CONDITION_SKELETON.parents[JOINT_NAMES.index(name)]]
        if name != "pelvis":
            offsets[JOINT_NAMES.index(name)] = point - trunk[above]
    for part in _LIMB_PARTS:
        bone = _in_body(alignment, bone_end(rig, mapping, part) - rig.head(mapping.bones[part][0]))
        child = CONDITION_SKELETON.parents.index(JOINT_NAMES.index(TURNED_BY[part]))
        offsets[child] = quaternion.rotate(alignment.turns[part], bone)
    return Skeleton(CONDITION_SKELETON.joint_names, CONDITION_SKELETON.parents, offsets * metres)


def _in_body(alignment: RestAlignment, point: np.ndarray) -> np.ndarray:
    """A point or vector (3) of the armature's axes in the body frame."""
    return np.asarray(quaternion.rotate(quaternion.inverse(alignment.axes), point))


def _trunk(rig: Rig, mapping: BoneMapping) -> dict[str, np.ndarray]:
    """Where the trunk's joints and the limbs' first ones are (3), each after the one it hangs on."""
    hips = {side: rig.head(mapping.bones[f"{side}_thigh"][0]) for side in SIDES}
    shoulders = {side: rig.head(mapping.bones[f"{side}_upper_arm"][0]) for side in SIDES}
    pelvis, thorax = (np.mean(list(ends.values()), axis=0) for ends in (hips, shoulders))
    head = mapping.bones["head"][0]
    along = thorax - pelvis
    # As everywhere: the bone of the spine nearest to the middle of the trunk.
    inner = [rig.head(name) for name in mapping.bones.get("spine", ())]
    shares = [float((point - pelvis) @ along / (along @ along)) for point in inner]
    best = min(range(len(inner)), key=lambda k: abs(shares[k] - 0.5), default=None)
    middle = inner[best] if best is not None and 0.2 < shares[best] < 0.8 else (pelvis + thorax) / 2
    return {
        "pelvis": pelvis,
        "spine": middle,
        "thorax": thorax,
        "neck": rig.head(head),
        "head": _crown(rig, head, along),
        **{f"{side}_shoulder": shoulders[side] for side in SIDES},
        **{f"{side}_hip": hips[side] for side in SIDES},
    }


def _crown(rig: Rig, head: str, up: np.ndarray) -> np.ndarray:
    """The top of the head (3): the end of its bone where that goes up, else as high above it as on our body."""
    bone = rig.tail(head) - rig.head(head)
    usual = _HEAD_SHARE * np.linalg.norm(up)
    upward = float(bone @ up / np.linalg.norm(up))
    return np.asarray(rig.head(head) + (bone if upward > usual / 2 else up / np.linalg.norm(up) * usual))
