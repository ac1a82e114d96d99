"""What the joints of any rig are, told by their names: the words that programs use for arms and legs.

Left and right are read from the names, the trunk from the tree: the pelvis is the joint from which both legs hang,
the chest the one from which both arms do, and the spine the joint between that is nearest to the middle. Known
so are the names of CMU and MotionBuilder, Mixamo, LAFAN, Xsens, Rokoko, Biped, Daz, Unreal, Unity and VRM, Rigify,
Poser, AMC's and SMPL's, with or without a prefix, in any case and with any separator.
"""

import re

import numpy as np

from posenorm_core.bvh import BvhClip
from posenorm_core.errors import InputError
from posenorm_core.rigs import Family, Point, rig_drivers, rig_points

_Words = dict[str, tuple[str, ...]]
# Where programs use one word for different joints they need a row each; `*` stands for the side.
_CONVENTIONS: tuple[_Words, ...] = (
    {
        "hip": ("*upleg",),
        "knee": ("*leg",),
        "ankle": ("*foot",),
        "toe": ("*toebase", "*toe", "*toes"),
        "shoulder": ("*arm",),
        "elbow": ("*forearm",),
        "wrist": ("*hand",),
    },
    {
        "hip": ("*thigh", "thigh*", "*thighbend", "*upperleg", "upperleg*", "*femur"),
        "knee": ("*shin", "shin*", "*calf", "calf*", "*lowerleg", "lowerleg*", "*tibia"),
        "ankle": ("*foot", "foot*"),
        "toe": ("*toe", "toe*", "*toes", "toes*", "*toebase", "*toe0", "ball*"),
        "shoulder": ("*upperarm", "upperarm*", "*shldr", "*shldrbend", "*humerus", "*arm"),
        "elbow": ("*forearm", "forearm*", "*forearmbend", "*lowerarm", "lowerarm*", "*radius"),
        "wrist": ("*hand", "hand*", "*wrist"),
    },
    {
        "hip": ("*hip",),
        "knee": ("*knee",),
        "ankle": ("*ankle",),
        "toe": ("*toe", "*toes", "*foot"),
        "shoulder": ("*shoulder",),
        "elbow": ("*elbow",),
        "wrist": ("*wrist", "*hand"),
    },
)
_SIDES = (("left", "right"), ("l", "r"))
_PREFIX = re.compile(r"^(.*:|mixamorig\d*|bip\d+|ccbase|def|jbip(?=[lrc])|valvebiped|character\d+)")
_HEADS = ("head", "chead")
# What may be the mere end of the joint above it.
_TIPS = {"toe": "ankle", "wrist": "elbow"}


def named_family(clip: BvhClip) -> Family:
    """The rig of `clip`, whose legs are as long as the condition skeleton's in its unit of length.

    Raises InputError naming the joints that are missing.
    """
    place = {_plain(name): number for number, name in reversed(list(enumerate(clip.joint_names)))}
    limbs = max((_limbs(place, words, sides) for words in _CONVENTIONS for sides in _SIDES), key=len)
    head = next((place[name] for name in _HEADS if name in place), None)
    needed = [f"{side}_{joint}" for side in ("left", "right") for joint in _CONVENTIONS[0] if joint not in _TIPS]
    missing = [joint for joint in needed if joint not in limbs] + ["head"] * (head is None)
    if missing or head is None:
        named = ", ".join(name[:40] for name in clip.joint_names[:6])
        raise InputError(
            f"{clip.path}: no joint is named as a {', '.join(missing[:4])}{' …' if len(missing) > 4 else ''} would be; "
            f"its joints are {named}{', …' if len(clip.joint_names) > 6 else ''}"
        )
    names = {joint: clip.joint_names[number] for joint, number in limbs.items()}
    for side in ("left", "right"):
        for tip, joint in _TIPS.items():
            names.setdefault(f"{side}_{tip}", _tip(clip, limbs[f"{side}_{joint}"]))
    pelvis = _common(clip, limbs["left_hip"], limbs["right_hip"])
    chest = _common(clip, limbs["left_shoulder"], limbs["right_shoulder"])
    top = Point((clip.joint_names[head],), (0.0, 0.19, 0.0))
    return Family(
        "named",
        (),
        1.0,
        rig_points(names, _spine(clip, limbs, pelvis, chest), clip.joint_names[head], top),
        rig_drivers(names, clip.joint_names[pelvis], clip.joint_names[chest], clip.joint_names[head]),
    )


def _plain(name: str) -> str:
    """A joint's name without prefix, separators and capitals."""
    return _PREFIX.sub("", re.sub(r"[\s_.\-]", "", name).casefold())


def _limbs(place: dict[str, int], words: _Words, sides: tuple[str, str]) -> dict[str, int]:
    """The joints of arms and legs that are named by `words`, by our names."""
    found = {}
    for ours, mark in zip(("left", "right"), sides, strict=True):
        for joint, names in words.items():
            number = next((place[n] for name in names if (n := name.replace("*", mark)) in place), None)
            if number is not None:
                found[f"{ours}_{joint}"] = number
    return found


def _tip(clip: BvhClip, joint: int) -> str:
    """The first joint below `joint`, or the end of its bone."""
    below = [name for name, parent in zip(clip.joint_names, clip.parents, strict=True) if parent == joint]
    if not below and joint not in clip.end_parents:
        raise InputError(f"{clip.path}: nothing hangs on '{clip.joint_names[joint]}', so that it points nowhere")
    return below[0] if below else f"{clip.joint_names[joint]}/end"


def _chain(clip: BvhClip, joint: int) -> list[int]:
    """The joint, its parent, and so on to the root."""
    chain = [joint]
    while clip.parents[chain[-1]] >= 0:
        chain.append(clip.parents[chain[-1]])
    return chain


def _common(clip: BvhClip, first: int, second: int) -> int:
    """The lowest joint that both hang on."""
    others = set(_chain(clip, second)[1:])
    return next((joint for joint in _chain(clip, first)[1:] if joint in others), 0)


def rest_positions(clip: BvhClip) -> np.ndarray:
    """Where the joints are (J, 3) when nothing is turned, the root at the origin."""
    positions = np.zeros((len(clip.parents), 3))
    for joint, parent in enumerate(clip.parents):
        if parent >= 0:
            positions[joint] = positions[parent] + clip.offsets[joint]
    return positions


def _spine(clip: BvhClip, limbs: dict[str, int], pelvis: int, chest: int) -> str | Point:
    """The joint between pelvis and chest nearest to the middle of the trunk; the middle itself where there is none."""
    rest = rest_positions(clip)
    ends = [
        rest[[limbs[f"{side}_{joint}"] for side in ("left", "right")]].mean(axis=0) for joint in ("hip", "shoulder")
    ]
    trunk, middle = ends[1] - ends[0], (ends[0] + ends[1]) / 2
    chain = _chain(clip, chest)
    between = chain[: chain.index(pelvis)] if pelvis in chain else []
    # Not the ends: what lies at the hips or at the shoulders bends with them.
    inner = [j for j in between if 0.2 < (rest[j] - ends[0]) @ trunk / max(trunk @ trunk, 1e-12) < 0.8]
    if inner:
        return clip.joint_names[min(inner, key=lambda j: float(np.linalg.norm(rest[j] - middle)))]
    names = [clip.joint_names[limbs[f"{side}_{joint}"]] for joint in ("hip", "shoulder") for side in ("left", "right")]
    return Point(tuple(names))
