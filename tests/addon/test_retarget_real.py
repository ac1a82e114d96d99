"""Motions on the shared data's characters, as Blender shows them: limbs within a degree, hinges right, flat feet."""

from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from rig_files import mpfb_armature, rigify_file

from addon.scene.character_file import load_character
from addon.scene.retarget import Placement, retarget_onto
from addon.scene.rig import rig_of
from posenorm_core import quaternion
from posenorm_core.builtin_motion import builtin_clip
from posenorm_core.condition_skeleton import CONDITION_SKELETON, JOINT_NAMES
from posenorm_core.motion import Motion
from posenorm_core.retargeting.mapping import BoneMapping
from posenorm_core.retargeting.parts import END_OF, TURNED_BY
from posenorm_core.retargeting.preset import choose_mapping
from posenorm_core.retargeting.rest_alignment import align_rest
from posenorm_core.retargeting.retarget import RetargetOptions

CHARACTERS = (
    "human-kenney.glb",
    "mesh2motion_human-male.glb",
    "mesh2motion_rig-human.glb",
    "mixamo-original-rig.fbx",
    "mixamo-sample-rig.glb",
    "vrm_Example.vrm",
)
MPFB = ("cmu_mb", "default", "game_engine", "human", "mixamo", "mixamo_unity")
LIMBS = [f"{side}_{part}" for side in ("left", "right") for part in ("upper_arm", "forearm", "thigh", "shin")]
# Rigify's bones that deform, which follow the controls that are keyed.
DEFORMING = {"upper_arm_fk": "DEF-upper_arm", "forearm_fk": "DEF-forearm", "hand_fk": "DEF-hand"} | {
    "thigh_fk": "DEF-thigh",
    "shin_fk": "DEF-shin",
    "foot_fk": "DEF-foot",
}


def motion_of(action: str) -> Motion:
    return builtin_clip(action, 3, seconds=1.5).motion()


def retargeted(character: Any, motion: Motion) -> tuple[BoneMapping, np.ndarray]:
    """The mapping, and the character's axes (4,)."""
    bpy.context.scene.render.fps = 30
    mapping = choose_mapping(rig_of(character))
    told = retarget_onto(bpy.context, character, motion, mapping, RetargetOptions(feet="off"), Placement("clip", 1))
    assert ";" not in told  # nothing was left out
    return mapping, align_rest(rig_of(character), mapping).axes


def degrees_off(character: Any, mapping: BoneMapping, axes: np.ndarray, motion: Motion, shown: Any = str) -> float:
    """The most that a limb points elsewhere than the motion's; `shown` tells the bone that is looked at."""
    worst = 0.0
    for frame in range(0, len(motion), 5):
        bpy.context.scene.frame_set(frame + 1)
        bones, positions = character.pose.bones, motion.positions()[frame]
        for part in LIMBS:
            joint = JOINT_NAMES.index(TURNED_BY[part])
            child = CONDITION_SKELETON.parents.index(joint)
            wanted = quaternion.rotate(axes, positions[child] - positions[joint])
            ends = [bones[shown(mapping.bones[each][0])].head for each in (part, END_OF[part])]
            found = np.subtract(ends[1], ends[0])
            cosine = found @ wanted / np.linalg.norm(found) / np.linalg.norm(wanted)
            worst = max(worst, float(np.degrees(np.arccos(min(cosine, 1.0)))))
    return worst


@pytest.mark.parametrize("action", ["walk", "jumping_jack", "throw"])
@pytest.mark.parametrize("name", CHARACTERS)
def test_limbs_point_where_the_motions_point_on_characters_as_they_are_imported(
    shared_data: Path, name: str, action: str
) -> None:
    character, motion = load_character(bpy.context, shared_data / "rigs" / name), motion_of(action)
    assert degrees_off(character, *retargeted(character, motion), motion) < 1.0


@pytest.mark.parametrize("name", MPFB)
def test_limbs_point_where_the_motions_point_on_makehumans_rigs(shared_data: Path, name: str) -> None:
    character = mpfb_armature(shared_data / "rigs" / "mpfb2_cc0" / f"rig.{name}.json")
    motion = motion_of("throw")
    assert degrees_off(character, *retargeted(character, motion), motion) < 1.0


def test_rigifys_controls_drive_its_deforming_bones_there(tmp_path: Path) -> None:
    bpy.ops.wm.open_mainfile(filepath=str(rigify_file(tmp_path)))
    character, motion = bpy.data.objects["rig"], motion_of("throw")

    def deforming(control: str) -> str:
        name, _, side = control.rpartition(".")
        return f"{DEFORMING[name]}.{side}"

    mapping, axes = retargeted(character, motion)
    assert degrees_off(character, mapping, axes, motion, deforming) < 1.0


@pytest.mark.parametrize("name", CHARACTERS)
def test_knees_bend_back_elbows_forward_and_flat_feet_stay_flat(shared_data: Path, name: str) -> None:
    """A squat with the arms bent forward, told on the bones' own points: no roll or twist decides it."""
    character, motion = load_character(bpy.context, shared_data / "rigs" / name), motion_of("squat")
    rig = rig_of(character)
    mapping, axes = retargeted(character, motion)
    flexion = motion.rotations[:, JOINT_NAMES.index("left_knee"), 0]
    frame = int(np.argmin(flexion))
    ahead = quaternion.rotate(motion.rotations[frame, 0].astype(np.float64), np.array([0.0, 0.0, 1.0]))
    front, up = (np.asarray(quaternion.rotate(axes, v)) for v in (ahead, np.array([0.0, 1.0, 0.0])))
    bpy.context.scene.frame_set(frame + 1)
    bones = character.pose.bones

    def place(part: str) -> np.ndarray:
        return np.array(bones[mapping.bones[part][0]].head)

    for side in ("left", "right"):
        knee = place(f"{side}_shin") - (place(f"{side}_thigh") + place(f"{side}_foot")) / 2
        assert knee @ front > 0.05 * np.linalg.norm(place(f"{side}_shin") - place(f"{side}_thigh"))
        foot, toes = (mapping.bones[f"{side}_{part}"][0] for part in ("foot", "toes"))
        slope = (place(f"{side}_toes") - place(f"{side}_foot")) @ up
        assert slope == pytest.approx(
            (rig.head(toes) - rig.head(foot)) @ up, abs=0.02 * np.ptp(rig.heads, axis=0).max()
        )
