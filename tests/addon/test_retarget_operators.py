"""The buttons of Retarget and Batch: the list of bones stays with the file, and mistakes are told in one line."""

import shutil
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from dolls import MAPPING, add_doll
from motions import random_motion

from addon.operators.batch import _onto_character
from addon.operators.normalize import chosen_body
from addon.scene import actions
from addon.scene.bone_list import listed_mapping, row_status
from addon.scene.keyed_motion import add_motion
from addon.status import status
from posenorm_core.bvh import write_motion_bvh
from posenorm_core.errors import InputError
from posenorm_core.motion import save_motion
from posenorm_core.retargeting.mapping import load_mapping, save_mapping

pytestmark = pytest.mark.usefixtures("addon")


@pytest.fixture
def settings() -> Any:
    """The section's choices."""
    return bpy.context.scene.posenorm_retarget


@pytest.fixture
def doll(settings: Any, tmp_path: Path) -> Any:
    """The character, picked, its bones read from a file."""
    doll = add_doll()
    settings.character = doll
    save_mapping(MAPPING, tmp_path / "doll.json")
    bpy.ops.posenorm.load_bones(filepath=str(tmp_path / "doll.json"))
    return doll


def add_source() -> Any:
    return add_motion(bpy.context, random_motion(), "walk", 1)


def test_the_motion_goes_onto_the_character(settings: Any, doll: Any) -> None:
    source = add_source()  # active
    assert bpy.ops.posenorm.retarget() == {"FINISHED"}
    assert doll.animation_data.action.name.startswith("walk")
    assert status.text.startswith("doll: 20 frames on 18 bones")
    settings.motion = source
    bpy.context.view_layer.objects.active = doll
    assert bpy.ops.posenorm.retarget() == {"FINISHED"}


def test_without_a_motion_or_a_character_the_button_is_grey(settings: Any) -> None:
    assert not bpy.ops.posenorm.retarget.poll()
    add_source()
    assert not bpy.ops.posenorm.retarget.poll()
    settings.character = add_doll()
    assert bpy.ops.posenorm.retarget.poll()  # the doll is active now, but there is one motion alone
    add_motion(bpy.context, random_motion(), "run", 1)
    bpy.context.view_layer.objects.active = settings.character
    assert not bpy.ops.posenorm.retarget.poll()
    settings.motion = bpy.data.objects["walk"]
    assert bpy.ops.posenorm.retarget.poll()


def test_a_character_is_not_retargeted_onto_itself(settings: Any) -> None:
    source = add_source()
    settings.character = source
    with pytest.raises(RuntimeError, match="onto itself"):
        bpy.ops.posenorm.retarget()
    assert status.is_error


def test_our_own_armature_as_the_character_shows_all_its_bones(settings: Any) -> None:
    settings.character = add_source()
    listed = listed_mapping(settings)
    assert set(listed.bones) >= {"hips", "spine", "head", "left_upper_arm", "right_foot"}
    assert {row_status(row, settings.character) for row in settings.bones} == {"found", "empty"}


def test_the_users_corrections_stay_with_character_and_file(settings: Any, doll: Any, tmp_path: Path) -> None:
    row = next(row for row in settings.bones if row.part == "head")
    row.bone = "tail"
    assert listed_mapping(settings).bone("head") == "tail"
    settings.character = None
    assert not len(settings.bones)
    settings.character = doll
    assert listed_mapping(settings).bone("head") == "tail"
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "saved.blend"), copy=True)
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "saved.blend"))
    opened = bpy.context.scene.posenorm_retarget
    assert opened.character.name == "doll"
    assert listed_mapping(opened).bone("head") == "tail"


def test_a_chain_that_is_filled_gets_another_row(settings: Any, doll: Any) -> None:
    rows = [row for row in settings.bones if row.part == "spine"]
    assert [row.bone for row in rows] == ["spine", "thorax", ""]
    rows[2].bone = "tail"
    assert [row.bone for row in settings.bones if row.part == "spine"] == ["spine", "thorax", "tail", ""]


def test_a_bone_for_two_parts_is_told_and_nothing_is_keyed(settings: Any, doll: Any) -> None:
    next(row for row in settings.bones if row.part == "head").bone = "pelvis"
    assert status.is_error
    assert "two parts" in status.text
    add_source()
    with pytest.raises(RuntimeError, match="two parts"):
        bpy.ops.posenorm.retarget()
    assert doll.animation_data is None


def test_a_bone_that_the_rig_lacks_is_shown(settings: Any, doll: Any) -> None:
    row = next(row for row in settings.bones if row.part == "head")
    row.bone = "antenna"
    row = next(row for row in settings.bones if row.part == "head")
    assert row_status(row, doll) == "unknown"


def test_the_list_is_saved_and_loaded(settings: Any, doll: Any, tmp_path: Path) -> None:
    bpy.ops.posenorm.save_bones(filepath=str(tmp_path / "bones.json"))
    assert load_mapping(tmp_path / "bones.json") == MAPPING
    (tmp_path / "wrong.json").write_text("{}", encoding="utf-8")
    with pytest.raises(RuntimeError, match="is no bone mapping"):
        bpy.ops.posenorm.load_bones(filepath=str(tmp_path / "wrong.json"))
    assert listed_mapping(settings) == MAPPING


def test_normalize_takes_the_characters_body(
    settings: Any, doll: Any, keypoints_file: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("addon.operators.normalize.weights_path", lambda _context: weights)
    doll.scale = (0.01,) * 3
    bpy.context.view_layer.update()
    choices = bpy.context.scene.posenorm
    choices.source, choices.body = str(keypoints_file), "CHARACTER"
    assert bpy.ops.posenorm.normalize() == {"FINISHED"}
    made = bpy.context.object
    assert made.data.bones["left_knee"].head_local.z == pytest.approx(0.48, abs=0.05)
    doll.scale = (1.0,) * 3
    bpy.context.scene.unit_settings.scale_length = 0.01
    bpy.ops.posenorm.normalize()
    made = bpy.context.object
    assert made.data.bones["left_knee"].head_local.z == pytest.approx(0.48, abs=0.05)
    bpy.context.view_layer.update()
    assert (made.matrix_world @ made.data.bones["left_knee"].head_local).z == pytest.approx(48, abs=5)
    settings.character = None
    with pytest.raises(RuntimeError, match="no character is chosen"):
        bpy.ops.posenorm.normalize()


@pytest.fixture
def clips(tmp_path: Path, keypoints_file: Path, weights: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of keypoints, a motion and a broken file."""
    monkeypatch.setattr("addon.operators.batch.weights_path", lambda _context: weights)
    folder = tmp_path / "clips"
    folder.mkdir()
    shutil.copy(keypoints_file, folder / "waving.npz")
    save_motion(random_motion(), folder / "walk.npz")
    (folder / "broken.json").write_text("[", encoding="utf-8")
    bpy.context.scene.posenorm_batch.folder = str(folder)
    return folder


def test_a_folder_becomes_armatures_and_what_fails_is_listed(clips: Path) -> None:
    assert bpy.ops.posenorm.batch() == {"FINISHED"}
    assert sorted(each.name for each in bpy.data.objects) == ["walk", "waving"]
    assert status.text.startswith("2 of 3 clips; failed: ")
    assert "broken.json" in status.text


def test_a_folder_becomes_actions_of_the_character(doll: Any, clips: Path) -> None:
    batch = bpy.context.scene.posenorm_batch
    batch.result = "ACTIONS"
    assert bpy.ops.posenorm.batch() == {"FINISHED"}
    assert sorted(action.name for action in bpy.data.actions) == ["walk", "waving"]
    assert [each.name for each in bpy.data.objects] == ["doll"]
    assert all(action.users for action in bpy.data.actions)  # none is lost when the file is saved


def test_an_undo_while_a_folder_is_computed_does_no_harm(doll: Any, clips: Path) -> None:
    name, put = doll.name, _onto_character(bpy.context)
    bpy.ops.ed.undo_push(message="before")
    bpy.context.scene.frame_end = 77
    bpy.ops.ed.undo_push(message="after")
    bpy.ops.ed.undo()
    put("walk", random_motion())
    assert bpy.data.objects[name].animation_data.action.name == "walk"
    bpy.context.scene.posenorm_retarget.character = None
    with pytest.raises(InputError, match="no character is chosen"):
        put("walk", random_motion())


def test_clips_of_one_name_become_two_files(clips: Path, tmp_path: Path) -> None:
    write_motion_bvh(random_motion(), clips / "walk.bvh")
    batch = bpy.context.scene.posenorm_batch
    batch.result, batch.preset, batch.output = "FILES", "motionbuilder", str(tmp_path / "out")
    (tmp_path / "out").mkdir()
    assert bpy.ops.posenorm.batch() == {"FINISHED"}
    written = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert written == ["walk.bvh.bvh", "walk.npz.bvh", "waving.bvh"]


@pytest.mark.parametrize("had_an_action", [False, True])
def test_files_of_a_character_leave_it_as_it_was(doll: Any, clips: Path, tmp_path: Path, had_an_action: bool) -> None:
    batch, before = bpy.context.scene.posenorm_batch, None
    batch.result, batch.preset, batch.output = "FILES", "motionbuilder", str(tmp_path / "out")
    with pytest.raises(RuntimeError, match="choose a folder"):
        bpy.ops.posenorm.batch()
    (tmp_path / "out").mkdir()
    doll.pose.bones["head"].rotation_quaternion = (0.8, 0.6, 0, 0)
    if had_an_action:
        before = actions.assign_new_action(doll, "idle")
        actions.write_curve(doll, "tail", "location", np.arange(1.0, 5.0), np.ones((4, 3)))
    assert bpy.ops.posenorm.batch() == {"FINISHED"}
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["walk.bvh", "waving.bvh"]
    assert [action.name for action in bpy.data.actions] == (["idle"] if had_an_action else [])
    assert doll.animation_data.action == before
    assert before is None or not before.use_fake_user
    bpy.context.scene.frame_set(3)
    assert doll.pose.bones["head"].rotation_quaternion[1] == pytest.approx(0.6)
    assert doll.pose.bones["pelvis"].location.length == pytest.approx(0)


def test_what_is_deleted_is_no_longer_taken(settings: Any, doll: Any) -> None:
    settings.motion = add_source()
    bpy.data.scenes[0].collection.objects.unlink(settings.motion)
    assert settings.motion is not None
    assert not bpy.ops.posenorm.retarget.poll()
    settings.motion = add_motion(bpy.context, random_motion(), "run", 1)
    assert bpy.ops.posenorm.retarget.poll()
    bpy.data.scenes[0].collection.objects.unlink(doll)
    assert settings.character == doll
    assert not bpy.ops.posenorm.retarget.poll()
    bpy.context.scene.posenorm.body = "CHARACTER"
    with pytest.raises(InputError, match="no character is chosen"):
        chosen_body(bpy.context)


def test_an_action_without_a_slot_gets_one(settings: Any, doll: Any) -> None:
    add_source()
    doll.animation_data_create().action = bpy.data.actions.new("mine")
    assert bpy.ops.posenorm.retarget() == {"FINISHED"}
    assert len(actions.curves_of(doll))


def test_a_motion_pushed_down_is_no_t_pose(settings: Any, doll: Any, tmp_path: Path) -> None:
    source = add_source()
    actions.push_down(source, "strip", 1)
    for button in (bpy.ops.posenorm.retarget, lambda: bpy.ops.posenorm.export_bvh(filepath=str(tmp_path / "x.bvh"))):
        with pytest.raises(RuntimeError, match="has no keys"):
            button()
    assert not (tmp_path / "x.bvh").exists()


def test_a_folder_becomes_files(clips: Path, tmp_path: Path) -> None:
    batch = bpy.context.scene.posenorm_batch
    batch.result, batch.preset, batch.output = "FILES", "motionbuilder", str(tmp_path / "out")
    (tmp_path / "out").mkdir()
    assert bpy.ops.posenorm.batch() == {"FINISHED"}
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["walk.bvh", "waving.bvh"]
    assert not bpy.data.objects


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        ({"folder": "/nowhere/at/all"}, "is no folder"),
        ({"folder": ""}, "no folder of clips is chosen"),
        ({"result": "ACTIONS"}, "no character is chosen"),
        ({"result": "FILES"}, "no folder is chosen for the files"),
    ],
)
def test_what_is_missing_is_told_before_the_work(clips: Path, choices: dict[str, str], words: str) -> None:
    for name, value in choices.items():
        setattr(bpy.context.scene.posenorm_batch, name, value)
    with pytest.raises(RuntimeError, match=words):
        bpy.ops.posenorm.batch()
    assert status.is_error


def test_a_folder_in_which_nothing_can_be_read_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "a.json").write_text("{", encoding="utf-8")
    bpy.context.scene.posenorm_batch.folder = str(tmp_path / "x")
    with pytest.raises(RuntimeError, match="0 of 1 clips; failed"):
        bpy.ops.posenorm.batch()


def test_quick_start_is_a_clip_that_can_be_normalized(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("addon.operators.normalize.weights_path", lambda _context: weights)
    assert bpy.ops.posenorm.quick_start() == {"FINISHED"}
    assert bpy.ops.posenorm.normalize() == {"FINISHED"}
    assert len(bpy.context.object.data.bones) == 19
