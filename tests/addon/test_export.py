"""What comes out comes back: other programs see the same turns, upright, with the T-pose at rest.

Every file is read by Blender's own importers with their defaults.
"""

import math
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from motions import bone_turns, pose_positions, random_motion

from addon.scene import actions
from addon.scene.armature import rest_positions
from addon.scene.axes import body_to_blender, rotations_to_blender
from addon.scene.export import export_bvh, export_fbx, save_blend
from addon.scene.keyed_motion import add_motion, read_motion
from posenorm_core import quaternion
from posenorm_core.condition_skeleton import CONDITION_SKELETON, JOINT_NAMES, LEAVES, PARENTS
from posenorm_core.errors import InputError
from posenorm_core.kinematics import global_rotations
from posenorm_core.motion import Motion

IMPORT_SHIFT = 1  # frames, the default "Animation Offset" of Blender's FBX importer
TENTH_OF_A_DEGREE = math.radians(0.1)
NON_LEAVES = [joint for joint in range(len(JOINT_NAMES)) if joint not in LEAVES]


def turns_of(motion: Motion) -> np.ndarray:
    """How each joint (T, J, 4) is turned in Blender's world against the T-pose."""
    return rotations_to_blender(np.asarray(global_rotations(motion.rotations.astype(float), PARENTS)))


def assert_plays(imported: Any, motion: Motion, frames: np.ndarray) -> None:
    """The imported armature's bones are turned as the motion's joints at each of `frames`."""
    expected = turns_of(motion)
    for k in range(0, len(motion), max(1, len(motion) // 7)):
        bpy.context.scene.frame_set(math.floor(frames[k]), subframe=float(frames[k] % 1))
        found = np.asarray(quaternion.from_matrix(bone_turns(imported)))
        off = quaternion.geodesic_angle(found, expected[k])[NON_LEAVES]
        assert off.max() < TENTH_OF_A_DEGREE, f"frame {k}: {JOINT_NAMES[NON_LEAVES[int(off.argmax())]]}"


def rest_heads(armature: Any) -> np.ndarray:
    """The heads (J, 3) of the bones at rest, in the world."""
    return np.array([armature.matrix_world @ armature.data.bones[name].head_local for name in JOINT_NAMES])


def in_a_new_file(importer: Any, path: Path) -> Any:
    """The armature that the importer makes of the file, all alone."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    importer(filepath=str(path))
    return next(each for each in bpy.data.objects if each.type == "ARMATURE")


def test_a_person_is_as_tall_in_a_scene_of_another_unit(tmp_path: Path) -> None:
    motion, tall = random_motion(path_length=3.0), np.ptp(rest_positions(CONDITION_SKELETON)[:, 1])
    bpy.context.scene.unit_settings.scale_length = 0.01
    armature = add_motion(bpy.context, motion, "walk", 1)
    bpy.context.view_layer.update()
    assert np.ptp(rest_heads(armature)[:, 2]) == pytest.approx(100 * tall, rel=1e-5)
    way = np.diff([pose_positions(armature)[0] for _ in map(bpy.context.scene.frame_set, (1, 20))], axis=0)
    assert np.linalg.norm(way[0][:2]) == pytest.approx(
        100 * np.linalg.norm(np.ptp(motion.path[:, ::2], axis=0)), rel=1e-4
    )
    np.testing.assert_allclose(read_motion(armature).path, motion.path, atol=1e-4)
    export_fbx(bpy.context, armature, tmp_path / "walk.fbx")
    imported = in_a_new_file(bpy.ops.import_scene.fbx, tmp_path / "walk.fbx")
    assert np.ptp(rest_heads(imported)[:, 2]) == pytest.approx(tall, rel=1e-4)


@pytest.mark.parametrize("shown", [1, 9, 200])
@pytest.mark.parametrize("orientation", ["unified", "heading"])
def test_fbx_comes_back_upright_with_the_t_pose_at_rest(tmp_path: Path, shown: int, orientation: str) -> None:
    motion = random_motion(orientation=orientation)
    armature = add_motion(bpy.context, motion, "clip", 1)
    bpy.context.scene.frame_set(shown)
    export_fbx(bpy.context, armature, tmp_path / "clip.fbx")
    imported = in_a_new_file(bpy.ops.import_scene.fbx, tmp_path / "clip.fbx")
    np.testing.assert_allclose(rest_heads(imported), body_to_blender(rest_positions(CONDITION_SKELETON)), atol=1e-4)
    np.testing.assert_allclose(imported.scale, 1, atol=1e-5)
    assert [bone.name for bone in imported.data.bones if bone.name not in JOINT_NAMES] == []
    assert_plays(imported, motion, IMPORT_SHIFT + np.arange(len(motion)))


@pytest.mark.parametrize(
    ("clip_fps", "fps", "base"), [(60.0, 24, 1.0), (25.0, 60, 1.0), (29.97, 30, 1.0), (29.97, 30, 1.001)]
)
def test_fbx_holds_the_clips_own_frames_in_any_scene(tmp_path: Path, clip_fps: float, fps: int, base: float) -> None:
    bpy.context.scene.render.fps, bpy.context.scene.render.fps_base = fps, base
    motion = random_motion(frames=32, fps=clip_fps)
    armature = add_motion(bpy.context, motion, "clip", 7)
    export_fbx(bpy.context, armature, tmp_path / "clip.fbx")
    assert (bpy.context.scene.render.fps, bpy.context.scene.render.fps_base) == (fps, pytest.approx(base))
    imported = in_a_new_file(bpy.ops.import_scene.fbx, tmp_path / "clip.fbx")
    keys = _key_frames(imported)
    assert_plays(imported, motion, keys)
    # The importer takes the rate without its base.
    seconds = (keys - IMPORT_SHIFT) / bpy.context.scene.render.fps
    np.testing.assert_allclose(seconds, np.arange(32) / clip_fps, atol=1e-4)


def _key_frames(armature: Any) -> np.ndarray:
    """Where the keys of a knee are."""
    curve = actions.curves_of(armature).find(actions.channel_path("left_knee", "rotation_quaternion"), index=0)
    return np.array([point.co[0] for point in curve.keyframe_points])


def test_fbx_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    armature = add_motion(bpy.context, random_motion(), "clip", 5)
    scene = bpy.context.scene
    bystander = bpy.data.objects.new("bystander", None)
    scene.collection.objects.link(bystander)
    bystander.select_set(True)
    armature.select_set(False)
    scene.frame_set(11, subframe=0.25)
    bpy.ops.object.mode_set(mode="POSE")
    before, keys = pose_positions(armature), _key_frames(armature)
    export_fbx(bpy.context, armature, tmp_path / "clip.fbx")
    np.testing.assert_array_equal(pose_positions(armature), before)
    np.testing.assert_array_equal(_key_frames(armature), keys)
    assert (scene.frame_current, scene.frame_subframe) == (11, 0.25)
    assert (scene.frame_start, scene.frame_end) == (1, 250)
    assert (bystander.select_get(), armature.select_get(), armature.mode) == (True, False, "POSE")
    assert [action.name for action in bpy.data.actions] == ["clip"]


def test_fbx_holds_the_armature_alone_and_the_users_edits(tmp_path: Path) -> None:
    armature = add_motion(bpy.context, random_motion(), "clip", 1)
    bpy.context.scene.collection.objects.link(bpy.data.objects.new("bystander", None))
    _straighten(armature, "left_elbow")
    motion = read_motion(armature)
    np.testing.assert_allclose(np.abs(motion.rotations[:, JOINT_NAMES.index("left_elbow"), 0]), 1, atol=1e-6)
    export_fbx(bpy.context, armature, tmp_path / "clip.fbx")
    imported = in_a_new_file(bpy.ops.import_scene.fbx, tmp_path / "clip.fbx")
    assert len(bpy.data.objects) == 1
    assert_plays(imported, motion, IMPORT_SHIFT + np.arange(len(motion)))


def _straighten(armature: Any, bone: str) -> None:
    """The user's edit: the bone is not turned at any key."""
    for index in range(4):
        curve = actions.curves_of(armature).find(actions.channel_path(bone, "rotation_quaternion"), index=index)
        for point in curve.keyframe_points:
            point.co[1] = float(index == 0)
        curve.update()


def test_fbx_of_keys_before_frame_0_begins_at_0(tmp_path: Path) -> None:
    motion = random_motion()
    armature = add_motion(bpy.context, motion, "clip", -5)
    export_fbx(bpy.context, armature, tmp_path / "clip.fbx")
    imported = in_a_new_file(bpy.ops.import_scene.fbx, tmp_path / "clip.fbx")
    assert_plays(imported, motion, IMPORT_SHIFT + np.arange(len(motion)))


@pytest.mark.parametrize("clip_fps", [24.0, 29.97])
def test_bvh_comes_back_upright_with_the_users_edits(tmp_path: Path, clip_fps: float) -> None:
    armature = add_motion(bpy.context, random_motion(fps=clip_fps), "clip", 4)
    _straighten(armature, "left_elbow")
    motion = read_motion(armature)
    export_bvh(bpy.context, armature, tmp_path / "clip.bvh")
    imported = in_a_new_file(bpy.ops.import_anim.bvh, tmp_path / "clip.bvh")
    heads = rest_heads(imported)
    size = np.ptp(heads[:, 2]) / np.ptp(body_to_blender(rest_positions(CONDITION_SKELETON))[:, 2])
    expected = body_to_blender(rest_positions(CONDITION_SKELETON)) * size
    np.testing.assert_allclose(heads - heads[0], expected - expected[0], atol=1e-3 * size)
    assert_plays(imported, motion, 1 + np.arange(len(motion)))


def test_bvh_without_a_path_stands_on_the_floor(tmp_path: Path) -> None:
    armature = add_motion(bpy.context, random_motion(path_length=0.0), "clip", 1)
    export_bvh(bpy.context, armature, tmp_path / "clip.bvh")
    imported = in_a_new_file(bpy.ops.import_anim.bvh, tmp_path / "clip.bvh")
    heights = []
    for frame in range(1, 21):
        bpy.context.scene.frame_set(frame)
        heights.append(pose_positions(imported)[:, 2].min())
    assert min(heights) == pytest.approx(0, abs=0.01), "in the file's centimetres"


@pytest.mark.parametrize("export", [export_bvh, export_fbx])
def test_an_unwritable_place_is_told_and_nothing_written(tmp_path: Path, export: Any) -> None:
    armature = add_motion(bpy.context, random_motion(), "clip", 1)
    with pytest.raises(InputError, match="missing"):
        export(bpy.context, armature, tmp_path / "missing" / "clip.out")
    assert list(tmp_path.iterdir()) == []


def test_blend_is_a_copy_without_backups(tmp_path: Path) -> None:
    motion = random_motion()
    add_motion(bpy.context, motion, "clip", 1)
    for _ in range(2):
        save_blend(bpy.context, tmp_path / "clip.blend")
    assert [path.name for path in tmp_path.iterdir()] == ["clip.blend"]
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "clip.blend"))
    assert_plays(bpy.data.objects["clip"], motion, 1 + np.arange(len(motion)))
