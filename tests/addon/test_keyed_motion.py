"""A keyed motion plays as the motion is, at its own times; what is kept with it survives saving and switching."""

from pathlib import Path

import bpy
import numpy as np
import pytest
from motions import pose_positions, random_motion

from addon.scene import actions
from addon.scene.axes import body_to_blender
from addon.scene.keyed_motion import add_motion, keyed_frames, read_motion, set_orientation
from posenorm_core import quaternion
from posenorm_core.condition_skeleton import JOINT_NAMES
from posenorm_core.errors import InputError
from posenorm_core.motion import ORIENTATIONS, Motion, with_orientation


def set_rate(fps: int, base: float = 1.0) -> None:
    bpy.context.scene.render.fps, bpy.context.scene.render.fps_base = fps, base


def show(frame: float) -> None:
    bpy.context.scene.frame_set(int(np.floor(frame)), subframe=float(frame % 1))


def on_the_floor(motion: Motion) -> np.ndarray:
    """Where the joints should be (T, J, 3) in Blender: the motion's own path, the lowest of all at height 0."""
    positions = motion.positions() + motion.path[:, None]
    positions[..., 1] -= positions[..., 1].min()
    return body_to_blender(positions)


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_every_joint_is_where_the_motion_has_it_and_stands_on_the_floor(orientation: str) -> None:
    motion = random_motion(orientation=orientation)
    armature = add_motion(bpy.context, motion, "clip", 1)
    expected = on_the_floor(motion)
    for frame in (0, 7, 19):
        show(1 + frame)
        np.testing.assert_allclose(pose_positions(armature), expected[frame], atol=1e-5)


@pytest.mark.parametrize(
    ("clip_fps", "fps", "base"), [(60.0, 24, 1.0), (29.97, 30, 1.0), (25.0, 60, 1.0), (30.0, 30, 1.001)]
)
def test_keys_stand_at_the_clips_own_times_in_the_scenes_rate(clip_fps: float, fps: int, base: float) -> None:
    set_rate(fps, base)
    motion = random_motion(frames=31, fps=clip_fps)
    armature = add_motion(bpy.context, motion, "clip", 10)
    curve = actions.curves_of(armature).find(actions.channel_path("left_knee", "rotation_quaternion"), index=1)
    keys = np.array([point.co[0] for point in curve.keyframe_points])
    np.testing.assert_allclose((keys - 10) / (fps / base), np.arange(31) / clip_fps, atol=1e-6)
    assert (bpy.context.scene.render.fps, bpy.context.scene.render.fps_base) == (fps, pytest.approx(base))
    expected = on_the_floor(motion)
    show(keys[17])
    np.testing.assert_allclose(pose_positions(armature), expected[17], atol=1e-4)


def test_keys_are_linear_and_continuous_in_sign() -> None:
    motion = random_motion(frames=50)
    flipped = motion.rotations.copy()
    flipped[::2] *= -1
    armature = add_motion(bpy.context, Motion(**{**vars(motion), "rotations": flipped}), "clip", 1)
    curves = actions.curves_of(armature)
    for name in JOINT_NAMES:
        found = [curves.find(actions.channel_path(name, "rotation_quaternion"), index=k) for k in range(4)]
        keys = np.array([[point.co[1] for point in curve.keyframe_points] for curve in found]).T
        assert (np.sum(keys[1:] * keys[:-1], axis=1) >= 0).all()
        assert {point.interpolation for curve in found for point in curve.keyframe_points} == {"LINEAR"}
        assert {curve.group.name for curve in found} == {name}


def test_the_action_has_the_clips_name_and_nothing_else_is_left() -> None:
    armature = add_motion(bpy.context, random_motion(), "balancing", 1)
    assert armature.animation_data.action.name == armature.name == "balancing"
    assert [len(bpy.data.actions), len(bpy.data.armatures), len(bpy.data.objects)] == [1, 1, 1]


def test_a_failure_half_way_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("addon.scene.keyed_motion._write_place", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        add_motion(bpy.context, random_motion(), "clip", 1)
    assert [len(bpy.data.actions), len(bpy.data.armatures), len(bpy.data.objects)] == [0, 0, 0]


def assert_same(found: Motion, motion: Motion) -> None:
    assert np.max(quaternion.geodesic_angle(found.rotations.astype(float), motion.rotations.astype(float))) < 1e-5
    for name in ("view_root", "up", "contacts", "confidence"):
        np.testing.assert_array_equal(getattr(found, name), getattr(motion, name))
    np.testing.assert_allclose(found.root_position, motion.root_position, atol=1e-5)
    np.testing.assert_allclose(found.skeleton.offsets, motion.skeleton.offsets, atol=1e-7)
    assert (found.fps, found.orientation, found.source) == (motion.fps, motion.orientation, motion.source)


@pytest.mark.parametrize("clip_fps", [24.0, 29.97])
def test_the_motion_reads_back_also_from_a_saved_file(tmp_path: Path, clip_fps: float) -> None:
    motion = random_motion(fps=clip_fps)
    armature = add_motion(bpy.context, motion, "clip", 3)
    assert_same(read_motion(armature), motion)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "kept.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "kept.blend"))
    assert_same(read_motion(bpy.data.objects["clip"]), motion)


@pytest.mark.parametrize("first", ORIENTATIONS)
@pytest.mark.parametrize("second", ORIENTATIONS)
def test_switching_orientation_equals_having_chosen_it(first: str, second: str) -> None:
    motion = random_motion(orientation=first)
    armature = add_motion(bpy.context, motion, "clip", 1)
    set_orientation(armature, second)
    assert_same(read_motion(armature), with_orientation(motion, second))
    show(8)
    np.testing.assert_allclose(pose_positions(armature), on_the_floor(with_orientation(motion, second))[7], atol=1e-5)


def test_switching_keeps_the_users_keys_of_the_other_bones_and_their_shift_in_time() -> None:
    armature = add_motion(bpy.context, random_motion(), "clip", 1)
    curves = actions.curves_of(armature)
    for curve in curves:
        for point in curve.keyframe_points:
            point.co[0] += 12
        curve.update()
    elbow = curves.find(actions.channel_path("left_elbow", "rotation_quaternion"), index=0)
    elbow.keyframe_points[4].co[1] = 0.123
    set_orientation(armature, "view")
    np.testing.assert_allclose(keyed_frames(armature), 13 + np.arange(20))
    elbow = actions.curves_of(armature).find(actions.channel_path("left_elbow", "rotation_quaternion"), index=0)
    assert elbow.keyframe_points[4].co[1] == pytest.approx(0.123)


def test_a_lost_bone_or_a_foreign_armature_is_told() -> None:
    armature = add_motion(bpy.context, random_motion(), "clip", 1)
    bpy.ops.object.mode_set(mode="EDIT")
    armature.data.edit_bones.remove(armature.data.edit_bones["head"])
    bpy.ops.object.mode_set(mode="OBJECT")
    with pytest.raises(InputError, match="its bone 'head' is gone"):
        read_motion(armature)
    bpy.ops.object.armature_add()
    with pytest.raises(InputError, match="keeps no motion"):
        read_motion(bpy.context.object)


def test_one_frame_is_a_motion() -> None:
    motion = random_motion(frames=1)
    armature = add_motion(bpy.context, motion, "still", 1)
    assert_same(read_motion(armature), motion)


def test_a_motion_without_a_path_comes_back_without_one() -> None:
    armature = add_motion(bpy.context, random_motion(path_length=0.0), "clip", 1)
    assert not read_motion(armature).root_position.any()
