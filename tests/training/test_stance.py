"""Upright people are straight, each on his own: whatever a rig's trunk was set to, the same motion is the same."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose
from standing import CROOKED, sitting, swaying

from posenorm_core import quaternion
from posenorm_core.condition_skeleton import JOINT_COUNT, PARENTS
from posenorm_core.kinematics import forward_kinematics, pose_skeleton
from posenorm_core.rest_pose import BodyMotion
from posenorm_core.trunk import pitched, trunk_pitches, upright_frames
from training.mocap import stance
from training.mocap.bodies import Body, SourcePose
from training.mocap.families import FAMILIES


def body(motions: Sequence[BodyMotion], subjects: Sequence[str]) -> Body:
    """People on one skeleton, a clip each."""
    points = [np.asarray(forward_kinematics(m.offsets, m.rotations, PARENTS)) for m in motions]
    clips = [
        SourcePose(f"clip {n}", "", subject, "", "", FAMILIES[0], placed, np.zeros((len(placed), JOINT_COUNT, 4)))
        for n, (subject, placed) in enumerate(zip(subjects, points, strict=True))
    ]
    rotations = np.concatenate([motion.rotations for motion in motions])
    return Body(tuple(clips), np.concatenate(points), BodyMotion(motions[0].offsets, rotations), scale=1.0)


def crooked(whole: Body, pitches: np.ndarray) -> Body:
    """The same people doing the same on a rig whose trunk was set otherwise."""
    return replace(whole, motion=pitched(whole.motion, pitches))


def test_the_same_motion_is_the_same_whatever_the_trunk_was_set_to() -> None:
    whole = body([swaying()], ["a"])
    (straight,), (other,) = (list(stance.standing_straight(b)) for b in (whole, crooked(whole, CROOKED)))
    assert quaternion.geodesic_angle(other.motion.rotations, straight.motion.rotations).max() < 1e-6
    assert_allclose(other.motion.offsets, straight.motion.offsets, atol=1e-9)


def test_each_person_on_a_skeleton_is_straight_on_his_own() -> None:
    whole = body([swaying(seed=1), swaying(seed=2)], ["a", "b"])
    half = len(whole.points) // 2
    bent = crooked(whole, CROOKED).motion.rotations
    mixed = replace(
        whole, motion=replace(whole.motion, rotations=np.concatenate([whole.motion.rotations[:half], bent[half:]]))
    )
    for person in stance.standing_straight(mixed):
        assert len(person.points) == half
        turned = np.asarray(pose_skeleton(person.motion.offsets, person.motion.rotations, PARENTS)[1])
        assert_allclose(np.median(trunk_pitches(person.points, turned), axis=0), 0, atol=1e-9)


def test_who_is_never_upright_is_taken_as_the_others_are() -> None:
    whole = crooked(body([swaying(), sitting()], ["a", "b"]), CROOKED)
    assert not upright_frames(whole.points[60:]).any()
    standing, sits = stance.standing_straight(whole)
    assert_allclose(sits.motion.offsets, standing.motion.offsets, atol=1e-9)


def test_nobody_upright_is_left_as_he_is() -> None:
    whole = crooked(body([sitting()], ["a"]), CROOKED)
    (alone,) = stance.standing_straight(whole)
    assert_allclose(alone.motion.rotations, whole.motion.rotations)


@pytest.mark.parametrize(("subject", "people"), [("cmu:7", 1), ("cmu:unknown", 2)])
def test_the_clips_of_nobody_in_particular_are_of_different_people(subject: str, people: int) -> None:
    found = list(stance.standing_straight(body([swaying(seed=1), swaying(seed=2)], [subject] * 2)))
    assert len(found) == people
    assert [clip.name for person in found for clip in person.clips] == ["clip 0", "clip 1"]
