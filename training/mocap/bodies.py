"""From source clips to bodies in our T-pose: clips that share a skeleton are converted together.

What is constant between a rig and our T-pose is found from all frames of a body at once, so that it is robust and
the same for each of its clips.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from posenorm_core.condition_skeleton import JOINT_NAMES, PARENTS
from posenorm_core.rest_pose import BodyMotion, change_rest_pose
from posenorm_core.rigs import Family

# The bones that no rig stretches: they tell bodies apart.
_LIMB_BONES = tuple(j for j, name in enumerate(JOINT_NAMES) if name.split("_")[-1] in ("knee", "ankle", "elbow"))
# A grown person; what was scanned smaller than this (metres) is scaled up to it.
SMALLEST_STATURE = 1.5


@dataclass(frozen=True)
class SourcePose:
    """A clip as `points` (T, 19, 3) in metres and `drivers` (T, 19, 4), at the data set's rate."""

    name: str
    source: str
    subject: str
    action: str
    family_name: str
    rig: Family
    points: np.ndarray
    drivers: np.ndarray


@dataclass(frozen=True)
class Body:
    """Clips of one skeleton with their common conversion; `scale` was applied to the points of the source."""

    clips: tuple[SourcePose, ...]
    points: np.ndarray  # (all frames, 19, 3), scaled
    motion: BodyMotion  # of all frames, one clip after the other
    scale: float

    def frames(self) -> Iterator[tuple[SourcePose, slice]]:
        """Each clip with its frames within the body's arrays."""
        start = 0
        for clip in self.clips:
            yield clip, slice(start, start + len(clip.points))
            start += len(clip.points)


def bodies(clips: Iterable[SourcePose]) -> list[Body]:
    """The clips grouped by rig and bone lengths, each group converted to our T-pose."""
    groups: dict[tuple[object, ...], list[SourcePose]] = defaultdict(list)
    for clip in clips:
        lengths = np.median(np.linalg.norm(_bones(clip.points)[:, list(_LIMB_BONES)], axis=-1), axis=0)
        groups[clip.rig.markers, *np.round(lengths, 3)].append(clip)
    return [_convert(tuple(group)) for group in groups.values()]


def _convert(clips: tuple[SourcePose, ...]) -> Body:
    rig = clips[0].rig
    points = np.concatenate([clip.points for clip in clips])
    drivers = np.concatenate([clip.drivers for clip in clips])
    scale = max(1.0, SMALLEST_STATURE / stature(points))
    motion = change_rest_pose(points * scale, drivers, rig.rest_frames(), rig.loose_hinges)
    return Body(clips, points * scale, motion, scale)


def stature(points: np.ndarray) -> float:
    """A body's height in metres, from the lengths of its bones: sole, leg, trunk and head end to end."""
    lengths = np.linalg.norm(_bones(points), axis=-1).mean(axis=0)
    chain = ("left_knee", "left_ankle", "spine", "thorax", "neck", "head")
    # The sole is about as far below the ankle as 0.6 of the foot is long.
    return float(sum(lengths[JOINT_NAMES.index(name)] for name in chain) + 0.6 * lengths[JOINT_NAMES.index("left_toe")])


def _bones(points: np.ndarray) -> np.ndarray:
    """(T, 19, 3) from each joint's parent to it; zero for the root."""
    parents = [max(parent, 0) for parent in PARENTS]
    return np.asarray(points - points[:, parents])
