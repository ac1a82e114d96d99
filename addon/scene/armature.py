"""The armature of a skeleton: one bone a joint, its head at the joint, in the T-pose, standing on the floor.

A bone's own axes are Blender's business: its Y runs from head to tail. A joint's rotation q, which is about the
body's axes, is therefore keyed as rest⁻¹ · q · rest, with the bone's rest rotation as Blender computed it.
"""

import bpy
import numpy as np
from mathutils import Vector

from posenorm_core import quaternion
from posenorm_core.kinematics import forward_kinematics
from posenorm_core.skeleton import Skeleton

from .axes import body_to_blender, rotations_to_blender, rotations_to_body
from .units import metres_a_unit

LEAF_LENGTH = 0.06  # metres: no joint tells where a hand or a toe ends


def create_armature(context: bpy.types.Context, skeleton: Skeleton, name: str) -> bpy.types.Object:
    """A new armature of `skeleton` in the T-pose, linked where new objects go, made active and selected.

    Its bones are in metres; in a scene of another unit the object is scaled.
    """
    if context.mode != "OBJECT":
        bpy.ops.object.mode_set(mode="OBJECT")
    armature = bpy.data.armatures.new(name)
    created = bpy.data.objects.new(name, armature)
    try:
        _link(context, created)
        make_active(context, created)
        bpy.ops.object.mode_set(mode="EDIT")
        try:
            _add_bones(armature, skeleton)
        finally:
            bpy.ops.object.mode_set(mode="OBJECT")
    except BaseException:
        bpy.data.armatures.remove(armature)  # its object goes with it
        raise
    for bone in created.pose.bones:
        bone.rotation_mode = "QUATERNION"
    created.scale = (1 / metres_a_unit(context.scene),) * 3
    return created


def rest_positions(skeleton: Skeleton) -> np.ndarray:
    """The joints (J, 3) of the T-pose in the body frame, metres, the lowest of them on the floor."""
    nothing = np.tile([1.0, 0.0, 0.0, 0.0], (len(skeleton.parents), 1))
    positions = np.asarray(forward_kinematics(skeleton.offsets, nothing, skeleton.parents))
    return positions - [0.0, positions[:, 1].min(), 0.0]


def bone_rest_rotations(armature: bpy.types.Object, names: tuple[str, ...]) -> np.ndarray:
    """The rest rotations (J, 4) of the bones called `names`, in the armature's axes."""
    bones = armature.data.bones  # type: ignore[union-attr]
    matrices = np.array([bones[name].matrix_local.to_3x3() for name in names], dtype=np.float64)
    return np.asarray(quaternion.from_matrix(matrices))


def joint_to_bone_rotations(rotations: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """Joint rotations (…, J, 4) of the body frame -> pose bones' quaternions (…, J, 4), given their rest (J, 4)."""
    turned = quaternion.multiply(rotations_to_blender(rotations.astype(np.float64)), rest)
    return np.asarray(quaternion.multiply(quaternion.inverse(rest), turned))


def bone_to_joint_rotations(rotations: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """The inverse of `joint_to_bone_rotations`."""
    turned = quaternion.multiply(quaternion.multiply(rest, rotations), quaternion.inverse(rest))
    return rotations_to_body(np.asarray(turned))


def make_active(context: bpy.types.Context, armature: bpy.types.Object) -> None:
    """Selects the armature, which is in the view layer, alone, and makes it the active object."""
    for selected in context.view_layer.objects.selected:
        selected.select_set(False)
    armature.select_set(True)
    context.view_layer.objects.active = armature


def _link(context: bpy.types.Context, created: bpy.types.Object) -> None:
    """Links the object to the active collection, or where that is linked or out of the view layer to the scene's."""
    active = context.collection
    if active.library is None:
        active.objects.link(created)
        if context.view_layer.objects.get(created.name) is not None:
            return
        active.objects.unlink(created)
    context.scene.collection.objects.link(created)


def _add_bones(armature: bpy.types.Armature, skeleton: Skeleton) -> None:
    """Adds the bones, in edit mode."""
    heads = body_to_blender(rest_positions(skeleton))
    tails = body_to_blender(rest_positions(skeleton) + bone_vectors(skeleton))
    for name, parent, head, tail in zip(skeleton.joint_names, skeleton.parents, heads, tails, strict=True):
        bone = armature.edit_bones.new(name)
        bone.head, bone.tail = Vector(head), Vector(tail)
        if parent >= 0:
            bone.parent = armature.edit_bones[skeleton.joint_names[parent]]
            bone.use_connect = bool(np.allclose(tails[parent], head, atol=1e-6))
        # Z to the front, or up for a bone that itself points to the front: hinges then turn about a bone's X or Z.
        points_forward = abs(tail[1] - head[1]) > 0.7 * np.linalg.norm(tail - head)
        bone.align_roll(Vector((0.0, 0.0, 1.0) if points_forward else (0.0, -1.0, 0.0)))


def bone_vectors(skeleton: Skeleton) -> np.ndarray:
    """From each joint to its bone's tail (J, 3) in the body frame: to its child, of several to the middle one.

    A leaf's short bone points along the axis that the bone above it follows most: a toe's stays flat.
    """
    vectors = np.zeros_like(skeleton.offsets)
    for joint in range(len(skeleton.parents)):
        children = [child for child, parent in enumerate(skeleton.parents) if parent == joint]
        if children:
            vectors[joint] = skeleton.offsets[min(children, key=lambda child: abs(skeleton.offsets[child][0]))]
        if np.linalg.norm(vectors[joint]) < 1e-3:  # a leaf, or a child on the very spot: Blender drops such bones
            vectors[joint] = _along_main_axis(skeleton.offsets[joint])
    return vectors


def _along_main_axis(direction: np.ndarray) -> np.ndarray:
    """A vector (3) of a leaf's length along the axis nearest to `direction` (3)."""
    vector = np.zeros(3)
    axis = int(np.argmax(np.abs(direction)))
    vector[axis] = LEAF_LENGTH if direction[axis] >= 0 else -LEAF_LENGTH
    return vector
