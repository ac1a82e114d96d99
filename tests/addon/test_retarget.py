"""Keying a motion on a character: Blender shows what the core computed, and nothing that was there is lost."""

from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from dolls import JOINTS, MAPPING, add_doll, posed_heads
from motions import random_motion
from numpy.testing import assert_allclose

from addon.scene import actions
from addon.scene.retarget import Placement, key_retargeted, require_animatable, retarget_onto
from addon.scene.rig import rig_of
from posenorm_core.errors import InputError
from posenorm_core.motion import Motion
from posenorm_core.retargeting.retarget import RetargetOptions, retarget

MODES = ["QUATERNION", "XYZ", "ZYX", "YXZ", "AXIS_ANGLE"]
LIMBS = [
    (f"{side}_{above}", f"{side}_{below}")
    for side in ("left", "right")
    for above, below in (("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle"))
]
OPTIONS = RetargetOptions()


def onto(character: Any, motion: Motion, **placement: Any) -> str:
    return retarget_onto(bpy.context, character, motion, MAPPING, OPTIONS, Placement("clip", 1, **placement))


def degrees_off(character: Any, motion: Motion) -> float:
    """The most that a limb points elsewhere than the motion's, over all frames."""
    above, below = ([JOINTS.index(pair[end]) for pair in LIMBS] for end in (0, 1))
    worst = 0.0
    for frame, positions in enumerate(motion.positions()):
        heads = posed_heads(character, frame + 1)
        found, wanted = heads[below] - heads[above], positions[below] - positions[above]
        wanted = np.stack([wanted[:, 0], -wanted[:, 2], wanted[:, 1]], axis=-1)
        found, wanted = (each / np.linalg.norm(each, axis=1, keepdims=True) for each in (found, wanted))
        worst = max(worst, float(np.degrees(np.arccos(np.clip((found * wanted).sum(axis=1), -1, 1)).max())))
    return worst


@pytest.mark.parametrize("mode", MODES)
def test_limbs_point_where_the_motions_point_in_every_rotation_mode(mode: str) -> None:
    character, motion = add_doll(mode=mode), random_motion()
    onto(character, motion)
    assert degrees_off(character, motion) < 0.1
    assert {bone.rotation_mode for bone in character.pose.bones} == {mode}


def test_bones_that_inherit_no_rotation_and_connected_ones_are_posed_as_the_others() -> None:
    character, motion = add_doll(), random_motion()
    bpy.ops.object.mode_set(mode="EDIT")
    for name in ("left_elbow", "thorax"):
        character.data.edit_bones[name].use_inherit_rotation = False
    knee = character.data.edit_bones["right_knee"]
    knee.parent.tail = knee.head
    knee.use_connect = True
    bpy.ops.object.mode_set(mode="OBJECT")
    onto(character, motion)
    assert degrees_off(character, motion) < 0.1


def test_the_hips_go_where_the_core_says_whatever_the_objects_scale() -> None:
    for scale in (1.0, 0.01, -1.0):
        character, motion = add_doll(scale=scale), random_motion(path_length=2.0)
        onto(character, motion)
        way = np.array([posed_heads(character, frame)[0] for frame in (1, 20)])
        # The doll's units are centimetres and its legs ours.
        assert_allclose((way[1] - way[0])[:2], [200, -100], atol=0.5)


def test_what_moved_the_character_before_stays_and_goes_on_for_bones_we_do_not_know() -> None:
    character = add_doll()
    before = actions.assign_new_action(character, "idle")
    frames = np.arange(1.0, 5.0)
    actions.write_curve(character, "tail", "rotation_quaternion", frames, np.tile([0.8, 0.6, 0, 0], (4, 1)))
    actions.write_curve(character, "neck", "rotation_quaternion", frames, np.tile([0.8, 0, 0.6, 0], (4, 1)))
    actions.write_curve(character, "neck", "location", frames, np.ones((4, 3)))
    onto(character, random_motion())
    assert character.animation_data.action is not before
    assert before.use_fake_user
    assert character.animation_data.action.name == "clip"
    bpy.context.scene.frame_set(3)
    assert_allclose(character.pose.bones["tail"].rotation_quaternion, [0.8, 0.6, 0, 0], atol=1e-6)
    assert_allclose(character.pose.bones["neck"].location, 0, atol=1e-6)  # or the head would be carried off
    actions.swap_action(character, before)
    bpy.context.scene.frame_set(3)
    assert_allclose(character.pose.bones["neck"].rotation_quaternion, [0.8, 0, 0.6, 0], atol=1e-6)


@pytest.mark.parametrize("connected", [False, True])
def test_the_hips_go_the_same_way_where_their_location_is_not_local(connected: bool) -> None:
    motion, ways = random_motion(path_length=2.0), []
    for local in (True, False):
        character = add_doll(f"doll {local}")
        if connected:
            _put_under_a_root(character)
        character.data.bones["pelvis"].use_local_location = local
        onto(character, motion)
        ways.append([posed_heads(character, frame)[0] for frame in (1, 7, 20)])
    assert np.ptp(ways[0], axis=0).max() > 100
    assert_allclose(ways[0], ways[1], atol=1e-2)


def test_the_way_of_a_former_motion_is_not_added_by_bones_above_the_hips() -> None:
    character, motion = add_doll(), random_motion(path_length=0.0)
    _put_under_a_root(character)
    before = actions.assign_new_action(character, "walk")
    way = np.linspace([10.0, 0, 0], [300.0, 0, 0], 20)
    actions.write_curve(character, "root", "location", np.arange(1.0, 21.0), way)
    onto(character, motion)
    places = np.array([character.pose.bones["root"].head for _ in map(bpy.context.scene.frame_set, (1, 20))])
    first, last = (posed_heads(character, frame)[0] for frame in (1, 20))
    assert np.linalg.norm((last - first)[:2]) < 1
    assert_allclose(places[0], places[1], atol=1e-4)
    assert np.linalg.norm(places[0] - character.data.bones["root"].head_local) == pytest.approx(10, abs=1e-3)
    actions.swap_action(character, before)
    curve = actions.curves_of(character).find(actions.channel_path("root", "location"), index=0)
    assert len(curve.keyframe_points) == 20


def _put_under_a_root(character: Any) -> None:
    """The pelvis hangs on a bone of another direction, which hangs on none."""
    bpy.context.view_layer.objects.active = character
    bpy.ops.object.mode_set(mode="EDIT")
    root = character.data.edit_bones.new("root")
    root.head, root.tail, root.roll = (0, 0, 0), (10, 20, 30), 0.4
    character.data.edit_bones["pelvis"].parent = root
    bpy.ops.object.mode_set(mode="OBJECT")


def test_a_second_motion_takes_the_place_of_the_first_and_both_stay_in_the_file() -> None:
    character, first, second = add_doll(), random_motion(seed=1), random_motion(seed=2)
    onto(character, first)
    onto(character, second)
    assert degrees_off(character, second) < 0.1
    assert sorted(action.name for action in bpy.data.actions) == ["clip", "clip.001"]
    actions.swap_action(character, bpy.data.actions["clip"])
    assert degrees_off(character, first) < 0.1


def test_as_a_strip_it_lies_above_what_was_there() -> None:
    character, motion = add_doll(), random_motion()
    actions.assign_new_action(character, "idle")
    actions.write_curve(character, "tail", "location", np.arange(1.0, 5.0), np.ones((4, 3)))
    onto(character, motion, as_strip=True)
    assert character.animation_data.action is None
    assert [track.name for track in character.animation_data.nla_tracks] == ["idle", "clip"]
    assert degrees_off(character, motion) < 0.1
    bpy.context.scene.frame_set(3)
    assert_allclose(character.pose.bones["tail"].location, 1, atol=1e-6)


def test_what_a_bone_was_posed_by_without_a_key_is_not_added_to_the_motion() -> None:
    character, motion = add_doll(), random_motion()
    character.pose.bones["left_elbow"].location = (5, 5, 5)
    character.pose.bones["tail"].location = (1, 2, 3)
    onto(character, motion)
    assert degrees_off(character, motion) < 0.1
    assert_allclose(character.pose.bones["tail"].location, (1, 2, 3))


def test_a_linked_character_is_refused_with_the_way_out_and_an_overridden_one_is_animated(tmp_path: Path) -> None:
    add_doll()
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "doll.blend"))
    bpy.ops.wm.read_factory_settings(use_empty=True)
    with bpy.data.libraries.load(str(tmp_path / "doll.blend"), link=True) as (_, wanted):
        wanted.objects = ["doll"]
    linked: Any = wanted.objects[0]
    bpy.context.scene.collection.objects.link(linked)
    motion = random_motion()
    with pytest.raises(InputError, match="doll: is linked; make a library override"):
        onto(linked, motion)
    overridden: Any = linked.override_create(remap_local_usages=True)
    onto(overridden, motion)
    assert degrees_off(overridden, motion) < 0.1


def test_what_cannot_be_animated_is_told_in_words() -> None:
    character = add_doll()
    bpy.ops.object.mode_set(mode="EDIT")
    with pytest.raises(InputError, match=r"edit mode; leave it \(Tab\)"):
        require_animatable(character)
    bpy.ops.object.mode_set(mode="OBJECT")
    mesh: Any = bpy.data.objects.new("cube", bpy.data.meshes.new("cube"))
    with pytest.raises(InputError, match="cube, a mesh, is picked as the character; pick its armature"):
        rig_of(mesh)
    with pytest.raises(InputError, match="nothing is picked"):
        rig_of(None)
    empty: Any = bpy.data.objects.new("empty", bpy.data.armatures.new("empty"))
    with pytest.raises(InputError, match="has no bones"):
        rig_of(empty)


def test_nothing_is_keyed_where_the_core_refuses(tmp_path: Path) -> None:
    character = add_doll()
    with pytest.raises(InputError, match="has none of the bones that are listed"):
        retarget_onto(bpy.context, character, random_motion(), type(MAPPING)("none", {}), OPTIONS, Placement("clip", 1))
    assert character.animation_data is None
    assert not bpy.data.actions


def test_the_scenes_rate_and_the_start_frame_place_the_keys() -> None:
    bpy.context.scene.render.fps = 24
    character, motion = add_doll(), random_motion(frames=11, fps=12.0)
    result = retarget(motion, rig_of(character), MAPPING)
    key_retargeted(bpy.context, character, result, Placement("clip", 5))
    assert tuple(character.animation_data.action.frame_range) == (5.0, 25.0)


def test_a_linked_action_stays_where_it_is(tmp_path: Path) -> None:
    other = add_doll("other")
    actions.assign_new_action(other, "idle")
    actions.write_curve(other, "tail", "rotation_quaternion", np.arange(1.0, 5.0), np.tile([0.8, 0.6, 0, 0], (4, 1)))
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "idle.blend"), copy=True)
    bpy.ops.wm.read_factory_settings(use_empty=True)
    character, motion = add_doll(), random_motion()
    with bpy.data.libraries.load(str(tmp_path / "idle.blend"), link=True) as (_, wanted):
        wanted.actions = ["idle"]
    linked: Any = wanted.actions[0]
    character.animation_data_create().action = linked
    if hasattr(linked, "slots"):
        character.animation_data.action_slot = linked.slots[0]
    onto(character, motion)
    assert character.animation_data.action.library is None
    assert linked.name in bpy.data.actions
    assert degrees_off(character, motion) < 0.1
    bpy.context.scene.frame_set(3)
    assert_allclose(character.pose.bones["tail"].rotation_quaternion, [0.8, 0.6, 0, 0], atol=1e-6)
