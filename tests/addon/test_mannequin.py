"""A mannequin is a closed body that goes with the bones, for any armature's size, axes and missing limbs; just one."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import bpy
import numpy as np
import pytest
from characters import add_character
from motions import random_motion

from addon.operators import mannequin
from addon.scene.armature import create_armature
from addon.scene.keyed_motion import add_motion
from addon.scene.mannequin import CONDITION_BONES, add_mannequin, mannequin_of
from addon.scene.mannequin_shape import Shape, mannequin_shape
from addon.scene.rig import rig_of
from addon.status import status
from posenorm_core import quaternion
from posenorm_core.condition_skeleton import CONDITION_SKELETON as BODY
from posenorm_core.condition_skeleton import JOINT_NAMES
from posenorm_core.errors import InputError
from posenorm_core.retargeting.mapping import BoneMapping
from posenorm_core.retargeting.rig import Rig
from posenorm_core.skeleton import Skeleton

CHILD = Skeleton(
    BODY.joint_names, BODY.parents, BODY.offsets * [[0.6]] * np.where(np.arange(19) == 10, 1.5, 1)[:, None]
)


def body_rig(skeleton: Skeleton = BODY) -> Rig:
    """The armature that we make of a skeleton, as a rig."""
    return rig_of(create_armature(bpy.context, skeleton, "body"))


def without(*parts: str) -> BoneMapping:
    """The condition skeleton's bones without those of some parts."""
    bones = CONDITION_BONES.bones
    return BoneMapping("some", {part: names for part, names in bones.items() if not part.endswith(parts)})


def shells(shape: Shape) -> list[set[int]]:
    """The closed pieces: sets of vertices that faces connect."""
    piece = list(range(len(shape.vertices)))

    def top(vertex: int) -> int:
        while piece[vertex] != vertex:
            vertex = piece[vertex]
        return vertex

    for face in shape.faces:
        for corner in face[1:]:
            piece[top(corner)] = top(face[0])
    found: dict[int, set[int]] = {}
    for vertex in range(len(piece)):
        found.setdefault(top(vertex), set()).add(vertex)
    return list(found.values())


def volume(shape: Shape, vertices: set[int]) -> float:
    """Of a piece, by its faces' cones to the origin; negative where its faces turn inward."""
    total = 0.0
    for face in shape.faces:
        if face[0] in vertices:
            corners = shape.vertices[list(face)]
            for k in range(1, len(face) - 1):
                total += float(np.linalg.det(np.stack([corners[0], corners[k], corners[k + 1]]))) / 6
    return total


@pytest.mark.parametrize("case", ["body", "child", "no arms", "no legs", "no head"])
def test_it_is_closed_faces_outward_and_every_vertex_has_its_bones(case: str) -> None:
    mappings = {
        "no arms": without("arm", "hand"),
        "no legs": without("thigh", "shin", "foot", "toes"),
        "no head": without("head"),
    }
    mapping = mappings.get(case, CONDITION_BONES)
    shape = mannequin_shape(body_rig(CHILD if case == "child" else BODY), mapping)
    assert len(shape.vertices) < 2000
    assert np.isfinite(shape.vertices).all()
    edges = Counter((a, b) for face in shape.faces for a, b in zip(face, (*face[1:], face[0]), strict=True))
    assert set(edges.values()) == {1}, "an edge runs once in each direction"
    assert all((b, a) in edges for a, b in edges), "and in both: no hole"
    assert min(volume(shape, piece) for piece in shells(shape)) > 0
    np.testing.assert_allclose(sum(shape.weights.values()), 1, atol=1e-9)
    named = {name for names in mapping.bones.values() for name in names}
    assert named - set(shape.weights) == set(), "every mapped bone carries something"
    assert all((values >= 0).all() for values in shape.weights.values())


@pytest.mark.parametrize("skeleton", [BODY, CHILD], ids=["body", "child"])
def test_it_has_the_bodys_size_and_faces_the_front(skeleton: Skeleton) -> None:
    rig = body_rig(skeleton)
    shape = mannequin_shape(rig, CONDITION_BONES)
    low, high = shape.vertices.min(axis=0), shape.vertices.max(axis=0)
    assert low[2] == pytest.approx(0, abs=0.005), "the soles stand on the floor that the armature stands on"
    assert high[2] == pytest.approx(rig.head("head")[2], abs=0.01), "the head ends at its joint"
    forearm = rig.head("left_wrist")[0] - rig.head("left_elbow")[0]
    assert 0.6 < (high[0] - rig.head("left_wrist")[0]) / forearm < 0.9, "hands beyond the wrists"
    head = shape.vertices[shape.weights["neck"] == 1]
    assert head[:, 1].min() - rig.head("neck")[1] < -0.1, "the nose is the foremost, at -Y"
    toes = shape.vertices[shape.weights["left_toe"] == 1]
    assert toes[:, 1].max() < rig.head("left_toe")[1], "toes lie before the ball"


@pytest.mark.parametrize(("raised", "sole"), [(0.03, 0.0), (-0.8, -0.8)])
def test_the_floor_is_at_the_origin_if_feet_are_near_and_else_at_their_lowest_joint(raised: float, sole: float) -> None:
    rig, up = body_rig(), np.array([0.0, 0.0, raised])
    rig = replace(rig, heads=rig.heads + up, tails=rig.tails + up)
    lowest = mannequin_shape(rig, CONDITION_BONES).vertices[:, 2].min()
    assert lowest == pytest.approx(sole, abs=0.005)


def test_collar_bones_take_the_shoulders_along() -> None:
    armature: Any = create_armature(bpy.context, BODY, "with collar bones")
    bpy.ops.object.mode_set(mode="EDIT")
    for side in ("left", "right"):
        collar, arm = armature.data.edit_bones.new(f"{side}_collar"), armature.data.edit_bones[f"{side}_shoulder"]
        collar.head, collar.tail = armature.data.edit_bones["thorax"].head, arm.head
        collar.parent, arm.parent = arm.parent, collar
    bpy.ops.object.mode_set(mode="OBJECT")
    collars = {f"{side}_clavicle": (f"{side}_collar",) for side in ("left", "right")}
    shape = mannequin_shape(rig_of(armature), BoneMapping("collars", {**CONDITION_BONES.bones, **collars}))
    np.testing.assert_allclose(sum(shape.weights.values()), 1, atol=1e-9)
    taken = shape.vertices[shape.weights["left_collar"] > 0.5]
    assert len(taken) > 3
    assert taken[:, 0].min() > 0, "the left one's are on the left"


def test_left_and_right_mirror_each_other() -> None:
    vertices = mannequin_shape(body_rig(), CONDITION_BONES).vertices
    distances = np.linalg.norm(vertices[:, None] - vertices[None] * [-1.0, 1.0, 1.0], axis=-1)
    assert distances.min(axis=1).max() < 1e-6


@pytest.mark.parametrize("factor", [0.01, 100.0])
def test_it_depends_on_neither_units_nor_axes(factor: float) -> None:
    rig = body_rig()
    turn = np.array([0.5, 0.5, 0.5, 0.5])  # X to Y to Z to X: up is along X
    other = Rig(
        rig.name,
        rig.bone_names,
        rig.parents,
        np.asarray(quaternion.rotate(turn, rig.heads)) * factor,
        np.asarray(quaternion.rotate(turn, rig.tails)) * factor,
        np.asarray(quaternion.multiply(turn, rig.rotations)),
        rig.turns_with_parent,
        rig.moves,
    )
    expected = np.asarray(quaternion.rotate(turn, mannequin_shape(rig, CONDITION_BONES).vertices)) * factor
    np.testing.assert_allclose(mannequin_shape(other, CONDITION_BONES).vertices, expected, atol=1e-6 * factor)


@pytest.mark.parametrize("make", [lambda: add_motion(bpy.context, random_motion(), "clip", 1), add_character])
def test_it_goes_with_the_bones(make: Callable[[], Any]) -> None:
    armature = make()
    added: Any = add_mannequin(bpy.context, armature)
    scene: Any = bpy.context.scene
    for frame in (1, 9):
        scene.frame_set(frame)
        evaluated = added.evaluated_get(bpy.context.evaluated_depsgraph_get())
        shown = np.array([evaluated.matrix_world @ vertex.co for vertex in evaluated.data.vertices])
        for bone in ("left_elbow", "right_knee", "neck", "left_toe", "pelvis"):
            whole = [
                vertex.index
                for vertex in added.data.vertices
                if [(added.vertex_groups[g.group].name, round(g.weight, 3)) for g in vertex.groups] == [(bone, 1.0)]
            ]
            assert len(whole) > 10
            posed = armature.pose.bones[bone]
            moved = armature.matrix_world @ posed.matrix @ posed.bone.matrix_local.inverted()
            expected = np.array([moved @ added.data.vertices[index].co for index in whole])
            np.testing.assert_allclose(shown[whole], expected, atol=1e-4)


def test_there_is_one_and_the_user_stays_where_he_was() -> None:
    armature = add_motion(bpy.context, random_motion(), "clip", 1)
    bystander = bpy.data.objects.new("bystander", None)
    bpy.context.scene.collection.objects.link(bystander)
    bystander.select_set(True)
    bpy.ops.object.mode_set(mode="POSE")
    first = add_mannequin(bpy.context, armature)
    assert add_mannequin(bpy.context, armature) == first
    assert (armature.mode, bpy.context.object, bystander.select_get()) == ("POSE", armature, True)
    assert not first.select_get()
    copied = armature.copy()
    copied.data = armature.data.copy()
    bpy.context.scene.collection.objects.link(copied)
    second = add_mannequin(bpy.context, copied)
    assert second != first
    assert second.active_material == first.active_material
    bpy.data.objects.remove(first)
    assert mannequin_of(armature) is None
    assert mannequin_of(copied) == second
    assert add_mannequin(bpy.context, armature).parent == armature


def _no_humanoid() -> Any:
    bpy.ops.object.armature_add()
    return bpy.context.object


def _in_edit_mode() -> Any:
    armature = create_armature(bpy.context, BODY, "edited")
    bpy.ops.object.mode_set(mode="EDIT")
    return armature


def _that_moves_no_mesh() -> Any:
    armature: Any = create_armature(bpy.context, BODY, "idle")
    armature.data.bones["left_knee"].use_deform = False
    return armature


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (_no_humanoid, "not PoseNorm's"),
        (_in_edit_mode, "edit mode"),
        (_that_moves_no_mesh, "'left_knee' moves no mesh"),
    ],
)
def test_what_cannot_have_one_is_told_and_nothing_added(make: Callable[[], Any], words: str) -> None:
    armature = make()
    with pytest.raises(InputError, match=words):
        add_mannequin(bpy.context, armature)
    assert (len(bpy.data.meshes), len(bpy.data.objects)) == (0, 1)


def test_without_a_trunk_there_is_no_body() -> None:
    with pytest.raises(InputError, match="trunk"):
        mannequin_shape(body_rig(), without("hips", "spine", "head", "thigh"))


@pytest.fixture
def button() -> Iterator[None]:
    """The operator alone, registered."""
    mannequin.register()
    yield
    mannequin.unregister()


@pytest.mark.usefixtures("button")
def test_the_button_adds_one_in_one_step() -> None:
    assert not bpy.ops.posenorm.add_mannequin.poll()
    add_motion(bpy.context, random_motion(), "clip", 1)
    bpy.ops.ed.undo_push(message="before")
    assert bpy.ops.posenorm.add_mannequin("EXEC_DEFAULT", True) == {"FINISHED"}
    assert "clip mannequin" in status.text
    assert not bpy.ops.posenorm.add_mannequin.poll(), "it has one"
    bpy.ops.ed.undo()
    assert len(bpy.data.meshes) == 0
    assert sorted(bpy.data.objects["clip"].pose.bones.keys()) == sorted(JOINT_NAMES)
