"""A mannequin for an armature: one plain skinned mesh by which a pose can be judged, rendered and taken by engines.

It is a child of the armature in the armature's own space, with a vertex group a bone; whatever the armature's scale,
place and motion are, it goes along.
"""

from typing import Any

import bpy
import numpy as np

from posenorm_core.condition_skeleton import JOINT_NAMES
from posenorm_core.errors import InputError
from posenorm_core.retargeting.mapping import BoneMapping

from .mannequin_shape import Shape, mannequin_shape
from .rig import rig_of

PROPERTY = "posenorm_mannequin"
_COLOUR = (0.62, 0.60, 0.57, 1.0)
_ROUGHNESS = 0.6

# A bone of ours begins at its joint and turns what hangs on it: the neck's is the head, the thorax' the neck.
CONDITION_BONES = BoneMapping(
    "PoseNorm",
    {
        "hips": ("pelvis",),
        "spine": ("spine", "thorax"),
        "head": ("neck",),
        **{
            f"{side}_{part}": (f"{side}_{joint}",)
            for side in ("left", "right")
            for part, joint in (
                ("upper_arm", "shoulder"),
                ("forearm", "elbow"),
                ("hand", "wrist"),
                ("thigh", "hip"),
                ("shin", "knee"),
                ("foot", "ankle"),
                ("toes", "toe"),
            )
        },
    },
)


def add_mannequin(
    context: bpy.types.Context, armature: bpy.types.Object, mapping: BoneMapping | None = None
) -> bpy.types.Object:
    """The mannequin of `armature`, made where it has none yet; selection and active object stay.

    Args:
        context: where the armature is.
        armature: any humanoid one.
        mapping: its bones; not needed for the condition skeleton's.

    Raises InputError where the armature is in edit mode, is no humanoid, or has bones that do not deform.
    """
    rig = rig_of(armature)
    if armature.mode == "EDIT":
        raise InputError(f"{armature.name}: is in edit mode; leave it (Tab) and try again")
    present = mannequin_of(armature)
    if present is not None:
        return present
    shape = mannequin_shape(rig, mapping or _condition_bones(armature))
    _require_deforming(armature, shape)
    return _add_object(context, armature, shape)


def mannequin_of(armature: bpy.types.Object) -> bpy.types.Object | None:
    """The armature's mannequin, if it is still in a scene."""
    children: Any = armature.children
    return next((child for child in children if PROPERTY in child and child.users_scene), None)


def has_condition_bones(armature: bpy.types.Object) -> bool:
    """Whether the armature's bones are the condition skeleton's, of whatever lengths."""
    return all(name in armature.pose.bones for name in JOINT_NAMES)


def _condition_bones(armature: bpy.types.Object) -> BoneMapping:
    if not has_condition_bones(armature):
        raise InputError(f"{armature.name}: its bones are not PoseNorm's; map them to the body's parts first")
    return CONDITION_BONES


def _require_deforming(armature: bpy.types.Object, shape: Shape) -> None:
    """The mesh would stand still where Blender is told that a bone moves none."""
    bones: Any = armature.data.bones  # type: ignore[union-attr]
    idle = next((name for name in shape.weights if not bones[name].use_deform), None)
    if idle is not None:
        raise InputError(f"{armature.name}: its bone '{idle}' moves no mesh; map the bones that do, or set its Deform")


def _add_object(context: bpy.types.Context, armature: bpy.types.Object, shape: Shape) -> bpy.types.Object:
    """Makes the mesh and its object, hung on the armature where the armature is."""
    name = f"{armature.name} mannequin"
    mesh = bpy.data.meshes.new(name)
    created: Any = bpy.data.objects.new(name, mesh)
    try:
        mesh.from_pydata(shape.vertices.tolist(), [], shape.faces)
        mesh.shade_smooth()
        mesh.materials.append(_material())
        _weigh(created, shape)
        created.parent = armature
        modifier = created.modifiers.new("Armature", "ARMATURE")
        modifier.object = armature
        created[PROPERTY] = True
        for collection in armature.users_collection or (context.scene.collection,):
            if collection.library is None:
                collection.objects.link(created)
        if not created.users_collection:
            context.scene.collection.objects.link(created)
    except BaseException:
        bpy.data.meshes.remove(mesh)  # its object goes with it
        raise
    return created  # type: ignore[no-any-return]


def _weigh(created: Any, shape: Shape) -> None:
    """A vertex group a bone; vertices of the same weight are written at once."""
    for bone, weights in shape.weights.items():
        group = created.vertex_groups.new(name=bone)
        rounded = np.round(weights, 4)
        for weight in np.unique(rounded[rounded > 0]):
            group.add(np.flatnonzero(rounded == weight).tolist(), float(weight), "REPLACE")


def _material() -> bpy.types.Material:
    """The one material of all mannequins, the same in the viewport, in renders and in exported files."""
    materials: Any = bpy.data.materials
    for present in materials:
        if PROPERTY in present and present.library is None:
            return present  # type: ignore[no-any-return]
    material = materials.new("Mannequin")
    material[PROPERTY] = True
    material.diffuse_color, material.roughness = _COLOUR, _ROUGHNESS
    if material.node_tree is None:
        material.use_nodes = True
    tree: Any = material.node_tree
    shader = next(node for node in tree.nodes if node.type == "BSDF_PRINCIPLED")
    shader.inputs["Base Color"].default_value = _COLOUR
    shader.inputs["Roughness"].default_value = _ROUGHNESS
    return material  # type: ignore[no-any-return]
