"""The rigs of motion capture: for each, where our 19 joints are on it and which of its joints turn them.

A point is one source joint, or the mean of several, plus an offset in the local frame of the first (metres);
`name/end` is the end site of a joint. A driver is the source joint whose rotation turns the bones from our joint
to its children. Adding a family is adding a row to BVH_FAMILIES; what is in none is told by `rig_names`.
"""

from dataclasses import dataclass, field

import numpy as np

from posenorm_core import quaternion
from posenorm_core.rest_pose import RestFrames

Offset = tuple[float, float, float]
Quaternion = tuple[float, float, float, float]


@dataclass(frozen=True)
class Point:
    """The weighted mean of source joints, and an offset in metres in the first one's local frame."""

    joints: tuple[str, ...]
    offset: Offset = (0.0, 0.0, 0.0)
    weights: tuple[float, ...] = ()


@dataclass(frozen=True)
class Family:
    """One kind of rig, and how it is read.

    `unit` is its length unit in metres; `cut` frames are dropped at the start of every clip; `loose_hinges` are the
    joints that bend too little in it for their axis to be measured (see `change_rest_pose`); `upright` holds what
    the drivers of pelvis, thorax and neck are turned by in the upright T-pose, where that is not nothing.
    """

    name: str
    markers: tuple[str, ...]  # joint names that only this family has all of
    unit: float
    points: dict[str, Point]
    drivers: dict[str, str]
    cut: int = 0
    loose_hinges: tuple[str, ...] = ()
    upright: dict[str, Quaternion] = field(default_factory=dict)

    def rest_frames(self) -> RestFrames:
        """The rotations of the trunk's drivers in the upright T-pose."""
        turns = (np.array(self.upright.get(name, (1.0, 0.0, 0.0, 0.0))) for name in ("pelvis", "thorax", "neck"))
        return RestFrames(*(np.asarray(quaternion.normalize(turn)) for turn in turns))


def sided(names: dict[str, str], left: str, right: str) -> dict[str, str]:
    """Our `left_…`/`right_…` joint names -> source names, `*` standing for the side's mark."""
    return {
        f"{side}_{ours}": theirs.replace("*", mark)
        for side, mark in (("left", left), ("right", right))
        for ours, theirs in names.items()
    }


def rig_points(limbs: dict[str, str], spine: str | Point, neck: str | Point, head: str | Point) -> dict[str, Point]:
    """The points of a rig whose limbs are plain joints: pelvis and thorax are the middles of hips and shoulders."""
    points = {ours: Point((theirs,)) for ours, theirs in limbs.items()}
    points["pelvis"] = Point((limbs["left_hip"], limbs["right_hip"]))
    points["thorax"] = Point((limbs["left_shoulder"], limbs["right_shoulder"]))
    for name, point in (("spine", spine), ("neck", neck), ("head", head)):
        points[name] = point if isinstance(point, Point) else Point((point,))
    return points


_DRIVING = ("hip", "knee", "ankle", "shoulder", "elbow")


def rig_drivers(limbs: dict[str, str], pelvis: str, thorax: str, neck: str) -> dict[str, str]:
    """The limbs turn with the joints that they start at; the trunk's drivers are named."""
    turning = {ours: theirs for ours, theirs in limbs.items() if ours.split("_")[1] in _DRIVING}
    return {"pelvis": pelvis, "thorax": thorax, "neck": neck, **turning}


_PAPAGINA = {
    **sided({"hip": "*Thigh", "knee": "*Shin", "ankle": "*Foot", "toe": "*Foot/end"}, "l", "r"),
    **sided({"shoulder": "*Shldr", "elbow": "*ForeArm", "wrist": "*Hand"}, "l", "r"),
}
_CMU = {
    **sided({"hip": "*UpLeg", "knee": "*Leg", "ankle": "*Foot", "toe": "*ToeBase"}, "Left", "Right"),
    **sided({"shoulder": "*Arm", "elbow": "*ForeArm", "wrist": "*Hand"}, "Left", "Right"),
}
_CMU_POSER = {
    **sided({"hip": "*Hip", "knee": "*Knee", "ankle": "*Ankle", "toe": "*Toe"}, "Left", "Right"),
    **sided({"shoulder": "*Shoulder", "elbow": "*Elbow", "wrist": "*Wrist"}, "Left", "Right"),
}
_CC = {
    **sided({"hip": "CC_Base_*_Thigh", "knee": "CC_Base_*_Calf", "ankle": "CC_Base_*_Foot"}, "L", "R"),
    **sided({"toe": "CC_Base_*_ToeBase", "shoulder": "CC_Base_*_Upperarm"}, "L", "R"),
    **sided({"elbow": "CC_Base_*_Forearm", "wrist": "CC_Base_*_Hand"}, "L", "R"),
}
_REACT = {
    **sided({"hip": "thigh.*", "knee": "shin.*", "ankle": "foot.*", "toe": "foot.*/end"}, "L", "R"),
    **sided({"shoulder": "upper_arm.*", "elbow": "forearm.*", "wrist": "forearm.*/end"}, "L", "R"),
}
# CMU's lengths are inches times 0.45.
_CMU_UNIT = 0.0254 / 0.45
# In these rigs the heads of people who walk or stand and look ahead are 15 degrees from the rest pose, forward:
# upright is 10 degrees (the rest is where people look).
_NODDING = (0.9962, 0.0872, 0.0, 0.0)

BVH_FAMILIES = (
    Family(
        "papagina",
        ("abdomen", "rThigh", "rShldr"),
        0.01,
        rig_points(_PAPAGINA, "abdomen", "head", Point(("head",), (0.0, 0.19, 0.0))),
        rig_drivers(_PAPAGINA, "hip", "chest", "head"),
        cut=1,
    ),
    Family(
        "chaneyddtt",
        ("LHipJoint", "LeftUpLeg", "LowerBack"),
        _CMU_UNIT,
        # CMU's head bone ends in the middle of the head: the top is as far again.
        rig_points(_CMU, "Spine", "Head", Point(("Head",), (0.0, 0.185, 0.0))),
        rig_drivers(_CMU, "Hips", "Spine1", "Head"),
        upright={"neck": _NODDING},
    ),
    Family(
        "cmu_poser",
        ("LHipJoint", "LeftHip", "lowerback"),
        _CMU_UNIT,
        rig_points(_CMU_POSER, "Chest", "Head", Point(("Head",), (0.0, 0.185, 0.0))),
        rig_drivers(_CMU_POSER, "Hips", "Chest2", "Head"),
        upright={"neck": _NODDING},
    ),
    Family(
        "dragonforged",
        ("CC_Base_Hip", "CC_Base_Waist", "CC_Base_L_Thigh"),
        0.01,
        # The character's lower spine runs through its belly: the point is put where the other rigs have it.
        rig_points(
            _CC,
            Point(("CC_Base_Spine01",), (0.0, 0.0, -0.045)),
            "CC_Base_Head",
            Point(("CC_Base_Head",), (0.0, 0.2, 0.0)),
        ),
        rig_drivers(_CC, "CC_Base_Hip", "CC_Base_Spine02", "CC_Base_Head"),
        # The recordings that chaneyddtt has too show the chest of the same people 7 degrees further back here.
        upright={"thorax": (0.9981, -0.0610, 0.0, 0.0), "neck": _NODDING},
    ),
    Family(
        "reactidle",
        ("spine.001", "face", "upper_arm.L"),
        1.0,
        rig_points(
            _REACT,
            "spine.001",
            Point(("neck", "face"), weights=(0.4, 0.6)),
            Point(("face",), (0.0, 0.13, 0.0)),
        ),
        rig_drivers(_REACT, "pelvis", "spine.001", "face"),
        upright={"neck": _NODDING},
        # People who stand: their knees are within 10 degrees of straight most of the time.
        loose_hinges=("left_knee", "right_knee"),
    ),
)
