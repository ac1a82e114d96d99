"""The five points beyond the joints are as rigid as the head and feet they stand for."""

import numpy as np
import pytest
from hypothesis import given
from library import Library, assert_close
from strategies import seeds

from posenorm_core import quaternion
from posenorm_core.condition_skeleton import CONDITION_SKELETON, JOINT_NAMES, PARENTS
from posenorm_core.kinematics import pose_skeleton
from posenorm_core.landmarks import (
    FIXED_OFFSETS,
    LANDMARK_COUNT,
    LANDMARK_NAMES,
    MIRROR,
    fixed_point_offsets,
    landmark_positions,
)

ANCHORS = {
    "nose": ("neck", "head"),
    "left_ear": ("neck", "head"),
    "right_ear": ("neck", "head"),
    "left_heel": ("left_ankle", "left_toe"),
    "right_heel": ("right_ankle", "right_toe"),
}


def place(name: str) -> int:
    """The number of the landmark called `name`."""
    return LANDMARK_NAMES.index(name)


def posed(library: Library, offsets: np.ndarray, rotations: np.ndarray) -> np.ndarray:
    """The landmarks (…, 24, 3) of a pose."""
    positions, turned = pose_skeleton(library.array(offsets), library.array(rotations), PARENTS)
    fixed = library.array(fixed_point_offsets(offsets))
    return library.numbers(landmark_positions(positions, turned, fixed))


def random_pose(seed: int, frames: int = 3) -> np.ndarray:
    """Rotations (frames, 19, 4)."""
    rng = np.random.default_rng(seed)
    return np.asarray(quaternion.normalize(rng.normal(size=(frames, 19, 4))))


def test_names() -> None:
    """The joints first, in their order, then the five."""
    assert LANDMARK_NAMES[:19] == JOINT_NAMES
    assert LANDMARK_NAMES[19:] == tuple(ANCHORS)
    assert len(set(LANDMARK_NAMES)) == LANDMARK_COUNT == 24


@given(seed=seeds)
def test_joints_are_the_skeletons(library: Library, seed: int) -> None:
    """The first 19 are FK's own, untouched."""
    rotations = random_pose(seed)
    positions, _ = pose_skeleton(library.array(CONDITION_SKELETON.offsets), library.array(rotations), PARENTS)
    assert_close(posed(library, CONDITION_SKELETON.offsets, rotations)[:, :19], library.numbers(positions), 0)


@given(seed=seeds)
def test_points_follow_their_joint_rigidly(library: Library, seed: int) -> None:
    """Seen from the joint they are fixed to, and in its turn, they stand where they stood in the T-pose."""
    rotations = random_pose(seed)
    found = posed(library, CONDITION_SKELETON.offsets, rotations)
    still = posed(library, CONDITION_SKELETON.offsets, np.tile([1.0, 0, 0, 0], (19, 1)))
    _, turned = pose_skeleton(CONDITION_SKELETON.offsets, rotations, PARENTS)
    for name, (joint, leaf) in ANCHORS.items():
        back = quaternion.inverse(turned[:, place(joint)])
        for point in (name, leaf):
            seen = quaternion.rotate(back, found[:, place(point)] - found[:, place(joint)])
            expected = still[place(point)] - still[place(joint)]
            assert_close(seen, np.broadcast_to(expected, seen.shape), 10 * library.tolerance)


@pytest.mark.parametrize("name", ANCHORS)
def test_points_scale_with_their_own_bone(library: Library, name: str) -> None:
    """A head or foot twice as long has its points twice as far; the rest of the body does not matter to them."""
    joint, leaf = ANCHORS[name]
    still = np.tile([1.0, 0, 0, 0], (19, 1))
    before = posed(library, CONDITION_SKELETON.offsets, still)
    for scaled, factor in ((leaf, 2.0), ("left_elbow", 1.0), ("left_knee", 1.0)):
        offsets = CONDITION_SKELETON.offsets.copy()
        offsets[place(scaled)] *= 2
        after = posed(library, offsets, still)
        expected = factor * (before[place(name)] - before[place(joint)])
        assert_close(after[place(name)] - after[place(joint)], expected, library.tolerance)


def test_points_of_many_bodies() -> None:
    """Leading axes are kept: each body's are its own."""
    bodies = CONDITION_SKELETON.offsets * np.array([1.0, 0.5, 3.0])[:, None, None]
    found = fixed_point_offsets(bodies)
    for scale, offsets in zip((1.0, 0.5, 3.0), found, strict=True):
        np.testing.assert_allclose(offsets, scale * FIXED_OFFSETS, atol=1e-12)


def test_faces_look_ahead_and_heels_stand_behind() -> None:
    """In the T-pose: nose before the neck, left ear on +X, heels behind the ankles and about as low as the toes."""
    offset = dict(zip(ANCHORS, FIXED_OFFSETS, strict=True))
    assert offset["nose"][2] > 0.05
    assert offset["left_ear"][0] > 0 > offset["right_ear"][0]
    for side in ("left", "right"):
        assert offset[f"{side}_heel"][2] < 0
        assert abs(offset[f"{side}_heel"][1] - CONDITION_SKELETON.offsets[place(f"{side}_toe")][1]) < 0.03


def test_mirror_swaps_sides_and_undoes_itself() -> None:
    """Every landmark's opposite is the other side's; the fixed points mirror in X."""
    for number, other in enumerate(MIRROR):
        name, opposite = LANDMARK_NAMES[number], LANDMARK_NAMES[other]
        assert MIRROR[other] == number
        assert (name == opposite) == (not name.startswith(("left_", "right_")))
        assert {name.split("_")[-1]} == {opposite.split("_")[-1]}
    places = [other - 19 for other in MIRROR[19:]]
    np.testing.assert_allclose(FIXED_OFFSETS[places] * [-1, 1, 1], FIXED_OFFSETS, atol=1e-12)
