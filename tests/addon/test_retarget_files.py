"""`python -m addon retarget`: characters come back moving, a folder goes on past what fails, mistakes are told."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from dolls import MAPPING, add_doll
from motions import random_motion

from addon.retarget_files import Character, retarget_file, retarget_folder
from addon.scene.actions import curves_of
from addon.scene.character_file import load_character
from addon.scene.export import export_glb
from addon.scene.keyed_motion import add_motion
from addon.scene.retarget import Placement, retarget_onto
from addon.scene.rig import rig_of
from posenorm_core.errors import InputError
from posenorm_core.motion import Motion, save_motion, with_orientation
from posenorm_core.retargeting.mapping import save_mapping
from posenorm_core.retargeting.preset import choose_mapping
from posenorm_core.retargeting.retarget import RetargetOptions

CLONE = Path(__file__).resolve().parents[2]


@pytest.fixture
def character(tmp_path: Path) -> Character:
    """The doll in a .blend, and the list of its bones."""
    add_doll()
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "doll.blend"), copy=True)
    save_mapping(MAPPING, tmp_path / "doll.json")
    return Character(tmp_path / "doll.blend", tmp_path / "doll.json")


@pytest.fixture
def motion(tmp_path: Path) -> Motion:
    """A motion in the file clips/walk.npz."""
    (tmp_path / "clips").mkdir()
    made = random_motion(frames=12, fps=29.97)
    save_motion(made, tmp_path / "clips" / "walk.npz")
    return made


def knee_turns(armature: Any, frames: int) -> np.ndarray:
    """The left knee's own turn (T,) in radians, as Blender evaluates it."""
    turns = []
    for frame in range(1, frames + 1):
        bpy.context.scene.frame_set(frame)
        bone = armature.pose.bones["left_knee"]
        turned = bone.matrix.to_quaternion().rotation_difference(bone.parent.matrix.to_quaternion())
        rest = bone.bone.matrix_local.to_quaternion().rotation_difference(bone.parent.bone.matrix_local.to_quaternion())
        angle = (turned @ rest.inverted()).angle
        turns.append(min(angle, 2 * np.pi - angle))
    return np.array(turns)


def wanted_turns(motion: Motion) -> np.ndarray:
    heading = with_orientation(motion, "heading")
    return np.asarray(2 * np.arccos(np.clip(np.abs(heading.rotations[:, 5, 0]), 0, 1)))


def test_the_file_that_is_written_holds_the_character_moving_at_the_motions_rate(
    tmp_path: Path, character: Character, motion: Motion
) -> None:
    source, output = tmp_path / "clips" / "walk.npz", tmp_path / "out.blend"
    told = retarget_file(source, character, output, options=RetargetOptions())
    assert told == f"{output}: a doll rig; doll: 12 frames on 18 bones"
    bpy.ops.wm.open_mainfile(filepath=str(output))
    scene = bpy.context.scene
    assert scene.render.fps / scene.render.fps_base == pytest.approx(29.97, abs=1e-4)
    assert (scene.frame_start, scene.frame_end) == (1, 12)
    np.testing.assert_allclose(knee_turns(bpy.data.objects["doll"], 12), wanted_turns(motion), atol=2e-3)


def test_fbx_comes_back_moving(tmp_path: Path, character: Character, motion: Motion) -> None:
    output = tmp_path / "out.fbx"
    retarget_file(tmp_path / "clips" / "walk.npz", character, output, options=RetargetOptions(), preset="unity")
    bpy.ops.wm.read_factory_settings(use_empty=True)
    armature = load_character(bpy.context, output)
    frames = armature.animation_data.action.frame_range
    # The importer counts by the rate without its base.
    assert (frames[1] - frames[0]) / bpy.context.scene.render.fps == pytest.approx(11 / 29.97, abs=1e-4)


def test_a_folder_goes_on_past_what_fails(tmp_path: Path, character: Character, motion: Motion) -> None:
    save_motion(motion, tmp_path / "clips" / "a.npz")
    (tmp_path / "clips" / "broken.json").write_text("[1, 2", encoding="utf-8")
    told: list[str] = []
    progress: list[tuple[int, int]] = []
    failures = retarget_folder(
        tmp_path / "clips",
        character,
        tmp_path / "made" / "here",
        ".blend",
        tell=told.append,
        progress=lambda done, total: progress.append((done, total)),
    )
    assert sorted(path.name for path in (tmp_path / "made" / "here").iterdir()) == ["a.blend", "walk.blend"]
    assert list(failures.why) == ["broken.json"]
    assert "broken.json" in failures.why["broken.json"]
    assert (failures.done, len(told), progress[-1]) == (2, 2, (3, 3))
    assert failures.told().startswith("2 of 3 clips; failed: ")


def test_wrong_files_are_told_before_anything_is_written(tmp_path: Path, character: Character, motion: Motion) -> None:
    source = tmp_path / "clips" / "walk.npz"
    (tmp_path / "no.fbx").write_bytes(b"nothing of the kind")
    (tmp_path / "no.txt").write_text("")
    mesh = tmp_path / "mesh.blend"
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.wm.save_as_mainfile(filepath=str(mesh), copy=True)
    output = tmp_path / "out.blend"
    for wrong, words in (
        (Character(tmp_path / "none.glb"), "none.glb: there is no such file"),
        (Character(tmp_path / "no.fbx"), "no.fbx: Blender cannot read it"),
        (Character(tmp_path / "no.txt"), "no.txt: is no character that can be read"),
        (Character(mesh), "mesh.blend: holds no armature"),
    ):
        with pytest.raises(InputError, match=words):
            retarget_file(source, wrong, output)
    with pytest.raises(InputError, match=r"must end in \.fbx, \.glb, \.blend"):
        retarget_file(source, character, tmp_path / "out.obj")
    assert not output.exists()


def test_the_command_writes_and_tells_and_ends_with_2_on_mistakes(
    tmp_path: Path, character: Character, motion: Motion
) -> None:
    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "addon", "retarget", *map(str, arguments)]
        return subprocess.run(command, cwd=CLONE, capture_output=True, text=True)

    rig = ("--rig", character.path, "--bones", character.bones)
    done = run(tmp_path / "clips" / "walk.npz", *rig, "-o", tmp_path / "out.glb", "--in-place")
    assert done.returncode == 0, done.stderr
    assert "a doll rig; doll: 12 frames on 18 bones" in done.stdout
    assert (tmp_path / "out.glb").read_bytes()[:4] == b"glTF"
    (tmp_path / "clips" / "broken.json").write_text("{", encoding="utf-8")
    done = run(tmp_path / "clips", *rig, "-o", tmp_path / "all", "--kind", "blend")
    assert done.returncode == 2
    assert (tmp_path / "all" / "walk.blend").exists()
    assert done.stderr.splitlines()[-1].endswith("1 of 2 clips were not retargeted; the reasons stand above")
    done = run(tmp_path / "clips", *rig, "-o", tmp_path / "x.fbx")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert done.stderr.endswith("for a folder of clips give a folder as the output\n")
    done = run(tmp_path / "nothing.npz", *rig, "-o", tmp_path / "x.fbx")
    assert (done.returncode, done.stderr.count("\n"), "no such file" in done.stderr) == (2, 1, True)


def test_glb_moves_though_the_file_is_full_of_other_actions(tmp_path: Path, shared_data: Path) -> None:
    """A character with an action of its own beside an armature of ours: 4.2 and 4.3 wrote one action over another."""
    motion = random_motion(frames=30, fps=60.0)
    add_motion(bpy.context, motion, "walk", 1)
    armature = load_character(bpy.context, shared_data / "rigs" / "mixamo-sample-rig.glb")
    mapping = choose_mapping(rig_of(armature))
    retarget_onto(bpy.context, armature, motion, mapping, RetargetOptions(), Placement("walk", 1))
    export_glb(bpy.context, armature, tmp_path / "out.glb")
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.context.scene.render.fps = 60
    curves = curves_of(load_character(bpy.context, tmp_path / "out.glb"))
    assert curves is not None
    keys = [[key.co[1] for key in curve.keyframe_points] for curve in curves if "UpLeg" in curve.data_path]
    turning = [values for values in keys if np.ptp(values) > 0.01]
    assert len(turning) >= 6
    assert {len(values) for values in turning} == {30}
