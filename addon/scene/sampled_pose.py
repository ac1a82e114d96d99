"""The pose of an armature frame by frame as Blender evaluates it: constraints, drivers and strips included."""

import contextlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np


@dataclass(frozen=True)
class SampledPose:
    """An armature's object and its bones over T frames, in the world."""

    bone_names: tuple[str, ...]
    object_matrices: np.ndarray  # (T, 4, 4)
    bone_matrices: np.ndarray  # (T, B, 4, 4)

    def at_the_origin(self) -> np.ndarray:
        """The bones' matrices (T, B, 4, 4) if the object stood at the world's origin in the first frame."""
        moved = self.bone_matrices.copy()
        moved[..., :3, 3] -= self.object_matrices[0, :3, 3]
        return moved


def sample_pose(context: bpy.types.Context, armature: bpy.types.Object, frames: np.ndarray) -> SampledPose:
    """The pose at the scene's `frames` (T,), fractions included; the scene stands where it stood afterwards.

    Meshes are hidden meanwhile, for deforming them is most of the work.
    """
    scene: Any = context.scene
    names = tuple(bone.name for bone in armature.pose.bones)
    sampled = np.empty((len(frames), len(names), 16), dtype=np.float32)
    worlds = np.empty((len(frames), 4, 4))
    with standing_where_it_stood(scene), _meshes_hidden(scene):
        for number, frame in enumerate(frames):
            whole = math.floor(frame)
            scene.frame_set(whole, subframe=float(frame - whole))
            evaluated: Any = armature.evaluated_get(context.evaluated_depsgraph_get())
            evaluated.pose.bones.foreach_get("matrix", sampled[number].reshape(-1))
            worlds[number] = np.array(evaluated.matrix_world)
    # Stored column by column.
    matrices = sampled.reshape(len(frames), len(names), 4, 4).swapaxes(2, 3).astype(np.float64)
    return SampledPose(names, worlds, worlds[:, None] @ matrices)


@contextlib.contextmanager
def standing_where_it_stood(scene: Any) -> Iterator[None]:
    """Puts the scene back to the frame it is at."""
    frame, subframe = scene.frame_current, scene.frame_subframe
    try:
        yield
    finally:
        scene.frame_set(frame, subframe=subframe)


@contextlib.contextmanager
def _meshes_hidden(scene: Any) -> Iterator[None]:
    """Hides the scene's meshes, which the pose does not need."""
    shown = [each for each in scene.objects if each.type == "MESH" and not each.hide_viewport and each.library is None]
    for each in shown:
        each.hide_viewport = True
    try:
        yield
    finally:
        for each in shown:
            each.hide_viewport = False
