"""A motion's own frames are found by its keys, whatever the user did to all of them: each keeps what belongs to it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from motions import random_motion

from addon.scene import actions
from addon.scene.cleaning import clean
from addon.scene.clip_frames import clip_frames
from addon.scene.confidence_marks import mark_uncertain, uncertain_stretches
from addon.scene.export import export_bvh
from addon.scene.keyed_motion import add_motion, keyed_frames, read_motion, set_orientation
from addon.scene.own_frames import OwnFrames, Trace, own_frames
from posenorm_core.bvh import read_bvh
from posenorm_core.motion import Motion, with_orientation
from posenorm_core.quaternion import geodesic_angle

COUNT, FIRST, STEP = 20, 5.0, 1.25
GRID = FIRST + STEP * np.arange(COUNT)
EVERY_FOURTH = np.unique([*range(0, COUNT, 4), COUNT - 1])


def found(root: np.ndarray, others: np.ndarray | None = None) -> OwnFrames:
    every = root if others is None else np.unique(np.concatenate([root, others]))
    return own_frames(COUNT, FIRST, STEP, root, lambda: every)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (GRID, OwnFrames(FIRST, STEP, 0, COUNT)),
        (GRID + 3.7, OwnFrames(FIRST + 3.7, STEP, 0, COUNT)),
        (GRID + 8 * STEP, OwnFrames(FIRST + 8 * STEP, STEP, 0, COUNT)),
        (GRID[EVERY_FOURTH], OwnFrames(FIRST, STEP, 0, COUNT)),
        (GRID[6:], OwnFrames(FIRST, STEP, 6, COUNT)),
        (GRID[:-6], OwnFrames(FIRST, STEP, 0, COUNT - 6)),
        (GRID[5:9], OwnFrames(FIRST, STEP, 5, 9)),
        (GRID[4:5], OwnFrames(FIRST, STEP, 4, 5)),
        (np.array([-20.0, *GRID]), OwnFrames(FIRST, STEP, 0, COUNT)),
        (np.array([-20.0, -3.1, *GRID, 77.0]), OwnFrames(FIRST, STEP, 0, COUNT)),
        (2 * GRID, OwnFrames(2 * FIRST, 2 * STEP, 0, COUNT)),
        (GRID / 2, OwnFrames(FIRST / 2, STEP / 2, 0, COUNT)),
        (1.7 * GRID[EVERY_FOURTH], OwnFrames(1.7 * FIRST, 1.7 * STEP, 0, COUNT)),
        (np.empty(0), OwnFrames(0.0, STEP, 0, COUNT)),
    ],
    ids=[
        "as they were",
        "moved",
        "moved onto each other's places",
        "thinned out",
        "cut at the start",
        "cut at the end",
        "cut at both",
        "one left",
        "one before",
        "others around",
        "stretched",
        "shrunk",
        "thinned out and stretched",
        "gone",
    ],
)
def test_what_was_done_to_the_keys_is_found(keys: np.ndarray, expected: OwnFrames) -> None:
    own = found(keys.astype(np.float32).astype(np.float64))
    assert (own.begin, own.end) == (expected.begin, expected.end)
    np.testing.assert_allclose([own.first, own.step], [expected.first, expected.step], atol=1e-4)


def test_a_root_that_stands_still_is_helped_by_the_other_bones() -> None:
    assert found(GRID[[0]], GRID[6:][::3]).end == COUNT - 1
    assert found(GRID[[0]], GRID).part == slice(0, COUNT)


VALUES = np.sin(np.arange(COUNT) ** 1.3)


@pytest.mark.parametrize("part", [slice(6, None), slice(0, -6), slice(5, 9)])
@pytest.mark.parametrize("moved", [0.0, -6 * STEP, 3.3, 400.0])
@pytest.mark.parametrize("every", [1, 2])
def test_a_part_that_was_moved_is_known_by_its_values(part: slice, moved: float, every: int) -> None:
    own = np.arange(COUNT)[part][::every]
    keys = GRID[own] + moved
    trace = Trace(VALUES, np.stack([keys, VALUES[own] + 0.003], axis=1))
    found = own_frames(COUNT, FIRST, STEP, keys, lambda: keys, lambda: trace)
    assert (found.begin, found.end) == (own[0], own[-1] + 1)
    np.testing.assert_allclose(found.keyed[[0, -1]], keys[[0, -1]])


def edit(armature: Any, change: Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]) -> None:
    """Keys every curve anew as `change` makes its frames (K,) and values (K,)."""
    for curve in actions.curves_of(armature):
        keys = np.array([point.co for point in curve.keyframe_points])
        frames, values = change(keys[:, 0], keys[:, 1])
        curve.keyframe_points.clear()
        curve.keyframe_points.add(len(frames))
        curve.keyframe_points.foreach_set("co", np.stack([frames, values], axis=1).astype(np.float32).ravel())
        for point in curve.keyframe_points:
            point.interpolation = "LINEAR"
        curve.update()


def assert_part(motion: Motion, whole: Motion, part: slice) -> None:
    for name in ("rotations", "view_root"):
        turned = geodesic_angle(getattr(motion, name).astype(float), getattr(whole, name)[part].astype(float))
        assert np.max(turned) < 1e-4, name
    np.testing.assert_array_equal(motion.confidence, whole.confidence[part])
    np.testing.assert_allclose(motion.root_position, whole.root_position[part], atol=1e-5)


EDITS: dict[str, tuple[Any, slice]] = {
    "cut at the start": (lambda frames, values: (frames[6:], values[6:]), slice(6, None)),
    "cut at the end": (lambda frames, values: (frames[:-6], values[:-6]), slice(0, -6)),
    "cut at the start and moved": (lambda frames, values: (frames[6:] - 6, values[6:]), slice(6, None)),
    "a pose before": (lambda frames, values: (np.append(-9, frames), np.append(0.3, values)), slice(0, None)),
}


@pytest.mark.parametrize("change", EDITS)
def test_the_motion_is_what_is_left_of_it_and_turns_as_it_would_have(change: str) -> None:
    whole = random_motion()
    armature = add_motion(bpy.context, whole, "clip", 1)
    edit(armature, EDITS[change][0])
    part = EDITS[change][1]
    assert_part(read_motion(armature), whole, part)
    assert clip_frames(bpy.context.scene, armature).fps == whole.fps
    set_orientation(armature, "view")
    assert_part(read_motion(armature), with_orientation(whole, "view"), part)
    set_orientation(armature, "heading")
    assert_part(read_motion(armature), whole, part)


def test_stretched_keys_make_a_slower_clip_of_all_frames(tmp_path: Path) -> None:
    whole = random_motion()
    armature = add_motion(bpy.context, whole, "clip", 1)
    edit(armature, lambda frames, values: (1 + 2 * (frames - 1), values))
    motion, clip = read_motion(armature), clip_frames(bpy.context.scene, armature)
    assert_part(motion, whole, slice(None))
    assert motion.fps == clip.fps == pytest.approx(whole.fps / 2)
    np.testing.assert_allclose(clip.frames, 1 + 2 * np.arange(len(whole)))
    export_bvh(bpy.context, armature, tmp_path / "slow.bvh")
    written = read_bvh(tmp_path / "slow.bvh")
    assert (len(written), written.fps) == (len(whole), pytest.approx(whole.fps / 2, rel=1e-3))


def test_what_is_cut_off_is_neither_cleaned_back_nor_marked() -> None:
    whole = random_motion(frames=60)
    low = np.full_like(whole.confidence, 0.9)
    low[:20] = 0.01
    armature = add_motion(bpy.context, Motion(**{**vars(whole), "confidence": low}), "clip", 1)
    assert len(mark_uncertain(armature)) == 1
    edit(armature, lambda frames, values: (frames[15:], values[15:]))
    (stretch,) = uncertain_stretches(armature)
    assert (stretch.start, stretch.end) == (16, 20)
    clean(armature, 0.0, np.radians(0.5))
    assert keyed_frames(armature)[0] == 16
    np.testing.assert_array_equal(read_motion(armature).confidence, low[15:])
    edit(armature, lambda frames, values: (frames[frames > 25], values[frames > 25]))
    assert uncertain_stretches(armature) == []
