"""Keys of what is not to be trusted are marked, in the bones concerned alone, listed, and gone to."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from motions import random_motion

from addon.operators import marks as mark_operators
from addon.panels.clean import draw_clean
from addon.scene import actions
from addon.scene.confidence_marks import Stretch, is_marked, mark_uncertain, uncertain_stretches, worst_stretch
from addon.scene.keyed_motion import add_motion
from addon.status import status
from posenorm_core.condition_skeleton import JOINT_NAMES
from posenorm_core.errors import InputError


@pytest.fixture
def operators() -> Iterator[Any]:
    """The operators of the marks."""
    mark_operators.register()
    yield bpy.ops.posenorm
    mark_operators.unregister()


def armature_of(confidence: np.ndarray, fps: float = 24.0, start: float = 11) -> Any:
    """A moving armature whose motion is as sure as `confidence` (T, 19)."""
    motion = replace(random_motion(frames=len(confidence), fps=fps), confidence=confidence.astype(np.float32))
    return add_motion(bpy.context, motion, "clip", start)


def confidence_with(*low: tuple[str, int, int, float], frames: int = 100) -> np.ndarray:
    """Sure but for joints from frame to frame, the last not among them."""
    confidence = np.full((frames, 19), 0.8)
    for joint, begin, end, value in low:
        confidence[begin:end, JOINT_NAMES.index(joint)] = value
    return confidence


@pytest.fixture
def armature() -> Any:
    """Two uncertain stretches, the later one the worse."""
    return armature_of(confidence_with(("left_elbow", 10, 20, 0.3), ("right_knee", 50, 70, 0.2)))


def types(armature: Any, bone: str, channel: str = "rotation_quaternion") -> list[list[str]]:
    """The types of the keys of each of the channel's curves."""
    path = actions.channel_path(bone, channel)
    return [[p.type for p in curve.keyframe_points] for curve in actions.curves_of(armature) if curve.data_path == path]


def test_the_keys_of_the_uncertain_bone_are_marked_and_no_others(armature: Any) -> None:
    mark_uncertain(armature)
    elbow = ["EXTREME" if 10 <= frame < 20 else "KEYFRAME" for frame in range(100)]
    assert types(armature, "left_elbow") == [elbow] * 4
    assert types(armature, "right_knee")[0].count("EXTREME") == 20
    for name in set(JOINT_NAMES) - {"left_elbow", "right_knee"}:
        assert {kind for curve in types(armature, name) for kind in curve} == {"KEYFRAME"}
    assert {kind for curve in types(armature, "pelvis", "location") for kind in curve} == {"KEYFRAME"}


def test_marking_moves_no_key_and_leaves_the_users_types(armature: Any) -> None:
    before = actions.digest(armature)
    curve = actions.curves_of(armature).find(actions.channel_path("left_elbow", "rotation_quaternion"), index=0)
    curve.keyframe_points[40].type = "BREAKDOWN"
    mark_uncertain(armature)
    assert actions.digest(armature) == before
    assert types(armature, "left_elbow")[0][40] == "BREAKDOWN"


def test_the_stretches_are_listed_in_the_scenes_frames_also_in_a_saved_file(armature: Any, tmp_path: Path) -> None:
    assert not is_marked(armature)
    assert uncertain_stretches(armature) == []
    expected = [
        Stretch(21, 30, 21, pytest.approx(0.3), "left_elbow"),
        Stretch(61, 80, 61, pytest.approx(0.2), "right_knee"),
    ]
    assert mark_uncertain(armature) == expected
    assert worst_stretch(uncertain_stretches(armature)).joint == "right_knee"
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "marked.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "marked.blend"))
    assert uncertain_stretches(bpy.data.objects["clip"]) == expected


def test_a_clip_of_another_rate_is_marked_at_its_own_times() -> None:
    armature = armature_of(confidence_with(("spine", 20, 40, 0.1)), fps=60.0)
    (found,) = mark_uncertain(armature)
    assert (found.start, found.end) == (11 + 20 * 24 / 60, round(11 + 39 * 24 / 60))
    assert types(armature, "spine")[0][19:41] == ["KEYFRAME", *["EXTREME"] * 20, "KEYFRAME"]


def test_marks_follow_keys_that_are_moved_together(armature: Any) -> None:
    for curve in actions.curves_of(armature):
        for point in curve.keyframe_points:
            point.co[0] += 100
        curve.update()
    assert [stretch.start for stretch in mark_uncertain(armature)] == [121, 161]
    assert types(armature, "left_elbow")[0][9:21] == ["KEYFRAME", *["EXTREME"] * 10, "KEYFRAME"]


def test_a_sure_motion_is_told_to_be_sure() -> None:
    armature = armature_of(confidence_with())
    assert mark_uncertain(armature) == []
    assert is_marked(armature)


def test_what_may_not_be_marked_is_told(armature: Any, tmp_path: Path) -> None:
    library = str(tmp_path / "library.blend")
    bpy.ops.wm.save_as_mainfile(filepath=library, copy=True)
    with bpy.data.libraries.load(library, link=True) as (_, wanted):
        wanted.objects, wanted.actions = ["clip"], ["clip"]
    with pytest.raises(InputError, match="is linked; make a library override"):
        mark_uncertain(wanted.objects[0])
    actions.swap_action(armature, wanted.actions[0])
    with pytest.raises(InputError, match="its action 'clip' is linked"):
        mark_uncertain(armature)
    bpy.ops.object.armature_add()
    with pytest.raises(InputError, match="keeps no motion"):
        mark_uncertain(bpy.context.object)


def test_the_buttons_mark_and_go_there(armature: Any, operators: Any) -> None:
    assert not operators.go_to_uncertain.poll()
    assert operators.mark_uncertain() == {"FINISHED"}
    assert status.text == "clip: 2 uncertain stretches"
    scene = bpy.context.scene
    operators.go_to_uncertain()
    assert scene.frame_current == 61, "the worst one"
    operators.go_to_uncertain(stretch=0)
    assert scene.frame_current == 21
    operators.go_to_uncertain(stretch=99)
    assert scene.frame_current == 61, "the last one"
    bpy.ops.object.armature_add()
    assert not operators.mark_uncertain.poll()


class Layout:
    """Stands for Blender's layout, which exists only while a window is drawn, and notes what is put in it."""

    def __init__(self) -> None:
        """Nothing drawn yet."""
        self.texts: list[str] = []
        self.buttons: list[Any] = []

    def row(self, **_: Any) -> "Layout":
        return self

    def column(self, **_: Any) -> "Layout":
        return self

    def label(self, text: str, **_: Any) -> None:
        self.texts.append(text)

    def operator(self, name: str, text: str = "", **_: Any) -> Any:
        self.texts.append(text or name)
        self.buttons.append(type("Properties", (), {})())
        return self.buttons[-1]


def drawn() -> Layout:
    layout = Layout()
    draw_clean(layout, bpy.context)
    return layout


def test_the_section_lists_the_stretches_each_with_its_button(armature: Any) -> None:
    assert drawn().texts == ["posenorm.clean", "posenorm.restore_raw", "posenorm.mark_uncertain"]
    mark_uncertain(armature)
    assert drawn().texts[3:] == ["Go to the Worst", "21–30  left elbow  0.30", "61–80  right knee  0.20"]
    assert [button.stretch for button in drawn().buttons[3:]] == [-1, 0, 1]


def test_of_many_stretches_the_least_sure_are_listed_in_the_order_of_time() -> None:
    low = [("spine", 20 * k, 20 * k + 5, 0.05 + 0.02 * k) for k in range(10)]
    armature = armature_of(confidence_with(*low, frames=200))
    assert len(mark_uncertain(armature)) == 10
    assert [button.stretch for button in drawn().buttons[4:]] == list(range(8))
    assert drawn().texts[-1] == "and 2 surer ones"


def test_a_sure_motions_section_says_so() -> None:
    armature = armature_of(confidence_with())
    mark_uncertain(armature)
    assert drawn().texts[-1] == "No uncertain stretch"
