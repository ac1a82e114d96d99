"""The clips of the families that training reads, at the data set's rate."""

from dataclasses import replace

import numpy as np

from posenorm_core import quaternion
from posenorm_core.rigs import Family
from posenorm_core.source_clip import SourceClip
from training.mocap.families import FAMILIES


def family_of(clip: SourceClip) -> Family | None:
    """The family whose markers the clip's joints hold, or None."""
    names = set(clip.joint_names)
    return next((family for family in FAMILIES if names.issuperset(family.markers)), None)


def resampled(clip: SourceClip, fps: float) -> SourceClip:
    """The clip at `fps`, over its own time: rotations by slerp, translations linearly."""
    count = int((len(clip) - 1) / clip.fps * fps + 1e-3) + 1
    at = np.minimum(np.arange(count) * (clip.fps / fps), len(clip) - 1)
    # Frame times are written with few digits: what is nearly on a frame is on it.
    nearest = np.rint(at)
    at = np.where(np.abs(at - nearest) < 0.02, nearest, at)
    before = np.minimum(at.astype(np.int64), max(len(clip) - 2, 0))
    after = np.minimum(before + 1, len(clip) - 1)
    part = at - before
    rotations = quaternion.slerp(clip.rotations[before], clip.rotations[after], part[:, None])
    steps = clip.translations[after] - clip.translations[before]
    return replace(
        clip,
        fps=fps,
        rotations=np.asarray(rotations),
        translations=clip.translations[before] + steps * part[:, None, None],
    )
