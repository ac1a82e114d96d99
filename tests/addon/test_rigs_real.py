"""Real rigs: each chooses its preset with all its parts, and without names the same bones are found by shape."""

import math
from pathlib import Path
from typing import Any

import bpy
import pytest
from mathutils import Quaternion, Vector
from motions import random_motion
from rig_files import mpfb_armature, open_character, rigify_file, without_names

from addon.scene import actions
from addon.scene.bone_list import listed_mapping
from addon.scene.keyed_motion import add_motion
from addon.scene.rig import rig_of
from posenorm_core.retargeting.guess import guess_mapping
from posenorm_core.retargeting.mapping import load_mapping
from posenorm_core.retargeting.parts import PARTS
from posenorm_core.retargeting.preset import Preset, best_preset, choose_mapping, presets
from posenorm_core.retargeting.rig import Rig

CHARACTERS = {
    "human-kenney.blend": "Kenney",
    "human-kenney.glb": "Kenney",
    "mesh2motion_human-male.glb": "Unreal mannequin (UE4), MPFB game engine",
    "mesh2motion_rig-human.glb": "Unreal mannequin (UE4), MPFB game engine",
    "mixamo-original-rig.fbx": "Mixamo",
    "mixamo-sample-rig.glb": "Mixamo",
    "vrm_Example.vrm": "VRM",
}
BONE_LISTS = {
    "rig.cmu_mb.json": "CMU (MotionBuilder names)",
    "rig.default.json": "MakeHuman, MPFB default",
    "rig.game_engine.json": "Unreal mannequin (UE4), MPFB game engine",
    "rig.human.json": "Rigify metarig (MPFB)",
    "rig.mixamo.json": "Mixamo",
    "rig.mixamo_unity.json": "Mixamo",
    "rig.openpose.json": "OpenPose (MPFB)",
}
# OpenPose's points have no hips that carry the rest, and their hands and toes are ends.
NOT_IN_OPENPOSE = {"hips", "neck", "left_hand", "right_hand", "left_toes", "right_toes"}


@pytest.fixture(scope="module")
def rigify(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return rigify_file(tmp_path_factory.mktemp("rigify"))


@pytest.mark.parametrize("file", CHARACTERS)
def test_a_character_chooses_its_preset_and_its_shape_tells_the_same(
    shared_data: Path, tmp_path: Path, file: str
) -> None:
    path = shared_data / "rigs" / file
    if path.suffix == ".blend" and bpy.app.version < (4, 5):
        pytest.skip(f"{file} was written by a newer Blender")
    assert_known(open_character(path, tmp_path), CHARACTERS[file], set(PARTS))


@pytest.mark.parametrize("file", BONE_LISTS)
def test_a_bone_list_chooses_its_preset_and_its_shape_tells_the_same(shared_data: Path, file: str) -> None:
    lacking = NOT_IN_OPENPOSE if "openpose" in file else set()
    armature = mpfb_armature(shared_data / "rigs" / "mpfb2_cc0" / file)
    assert_known(armature, BONE_LISTS[file], set(PARTS) - lacking)


def assert_known(armature: bpy.types.Object, preset: str, parts: set[str]) -> None:
    """The rig is found to be `preset` with all of `parts`, and each of them is guessed where no name tells it."""
    chosen = choose_mapping(rig_of(armature))
    assert chosen.name == preset
    assert set(chosen.bones) == parts
    blind, true = without_names(armature)
    guessed = guess_mapping(blind).bones
    assert {part: tuple(true[name] for name in guessed[part]) for part in parts} == chosen.bones


def test_rigify_s_rigs_are_told_apart(rigify: Path) -> None:
    metarig, generated = opened(rigify)
    assert_known(metarig, "Rigify metarig", set(PARTS))
    chosen = choose_mapping(rig_of(generated))
    assert (chosen.name, set(chosen.bones)) == ("Rigify (FK controls)", set(PARTS))


def test_rigify_s_controls_inherit_as_its_preset_says_and_drive_the_body(rigify: Path) -> None:
    _, generated = opened(rigify)
    rig = rig_of(generated)
    found = best_preset(rig)
    assert found is not None
    preset, mapping = found
    assert preset in presets()
    for bone, values in preset.mapping.properties.items():
        for name, value in values.items():
            assert name in generated.pose.bones[bone]
            generated.pose.bones[bone][name] = value
    controls = [name for names in mapping.bones.values() for name in names]
    deforming = {f"DEF-{part}.L": f"{part}_fk.L" for part in ("forearm", "hand", "shin", "foot", "toe")}
    deforming |= {"DEF-shoulder.L": "shoulder.L", "DEF-spine.006": "head", "DEF-spine": "torso"}
    rest = evaluated(generated, [*controls, *deforming])
    for turned in controls:
        turn(generated, turned, Quaternion(Vector((0.3, 0.5, 0.8)), 0.4))
        now = evaluated(generated, [*controls, *deforming])
        turn(generated, turned, Quaternion())
        whole = now[turned] @ rest[turned].inverted()
        for bone in (*controls, *deforming):
            follows = turned in carriers(rig, preset, controls, deforming.get(bone, bone))
            expected = whole if follows else Quaternion()
            assert apart(now[bone] @ rest[bone].inverted(), expected) < 2e-3, (turned, bone)


@pytest.mark.usefixtures("addon")
def test_the_panel_s_retarget_turns_rigify_s_limbs_from_ik_to_fk(rigify: Path, tmp_path: Path) -> None:
    _, generated = opened(rigify)
    source = add_motion(bpy.context, random_motion(), "clip", 1)
    settings: Any = bpy.context.scene.posenorm_retarget
    settings.motion, settings.character = source, generated
    expected = choose_mapping(rig_of(generated))
    assert listed_mapping(settings) == expected
    assert bpy.ops.posenorm.retarget() == {"FINISHED"}
    keyed = {curve.data_path for curve in actions.curves_of(generated) or ()}
    switches = [(bone, name) for bone, values in expected.properties.items() for name in values]
    assert switches
    assert {f'pose.bones["{bone}"]["{name}"]' for bone, name in switches} <= keyed
    bpy.ops.posenorm.save_bones(filepath=str(tmp_path / "bones.json"))
    assert load_mapping(tmp_path / "bones.json") == expected


def opened(path: Path) -> tuple[bpy.types.Object, bpy.types.Object]:
    """The metarig and the generated rig."""
    bpy.ops.wm.open_mainfile(filepath=str(path))
    return bpy.data.objects["metarig"], bpy.data.objects["rig"]


def carriers(rig: Rig, preset: Preset, controls: list[str], bone: str) -> list[str]:
    """The control itself and all whose turns it inherits."""
    found = [bone]
    while (above := preset.mapping.parents.get(found[-1]) or rig.nearest_above(found[-1], controls)) is not None:
        found.append(above)
    return found


def turn(armature: bpy.types.Object, bone: str, rotation: Quaternion) -> None:
    """Poses a bone in its own axes."""
    posed = armature.pose.bones[bone]
    posed.rotation_mode = "QUATERNION"
    posed.rotation_quaternion = rotation


def evaluated(armature: bpy.types.Object, bones: list[str]) -> dict[str, Quaternion]:
    """How the bones are turned in the armature once constraints and drivers have worked."""
    armature.update_tag()
    bpy.context.view_layer.update()
    shown = armature.evaluated_get(bpy.context.evaluated_depsgraph_get())
    return {name: shown.pose.bones[name].matrix.to_quaternion() for name in bones}


def apart(first: Quaternion, second: Quaternion) -> float:
    """The angle between two rotations."""
    angle = first.rotation_difference(second).angle
    return min(angle, 2 * math.pi - angle)
