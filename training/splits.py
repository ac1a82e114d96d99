"""Which clips train, which choose (validation) and which are only ever measured (test): a fixed list, by person.

Familiar: people the training has never seen, of families (one kind of skeleton and source each) it has. Unseen: a
whole family left out, its skeleton, its people and its actions together.

One person is on one side in every family he appears in, and so are two who dance with each other (60 and 61). What
nobody is named for only trains: chaneyddtt, which holds clips of the CMU people under no number, and of
quaternius, which is keyed by hand, all but some actions that help to choose. Recordings that two families hold are
there once (`training.mocap.duplicates`). Human3.6M's Protocol 1 tests S9 and S11; of its training people S8 chooses.
"""

import re

import numpy as np

from posenorm_core.errors import InputError
from training.dataset import MotionData

PARTS = ("train", "validation", "test")
_TEST_SUBJECTS = ("cmu:135", "cmu:2", "reactidle:010", "reactidle:015", "h36m:S9", "h36m:S11")
_VALIDATION_SUBJECTS = ("cmu:3", "cmu:6", "reactidle:003", "reactidle:012", "h36m:S8")
_VALIDATION_ACTIONS = re.compile(
    r"quaternius/.*#(Punch_Jab|Push_Loop|Sitting_Exit|PickUp_Table|Dance Reach Hip|Greeting|Jog_Fwd_Loop"
    r"|Bow|Throw Object|Fighting Left Jab|Jumping Jacks|Dance Charleston|Roll(_RM)?|Crouch_Fwd_Loop)$"
)

# Each fold: the family that is measured -> the families left out with it, which hold the same people.
UNSEEN_FOLDS: dict[str, tuple[str, ...]] = {
    "papagina": ("papagina",),
    "dragonforged": ("dragonforged", "chaneyddtt", "misc"),
    "reactidle": ("reactidle",),
}


def part_of(family: str, name: str, subject: str) -> str:
    """The part a clip belongs to; the pieces of a cut clip (`name@frame`) go where the clip goes."""
    if subject in _TEST_SUBJECTS:
        return "test"
    if subject in _VALIDATION_SUBJECTS or _VALIDATION_ACTIONS.search(f"{family}/{name.partition('@')[0]}"):
        return "validation"
    return "train"


def part(data: MotionData, label: str, leave_out: tuple[str, ...] = ()) -> MotionData:
    """The clips of one part, without those `leave_out` names; raises InputError where nothing is left."""
    clips = zip(data.clip_family, data.clip_name, data.clip_subject, strict=True)
    keep = np.array([part_of(*clip) for clip in clips]) == label
    if leave_out:
        keep &= ~matches(data, leave_out)
    if not keep.any():
        raise InputError(f"the data holds no {label} clip; prepare all of the motion capture (training.prepare)")
    return data.subset(keep)


def without(data: MotionData, leave_out: tuple[str, ...]) -> MotionData:
    """All clips but those `leave_out` names; raises InputError where nothing is left."""
    keep = ~matches(data, leave_out)
    if not keep.any():
        raise InputError(f"the data holds nothing but {', '.join(leave_out)}; leave out less")
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
