"""Cleaning loses nothing: always from the raw keys, which come back exactly; what is shown is as near as is said."""

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from motions import nudge, random_motion

from addon.operators import clean as clean_operators
from addon.scene import actions
from addon.scene.cleaning import clean, is_cleaned, restore_raw, turn
from addon.scene.confidence_marks import KEY_TYPE, mark_uncertain
from addon.scene.keyed_motion import add_motion, keyed_frames, orientation_of, read_motion, set_orientation
from addon.status import status
from posenorm_core import quaternion
from posenorm_core.condition_skeleton import LEAVES
from posenorm_core.errors import InputError
from posenorm_core.motion import ORIENTATIONS, Motion, with_orientation
from posenorm_core.smoothing import smooth_points, smooth_rotations

ONE_DEGREE = math.radians(1.0)


@pytest.fixture
def operators() -> Iterator[Any]:
    """The section's operators."""
    clean_operators.register()
    yield bpy.ops.posenorm
    clean_operators.unregister()


def trembling_motion(frames: int = 90, orientation: str = "heading") -> Motion:
    """A motion that trembles by a degree or so, its path by a few millimetres."""
    motion, rng = random_motion(frames=frames, orientation=orientation, fps=30.0), np.random.default_rng(7)
    tremble = quaternion.from_rotation_vector(0.01 * rng.normal(size=(*motion.rotations.shape[:2], 3)))
    path = motion.root_position + 0.004 * rng.normal(size=(frames, 3)).astype(np.float32)
    rotations = np.asarray(quaternion.multiply(motion.rotations, tremble)).astype(np.float32)
    untouched = [0, *LEAVES]  # the root is turned by what is kept of it
    rotations[:, untouched] = motion.rotations[:, untouched]
    return replace(motion, rotations=rotations, root_position=path)


@pytest.fixture
def armature() -> Any:
    """A trembling motion on an armature, in a scene of another rate."""
    return add_motion(bpy.context, trembling_motion(), "clip", 5)


def all_keys(armature: Any) -> dict[tuple[str, int], list[tuple[float, float]]]:
    """Every key of the armature's action."""
    return {
        (curve.data_path, curve.array_index): [tuple(point.co) for point in curve.keyframe_points]
        for curve in actions.curves_of(armature)
    }


def angles(found: Motion, expected: Motion) -> np.ndarray:
    return np.asarray(quaternion.geodesic_angle(found.rotations.astype(float), expected.rotations.astype(float)))


def names() -> set[str]:
    return {action.name for action in bpy.data.actions}


def test_neither_smoothed_nor_reduced_are_the_raw_keys_themselves(armature: Any) -> None:
    nudge(armature)
    raw = all_keys(armature)
    clean(armature, 0.7, 3 * ONE_DEGREE)
    assert all_keys(armature) != raw
    cleaned = clean(armature, 0.0, 0.0)
    assert all_keys(armature) == raw
    assert (cleaned.kept, cleaned.total, cleaned.error) == (20 * 90, 20 * 90, 0.0)


def test_the_raw_keys_come_back_after_any_cleaning_and_saving(armature: Any, tmp_path: Path) -> None:
    nudge(armature)
    raw, motion = all_keys(armature), read_motion(armature)
    clean(armature, 0.5, ONE_DEGREE)
    clean(armature, 1.0, 4 * ONE_DEGREE)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "cleaned.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "cleaned.blend"))
    armature = bpy.data.objects["clip"]
    bpy.data.actions["clip raw"].name = "renamed by the user"
    assert is_cleaned(armature)
    assert restore_raw(armature) is None
    assert all_keys(armature) == raw
    assert not is_cleaned(armature)
    assert names() == {"clip"}
    np.testing.assert_array_equal(read_motion(armature).root_position, motion.root_position)


def test_cleaning_again_is_as_cleaning_once(armature: Any) -> None:
    clean(armature, 0.4, ONE_DEGREE)
    once = all_keys(armature)
    clean(armature, 0.9, 5 * ONE_DEGREE)
    clean(armature, 0.4, ONE_DEGREE)
    assert all_keys(armature) == once
    assert names() == {"clip", "clip raw"}
    assert armature.animation_data.action.name == "clip"
    assert bpy.data.actions["clip raw"].use_fake_user


def test_every_frame_is_as_near_as_is_said_by_blenders_own_curves(armature: Any) -> None:
    raw = read_motion(armature)
    cleaned = clean(armature, 0.0, 2 * ONE_DEGREE)
    off = angles(read_motion(armature), raw)
    assert off.max() <= 2 * ONE_DEGREE + 1e-5
    assert off.max() == pytest.approx(cleaned.error, abs=1e-5)
    assert np.linalg.norm(read_motion(armature).root_position - raw.root_position, axis=1).max() <= 0.002 + 1e-5
    assert cleaned.kept < 0.6 * cleaned.total
    assert cleaned.kept == sum(len(keys) for (_, index), keys in all_keys(armature).items() if index == 0)


def test_smoothing_is_the_cores(armature: Any) -> None:
    raw = read_motion(armature)
    clean(armature, 0.5, 0.0)
    found, sure = read_motion(armature), np.maximum(raw.confidence, 0.05)
    expected = smooth_rotations(raw.rotations.astype(float), sure, 30.0, 0.5)
    assert quaternion.geodesic_angle(found.rotations.astype(float), expected).max() < 1e-5
    path = smooth_points(raw.root_position[:, None], sure[:, :1], 30.0, 0.5)[:, 0]
    np.testing.assert_allclose(found.root_position, path, atol=1e-5)
    assert angles(found, raw).max() > 0.01


def test_the_curves_of_a_bone_share_their_frames_and_the_clip_its_ends(armature: Any) -> None:
    frames = keyed_frames(armature)
    clean(armature, 0.3, ONE_DEGREE)
    np.testing.assert_allclose(keyed_frames(armature), frames)
    for name in ("left_elbow", "head"):
        path = actions.channel_path(name, "rotation_quaternion")
        keys = [[frame for frame, _ in all_keys(armature)[path, index]] for index in range(4)]
        assert keys[0] == keys[1] == keys[2] == keys[3]
        assert (keys[0][0], keys[0][-1]) == pytest.approx((frames[0], frames[-1]))
    assert len(all_keys(armature)[actions.channel_path("head", "rotation_quaternion"), 0]) == 2, "it never turns"


def test_curves_that_are_not_of_the_motion_stay(armature: Any) -> None:
    armature.pose.bones["left_knee"].scale = (1.0, 2.0, 1.0)
    armature.pose.bones["left_knee"].keyframe_insert("scale", frame=11)
    clean(armature, 0.3, ONE_DEGREE)
    assert all_keys(armature)[actions.channel_path("left_knee", "scale"), 1] == [(11.0, 2.0)]


def test_edits_of_cleaned_keys_are_not_lost_by_cleaning_again(armature: Any) -> None:
    clean(armature, 0.3, ONE_DEGREE)
    nudge(armature)
    edited = all_keys(armature)
    before = clean(armature, 0.5, ONE_DEGREE).before
    assert before is not None
    assert names() == {"clip", "clip raw", before}
    assert all_keys(armature) != edited
    actions.swap_action(armature, bpy.data.actions[before])
    assert all_keys(armature) == edited
    assert is_cleaned(armature)
    assert bpy.data.actions[before].use_fake_user


def test_a_duplicate_has_its_own_way_back(armature: Any) -> None:
    raw = all_keys(armature)
    clean(armature, 0.5, ONE_DEGREE)
    other = armature.copy()
    other.animation_data.action = armature.animation_data.action.copy()
    bpy.context.collection.objects.link(other)
    restore_raw(armature)
    nudge(armature)
    restore_raw(other)
    assert all_keys(other) == raw
    assert all_keys(armature) != raw


def test_a_linked_action_is_cleaned_in_a_copy(armature: Any, tmp_path: Path) -> None:
    library = str(tmp_path / "library.blend")
    bpy.ops.wm.save_as_mainfile(filepath=library, copy=True)
    with bpy.data.libraries.load(library, link=True) as (_, wanted):
        wanted.actions = ["clip"]
    linked = wanted.actions[0]
    actions.swap_action(armature, linked)
    raw = all_keys(armature)
    clean(armature, 0.5, ONE_DEGREE)
    assert armature.animation_data.action.library is None
    assert all_keys(armature) != raw
    restore_raw(armature)
    assert armature.animation_data.action == linked
    assert all_keys(armature) == raw


def test_a_linked_action_is_turned_in_a_copy(armature: Any, tmp_path: Path) -> None:
    library, motion = str(tmp_path / "library.blend"), read_motion(armature)
    bpy.ops.wm.save_as_mainfile(filepath=library, copy=True)
    with bpy.data.libraries.load(library, link=True) as (_, wanted):
        wanted.actions, wanted.objects = ["clip"], ["clip"]
    linked = wanted.actions[0]
    actions.swap_action(armature, linked)
    turn(armature, "view")
    assert armature.animation_data.action.library is None
    np.testing.assert_allclose(angles(read_motion(armature), with_orientation(motion, "view")), 0, atol=2e-3)
    keys = all_keys(wanted.objects[0])
    with pytest.raises(InputError, match="is linked"):
        turn(wanted.objects[0], "view")
    assert all_keys(wanted.objects[0]) == keys


def test_an_action_that_another_object_uses_is_left_to_it(armature: Any) -> None:
    clean(armature, 0.3, ONE_DEGREE)
    shared = armature.animation_data.action
    other = armature.copy()
    bpy.context.collection.objects.link(other)
    assert other.animation_data.action == shared
    cleaned = all_keys(other)
    clean(armature, 0.9, ONE_DEGREE)
    assert all_keys(other) == cleaned


def test_where_the_raw_action_was_deleted_the_present_keys_are_the_raw_ones(armature: Any) -> None:
    clean(armature, 0.5, ONE_DEGREE)
    bpy.data.actions.remove(bpy.data.actions["clip raw"])
    assert not is_cleaned(armature)
    present = all_keys(armature)
    clean(armature, 1.0, 5 * ONE_DEGREE)
    restore_raw(armature)
    assert all_keys(armature) == present


@pytest.mark.parametrize("first", ORIENTATIONS)
@pytest.mark.parametrize("second", ORIENTATIONS)
def test_turning_and_cleaning_may_come_in_any_order(first: str, second: str) -> None:
    motion = trembling_motion(orientation=first)
    one, other = (add_motion(bpy.context, motion, name, 1) for name in ("one", "other"))
    clean(one, 0.6, ONE_DEGREE)
    turn(one, second)
    set_orientation(other, second)
    raw = read_motion(other)
    clean(other, 0.6, ONE_DEGREE)
    np.testing.assert_allclose(angles(read_motion(one), read_motion(other)), 0, atol=2e-3)
    np.testing.assert_allclose(read_motion(one).root_position, read_motion(other).root_position, atol=2e-4)
    assert names() == {"one", "one raw", "other", "other raw"}
    clean(one, 0.6, 0.0)
    restore_raw(one)
    assert orientation_of(one) == second
    np.testing.assert_allclose(angles(read_motion(one), raw), 0, atol=1e-5)
    np.testing.assert_allclose(read_motion(one).root_position, raw.root_position, atol=1e-5)


def test_turning_keeps_the_users_edits_of_other_bones_and_that_they_are_edits(armature: Any) -> None:
    clean(armature, 0.3, ONE_DEGREE)
    nudge(armature)
    elbow = all_keys(armature)[actions.channel_path("left_elbow", "rotation_quaternion"), 1]
    turn(armature, "view")
    assert all_keys(armature)[actions.channel_path("left_elbow", "rotation_quaternion"), 1] == elbow
    assert clean(armature, 0.3, ONE_DEGREE).before is not None
    turn(armature, "unified")
    assert clean(armature, 0.4, ONE_DEGREE).before is None, "turning is no edit"


def test_marks_come_along(armature: Any) -> None:
    def marked() -> int:
        curve = actions.curves_of(armature).find(actions.channel_path("left_elbow", "rotation_quaternion"), index=0)
        return sum(point.type == KEY_TYPE for point in curve.keyframe_points)

    kept = armature["posenorm"]
    confidence = np.full((90, 19), 0.9, dtype=np.float32)
    confidence[30:60, 12] = 0.1
    kept["confidence"] = confidence.ravel()
    mark_uncertain(armature)
    assert marked() == 30
    clean(armature, 0.2, ONE_DEGREE)
    assert 0 < marked() < 30


def test_a_failure_half_way_changes_nothing(armature: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    clean(armature, 0.3, ONE_DEGREE)
    turn(armature, "view")
    before, motion = all_keys(armature), read_motion(armature)
    monkeypatch.setattr("addon.scene.cleaning.set_orientation", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        clean(armature, 0.9, ONE_DEGREE)
    assert all_keys(armature) == before
    assert names() == {"clip", "clip raw"}
    assert orientation_of(armature) == "view"
    np.testing.assert_array_equal(read_motion(armature).root_position, motion.root_position)
    monkeypatch.undo()
    assert clean(armature, 0.9, ONE_DEGREE).before is None


def test_what_cannot_be_cleaned_is_told(armature: Any) -> None:
    with pytest.raises(InputError, match="raw ones already"):
        restore_raw(armature)
    for strength, tolerance in ((1.5, 0.0), (math.nan, 0.0), (0.3, -1.0)):
        with pytest.raises(InputError, match=r"strength|tolerance"):
            clean(armature, strength, tolerance)
    armature.animation_data.action = None
    with pytest.raises(InputError, match="has no action"):
        clean(armature, 0.3, 0.0)
    actions.assign_new_action(armature, "empty")
    with pytest.raises(InputError, match="no keys to clean"):
        clean(armature, 0.3, 0.0)
    assert names() == {"clip", "empty"}
    bpy.ops.object.armature_add()
    with pytest.raises(InputError, match="keeps no motion"):
        clean(bpy.context.object, 0.3, 0.0)


def test_the_buttons_tell_what_they_did_and_are_grey_before(armature: Any, operators: Any) -> None:
    assert operators.clean.poll()
    assert not operators.restore_raw.poll()
    assert operators.clean(strength=0.3, tolerance=ONE_DEGREE) == {"FINISHED"}
    assert status.text.startswith("clip: kept ")
    assert "of 1,800 keys, at most 1.0° off" in status.text
    nudge(armature)
    assert operators.restore_raw() == {"FINISHED"}
    assert status.text == "clip: the raw keys; the keys edited before stay as the action 'clip before'"
    bpy.ops.object.armature_add()
    assert not operators.clean.poll()


def test_a_button_that_fails_says_why(armature: Any, operators: Any) -> None:
    armature.animation_data.action = None
    with pytest.raises(RuntimeError, match="has no action"):
        operators.clean()
    assert status.is_error


def test_each_is_one_undo_step(armature: Any, operators: Any) -> None:
    raw = all_keys(armature)
    bpy.ops.ed.undo_push(message="before")
    operators.clean("EXEC_DEFAULT", True, strength=0.5)
    cleaned = all_keys(bpy.data.objects["clip"])
    bpy.ops.ed.undo()
    assert all_keys(bpy.data.objects["clip"]) == raw
    assert names() == {"clip"}
    bpy.ops.ed.redo()
    assert all_keys(bpy.data.objects["clip"]) == cleaned
    assert names() == {"clip", "clip raw"}
