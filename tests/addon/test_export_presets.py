"""Each preset's file, read back: upright, in metres, at the clip's rate, one take, no bones but the character's."""

import json
import math
import struct
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import bpy
import numpy as np
import pytest
from characters import CLIP_FPS, CLIP_FRAMES, add_character
from motions import random_motion

from addon.export_files import export_folder, export_motion
from addon.operators import export
from addon.panels.export import draw_export
from addon.scene import actions
from addon.scene.clip_frames import clip_frames
from addon.scene.export import save_blend
from addon.scene.export_presets import PRESETS
from addon.scene.keyed_motion import add_motion
from addon.scene.mannequin import add_mannequin
from addon.scene.sampled_pose import sample_pose
from addon.status import status
from posenorm_core.bvh import read_bvh
from posenorm_core.condition_skeleton import JOINT_NAMES
from posenorm_core.errors import InputError
from posenorm_core.motion import save_motion

CLONE = Path(__file__).resolve().parents[2]
# Blender 4.2's module crashes while Python ends after a glTF export: a process that ends otherwise does it.
EXPORT = """
import os, sys, bpy
sys.path.insert(0, sys.argv[1])
from addon.scene.export_presets import PRESETS
bpy.ops.wm.open_mainfile(filepath=sys.argv[2])
PRESETS["godot"].write(bpy.context, bpy.data.objects[sys.argv[3]], sys.argv[4])
sys.stdout.flush()
os._exit(0)
"""


@pytest.mark.parametrize(("gap", "frames"), [(1, 3), (4, 3), (40, 81)])
def test_few_keys_far_apart_are_poses_and_no_recording(gap: int, frames: int) -> None:
    character = add_character(mesh=False)
    actions.assign_new_action(character, "poses")
    places = 1.0 + gap * np.arange(3)
    for bone in JOINT_NAMES:
        actions.write_curve(character, bone, "rotation_quaternion", places, np.tile([1.0, 0, 0, 0], (3, 1)))
    clip = clip_frames(bpy.context.scene, character)
    assert (len(clip.frames), clip.frames[-1]) == (frames, places[-1])


def ours(mesh: bool) -> Any:
    """An armature of ours at 29.97 in a scene that plays at 24."""
    motion = replace(random_motion(frames=CLIP_FRAMES, fps=CLIP_FPS), fps=CLIP_FPS)
    armature = add_motion(bpy.context, motion, "walk", 5)
    if mesh:
        add_mannequin(bpy.context, armature)
    return armature


SUBJECTS: dict[str, Any] = {
    "ours": lambda: ours(False),
    "mannequin": lambda: ours(True),
    "character": lambda: add_character(),
}


# Where Blender's importers put a file's first frame, and the next: its FBX takes a rate like 29.97 without the base.
FIRST = {"unreal": 0, "unity": 0, "godot": 0, "motionbuilder": 1}
STEP = {"unreal": 30 / CLIP_FPS, "unity": 30 / CLIP_FPS, "godot": 1.0, "motionbuilder": 1.0}


class Expected:
    """What the source shows, before its file is closed: heads at rest and in each frame, about the object's place."""

    def __init__(self, armature: Any) -> None:
        clip = clip_frames(bpy.context.scene, armature)
        pose = sample_pose(bpy.context, armature, clip.frames)
        place = np.array(armature.matrix_world.translation)
        self.name, self.fps = clip.name, clip.fps
        self.heads = pose.bone_matrices[..., :3, 3][:, [pose.bone_names.index(name) for name in JOINT_NAMES]] - place
        self.rest = np.array([armature.matrix_world @ armature.data.bones[n].head_local for n in JOINT_NAMES]) - place
        self.meshes = sum(each.type == "MESH" for each in bpy.data.objects)


def written(armature: Any, preset: str, folder: Path) -> Path:
    """The file that the preset makes."""
    path = folder / f"out{PRESETS[preset].suffix}"
    if preset != "godot":
        PRESETS[preset].write(bpy.context, armature, path)
        return path
    save_blend(bpy.context, folder / "scene.blend")
    command = [sys.executable, "-c", EXPORT, str(CLONE), str(folder / "scene.blend"), armature.name, str(path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return path


def read_back(path: Path) -> Any:
    """The armature that Blender's importer makes of the file, alone in a new one."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    if path.suffix == ".fbx":
        bpy.ops.import_scene.fbx(filepath=str(path), anim_offset=0.0)
    elif path.suffix == ".glb":
        # The importer, as the exporter, multiplies where it should divide.
        bpy.context.scene.render.fps, bpy.context.scene.render.fps_base = 30, CLIP_FPS / 30
        bpy.ops.import_scene.gltf(filepath=str(path), disable_bone_shape=True)
    else:
        bpy.ops.import_anim.bvh(filepath=str(path), global_scale=0.01)
    return next(each for each in bpy.data.objects if each.type == "ARMATURE")


def posed_heads(armature: Any, frame: float) -> np.ndarray:
    """Where the bones begin in the world (J, 3)."""
    bpy.context.scene.frame_set(math.floor(frame), subframe=frame % 1)
    return np.array([armature.matrix_world @ armature.pose.bones[name].head for name in JOINT_NAMES])


@pytest.mark.parametrize("subject", SUBJECTS)
@pytest.mark.parametrize("preset", PRESETS)
def test_what_is_read_back_is_what_was_shown(tmp_path: Path, preset: str, subject: str) -> None:
    armature = SUBJECTS[subject]()
    expected = Expected(armature)
    assert expected.fps == pytest.approx(CLIP_FPS, abs=1e-3)
    imported = read_back(written(armature, preset, tmp_path))
    assert sorted(bone.name for bone in imported.data.bones) == sorted(JOINT_NAMES)
    rest = np.array([imported.matrix_world @ imported.data.bones[name].head_local for name in JOINT_NAMES])
    frames = (0, CLIP_FRAMES // 2, CLIP_FRAMES - 1)
    heads = np.array([posed_heads(imported, FIRST[preset] + frame * STEP[preset]) for frame in frames])
    if preset == "motionbuilder":  # places the rest pose, and the start of a motion of ours, about the root's joint
        rest += expected.rest[0] - rest[0]
        heads += expected.heads[0, 0] - heads[0, 0]
    np.testing.assert_allclose(rest, expected.rest, atol=2e-4)
    np.testing.assert_allclose(heads, expected.heads[list(frames)], atol=2e-3)
    meshes = [each for each in bpy.data.objects if each.type == "MESH"]
    assert len(meshes) == (expected.meshes if preset != "motionbuilder" else 0)
    assert len(bpy.data.actions) == 1
    if preset != "motionbuilder":  # BVH has no names for takes
        assert expected.name in bpy.data.actions[0].name


@pytest.mark.parametrize("preset", ["unreal", "unity", "godot"])
def test_the_mesh_goes_with_the_bones(tmp_path: Path, preset: str) -> None:
    character = add_character()
    last = clip_frames(bpy.context.scene, character).frames[-1]
    shown = _corners("hero skin", last) - np.array(character.matrix_world.translation)
    read_back(written(character, preset, tmp_path))
    frame = FIRST[preset] + (CLIP_FRAMES - 1) * STEP[preset]
    np.testing.assert_allclose(_corners("hero skin", frame), shown, atol=5e-3)


def _corners(name: str, frame: float) -> np.ndarray:
    """The lowest and the highest coordinates (2, 3) of the deformed mesh in the world."""
    bpy.context.scene.frame_set(math.floor(frame), subframe=float(frame % 1))
    mesh: Any = bpy.data.objects[name].evaluated_get(bpy.context.evaluated_depsgraph_get())
    vertices = np.array([mesh.matrix_world @ vertex.co for vertex in mesh.data.vertices])
    return np.stack([vertices.min(axis=0), vertices.max(axis=0)])


def fbx_content(path: Path) -> tuple[dict[str, Any], list[tuple[str, str, dict[str, Any]]], list[str]]:
    """The global settings, the nodes (name, kind, properties) and the names of the takes of an FBX file."""
    from io_scene_fbx import parse_fbx

    root, _ = parse_fbx.parse(str(path))
    part = {each.id: each for each in root.elems}

    def properties(element: Any) -> dict[str, Any]:
        table = next(each for each in element.elems if each.id == b"Properties70")
        return {each.props[0].decode(): each.props[4:] for each in table.elems}

    objects = [(each, each.props[1].split(b"\0")[0].decode()) for each in part[b"Objects"].elems]
    nodes = [(name, each.props[2].decode(), properties(each)) for each, name in objects if each.id == b"Model"]
    takes = [name for each, name in objects if each.id == b"AnimationStack"]
    return properties(part[b"GlobalSettings"]), nodes, takes


@pytest.mark.parametrize("subject", SUBJECTS)
@pytest.mark.parametrize(("preset", "unit", "up"), [("unreal", 1, 2), ("unity", 100, 1)])
def test_fbx_says_what_the_engine_reads(tmp_path: Path, preset: str, unit: float, up: int, subject: str) -> None:
    armature = SUBJECTS[subject]()
    expected = Expected(armature)
    settings, nodes, takes = fbx_content(written(armature, preset, tmp_path))
    assert (settings["UnitScaleFactor"][0], settings["UpAxis"][0]) == (unit, up)
    assert settings["CustomFrameRate"][0] == pytest.approx(CLIP_FPS, abs=1e-3)
    assert takes == [expected.name]
    for name, kind, properties in nodes:
        if kind != "LimbNode":
            np.testing.assert_allclose(properties.get("Lcl Rotation", (0, 0, 0)), 0, atol=1e-3, err_msg=name)
            np.testing.assert_allclose(properties.get("Lcl Translation", (0, 0, 0)), 0, atol=1e-3, err_msg=name)
        np.testing.assert_allclose(properties.get("Lcl Scaling", (1, 1, 1)), 1, atol=1e-4, err_msg=name)
    top = next(name for name, kind, _ in nodes if kind == "Null")
    assert top == ("Armature" if preset == "unreal" else armature.name)
    pelvis = next(properties for name, _, properties in nodes if name == "pelvis")["Lcl Translation"]
    # Straight above the origin, at rest, in the file's own unit.
    np.testing.assert_allclose(pelvis[up], expected.rest[0, 2] * 100 / unit, rtol=1e-4)


def test_several_root_bones_keep_the_node_that_unreal_makes_their_root(tmp_path: Path) -> None:
    armature = ours(False)
    bpy.ops.object.mode_set(mode="EDIT")
    armature.data.edit_bones["left_hip"].parent = None
    bpy.ops.object.mode_set(mode="OBJECT")
    _, nodes, _ = fbx_content(written(armature, "unreal", tmp_path))
    assert next(name for name, kind, _ in nodes if kind == "Null") == "walk"


def test_glb_tells_the_clips_own_times(tmp_path: Path) -> None:
    armature = ours(True)
    content = written(armature, "godot", tmp_path).read_bytes()
    length = struct.unpack("<I", content[12:16])[0]
    told = json.loads(content[20 : 20 + length])
    assert [each["name"] for each in told["animations"]] == ["walk"]
    times = [told["accessors"][each["input"]] for each in told["animations"][0]["samplers"]]
    longest = max(times, key=lambda each: each["count"])
    assert longest["count"] == CLIP_FRAMES
    assert (longest["min"][0], longest["max"][0]) == pytest.approx((0, (CLIP_FRAMES - 1) / CLIP_FPS), abs=1e-5)


def test_bvh_tells_the_clips_own_rate(tmp_path: Path) -> None:
    clip = read_bvh(written(add_character(), "motionbuilder", tmp_path))
    assert clip.fps == pytest.approx(CLIP_FPS, abs=1e-3)


def test_constraints_are_in_the_file_as_they_show(tmp_path: Path) -> None:
    character = add_character(mesh=False)
    target = bpy.data.objects.new("target", None)
    bpy.context.scene.collection.objects.link(target)
    target.location = (5, 0, 2)
    character.pose.bones["left_shoulder"].constraints.new("DAMPED_TRACK").target = target
    expected = Expected(character)
    imported = read_back(written(character, "unity", tmp_path))
    np.testing.assert_allclose(posed_heads(imported, 0), expected.heads[0], atol=2e-3)


def test_strips_are_exported_at_the_scenes_frames(tmp_path: Path) -> None:
    character = add_character(mesh=False)
    actions.push_down(character, "walking strip", 3)
    expected = Expected(character)
    assert expected.fps == 24
    imported = read_back(written(character, "unity", tmp_path))
    for frame in (0, len(expected.heads) - 1):
        np.testing.assert_allclose(posed_heads(imported, frame), expected.heads[frame], atol=2e-3)
    assert "walking strip" in bpy.data.actions[0].name


def test_keys_set_by_hand_are_sampled_at_the_scenes_frames() -> None:
    character = add_character(mesh=False)
    for curve in actions.curves_of(character):
        for point in curve.keyframe_points:
            point.interpolation = "BEZIER"
    clip = clip_frames(bpy.context.scene, character)
    assert clip.fps == 24
    np.testing.assert_array_equal(clip.frames % 1, 0)


def test_the_carrier_of_a_bvh_is_the_bone_that_moves_the_body(tmp_path: Path) -> None:
    character = add_character(mesh=False)
    bpy.ops.object.mode_set(mode="EDIT")
    bones = character.data.edit_bones
    root, helper = bones.new("root"), bones.new("ik_hand_root")
    root.tail, helper.tail = (0, 0, 10), (0, 0, 10)
    bones["pelvis"].parent, helper.parent = root, root
    bpy.ops.object.mode_set(mode="OBJECT")
    clip = read_bvh(written(character, "motionbuilder", tmp_path))
    assert clip.joint_names[0] == "pelvis"
    assert sorted(set(clip.joint_names) & {"root", "ik_hand_root"}) == []


def test_the_open_file_stays_as_it_was(tmp_path: Path) -> None:
    character = add_character()
    scene: Any = bpy.context.scene
    scene.frame_set(7, subframe=0.5)
    bpy.data.objects.new("Armature", None)
    before = _everything()
    for preset in ("unreal", "unity", "motionbuilder"):
        written(character, preset, tmp_path)
    assert _everything() == before


def _everything() -> list[Any]:
    """Names, times and selection in the open file."""
    scene: Any = bpy.context.scene
    lists = (bpy.data.objects, bpy.data.meshes, bpy.data.armatures, bpy.data.actions, bpy.data.scenes)
    names = [sorted(each.name for each in found) for found in lists]
    times = scene.frame_current, scene.frame_subframe, scene.frame_start, scene.frame_end, scene.render.fps
    chosen = [each.name for each in scene.objects if each.select_get()], bpy.context.view_layer.objects.active.name
    return [*names, times, chosen, [each.hide_viewport for each in scene.objects]]


@pytest.mark.parametrize("preset", ["unreal", "motionbuilder"])
def test_what_cannot_be_exported_is_told_and_the_old_file_kept(tmp_path: Path, preset: str) -> None:
    path = tmp_path / f"old{PRESETS[preset].suffix}"
    path.write_text("precious")
    idle: Any = bpy.data.objects.new("idle", bpy.data.armatures.new("idle"))
    bpy.context.scene.collection.objects.link(idle)
    with pytest.raises(InputError, match="idle: nothing moves it"):
        PRESETS[preset].write(bpy.context, idle, path)
    with pytest.raises(InputError, match=r"takes \.\w+ files"):
        PRESETS[preset].write(bpy.context, idle, tmp_path / "old.txt")
    with pytest.raises(InputError, match="missing"):
        PRESETS[preset].write(bpy.context, ours(False), tmp_path / "missing" / path.name)
    assert [each.name for each in tmp_path.iterdir()] == [path.name]
    assert path.read_text() == "precious"


@pytest.mark.parametrize("scale", [(-1, 1, 1), (1, 1, 2)])
def test_a_mirrored_or_skewed_character_is_refused(tmp_path: Path, scale: tuple[float, ...]) -> None:
    armature = ours(True)
    armature.scale = scale
    bpy.context.view_layer.update()
    before = _everything()
    with pytest.raises(InputError, match="apply it first"):
        written(armature, "unity", tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert _everything() == before


def test_a_files_name_gets_the_presets_suffix() -> None:
    names = ("a.FBX", "a.bvh", "a", "walk 1.2", "/x.y/a")
    wanted = ["a.glb", "a.glb", "a.glb", "walk 1.2.glb", "/x.y/a.glb"]
    assert [PRESETS["godot"].named(name) for name in names] == wanted


class Layout:
    """Stands for Blender's, which nobody can have without a window: notes what is drawn."""

    def __init__(self) -> None:
        self.labels: list[str] = []
        self.buttons: list[Any] = []

    def column(self, **_: Any) -> "Layout":
        return self

    def label(self, text: str, **_: Any) -> None:
        self.labels.append(text)

    def operator(self, name: str, **_: Any) -> Any:
        self.buttons.append(SimpleNamespace(name=name))
        return self.buttons[-1]


def test_the_section_has_a_button_a_preset_and_tells_that_a_mesh_is_missing() -> None:
    armature = ours(False)
    bare, dressed = Layout(), Layout()
    draw_export(bare, bpy.context)
    add_mannequin(bpy.context, armature)
    draw_export(dressed, bpy.context)
    assert [each.preset for each in bare.buttons if each.name == "posenorm.export"] == list(PRESETS)
    assert bare.labels[0] == "walk"
    assert "No mesh" in bare.labels[-1]
    assert dressed.labels == ["walk"]


@pytest.fixture
def button() -> Iterator[None]:
    """The operators alone, registered."""
    export.register()
    yield
    export.unregister()


@pytest.mark.usefixtures("button")
def test_the_button_writes_what_is_chosen_and_tells_what_it_cannot(tmp_path: Path) -> None:
    assert not bpy.ops.posenorm.export.poll()
    armature = ours(True)
    bpy.context.view_layer.objects.active = armature
    assert bpy.ops.posenorm.export(preset="unreal", filepath=str(tmp_path / "a.fbx")) == {"FINISHED"}
    assert fbx_content(tmp_path / "a.fbx")[0]["UnitScaleFactor"][0] == 1
    before = (tmp_path / "a.fbx").read_bytes()
    for name in ("a.fbx", "missing/a.bvh"):
        with pytest.raises(RuntimeError, match=name):
            bpy.ops.posenorm.export(preset="motionbuilder", filepath=str(tmp_path / name))
        assert status.is_error
    assert (tmp_path / "a.fbx").read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["a.fbx"]


def test_a_folder_is_exported_file_by_file_and_failures_do_not_stop_it(tmp_path: Path) -> None:
    clips = tmp_path / "clips"
    clips.mkdir()
    for name in ("a", "c"):
        save_motion(random_motion(frames=6), clips / f"{name}.npz")
    (clips / "b.npz").write_bytes(b"no motion")
    (clips / "notes.txt").write_text("no motion either")
    outputs = {"fbx": tmp_path / "for engines" / "fbx", "bvh": tmp_path / "bvh"}
    told: list[tuple[int, int]] = []
    result = export_folder(
        clips, outputs, preset="unreal", mannequin=True, progress=lambda *so_far: told.append(so_far)
    )
    assert told == [(1, 3), (2, 3), (3, 3)]
    assert sorted(path.name for path in result.written) == ["a.npz", "c.npz"]
    assert [path.name for path in result.failed] == ["b.npz"]
    assert "b.npz" in result.failed[clips / "b.npz"]
    made = sorted(str(path.relative_to(tmp_path)) for place in outputs.values() for path in place.iterdir())
    assert made == ["bvh/a.bvh", "bvh/c.bvh", "for engines/fbx/a.fbx", "for engines/fbx/c.fbx"]
    settings, nodes, takes = fbx_content(outputs["fbx"] / "c.fbx")
    assert (settings["UnitScaleFactor"][0], takes) == (1, ["c"])
    assert [name for name, kind, _ in nodes if kind == "Mesh"] == ["c mannequin"]


def test_a_preset_without_its_kind_of_file_is_refused(tmp_path: Path) -> None:
    for preset, words in (("unity", "--fbx"), ("maya", "choose one of unreal")):
        with pytest.raises(InputError, match=words):
            export_motion(random_motion(frames=3), bvh=tmp_path / "a.bvh", preset=preset)
    with pytest.raises(InputError, match="holds no motion file"):
        export_folder(tmp_path, {"bvh": tmp_path / "out"})
    assert list(tmp_path.iterdir()) == []


def test_the_command_line_lists_failures_at_the_end_and_ends_with_2(tmp_path: Path) -> None:
    save_motion(random_motion(frames=3), tmp_path / "good.npz")
    (tmp_path / "bad.npz").write_bytes(b"no motion")
    command = [sys.executable, "-m", "addon", "export", str(tmp_path), "--glb", str(tmp_path / "out"), "--mannequin"]
    done = subprocess.run([*command, "--preset", "godot"], cwd=CLONE, capture_output=True, text=True)
    assert done.returncode == 2
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["good.glb"]
    assert "good.glb" in done.stdout
    assert [line.split(":")[0] for line in done.stderr.splitlines()[-2:]] == ["failed", "error"]
    assert "bad.npz" in done.stderr.splitlines()[-2]
