"""Characters for the tests: armatures with rolls of their own, made from the condition skeleton, in an A-pose."""

from typing import Any

import bpy
import numpy as np
from mathutils import Vector

from posenorm_core import quaternion
from posenorm_core.condition_skeleton import CONDITION_SKELETON
from posenorm_core.kinematics import forward_kinematics
from posenorm_core.retargeting.mapping import BoneMapping

JOINTS = CONDITION_SKELETON.joint_names
_LIMBS = {
    "upper_arm": "shoulder",
    "forearm": "elbow",
    "hand": "wrist",
    "thigh": "hip",
    "shin": "knee",
    "foot": "ankle",
    "toes": "toe",
}
MAPPING = BoneMapping(
    "doll",
    {
        "hips": ("pelvis",),
        "spine": ("spine", "thorax"),
        "head": ("neck",),
        **{f"{side}_{part}": (f"{side}_{joint}",) for side in ("left", "right") for part, joint in _LIMBS.items()},
    },
)
_DOWN = np.radians(45)


def add_doll(name: str = "doll", scale: float = 1.0, mode: str = "QUATERNION") -> Any:
    """A character in an A-pose, 100 units high a metre, rolled anyhow, with a tail that nobody knows."""
    context = bpy.context
    armature = bpy.data.armatures.new(name)
    created: Any = bpy.data.objects.new(name, armature)
    context.scene.collection.objects.link(created)
    context.view_layer.objects.active = created
    bpy.ops.object.mode_set(mode="EDIT")
    rotations = np.tile([1.0, 0.0, 0.0, 0.0], (len(JOINTS), 1))
    for joint, angle in (("left_shoulder", -_DOWN), ("right_shoulder", _DOWN)):
        rotations[JOINTS.index(joint)] = np.asarray(quaternion.from_rotation_vector(np.array([0.0, 0.0, angle])))
    parents = CONDITION_SKELETON.parents
    heads = np.asarray(forward_kinematics(CONDITION_SKELETON.offsets, rotations, parents))
    heads = (heads - [0, heads[:, 1].min(), 0]) * 100
    bones = []
    for number, joint in enumerate(JOINTS):
        bone = armature.edit_bones.new(joint)
        bone.head = Vector((heads[number, 0], -heads[number, 2], heads[number, 1]))
        below = [child for child, parent in enumerate(parents) if parent == number]
        step = heads[below[0]] - heads[number] if below else np.array([0.0, 6.0, 0.0])
        bone.tail = bone.head + Vector((step[0], -step[2], step[1])) * 0.9
        bone.roll = 0.7 * number
        bone.parent = bones[parents[number]] if parents[number] >= 0 else None
        bones.append(bone)
    tail = armature.edit_bones.new("tail")
    tail.head, tail.tail, tail.parent = bones[0].head, bones[0].head + Vector((0, 30, 0)), bones[0]
    bpy.ops.object.mode_set(mode="OBJECT")
    created.scale = (scale,) * 3
    for bone in created.pose.bones:
        bone.rotation_mode = mode
    return created


def posed_heads(character: Any, frame: int) -> np.ndarray:
    """Where the bones of the joints begin (J, 3) in the armature's axes, as Blender evaluates `frame`."""
    bpy.context.scene.frame_set(frame)
    return np.array([character.pose.bones[joint].head for joint in JOINTS])
