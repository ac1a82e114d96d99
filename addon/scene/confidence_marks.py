"""Marks where a motion is not to be trusted: its keys there are of the type Extreme, and the stretches are listed.

Extreme is the keyframe type that Blender draws in red; Jitter, the other candidate, it draws green. Keys of other
types stay what they are. The list is kept with the armature, so that whoever draws it need not compute it.
"""

import json
from dataclasses import dataclass
from functools import partial
from typing import Any

import bpy
import numpy as np

from posenorm_core import uncertainty
from posenorm_core.errors import InputError

from . import actions
from .keyed_motion import PROPERTY, has_motion, own_frames_of
from .own_frames import OwnFrames
from .retarget import require_animatable

MARKS = "posenorm_uncertain"
KEY_TYPE = "EXTREME"


@dataclass(frozen=True)
class Stretch:
    """An uncertain stretch on the scene's time line."""

    start: int
    end: int
    worst: int  # the frame at which the least sure joint is least sure
    confidence: float  # the mean over what is uncertain in it
    joint: str  # the least sure one


def mark_uncertain(armature: bpy.types.Object) -> list[Stretch]:
    """Marks the keys of each bone where its confidence is low, and lists the stretches. Raises InputError.

    Bones that are sure, and joints that turn nothing, keep their keys as they are.
    """
    kept = _kept_of_editable(armature)
    names, parents, fps = list(kept["joint_names"]), tuple(kept["parents"]), float(kept["fps"])
    confidence = np.array(kept["confidence"], dtype=np.float32).reshape(-1, len(names))
    low = uncertainty.uncertain_frames(confidence, parents, fps)
    own = own_frames_of(armature)
    for joint in np.flatnonzero(low.any(axis=0)):
        is_low = partial(_at, low[:, joint], own)
        actions.mark_keys(armature, names[joint], "rotation_quaternion", is_low, KEY_TYPE)
    found = uncertainty.uncertain_stretches(confidence, parents, fps)
    armature[MARKS] = json.dumps([[s.begin, s.end, s.worst, s.confidence, names[s.joint]] for s in found])
    armature.update_tag(refresh={"OBJECT", "TIME"})
    return uncertain_stretches(armature)


def is_marked(armature: bpy.types.Object) -> bool:
    """Whether the uncertain stretches were looked for."""
    properties: Any = armature
    return MARKS in properties


def uncertain_stretches(armature: bpy.types.Object) -> list[Stretch]:
    """The stretches that `mark_uncertain` found, in the order of time, as far as there are keys; they follow these."""
    listed = json.loads(armature[MARKS]) if is_marked(armature) else []
    if not listed:
        return []
    own = own_frames_of(armature)
    last = own.end - 1
    found = []
    for begin, end, worst, confidence, joint in listed:
        if end >= own.begin and begin <= last:
            start, stop, least = np.rint(own.at(np.clip([begin, end, worst], own.begin, last))).astype(int).tolist()
            found.append(Stretch(start, stop, least, confidence, joint))
    return found


def worst_stretch(stretches: list[Stretch]) -> Stretch:
    """The one of least confidence."""
    return min(stretches, key=lambda stretch: stretch.confidence)


def _at(low: np.ndarray, own: OwnFrames, frames: np.ndarray) -> np.ndarray:
    """`low` (T,), told for a motion's `own` frames, at the scene's `frames` (N,)."""
    places = np.rint((frames - own.first) / own.step).astype(int)
    inside = (places >= 0) & (places < len(low))
    return inside & low[np.clip(places, 0, len(low) - 1)]


def _kept_of_editable(armature: bpy.types.Object) -> Any:
    """What is kept with the motion. Raises InputError where none is, or the keys may not be changed."""
    if not has_motion(armature):
        raise InputError(f"{armature.name}: keeps no motion; pick an armature that PoseNorm made")
    require_animatable(armature)
    action: Any = armature.animation_data.action if armature.animation_data else None
    if action is not None and action.library is not None:
        raise InputError(f"{armature.name}: its action '{action.name}' is linked; make it local first (Action Editor)")
    return armature[PROPERTY]
