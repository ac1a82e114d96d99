"""The armature is the skeleton: the same joints in the same places, at rest and in any pose."""

from typing import Any

import bpy
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mathutils import Quaternion
from motions import pose_positions, random_rotations

from addon.scene.armature import (
    bone_rest_rotations,
    bone_to_joint_rotations,
    create_armature,
    joint_to_bone_rotations,
    rest_positions,
)
from addon.scene.axes import body_to_blender
from posenorm_core import quaternion
from posenorm_core.condition_skeleton import CONDITION_SKELETON, JOINT_COUNT, JOINT_NAMES, PARENTS
from posenorm_core.kinematics import forward_kinematics
from posenorm_core.skeleton import Skeleton


@pytest.fixture
def armature() -> Any:
    return create_armature(bpy.context, CONDITION_SKELETON, "body")


def test_one_bone_a_joint_in_the_same_tree(armature: Any) -> None:
    bones = armature.data.bones
    assert len(bones) == JOINT_COUNT
    assert {bone.name for bone in bones} == set(JOINT_NAMES)
    for name, parent in zip(JOINT_NAMES, PARENTS, strict=True):
        assert (bones[name].parent.name if bones[name].parent else None) == (
            JOINT_NAMES[parent] if parent >= 0 else None
        )
        assert bones[name].length > 0.02
        assert armature.pose.bones[name].rotation_mode == "QUATERNION"


def test_it_rests_in_the_t_pose_standing_on_the_floor(armature: Any) -> None:
    heads = pose_positions(armature)
    np.testing.assert_allclose(heads, body_to_blender(rest_positions(CONDITION_SKELETON)), atol=1e-6)
    assert abs(heads[:, 2].min()) < 1e-6
    left = heads[JOINT_NAMES.index("left_wrist")]
    toe, ankle = heads[JOINT_NAMES.index("left_toe")], heads[JOINT_NAMES.index("left_ankle")]
    assert left[0] > 0.5
    assert toe[1] < ankle[1], "the front is -Y"


@pytest.mark.parametrize("seed", range(5))
def test_posed_bones_stand_where_forward_kinematics_says(armature: Any, seed: int) -> None:
    rotations = random_rotations(np.random.default_rng(seed), (JOINT_COUNT,))
    bones = joint_to_bone_rotations(rotations, bone_rest_rotations(armature, JOINT_NAMES))
    for name, turn in zip(JOINT_NAMES, bones, strict=True):
        armature.pose.bones[name].rotation_quaternion = turn
    pelvis = rest_positions(CONDITION_SKELETON)[0]
    expected = forward_kinematics(CONDITION_SKELETON.offsets, rotations, PARENTS) + pelvis
    np.testing.assert_allclose(pose_positions(armature), body_to_blender(expected), atol=2e-6)


def test_any_body_can_be_built(armature: Any) -> None:
    rng = np.random.default_rng(1)
    offsets = CONDITION_SKELETON.offsets * rng.uniform(0.5, 1.8, (JOINT_COUNT, 1)) + rng.normal(
        0, 0.02, (JOINT_COUNT, 3)
    )
    skeleton = Skeleton(JOINT_NAMES, PARENTS, offsets)
    other = create_armature(bpy.context, skeleton, "other")
    np.testing.assert_allclose(pose_positions(other), body_to_blender(rest_positions(skeleton)), atol=1e-6)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30)
@given(seed=st.integers(0, 2**32 - 1))
def test_joint_and_bone_rotations_undo_each_other_and_agree_with_mathutils(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rest, turns = random_rotations(rng, (3,)), random_rotations(rng, (4, 3))
    bones = joint_to_bone_rotations(turns, rest)
    angle = quaternion.geodesic_angle(bone_to_joint_rotations(bones, rest), turns)
    assert np.max(angle) < 1e-7
    w, x, y, z = turns[0, 0]
    expected = Quaternion(rest[0]).inverted() @ Quaternion((w, x, -z, y)) @ Quaternion(rest[0])
    np.testing.assert_allclose(np.array(expected), bones[0, 0], atol=1e-6)


def test_a_hidden_collection_does_not_hinder(armature: Any) -> None:
    hidden = bpy.data.collections.new("hidden")
    bpy.context.scene.collection.children.link(hidden)
    layer = bpy.context.view_layer.layer_collection.children[hidden.name]
    bpy.context.view_layer.active_layer_collection = layer
    layer.exclude = True
    other = create_armature(bpy.context, CONDITION_SKELETON, "other")
    assert len(other.data.bones) == JOINT_COUNT


def test_it_is_built_from_any_mode(armature: Any) -> None:
    bpy.ops.object.mode_set(mode="POSE")
    other = create_armature(bpy.context, CONDITION_SKELETON, "other")
    assert bpy.context.object == other
    assert len(other.data.bones) == JOINT_COUNT
