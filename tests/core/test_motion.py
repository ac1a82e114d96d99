"""Motions: the file gives back what was written, and the orientation is a choice that loses nothing."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from posenorm_core import quaternion
from posenorm_core.condition_skeleton import CONDITION_SKELETON, JOINT_COUNT
from posenorm_core.errors import InputError
from posenorm_core.motion import ORIENTATIONS, Motion, load_motion, save_motion, save_positions, with_orientation

SEEDS = st.integers(0, 2**32 - 1)
_IDENTITY = np.array([1.0, 0, 0, 0])
_Y = np.array([0.0, 1.0, 0.0])


def unit(values: np.ndarray) -> np.ndarray:
    """`values` at length 1 over the last axis."""
    return values / np.linalg.norm(values, axis=-1, keepdims=True)


def some_motion(seed: int = 0, frames: int = 12, up: np.ndarray = _Y) -> Motion:
    """Any motion, as seen."""
    rng = np.random.default_rng(seed)
    rotations = quaternion.make_continuous(unit(rng.normal(size=(frames, JOINT_COUNT, 4))))
    return Motion(
        fps=29.97,
        skeleton=CONDITION_SKELETON,
        rotations=rotations,
        orientation="view",
        view_root=rotations[:, 0].copy(),
        up=up,
        root_position=rng.normal(size=(frames, 3)),
        contacts=np.where(rng.random((frames, 2)) < 0.5, np.nan, 0.25),
        confidence=rng.random((frames, JOINT_COUNT)),
        source={"file": "walk.npz", "person": 2},
    )


def same_rotations(a: np.ndarray, b: np.ndarray) -> bool:
    """Equal but for the sign, which says nothing."""
    return bool((quaternion.geodesic_angle(a, np.broadcast_to(b, a.shape)) < 1e-6).all())


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_save_and_load_give_back_the_same(tmp_path: Path, orientation: str) -> None:
    motion = with_orientation(some_motion(), orientation)
    save_motion(motion, tmp_path / "m.npz")
    loaded = load_motion(tmp_path / "m.npz")
    assert (loaded.fps, loaded.orientation, loaded.source) == (motion.fps, orientation, motion.source)
    assert loaded.skeleton.joint_names == motion.skeleton.joint_names
    assert loaded.skeleton.parents == motion.skeleton.parents
    np.testing.assert_array_equal(loaded.skeleton.offsets, motion.skeleton.offsets)
    for name in ("rotations", "view_root", "up", "root_position", "contacts", "confidence"):
        assert getattr(loaded, name).dtype == np.float32
        np.testing.assert_array_equal(getattr(loaded, name), getattr(motion, name).astype(np.float32))


def test_saved_positions_are_those_of_the_motion(tmp_path: Path) -> None:
    motion = with_orientation(some_motion(), "unified")
    save_positions(motion, tmp_path / "p.npz")
    with np.load(tmp_path / "p.npz", allow_pickle=False) as saved:
        assert sorted(saved.files) == ["fps", "joint_names", "positions"]
        np.testing.assert_allclose(saved["positions"], motion.positions(), atol=1e-6)
        assert saved["positions"].shape == (12, 19, 3)
        assert tuple(saved["joint_names"]) == motion.skeleton.joint_names
        assert saved["fps"] == motion.fps


def test_unified_has_no_root_rotation_and_view_is_as_seen() -> None:
    motion = some_motion()
    assert same_rotations(with_orientation(motion, "unified").rotations[:, 0], _IDENTITY)
    assert same_rotations(with_orientation(motion, "view").rotations[:, 0], motion.view_root)


@given(SEEDS)
def test_switching_back_and_forth_loses_nothing(seed: int) -> None:
    motion = some_motion(seed, up=unit(np.random.default_rng(seed).normal(size=3)))
    for first in ORIENTATIONS:
        for second in ORIENTATIONS:
            there = with_orientation(with_orientation(motion, first), second)
            straight = with_orientation(motion, second)
            np.testing.assert_array_equal(there.rotations, straight.rotations)
            assert there.orientation == second
            np.testing.assert_array_equal(there.rotations[:, 1:], motion.rotations[:, 1:])
            np.testing.assert_array_equal(there.view_root, motion.view_root)
            assert (np.sum(there.rotations[1:] * there.rotations[:-1], axis=-1) >= -1e-9).all()


@given(SEEDS)
def test_heading_does_not_see_a_turn_about_the_vertical(seed: int) -> None:
    rng = np.random.default_rng(seed)
    up = unit(rng.normal(size=3))
    motion = some_motion(seed, up=up)
    yaw = quaternion.from_axis_angle(np.tile(up, (len(motion), 1)), rng.uniform(-np.pi, np.pi, len(motion)))
    turned = replace(motion, view_root=quaternion.multiply(yaw, motion.view_root))
    headings = [with_orientation(one, "heading").rotations[:, 0] for one in (motion, turned)]
    assert same_rotations(*headings)


@given(SEEDS)
def test_heading_keeps_the_tilt_against_the_vertical(seed: int) -> None:
    up = unit(np.random.default_rng(seed).normal(size=3))
    motion = some_motion(seed, up=up)
    heading = with_orientation(motion, "heading").rotations[:, 0]
    # Where the vertical points as the body feels it: up in the view frame, +Y in the heading frame.
    felt_as_seen = quaternion.rotate(quaternion.inverse(motion.view_root), up)
    felt = quaternion.rotate(quaternion.inverse(heading), _Y)
    np.testing.assert_allclose(felt, felt_as_seen, atol=1e-6)


def test_heading_leaves_a_bow_a_bow_and_takes_the_turn_from_somebody_upright() -> None:
    bow = quaternion.from_axis_angle(np.array([[1.0, 0, 0]]), np.array([0.7]))
    turn = quaternion.from_axis_angle(np.array([[0.0, 1, 0]]), np.array([2.0]))
    motion = some_motion(frames=1)
    for seen, expected in ((bow, bow), (turn, _IDENTITY), (quaternion.multiply(turn, bow), bow)):
        heading = with_orientation(replace(motion, view_root=seen), "heading").rotations[:, 0]
        assert same_rotations(heading, expected)


def test_the_path_is_told_in_heading_and_elsewhere_the_pelvis_stays() -> None:
    motion = some_motion()
    for orientation in ORIENTATIONS:
        turned = with_orientation(motion, orientation)
        expected = motion.root_position if orientation == "heading" else np.zeros((len(motion), 3))
        np.testing.assert_array_equal(turned.path, expected)
        # Not lost: the next may choose heading again.
        np.testing.assert_array_equal(turned.root_position, motion.root_position)


def test_another_orientation_is_refused() -> None:
    with pytest.raises(InputError, match="unified, heading, view"):
        with_orientation(some_motion(), "sideways")


BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "another joint count": ({"rotations": np.tile(np.float32(_IDENTITY), (12, 18, 1))}, "joints"),
    "nan": ({"rotations": np.full((12, 19, 4), np.nan)}, "'rotations'"),
    "zeros": ({"rotations": np.zeros((12, 19, 4))}, "length 1"),
    "no vertical": ({"up": np.zeros(3)}, "'up'"),
    "nan position": ({"root_position": np.full((12, 3), np.nan)}, "'root_position'"),
    "a position beyond half the numbers": ({"root_position": np.full((12, 3), 1e300)}, "'root_position'"),
    "a confidence of 2": ({"confidence": np.full((12, 19), 2.0)}, "'confidence' holds what is not in 0…1"),
    "a contact of -1": ({"contacts": np.full((12, 2), -1.0)}, "'contacts' holds what is not in 0…1"),
    "an orientation of two lines": ({"orientation": "a\nb"}, "'a\\nb'"),
    "too many joints": (
        {
            "rotations": np.tile(_IDENTITY, (12, 3000, 1)),
            "confidence": np.ones((12, 3000)),
            "joint_names": np.arange(3000).astype(str),
            "parents": np.arange(-1, 2999),
            "offsets": np.ones((3000, 3)),
        },
        "3000 joints",
    ),
    "fewer frames": ({"contacts": np.zeros((11, 2))}, "frames"),
    "no frames": (
        {
            name: np.zeros((0, *shape))
            for name, shape in {
                "rotations": (19, 4),
                "view_root": (4,),
                "root_position": (3,),
                "contacts": (2,),
                "confidence": (19,),
            }.items()
        },
        "holds no frames",
    ),
    "no rate": ({"fps": 0.0}, "frame rate"),
    "a rate of nan": ({"fps": np.nan}, "frame rate"),
    "parents in a ring": ({"parents": np.arange(19)}, "root"),
    "parents of nan": ({"parents": np.full(19, np.nan)}, ""),
    "parents without end": ({"parents": np.full(19, np.inf)}, ""),
    "one name": ({"joint_names": "pelvis"}, "joint names"),
    "an orientation of its own": ({"orientation": "sideways"}, "sideways"),
    "a source that is no JSON": ({"source": "{"}, ""),
    "a source that is a number": ({"source": "7"}, ""),
    "a source without end": ({"source": "[" * 100_000}, ""),
    "another version": ({"version": 2}, "version 2"),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("case", BROKEN)
def test_what_is_wrong_with_a_file_is_said_in_one_line(tmp_path: Path, case: str) -> None:
    changes, words = BROKEN[case]
    path = tmp_path / "m.npz"
    save_motion(some_motion(), path)
    with np.load(path) as saved:
        arrays = {name: saved[name] for name in saved.files}
    np.savez(path, **(arrays | changes))
    with pytest.raises(InputError) as caught:
        load_motion(path)
    assert str(caught.value).startswith(str(path))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("missing", ["rotations", "joint_names", "parents", "offsets", "fps", "orientation", "up"])
def test_a_file_that_lacks_something_is_refused(tmp_path: Path, missing: str) -> None:
    path = tmp_path / "m.npz"
    save_motion(some_motion(), path)
    with np.load(path) as saved:
        arrays = {name: saved[name] for name in saved.files if name != missing}
    np.savez(path, **arrays)
    with pytest.raises(InputError, match=r"m\.npz"):
        load_motion(path)
