"""The panel's buttons do what they say, in one step that can be undone; users' mistakes are told in one line."""

import json
import shutil
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from motions import random_motion

from addon import source
from addon.scene.keyed_motion import orientation_of, read_motion
from addon.status import status
from posenorm_core.formats import read_clip
from posenorm_core.keypoints import save_keypoints
from posenorm_core.motion import save_motion
from posenorm_core.normalizer import normalize
from posenorm_core.skeleton import Skeleton, load_skeleton, save_skeleton

pytestmark = pytest.mark.usefixtures("addon")


@pytest.fixture(autouse=True)
def _tiny_network(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The preference names the tests' weights (from a clone there is no enabled extension to hold it)."""
    monkeypatch.setattr("addon.operators.normalize.weights_path", lambda _context: weights)


@pytest.fixture
def choices() -> Any:
    """The panel's choices."""
    return bpy.context.scene.posenorm


def counts() -> tuple[int, int, int]:
    """How much there is in the file."""
    return len(bpy.data.objects), len(bpy.data.armatures), len(bpy.data.actions)


def test_normalize_gives_what_the_core_gives(choices: Any, keypoints_file: Path, weights: Path) -> None:
    choices.source, choices.start_frame, choices.orientation = str(keypoints_file), 7, "heading"
    assert bpy.ops.posenorm.normalize() == {"FINISHED"}
    armature = bpy.context.object
    expected = normalize(read_clip(keypoints_file).keypoints(), orientation="heading", weights=weights)
    found = read_motion(armature)
    np.testing.assert_allclose(np.abs(np.sum(found.rotations * expected.rotations, axis=2)), 1, atol=1e-5)
    assert found.source == expected.source
    assert (armature.name, armature.animation_data.action.name, found.fps) == ("waving", "waving", 29.97)
    assert armature.animation_data.action.frame_range[0] == 7
    assert "waving" in status.text
    assert not status.is_error


def test_it_is_one_undo_step(choices: Any, keypoints_file: Path) -> None:
    choices.source = str(keypoints_file)
    bpy.ops.ed.undo_push(message="before")
    bpy.ops.posenorm.normalize("EXEC_DEFAULT", True)  # True: with its undo step, as from a button
    assert counts() == (1, 1, 1)
    bpy.ops.ed.undo()
    assert counts() == (0, 0, 0)
    bpy.ops.ed.redo()
    assert counts() == (1, 1, 1)


def test_reading_the_source_tells_what_is_there(choices: Any, keypoints_file: Path) -> None:
    choices.source = str(keypoints_file)
    assert source.recall(choices.source) is None
    assert bpy.ops.posenorm.load_source() == {"FINISHED"}
    clip = source.recall(choices.source)
    assert clip is not None
    assert (len(clip), clip.fps, len(clip.people)) == (40, 29.97, 1)
    choices.source = "elsewhere.npz"
    assert source.recall(choices.source) is None, "the panel must not tell of another file"


@pytest.fixture
def crowd(tmp_path: Path) -> Path:
    """Five OpenPose frames of two people side by side; the one on the right is missing from one frame."""
    folder = tmp_path / "crowd"
    folder.mkdir()
    rng = np.random.default_rng(2)
    shape = rng.uniform(0, 100, (25, 2))
    for frame in range(5):
        people = []
        for number, left in enumerate((50, 900)):
            if number and frame == 2:
                continue
            points = np.column_stack([shape + np.array([left + 3 * frame, 50 + frame]), np.full(25, 0.9)])
            people.append({"pose_keypoints_2d": points.ravel().tolist()})
        (folder / f"crowd_{frame:012d}_keypoints.json").write_text(json.dumps({"version": 1.3, "people": people}))
    return folder


def test_a_person_and_a_rate_can_be_chosen(choices: Any, crowd: Path) -> None:
    choices.source = str(crowd)
    bpy.ops.posenorm.load_source()
    choices.person, choices.fps = "2", 50
    bpy.ops.posenorm.normalize()
    motion = read_motion(bpy.context.object)
    assert motion.source["person"] == 2
    assert (motion.fps, len(motion), bpy.context.object.name) == (50, 5, "crowd person 2")
    choices.person = "0"
    bpy.ops.posenorm.normalize()
    assert read_motion(bpy.context.object).source["person"] == 1
    assert bpy.context.object.name == "crowd"


def test_the_person_stays_chosen_in_a_file_that_is_opened_again(choices: Any, crowd: Path, tmp_path: Path) -> None:
    choices.source = str(crowd)
    bpy.ops.posenorm.load_source()
    choices.person = "2"
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "kept.blend"))
    source.forget()
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "kept.blend"))
    assert bpy.context.scene.posenorm.person == "2"
    bpy.ops.posenorm.normalize()
    assert read_motion(bpy.context.object).source["person"] == 2


def test_a_relative_source_is_another_one_in_a_file_elsewhere(
    choices: Any, keypoints_file: Path, crowd: Path, tmp_path: Path
) -> None:
    for folder, taken in (("a", keypoints_file), ("b", tmp_path / "other.npz")):
        (tmp_path / folder).mkdir()
        if not taken.exists():
            save_keypoints(read_clip(crowd, 25).keypoints(), taken)
        shutil.copy(taken, tmp_path / folder / "clip.npz")
        bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / folder / "scene.blend"))
        bpy.context.scene.posenorm.source = "//clip.npz"
        bpy.ops.posenorm.normalize()
    assert [len(read_motion(each)) for each in bpy.data.objects] == [40, 5]


def test_a_motion_is_no_pose_of_a_video(choices: Any, tmp_path: Path, weights: Path) -> None:
    save_motion(random_motion(), tmp_path / "walk.npz")
    choices.source = str(tmp_path / "walk.npz")
    bpy.context.scene.posenorm_video.video = str(tmp_path / "v.mp4")
    for _ in range(2):
        with pytest.raises(RuntimeError, match="is a motion, no 2D pose"):
            bpy.ops.posenorm.show_video()
        bpy.ops.posenorm.load_source()


def test_the_body_comes_from_a_skeleton_file(choices: Any, keypoints_file: Path, tmp_path: Path) -> None:
    from posenorm_core.condition_skeleton import CONDITION_SKELETON as BODY

    child = Skeleton(BODY.joint_names, BODY.parents, BODY.offsets * 0.5)
    save_skeleton(child, tmp_path / "child.json")
    choices.source, choices.body, choices.skeleton_path = str(keypoints_file), "FILE", str(tmp_path / "child.json")
    bpy.ops.posenorm.normalize()
    np.testing.assert_allclose(read_motion(bpy.context.object).skeleton.offsets, child.offsets, atol=1e-6)
    assert load_skeleton(tmp_path / "child.json").joint_names == child.joint_names


def test_orientation_changes_without_computing(choices: Any, keypoints_file: Path, monkeypatch: Any) -> None:
    choices.source = str(keypoints_file)
    bpy.ops.posenorm.normalize()
    monkeypatch.setattr("addon.operators.normalize.motion_of", lambda *_, **__: pytest.fail("computed again"))
    for orientation in ("view", "heading", "unified"):
        assert bpy.ops.posenorm.set_orientation(orientation=orientation) == {"FINISHED"}
        assert orientation_of(bpy.context.object) == orientation


def test_both_exports_write(choices: Any, keypoints_file: Path, tmp_path: Path) -> None:
    choices.source = str(keypoints_file)
    bpy.ops.posenorm.normalize()
    bpy.ops.posenorm.export_fbx(filepath=str(tmp_path / "a.fbx"))
    bpy.ops.posenorm.export_bvh(filepath=str(tmp_path / "a.bvh"))
    assert (tmp_path / "a.fbx").stat().st_size > 1000
    assert (tmp_path / "a.bvh").read_text().startswith("HIERARCHY")


def test_buttons_are_greyed_until_they_make_sense(choices: Any) -> None:
    for name in ("normalize", "load_source", "set_orientation", "export_fbx", "export_bvh"):
        assert not getattr(bpy.ops.posenorm, name).poll(), name
    choices.source = "something"
    assert bpy.ops.posenorm.normalize.poll()
    bpy.ops.object.armature_add()
    assert not bpy.ops.posenorm.export_fbx.poll(), "an armature, but not one of ours"


def bad_inputs(tmp_path: Path, keypoints_file: Path) -> dict[str, tuple[Path, str]]:
    """Inputs that cannot be used, and a word that the line must have besides the file's name."""
    empty = tmp_path / "empty"
    empty.mkdir()
    cut = tmp_path / "cut.npz"
    cut.write_bytes(keypoints_file.read_bytes()[:200])
    unseen = tmp_path / "unseen.npz"
    arrays = dict(np.load(keypoints_file))
    np.savez(unseen, **{**arrays, "confidence": np.zeros_like(arrays["confidence"])})
    return {
        "absent": (tmp_path / "absent.npz", ""),
        "empty": (empty, ""),
        "cut": (cut, ""),
        "unseen": (unseen, "nobody is in it"),
    }


@pytest.mark.parametrize("case", ["absent", "empty", "cut", "unseen"])
def test_bad_input_is_told_in_one_line_and_the_panel_goes_on(
    choices: Any, tmp_path: Path, keypoints_file: Path, case: str
) -> None:
    path, words = bad_inputs(tmp_path, keypoints_file)[case]
    choices.source = str(path)
    with pytest.raises(RuntimeError, match=path.name) as caught:
        bpy.ops.posenorm.normalize()
    assert words in str(caught.value)
    assert status.is_error
    assert status.text in str(caught.value), "the panel and the status bar say the same"
    assert len(status.text.splitlines()) == 1
    assert counts() == (0, 0, 0)
    choices.source = str(keypoints_file)
    assert bpy.ops.posenorm.normalize() == {"FINISHED"}
    assert not status.is_error


def test_other_mistakes_are_told_too(
    choices: Any, keypoints_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    choices.source, choices.body = str(keypoints_file), "FILE"
    with pytest.raises(RuntimeError, match="no file is chosen"):
        bpy.ops.posenorm.normalize()
    choices.skeleton_path = str(tmp_path / "none.json")
    with pytest.raises(RuntimeError, match="none"):
        bpy.ops.posenorm.normalize()
    save_skeleton(Skeleton(("a", "b"), (-1, 0), np.ones((2, 3))), tmp_path / "two.json")
    choices.skeleton_path = str(tmp_path / "two.json")
    with pytest.raises(RuntimeError, match=r"two.json.*19 joints"):
        bpy.ops.posenorm.normalize()
    choices.body = "CONDITION"
    shutil.copy(keypoints_file, tmp_path / "no_weights.npz")
    monkeypatch.setattr("addon.operators.normalize.weights_path", lambda _context: tmp_path / "no_weights.npz")
    with pytest.raises(RuntimeError, match=r"no_weights.npz.*posenorm-weights"):
        bpy.ops.posenorm.normalize()
    assert counts() == (0, 0, 0)


def test_an_unwritable_export_is_told(choices: Any, keypoints_file: Path, tmp_path: Path) -> None:
    choices.source = str(keypoints_file)
    bpy.ops.posenorm.normalize()
    for export in (bpy.ops.posenorm.export_fbx, bpy.ops.posenorm.export_bvh):
        with pytest.raises(RuntimeError, match="nowhere"):
            export(filepath=str(tmp_path / "nowhere" / "a.fbx"))
        assert status.is_error
