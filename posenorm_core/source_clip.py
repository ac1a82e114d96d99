"""A clip of a source rig, whatever file it came from: local rotations and translations of its joints.

`points_and_drivers` reads off where our joints are and what turns them, which `rest_pose` makes our rotations of.
"""

from dataclasses import dataclass, replace

import numpy as np

from posenorm_core import quaternion
from posenorm_core.bvh import BvhClip
from posenorm_core.condition_skeleton import JOINT_NAMES
from posenorm_core.kinematics import pose_skeleton
from posenorm_core.rigs import Family, Point


@dataclass(frozen=True)
class SourceClip:
    """T frames of J joints and E end sites, in the source's own length unit, +Y up."""

    path: str
    fps: float
    joint_names: tuple[str, ...]
    parents: tuple[int, ...]
    rotations: np.ndarray  # (T, J, 4), local
    translations: np.ndarray  # (T, J, 3), from the parent
    end_parents: tuple[int, ...]
    end_offsets: np.ndarray  # (E, 3)

    def __len__(self) -> int:
        """The number of frames."""
        return len(self.rotations)


def from_bvh(clip: BvhClip) -> SourceClip:
    """The BVH clip as a source clip."""
    return SourceClip(
        path=clip.path,
        fps=clip.fps,
        joint_names=clip.joint_names,
        parents=clip.parents,
        rotations=clip.rotations,
        translations=clip.translations,
        end_parents=clip.end_parents,
        end_offsets=clip.end_offsets,
    )


def pruned(clip: SourceClip, family: Family) -> SourceClip:
    """The clip without the joints that nothing of ours depends on (fingers, faces)."""
    wanted = {name.removesuffix("/end") for point in family.points.values() for name in point.joints}
    wanted.update(family.drivers.values())
    kept = {number for number, name in enumerate(clip.joint_names) if name in wanted}
    for number in sorted(kept, reverse=True):
        parent = clip.parents[number]
        while parent >= 0 and parent not in kept:
            kept.add(parent)
            parent = clip.parents[parent]
    joints = sorted(kept)
    ends = [e for e, parent in enumerate(clip.end_parents) if parent in kept]
    return replace(
        clip,
        joint_names=tuple(clip.joint_names[j] for j in joints),
        parents=tuple(joints.index(clip.parents[j]) if clip.parents[j] >= 0 else -1 for j in joints),
        rotations=clip.rotations[:, joints],
        translations=clip.translations[:, joints],
        end_parents=tuple(joints.index(clip.end_parents[e]) for e in ends),
        end_offsets=clip.end_offsets[ends],
    )


def points_and_drivers(clip: SourceClip, family: Family) -> tuple[np.ndarray, np.ndarray]:
    """Where our joints are, (T, 19, 3) metres in the world, and the rotations that turn them, (T, 19, 4)."""
    positions, turned = pose_skeleton(clip.translations, clip.rotations, clip.parents)
    positions = (positions + clip.translations[:, :1]) * family.unit
    place = {name: number for number, name in enumerate(clip.joint_names)}
    ends = {parent: end for end, parent in reversed(list(enumerate(clip.end_parents)))}

    def position(name: str) -> np.ndarray:
        joint = place[name.removesuffix("/end")]
        if not name.endswith("/end"):
            return np.asarray(positions[:, joint])
        offset = clip.end_offsets[ends[joint]] * family.unit
        return np.asarray(positions[:, joint] + quaternion.rotate(turned[:, joint], offset))

    def point(of: Point) -> np.ndarray:
        weights = of.weights or (1 / len(of.joints),) * len(of.joints)
        mean = sum(weight * position(name) for weight, name in zip(weights, of.joints, strict=True))
        first = place[of.joints[0].removesuffix("/end")]
        return np.asarray(mean + quaternion.rotate(turned[:, first], np.array(of.offset)))

    points = np.stack([point(family.points[name]) for name in JOINT_NAMES], axis=1)
    drivers = np.zeros((len(clip), len(JOINT_NAMES), 4))
    drivers[..., 0] = 1.0
    for number, name in enumerate(JOINT_NAMES):
        if name in family.drivers:
            drivers[:, number] = turned[:, place[family.drivers[name]]]
    return points, drivers
