"""Which clips train, which choose (validation) and which are only ever measured (test): a fixed list.

What belongs together stays together: the two dancers of one salsa (number n and n + 15), all clips of one
ReActIdle person, one Quaternius action in all its files. chaneyddtt repeats dragonforged's basketball, walks and
runs, and misc its 001_01, so none of these is tested in either. misc trains only: it holds two clips.
A pattern is matched anywhere in `family/clip name`.
"""

import re

import numpy as np

from posenorm_core.errors import InputError
from training.dataset import MotionData

_TEST = (
    r"papagina/.*salsa/(05|20|12|27)$",
    r"papagina/.*martial/(06|09)$",
    r"chaneyddtt/.*(soccer/soccer_5|jumping/jumping_(1|5)|test/soccer/soccer_1|washwindow_1|traffic_4|signal_5)$",
    r"dragonforged/.*(002_05|002_10|005_02|005_06|005_10|005_14|005_17|003_02)$",
    r"reactidle/.*(010|015)_(acted|genuine)$",
    r"quaternius/.*#(Punch_Cross|Roll|Roll_RM|Dance_Loop|Sitting_Enter|Interact|Jump_Start|Sword_Attack(_RM)?)$",
    r"quaternius/.*#(Bow|Throw Object|Victory|Fighting Left Jab|Jumping Jacks|Dance Charleston|Crouch_Fwd_Loop)$",
)
_VALIDATION = (
    r"papagina/.*salsa/(09|24)$",
    r"papagina/.*martial/03$",
    r"chaneyddtt/.*(soccer/soccer_3|jumping/jumping_2|signal_4)$",
    r"dragonforged/.*(002_06|005_08|005_15|005_19)$",
    r"reactidle/.*(003|012)_(acted|genuine)$",
    r"quaternius/.*#(Punch_Jab|Push_Loop|Sitting_Exit|PickUp_Table|Dance Reach Hip|Greeting|Jog_Fwd_Loop)$",
)
PARTS = ("train", "validation", "test")


def part_of(family: str, name: str) -> str:
    """The part a clip belongs to; the pieces of a cut clip (`name@frame`) go where the clip goes."""
    name = name.partition("@")[0]
    for label, patterns in (("test", _TEST), ("validation", _VALIDATION)):
        if any(re.search(pattern, f"{family}/{name}") for pattern in patterns):
            return label
    return "train"


def part(data: MotionData, label: str, leave_out: tuple[str, ...] = ()) -> MotionData:
    """The clips of one part, without those `leave_out` names; raises InputError where nothing is left."""
    labels = [part_of(f, n) for f, n in zip(data.clip_family, data.clip_name, strict=True)]
    keep = np.array(labels) == label
    if leave_out:
        keep &= ~matches(data, leave_out)
    if not keep.any():
        raise InputError(f"the data holds no {label} clip; prepare all of the motion capture (training.prepare)")
    return data.subset(keep)


def matches(data: MotionData, names: tuple[str, ...]) -> np.ndarray:
    """(C,) true for the clips of the families, or family/action, in `names`; raises InputError for unknown ones."""
    known = {*data.clip_family, *(f"{f}/{a}" for f, a in zip(data.clip_family, data.clip_action, strict=True))}
    for name in names:
        if name not in known:
            families = ", ".join(sorted(set(data.clip_family)))
            raise InputError(f"'{name}' is no family, nor family/action, of the data; families: {families}")
    actions = np.char.add(np.char.add(data.clip_family, "/"), data.clip_action)
    return np.isin(data.clip_family, names) | np.isin(actions, names)
