"""Characters that are none of ours: our skeleton's bones in an armature as other programs leave them, moving."""

from typing import Any

import bpy
import numpy as np
from mathutils import Euler, Matrix
from motions import smooth_rotations

from addon.scene import actions
from addon.scene.armature import create_armature
from addon.scene.mannequin import CONDITION_BONES, add_mannequin
from addon.scene.timing import key_frames
from posenorm_core.condition_skeleton import CONDITION_SKELETON, JOINT_NAMES

CLIP_FPS, CLIP_FRAMES = 29.97, 14


def add_character(name: str = "hero", frames: int = CLIP_FRAMES, mesh: bool = True) -> Any:
    """Y up and in centimetres within its armature, which a turn and a scale set upright, as FBX files import.

    It stands off the origin, turned a little, wears a mesh and moves in linear keys of CLIP_FPS from frame 3 on.
    """
    character: Any = create_armature(bpy.context, CONDITION_SKELETON, name)
    character.data.transform(Matrix.Scale(100, 4) @ Euler((-np.pi / 2, 0, 0)).to_matrix().to_4x4())
    character.matrix_world = (
        Matrix.Translation((3, 1, 0.5))
        @ Euler((0, 0, 0.7)).to_matrix().to_4x4()
        @ Euler((np.pi / 2, 0, 0)).to_matrix().to_4x4()
        @ Matrix.Scale(0.01, 4)
    )
    actions.assign_new_action(character, f"{name} walks")
    places = key_frames(frames, CLIP_FPS, 3, bpy.context.scene)
    turned = smooth_rotations(np.random.default_rng(1), frames, len(JOINT_NAMES), 0.9)
    for bone, values in zip(JOINT_NAMES, turned.swapaxes(0, 1), strict=True):
        actions.write_curve(character, bone, "rotation_quaternion", places, values)
    way = np.linspace([0.0, 0.0, 0.0], [40.0, 10.0, -60.0], frames)
    actions.write_curve(character, "pelvis", "location", places, way)
    if mesh:
        bpy.context.view_layer.update()
        add_mannequin(bpy.context, character, CONDITION_BONES).name = f"{name} skin"
    return character
