"""Motions for the tests of the add-on, a hand on their keys, and what Blender makes of them, read from its pose."""

from typing import Any

import bpy
import numpy as np

from addon.scene import actions
from posenorm_core import quaternion
from posenorm_core.condition_skeleton import CONDITION_SKELETON, JOINT_COUNT, LEAVES
from posenorm_core.motion import Motion, with_orientation


def random_rotations(rng: np.random.Generator, shape: tuple[int, ...], most: float = 2.5) -> np.ndarray:
    """Unit quaternions (*shape, 4), turned by up to `most` radians."""
    axes = rng.normal(size=(*shape, 3))
    axes /= np.linalg.norm(axes, axis=-1, keepdims=True)
    return np.asarray(quaternion.from_rotation_vector(axes * rng.uniform(0, most, (*shape, 1))))


def smooth_rotations(rng: np.random.Generator, frames: int, joints: int, most: float) -> np.ndarray:
    """Rotations (T, J, 4) that move from one random pose to another and back."""
    ends = random_rotations(rng, (2, joints), most)
    swing = 0.5 - 0.5 * np.cos(np.linspace(0, 2 * np.pi, frames))
    return np.asarray(quaternion.slerp(ends[:1], ends[1:], np.repeat(swing[:, None], joints, axis=1)))


def random_motion(
    frames: int = 20, fps: float = 24.0, orientation: str = "heading", seed: int = 0, path_length: float = 1.0
) -> Motion:
    """A motion of every joint but the leaves, with a path and a leaning root."""
    rng = np.random.default_rng(seed)
    rotations = smooth_rotations(rng, frames, JOINT_COUNT, 1.2)
    rotations[:, list(LEAVES)] = [1.0, 0.0, 0.0, 0.0]
    path = np.linspace([0.0, 0.0, 0.0], [path_length, 0.0, path_length / 2], frames)
    motion = Motion(
        fps=fps,
        skeleton=CONDITION_SKELETON,
        rotations=np.asarray(quaternion.make_continuous(rotations)).astype(np.float32),
        orientation="view",
        view_root=rotations[:, 0].astype(np.float32),
        up=np.array([0.0, 0.98, 0.199], dtype=np.float32),
        root_position=path.astype(np.float32),
        contacts=np.full((frames, 2), np.nan, dtype=np.float32),
        confidence=rng.uniform(0, 1, (frames, JOINT_COUNT)).astype(np.float32),
        source={"file": "clip.npz", "person": 1},
    )
    return with_orientation(motion, orientation)


def nudge(armature: Any, bone: str = "left_elbow", by: float = 0.2) -> None:
    """The user's hand on a key in the middle of the clip."""
    curve = actions.curves_of(armature).find(actions.channel_path(bone, "rotation_quaternion"), index=1)
    curve.keyframe_points[len(curve.keyframe_points) // 2].co[1] += by
    curve.update()


def pose_positions(armature: Any) -> np.ndarray:
    """The heads (J, 3) of the posed bones in the world, as Blender evaluates them now."""
    bpy.context.view_layer.update()
    names = CONDITION_SKELETON.joint_names
    return np.array([armature.matrix_world @ armature.pose.bones[name].head for name in names])


def bone_turns(armature: Any) -> np.ndarray:
    """How each posed bone (J, 3, 3) is turned in the world against its rest, as Blender evaluates it now."""
    bpy.context.view_layer.update()
    world = armature.matrix_world.to_3x3().normalized()
    turns = [
        (world @ armature.pose.bones[name].matrix.to_3x3().normalized())
        @ (world @ armature.data.bones[name].matrix_local.to_3x3().normalized()).transposed()
        for name in CONDITION_SKELETON.joint_names
    ]
    return np.array(turns)
