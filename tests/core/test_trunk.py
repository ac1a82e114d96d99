"""A trunk's rest pose is found in how somebody stands, and nothing but the meaning of his rotations changes."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from standing import CROOKED, sitting, swaying

from posenorm_core import quaternion
from posenorm_core.condition_skeleton import CONDITION_SKELETON, JOINT_NAMES, PARENTS
from posenorm_core.kinematics import forward_kinematics, pose_skeleton
from posenorm_core.rest_pose import BodyMotion
from posenorm_core.trunk import pitched, straightened, trunk_pitches, usual_pitches

TRUNK = [JOINT_NAMES.index(name) for name in ("pelvis", "spine", "thorax")]


def points_of(motion: BodyMotion) -> np.ndarray:
    return np.asarray(forward_kinematics(motion.offsets, motion.rotations, PARENTS))


def test_pitching_a_trunk_moves_no_joint() -> None:
    motion = swaying()
    crooked = pitched(motion, CROOKED)
    before, after = (forward_kinematics(m.offsets, m.rotations, PARENTS) for m in (motion, crooked))
    assert_allclose(after, before, atol=1e-12)
    leaves = list(CONDITION_SKELETON.leaves)
    assert_allclose(crooked.rotations[:, leaves], motion.rotations[:, leaves])
    turned = [pose_skeleton(m.offsets, m.rotations, PARENTS)[1] for m in (motion, crooked)]
    change = quaternion.to_rotation_vector(quaternion.multiply(quaternion.inverse(turned[0]), turned[1]))
    assert_allclose(np.asarray(change)[:, TRUNK, 0], np.tile(CROOKED, (len(motion.rotations), 1)), atol=1e-9)


@pytest.mark.parametrize("pitches", [CROOKED, -CROOKED, 0 * CROOKED])
def test_whatever_the_trunk_was_set_to_who_stands_is_straight(pitches: np.ndarray) -> None:
    motion = pitched(swaying(), pitches)
    points = points_of(motion)
    found = straightened(points, motion, 30.0)
    assert_allclose(points_of(found), points, atol=1e-12)
    turned = np.asarray(pose_skeleton(found.offsets, found.rotations, PARENTS)[1])
    assert_allclose(np.median(trunk_pitches(points, turned), axis=0), 0, atol=1e-9)
    assert_allclose(usual_pitches(points, motion, 30.0), pitches + usual_pitches(points, swaying(), 30.0), atol=1e-9)


def test_bows_and_seats_do_not_count() -> None:
    """Who bows or sits for most of the time is as straight as in the moment in which he stands."""
    standing, sits = swaying(frames=20), sitting(frames=100)
    bows = swaying(frames=100)
    bows.rotations[:, 0] = quaternion.from_rotation_vector(np.array([1.2, 0.0, 0.0]))
    whole = BodyMotion(standing.offsets, np.concatenate([m.rotations for m in (sits, standing, bows)]))
    crooked = pitched(whole, CROOKED)
    alone = usual_pitches(points_of(standing), standing, 30.0)
    assert alone is not None
    assert_allclose(usual_pitches(points_of(crooked), crooked, 30.0), CROOKED + alone, atol=1e-9)


@pytest.mark.parametrize(("motion", "fps"), [(sitting(), 30.0), (swaying(frames=20), 60.0), (swaying(frames=1), 30.0)])
def test_who_hardly_stands_is_left_as_he_is_or_taken_as_others_are(motion: BodyMotion, fps: float) -> None:
    crooked = pitched(motion, CROOKED)
    points = points_of(crooked)
    assert straightened(points, crooked, fps) is crooked
    known = straightened(points, crooked, fps, otherwise=CROOKED)
    assert quaternion.geodesic_angle(known.rotations, motion.rotations).max() < 1e-7
    assert_allclose(known.offsets, motion.offsets, atol=1e-12)
