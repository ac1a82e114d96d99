"""B is played at A's timing, bone for bone; markers and picture say what matches; nothing that was there is lost."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from motions import nudge, pose_positions, random_motion

from addon.scene import actions
from addon.scene.alignment_image import (
    CURVE,
    CURVE_HEIGHT,
    GAP,
    GROUND,
    NAME,
    PATH,
    SIDE,
    alignment_pixels,
    pixel_of_frame,
)
from addon.scene.compare import Comparison, compare
from addon.scene.confidence_marks import mark_uncertain, uncertain_stretches
from addon.scene.keyed_motion import add_motion, keyed_frames, read_motion, set_orientation
from addon.status import status
from posenorm_core.alignment import KEYFRAMES, align, pose_features
from posenorm_core.errors import InputError
from posenorm_core.frame_rate import resample_rotations, resample_values
from posenorm_core.motion import ORIENTATIONS, Motion

MILLIMETRES = 0.001
FRAMES_A, FPS_A, FPS_B = 61, 30.0, 50.0


def at_times(motion: Motion, times: np.ndarray, fps: float) -> Motion:
    """`motion` as it is at `times`, in its frames, as frames of `fps`."""
    return replace(
        motion,
        fps=fps,
        rotations=resample_rotations(motion.rotations, times),
        view_root=resample_rotations(motion.view_root, times),
        root_position=resample_values(motion.root_position, times),
        contacts=resample_values(motion.contacts, times),
        confidence=resample_values(motion.confidence, times),
    )


def two_motions(orientation: str = "heading") -> tuple[Motion, Motion]:
    """A, and the same at 0.6 of its speed and another rate."""
    a = random_motion(frames=FRAMES_A, fps=FPS_A, orientation=orientation, seed=4)
    count = round((FRAMES_A - 1) / 0.6 * FPS_B / FPS_A) + 1
    return a, at_times(a, np.linspace(0, FRAMES_A - 1, count), FPS_B)


def two_armatures(orientation: str = "heading") -> tuple[Any, Any]:
    """Both on armatures, in a scene of 24 frames/s, not from the same frame on."""
    a, b = two_motions(orientation)
    return add_motion(bpy.context, a, "a", 5), add_motion(bpy.context, b, "b", 40)


@pytest.fixture
def pair() -> tuple[Any, Any]:
    """The two armatures."""
    return two_armatures()


def run(pair: tuple[Any, Any]) -> Comparison:
    return compare(bpy.context, *pair)


def all_keys(armature: Any) -> dict[tuple[str, int], list[tuple[float, float]]]:
    return {
        (curve.data_path, curve.array_index): [tuple(point.co) for point in curve.keyframe_points]
        for curve in actions.curves_of(armature)
    }


def markers() -> dict[str, int]:
    return {marker.name: marker.frame for marker in bpy.context.scene.timeline_markers}


def picture() -> np.ndarray:
    image: Any = bpy.data.images[NAME]
    pixels = np.empty(image.size[0] * image.size[1] * 4, dtype=np.float32)
    image.pixels.foreach_get(pixels)
    return pixels.reshape(image.size[1], image.size[0], 4)


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_b_moves_as_a_does_when_it_is_a_at_another_speed(orientation: str) -> None:
    a, b = two_armatures(orientation)
    found = run((a, b))
    np.testing.assert_allclose(keyed_frames(b), keyed_frames(a), atol=1e-4)
    np.testing.assert_allclose(keyed_frames(a), 5 + np.arange(FRAMES_A) * 24 / FPS_A, atol=1e-4)
    for frame in range(5, 5 + int((FRAMES_A - 1) * 24 / FPS_A), 3):
        bpy.context.scene.frame_set(frame)
        posed_a, posed_b = pose_positions(a), pose_positions(b)
        np.testing.assert_allclose(posed_b - posed_b[0], posed_a - posed_a[0], atol=10 * MILLIMETRES)
    assert found.similarity > 0.97
    assert found.speed_ratio == pytest.approx(0.6, abs=0.03)
    assert b.animation_data.action == found.action
    assert found.action.name == "b timed as a"


def test_the_retimed_motion_is_whole(pair: tuple[Any, Any]) -> None:
    a, b = pair
    run(pair)
    expected, found = read_motion(a), read_motion(b)
    assert (len(found), found.fps) == (FRAMES_A, FPS_A)
    np.testing.assert_allclose(found.root_position, expected.root_position, atol=17 * MILLIMETRES)
    assert found.confidence.shape == expected.confidence.shape
    set_orientation(b, "view")
    set_orientation(a, "view")
    turn = np.abs((read_motion(b).rotations[:, 0] * read_motion(a).rotations[:, 0]).sum(axis=1))
    assert turn.min() > np.cos(np.radians(2) / 2)


def test_the_earlier_action_stays_as_it_was(pair: tuple[Any, Any], tmp_path: Path) -> None:
    _, b = pair
    before, keys = b.animation_data.action, all_keys(b)
    run(pair)
    assert before.use_fake_user
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "compared.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "compared.blend"))
    b = bpy.data.objects["b"]
    b.animation_data.action = bpy.data.actions["b"]
    assert all_keys(b) == keys
    assert bpy.data.images[NAME].packed_file is not None
    assert (np.rint(picture()[..., :3] * 255) == np.rint(np.array(PATH) * 255)).all(axis=-1).any()


def test_a_and_what_it_keeps_are_not_touched(pair: tuple[Any, Any]) -> None:
    a, _ = pair
    keys, motion, place = all_keys(a), read_motion(a), a.matrix_world.copy()
    run(pair)
    assert all_keys(a) == keys
    assert a.matrix_world == place
    np.testing.assert_array_equal(read_motion(a).confidence, motion.confidence)


def test_comparing_again_starts_from_bs_own_timing(pair: tuple[Any, Any]) -> None:
    first, keys = run(pair).speed_ratio, all_keys(pair[1])
    again = run(pair)
    assert again.speed_ratio == first
    assert all_keys(pair[1]) == keys
    assert {action.name for action in bpy.data.actions} == {"a", "b", "b timed as a"}
    assert len(bpy.data.images) == 1


def test_comparing_again_keeps_the_orientation_chosen_since(pair: tuple[Any, Any]) -> None:
    run(pair)
    for armature in pair:
        set_orientation(armature, "unified")
    run(pair)
    assert read_motion(pair[1]).orientation == "unified"
    bpy.context.scene.frame_set(20)
    beside = np.array(pair[1].matrix_world.translation - pair[0].matrix_world.translation)
    np.testing.assert_allclose(pose_positions(pair[1]) - beside, pose_positions(pair[0]), atol=8 * MILLIMETRES)


def test_edits_of_the_retimed_keys_are_not_lost(pair: tuple[Any, Any]) -> None:
    edited = run(pair).action
    nudge(pair[1])
    keys = all_keys(pair[1])
    assert run(pair).action != edited
    assert edited.use_fake_user
    pair[1].animation_data.action = edited
    assert all_keys(pair[1]) == keys


def test_marks_of_uncertainty_follow_the_new_timing(pair: tuple[Any, Any]) -> None:
    a, b = pair
    mark_uncertain(b)
    run(pair)
    last = keyed_frames(a)[-1]
    assert uncertain_stretches(b)
    assert all(stretch.end <= last + 1 for stretch in uncertain_stretches(b))


def test_markers_stand_where_the_keyframes_match(pair: tuple[Any, Any]) -> None:
    run(pair)
    assert len(markers()) == KEYFRAMES
    for name, frame in markers().items():
        a, b = (float(number) for number in re.findall(r"\d+\.\d\d", name))
        assert frame == pytest.approx(5 + a * 24, abs=0.5 + 0.005 * 24)
        assert b == pytest.approx(a / 0.6, abs=0.1)
    assert min(markers().values()) == 5


def test_markers_of_a_comparison_before_go_and_the_users_stay(pair: tuple[Any, Any]) -> None:
    bpy.context.scene.timeline_markers.new("A 1 s = B", frame=7)
    run(pair)
    earlier = markers()
    run((pair[1], pair[0]))
    assert len(markers()) == KEYFRAMES + 1
    assert markers()["A 1 s = B"] == 7
    assert set(markers()) != set(earlier)


def test_b_is_moved_only_where_it_stands_in_a(pair: tuple[Any, Any]) -> None:
    a, b = pair
    run(pair)
    assert (b.matrix_world.translation - a.matrix_world.translation).length > 1.5
    b.location = (0.0, 3.0, 0.0)
    run(pair)
    assert tuple(b.location) == (0.0, 3.0, 0.0)


def test_the_picture_has_the_path_the_distances_and_the_curve() -> None:
    a, b = two_motions()
    rng = np.random.default_rng(2)
    b = replace(b, rotations=random_motion(frames=len(b), seed=int(rng.integers(9)) + 5).rotations)
    alignment, features = align(a, b), (pose_features(a), pose_features(b))
    pixels = alignment_pixels(alignment, *features)
    matrix, curve = pixels[CURVE_HEIGHT + GAP :], pixels[:CURVE_HEIGHT]
    on_path = (matrix == PATH).all(axis=-1)
    columns, rows = pixel_of_frame(alignment.path[:, 0], len(a)), pixel_of_frame(alignment.path[:, 1], len(b))
    assert on_path[rows, columns].all()
    assert on_path.any(axis=0).all()
    assert on_path.any(axis=1).all()
    assert on_path.mean() < 0.03
    at = pixel_of_frame(np.array([10]), len(a))[0], pixel_of_frame(np.array([90]), len(b))[0]
    other = pixel_of_frame(np.array([50]), len(a))[0], pixel_of_frame(np.array([5]), len(b))[0]
    apart = [np.linalg.norm(features[0][i] - features[1][j]) for i, j in ((10, 90), (50, 5))]
    assert not on_path[at[1], at[0]]
    assert not on_path[other[1], other[0]]
    assert matrix[at[1], at[0], 0] / matrix[other[1], other[0], 0] == pytest.approx(apart[0] / apart[1])
    heights = (curve == CURVE).all(axis=-1).sum(axis=0)[pixel_of_frame(np.arange(len(a)), len(a))]
    distance = alignment.distance_per_frame()
    np.testing.assert_allclose(heights / heights.max(), distance / distance.max(), atol=1 / heights.max())
    assert ((curve == CURVE) | (curve == GROUND)).all(axis=-1).all()


def test_the_image_shows_the_last_comparison(pair: tuple[Any, Any]) -> None:
    run(pair)
    bpy.data.images[NAME].scale(64, 64)
    run(pair)
    found = picture()
    a, b = two_motions()
    expected = alignment_pixels(align(a, b), pose_features(a), pose_features(b))
    assert found.shape == (SIDE + GAP + CURVE_HEIGHT, SIDE, 4)
    assert np.isclose(found[..., :3], expected, atol=2 / 255).all(axis=-1).mean() > 0.99


def test_each_is_one_undo_step(addon: None, pair: tuple[Any, Any]) -> None:
    settings: Any = bpy.context.scene.posenorm_compare
    settings.armature_a, settings.armature_b = pair
    keys, motion = all_keys(pair[1]), read_motion(pair[1])
    bpy.ops.ed.undo_push(message="before")
    assert bpy.ops.posenorm.compare("EXEC_DEFAULT", True) == {"FINISHED"}
    retimed = all_keys(bpy.data.objects["b"])
    assert status.text.startswith("b timed as a; Similarity ")
    bpy.ops.ed.undo()
    b: Any = bpy.data.objects["b"]
    assert all_keys(b) == keys
    assert len(read_motion(b)) == len(motion)
    assert tuple(b.location) == (0.0, 0.0, 0.0)
    assert (markers(), len(bpy.data.images)) == ({}, 0)
    assert bpy.context.scene.posenorm_compare.result == ""
    bpy.ops.ed.redo()
    assert all_keys(bpy.data.objects["b"]) == retimed
    assert len(markers()) == KEYFRAMES


def test_the_panel_is_told_what_was_found_until_another_is_picked(addon: None, pair: tuple[Any, Any]) -> None:
    settings: Any = bpy.context.scene.posenorm_compare
    assert not bpy.ops.posenorm.compare.poll()
    settings.armature_a, settings.armature_b = pair
    bpy.ops.posenorm.compare()
    lines = settings.result.splitlines()
    assert re.fullmatch(r"Similarity (0\.9\d|1\.00)", lines[0])
    assert re.fullmatch(r"B 0\.\d\d times as fast as A", lines[1])
    assert re.fullmatch(r"Differing most: \w[\w ]* \d+°(, \w[\w ]* \d+°){2}", lines[2])
    settings.armature_b = pair[0]
    assert settings.result == ""


def single_frame(pair: tuple[Any, Any]) -> tuple[Any, Any]:
    motion, _ = two_motions()
    return pair[0], add_motion(bpy.context, at_times(motion, np.zeros(1), FPS_A), "still", 1)


def without_motion(pair: tuple[Any, Any]) -> tuple[Any, Any]:
    other = bpy.data.objects.new("rig", bpy.data.armatures.new("rig"))
    bpy.context.collection.objects.link(other)
    return other, pair[1]


def without_action(pair: tuple[Any, Any]) -> tuple[Any, Any]:
    pair[1].animation_data.action = None
    return pair


def in_edit_mode(pair: tuple[Any, Any]) -> tuple[Any, Any]:
    bpy.context.view_layer.objects.active = pair[1]
    bpy.ops.object.mode_set(mode="EDIT")
    return pair


@pytest.mark.parametrize(
    ("spoilt", "words"),
    [
        (lambda pair: (pair[0], pair[0]), "a: is both A and B"),
        (without_motion, "rig: keeps no motion"),
        (without_action, "b: has no keys"),
        (single_frame, "still: has one frame only"),
        (in_edit_mode, "b: is in edit mode"),
    ],
)
def test_what_cannot_be_compared_is_refused_and_nothing_changes(
    pair: tuple[Any, Any], spoilt: Callable[[tuple[Any, Any]], tuple[Any, Any]], words: str
) -> None:
    chosen = spoilt(pair)
    before = {action.name for action in bpy.data.actions}
    with pytest.raises(InputError, match=words):
        compare(bpy.context, *chosen)
    assert {action.name for action in bpy.data.actions} == before
    assert (markers(), len(bpy.data.images)) == ({}, 0)


def test_a_comparison_that_fails_leaves_b_as_it_was(pair: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    action = run(pair).action
    keys = all_keys(pair[1])

    def fails(*_arguments: Any) -> None:
        raise InputError("no common joints")

    monkeypatch.setattr("addon.scene.compare.align", fails)
    with pytest.raises(InputError):
        run(pair)
    assert pair[1].animation_data.action == action
    assert all_keys(pair[1]) == keys
    assert len(read_motion(pair[1])) == FRAMES_A


def test_the_button_tells_what_is_wrong(addon: None, pair: tuple[Any, Any]) -> None:
    settings: Any = bpy.context.scene.posenorm_compare
    settings.armature_a = settings.armature_b = pair[0]
    with pytest.raises(RuntimeError, match="is both A and B"):
        bpy.ops.posenorm.compare()
    assert status.is_error
