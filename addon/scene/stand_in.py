"""A plain copy of a character for exporters: its bones as they rest, its meshes, and one action of whole frames.

Exporters then meet nothing that they misread: no constraints, no strips, no object that is turned or scaled, no keys
between frames. The character itself is not touched but for its name, which the copy bears meanwhile.
"""

import contextlib
from collections.abc import Iterator
from typing import Any

import bpy
import numpy as np
from mathutils import Matrix

from posenorm_core import quaternion
from posenorm_core.errors import InputError

from . import actions
from .clip_frames import ClipFrames
from .sampled_pose import sample_pose
from .units import metres_a_unit

REST_FRAME = -1  # of the copy's action; the motion begins at 0
_STILL = 1e-6  # what moves no farther, beside the rig's size, needs no curve
_EVEN = 1e-3  # a share by which scales may differ and still be the same


@contextlib.contextmanager
def stand_in(
    context: bpy.types.Context,
    armature: bpy.types.Object,
    clip: ClipFrames,
    to_file: np.ndarray,
    *,
    rests_before: bool,
) -> Iterator[list[bpy.types.Object]]:
    """The copies of `armature` and of the meshes it deforms, in the scene while the block runs; the armature first.

    Args:
        context: with the scene that is to be sampled, in object mode.
        armature: the character; its copy stands at the origin, turned as it is in the clip's first frame.
        clip: what to sample; its frame k is the copy's frame k.
        to_file: (4, 4), from Blender's world to the file's axes and unit. Bones and meshes are told in the file's,
            under an object that undoes it: what an exporter then writes for objects is no turn and scale 1.
        rests_before: whether the copy is keyed at rest at REST_FRAME.

    Raises InputError where the character's scale is negative or uneven.
    """
    active = context.view_layer.objects.active
    pose = sample_pose(context, armature, clip.frames)
    metres = metres_a_unit(context.scene)
    to_unit = to_file @ np.diag([metres, metres, metres, 1.0])
    at_rest = pose.object_matrices[0].copy()
    at_rest[:3, 3] = 0.0
    _require_even_scale(armature, at_rest)
    meshes = deformed_meshes(context, armature)
    made: list[bpy.types.Object] = []
    names = _Names()
    try:
        copied = _copy_armature(context, armature, to_unit @ at_rest, to_file)
        made.append(copied)
        for mesh in meshes:
            made.append(_copy_mesh(context, mesh, armature, copied, to_unit @ at_rest))
        action = actions.assign_new_action(copied, clip.name)
        posed = to_unit @ pose.at_the_origin()
        # Where the character rests in its own size, the copy's bones do at 1.
        posed[..., :3, :3] /= np.cbrt(np.linalg.det((to_unit @ at_rest)[:3, :3]))
        _key(copied, pose.bone_names, posed, rests_before)
        names.take(bpy.data.actions, action, clip.name)
        for original, copy in zip([armature, *meshes], made, strict=True):
            names.take(bpy.data.objects, copy, original.name)
        yield made
    finally:
        _discard(made)
        names.give_back()
        context.view_layer.objects.active = active


def deformed_meshes(context: bpy.types.Context, armature: bpy.types.Object) -> list[bpy.types.Object]:
    """The visible meshes that the armature deforms."""
    return [
        each
        for each in context.view_layer.objects
        if each.type == "MESH"
        and each.visible_get()
        and any(modifier.type == "ARMATURE" and modifier.object == armature for modifier in each.modifiers)
    ]


@contextlib.contextmanager
def named(collection: Any, holder: Any, name: str) -> Iterator[None]:
    """`holder`, of the collection of data, is called `name` while the block runs; who was called so, is not."""
    before, names = holder.name, _Names()
    names.take(collection, holder, name)
    try:
        yield
    finally:
        holder.name = before
        names.give_back()


class _Names:
    """Names taken from those who have them, to be given back."""

    def __init__(self) -> None:
        self._owners: list[tuple[Any, str]] = []

    def take(self, collection: Any, taker: Any, name: str) -> None:
        """Calls `taker` by a name that another of the file's own data may have."""
        owner = next((each for each in collection if each.name == name and each.library is None), None)
        if owner is not None and owner != taker:
            owner.name = f"{name[:40]} (while exporting)"
            self._owners.append((owner, name))
        taker.name = name

    def give_back(self) -> None:
        """Once the takers are gone or called otherwise."""
        for owner, name in reversed(self._owners):
            owner.name = name


def _require_even_scale(armature: bpy.types.Object, matrix: np.ndarray) -> None:
    """Bones have no mirrored or skewed rest pose."""
    sizes = np.linalg.norm(matrix[:3, :3], axis=0)
    if np.linalg.det(matrix[:3, :3]) <= 0 or np.ptp(sizes) > _EVEN * sizes.max():
        raise InputError(f"{armature.name}: its scale is negative or uneven; apply it first (Ctrl A > Scale)")


def _copy_armature(
    context: bpy.types.Context, armature: bpy.types.Object, matrix: np.ndarray, to_file: np.ndarray
) -> bpy.types.Object:
    """The armature's rest pose moved by `matrix`, every bone free to go where its parent does not take it."""
    data: Any = armature.data.copy()
    copied = bpy.data.objects.new(armature.name, data)
    try:
        data.animation_data_clear()
        data.pose_position = "POSE"
        data.transform(Matrix(matrix.tolist()))
        for bone in data.bones:
            bone.use_inherit_rotation, bone.use_local_location, bone.inherit_scale = True, True, "FULL"
        copied.matrix_world = Matrix(np.linalg.inv(to_file).tolist())
        context.scene.collection.objects.link(copied)
        context.view_layer.objects.active = copied
        bpy.ops.object.mode_set(mode="EDIT")
        for bone in data.edit_bones:
            bone.use_connect = False
        bpy.ops.object.mode_set(mode="OBJECT")
    except BaseException:
        bpy.data.armatures.remove(data)  # its object goes with it
        raise
    for bone in copied.pose.bones:
        bone.rotation_mode = "QUATERNION"
    return copied


def _copy_mesh(
    context: bpy.types.Context,
    mesh: bpy.types.Object,
    armature: bpy.types.Object,
    copied_armature: bpy.types.Object,
    matrix: np.ndarray,
) -> bpy.types.Object:
    """A mesh as it rests, moved by `matrix` from the armature's space, hung on the armature's copy."""
    copied: Any = mesh.copy()
    data: Any = mesh.data.copy()  # type: ignore[union-attr]
    copied.data, copied.hide_select = data, False  # glTF takes what is selected
    for animated in (copied, data, data.shape_keys):
        if animated is not None:
            animated.animation_data_clear()
    from_armature = armature.matrix_world.inverted() @ mesh.matrix_world
    data.transform(Matrix(matrix.tolist()) @ from_armature, shape_keys=True)
    if from_armature.determinant() < 0:
        data.flip_normals()
    copied.constraints.clear()
    copied.parent, copied.parent_type = copied_armature, "OBJECT"
    copied.matrix_parent_inverse, copied.matrix_basis = Matrix(), Matrix()
    for modifier in copied.modifiers:
        if modifier.type == "ARMATURE" and modifier.object == armature:
            modifier.object = copied_armature
    context.scene.collection.objects.link(copied)
    return copied  # type: ignore[no-any-return]


def _key(copied: bpy.types.Object, names: tuple[str, ...], posed: np.ndarray, rests_before: bool) -> None:
    """Keys the bones called `names` so that their matrices are `posed` (T, B, 4, 4) in the copy's space."""
    bones: Any = copied.data.bones  # type: ignore[union-attr]
    number = {name: place for place, name in enumerate(names)}
    rest = np.array([bones[name].matrix_local for name in names], dtype=np.float64)
    size = float(np.ptp(rest[:, :3, 3], axis=0).max()) or 1.0
    frames = np.arange(REST_FRAME if rests_before else 0, len(posed), dtype=np.float64)
    for name in names:
        bone, parent = number[name], bones[name].parent
        expected = rest[bone]
        if parent is not None:
            above = number[parent.name]
            expected = posed[:, above] @ np.linalg.inv(rest[above]) @ rest[bone]
        basis = np.linalg.inv(expected) @ posed[:, bone]
        scale = np.linalg.norm(basis[:, :3, :3], axis=1)
        turned = np.asarray(quaternion.from_matrix(basis[:, :3, :3] / scale[:, None]))
        channels: dict[str, tuple[np.ndarray, tuple[float, ...]]] = {
            "rotation_quaternion": (np.asarray(quaternion.make_continuous(turned)), (1.0, 0.0, 0.0, 0.0))
        }
        if np.abs(basis[:, :3, 3]).max() > _STILL * size:
            channels["location"] = basis[:, :3, 3], (0.0, 0.0, 0.0)
        if np.abs(scale - 1).max() > _EVEN:
            channels["scale"] = scale, (1.0, 1.0, 1.0)
        for channel, (values, at_rest) in channels.items():
            actions.write_curve(copied, name, channel, frames, np.concatenate([[at_rest], values])[-len(frames) :])


def _discard(made: list[bpy.types.Object]) -> None:
    """Removes the copies and what is theirs, as if they had never been."""
    for copied in reversed(made):
        data: Any = copied.data
        action = copied.animation_data.action if copied.animation_data else None
        bpy.data.objects.remove(copied)
        (bpy.data.meshes if isinstance(data, bpy.types.Mesh) else bpy.data.armatures).remove(data)
        if action is not None:
            bpy.data.actions.remove(action)
