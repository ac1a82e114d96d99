"""Any armature's movement as a motion of the core: a skeleton of its own bones, posed as Blender evaluates them.

For programs that take rotations alone (BVH): only the bone that carries the body moves from its place, the others
turn about their heads.
"""

from typing import Any

import bpy
import numpy as np

from posenorm_core import quaternion
from posenorm_core.motion import Motion
from posenorm_core.skeleton import Skeleton

from .axes import blender_to_body, rotations_to_body
from .clip_frames import clip_frames
from .sampled_pose import SampledPose, sample_pose
from .units import metres_a_unit

_MOVES = 1e-3  # a bone's head goes this far beside the rig's size: it moves


def sampled_motion(context: bpy.types.Context, armature: bpy.types.Object) -> Motion:
    """The movement of the bones that deform, in metres and the body frame, the rest pose being the armature's.

    Raises InputError where nothing moves the armature.
    """
    clip = clip_frames(context.scene, armature)
    pose = sample_pose(context, armature, clip.frames)
    scale = metres_a_unit(context.scene)
    world = pose.object_matrices[0].copy()
    world[:3, 3] = 0.0
    names, parents = _tree(armature, pose)
    number = {name: place for place, name in enumerate(pose.bone_names)}
    bones: Any = armature.data.bones  # type: ignore[union-attr]
    rest = world @ np.array([bones[name].matrix_local for name in names], dtype=np.float64)
    posed = pose.at_the_origin()[:, [number[name] for name in names]]
    heads = blender_to_body(rest[:, :3, 3]) * scale
    offsets = np.array([heads[j] - heads[max(parents[j], 0)] for j in range(len(names))])
    rotations = _departures(rest, posed, parents)
    return Motion(
        fps=clip.fps,
        skeleton=Skeleton(names, parents, offsets),
        rotations=rotations,
        orientation="heading",
        view_root=rotations[:, 0],
        up=np.array([0.0, 1.0, 0.0]),
        root_position=blender_to_body(posed[:, 0, :3, 3]) * scale,
        contacts=np.full((len(rotations), 2), np.nan),
        confidence=np.ones(rotations.shape[:2]),
        source={"armature": armature.name},
    )


def _tree(armature: bpy.types.Object, pose: SampledPose) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """The names of the bones that deform, or of all if none does, with their parents; the first carries the others.

    What stands above the carrier is left out, and what hangs beside it and never moves: helpers of an engine's rig.
    """
    bones: Any = armature.data.bones  # type: ignore[union-attr]
    kept = [bone for bone in bones if bone.use_deform] or list(bones)
    names = {bone.name for bone in kept}
    above = {bone.name: [each.name for each in bone.parent_recursive if each.name in names] for bone in kept}
    carrier = _carrier(above, _moving(pose, {bone.name: bone.parent.name for bone in kept if bone.parent}))
    moving = _moving(pose, {})
    chosen = [
        bone.name
        for bone in sorted(kept, key=lambda bone: len(bone.parent_recursive))
        if bone.name not in (carrier, *above[carrier]) and (carrier in above[bone.name] or bone.name in moving)
    ]
    number = {name: place for place, name in enumerate([carrier, *chosen])}
    parents = [next((number[each] for each in above[name] if each in number), 0) for name in chosen]
    return (carrier, *chosen), (-1, *parents)


def _carrier(above: dict[str, list[str]], moving: set[str]) -> str:
    """The lowest bone that moves of itself and has half of the others under it; without one, that with most under it.

    `above` are the bones above each.
    """
    under = {name: sum(name in line for line in above.values()) for name in above}
    carriers = [name for name in above if name in moving and under[name] >= (len(above) - 1) / 2]
    return min(carriers, key=lambda name: under[name]) if carriers else max(above, key=lambda name: under[name])


def _moving(pose: SampledPose, parents: dict[str, str]) -> set[str]:
    """The bones whose heads move beside their parents, those without one in the world."""
    number = {name: place for place, name in enumerate(pose.bone_names)}
    size = np.ptp(pose.bone_matrices[0, :, :3, 3], axis=0).max()
    found = set()
    for name, place in number.items():
        matrices = pose.bone_matrices[:, place]
        if name in parents:
            matrices = np.linalg.inv(pose.bone_matrices[:, number[parents[name]]]) @ matrices
            matrices[:, :3, 3] *= _scale_of(pose.bone_matrices[0, number[parents[name]]])
        if np.ptp(matrices[:, :3, 3], axis=0).max() > _MOVES * size:
            found.add(name)
    return found


def _scale_of(matrix: np.ndarray) -> float:
    """How much a matrix (4, 4) enlarges."""
    return float(np.cbrt(abs(np.linalg.det(matrix[:3, :3]))))


def _departures(rest: np.ndarray, posed: np.ndarray, parents: tuple[int, ...]) -> np.ndarray:
    """The bones' rotations (T, B, 4) against their parents, in the body frame, of matrices (B, 4, 4), (T, B, 4, 4)."""
    at_rest, now = (
        np.asarray(quaternion.from_matrix(m[..., :3, :3] / np.linalg.norm(m[..., :3, :3], axis=-2, keepdims=True)))
        for m in (rest, posed)
    )
    turned = rotations_to_body(np.asarray(quaternion.multiply(now, quaternion.inverse(at_rest))))
    local = turned.copy()
    local[:, 1:] = quaternion.multiply(quaternion.inverse(turned[:, list(parents[1:])]), turned[:, 1:])
    return np.asarray(quaternion.make_continuous(local))
