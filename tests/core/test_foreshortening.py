"""Depth from lengths: the truth stays, what is too deep or too flat is put right, and nothing else is touched."""

import numpy as np
import pytest
from pictured_motion import HINGES, doubt, motion, other_body, pictured, seen

from posenorm_core import quaternion
from posenorm_core.condition_skeleton import CONDITION_SKELETON, JOINT_NAMES, MIRROR, NON_LEAVES, PARENTS
from posenorm_core.foreshortening import with_depth_from_lengths
from posenorm_core.kinematics import global_rotations, pose_skeleton
from posenorm_core.landmarks import LANDMARK_COUNT
from posenorm_core.mirror import mirrored_rotations

LIMBS = [
    (JOINT_NAMES.index(f"{side}_{joint}"), JOINT_NAMES.index(f"{side}_{end}"))
    for side in ("right", "left")
    for joint, end in (("hip", "knee"), ("knee", "ankle"), ("shoulder", "elbow"), ("elbow", "wrist"))
]
JOINTS, ENDS = ([limb[i] for limb in LIMBS] for i in (0, 1))
FEET = [JOINT_NAMES.index("right_ankle"), JOINT_NAMES.index("left_ankle")]
# What single precision is off by, radians.
SINGLE = 2e-3


def directions(rotations: np.ndarray) -> np.ndarray:
    """The limbs' bones as unit vectors (frames, 8, 3)."""
    positions, _ = pose_skeleton(CONDITION_SKELETON.offsets, rotations, PARENTS)
    bones = positions[:, ENDS] - positions[:, JOINTS]
    return np.asarray(bones / np.linalg.norm(bones, axis=-1, keepdims=True))


def with_wrong_depth(rotations: np.ndarray, degrees: float, seed: int = 1) -> np.ndarray:
    """The motion with each limb bone turned out of the picture or into it, by another angle each; never past it."""
    rng = np.random.default_rng(seed)
    turned, bones = global_rotations(rotations, PARENTS), directions(rotations)
    depth = np.arcsin(bones[..., 2])
    wrong = np.abs(np.abs(depth) + np.radians(rng.normal(0, degrees, (1, 8)))).clip(0, np.radians(85))
    flat = bones[..., :2] / np.linalg.norm(bones[..., :2], axis=-1, keepdims=True)
    towards = np.concatenate([flat * np.cos(wrong)[..., None], np.copysign(np.sin(wrong), depth)[..., None]], axis=-1)
    turned[:, JOINTS] = quaternion.multiply(quaternion.between(bones, towards), turned[:, JOINTS])
    above = turned[:, list(PARENTS[1:])]
    return np.concatenate([turned[:, :1], quaternion.multiply(quaternion.inverse(above), turned[:, 1:])], axis=1)


def angles(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Between the limbs of two motions, degrees (frames, 8)."""
    return np.degrees(np.arccos(np.clip((directions(a) * directions(b)).sum(axis=-1), -1, 1)))


@pytest.mark.parametrize("offsets", [CONDITION_SKELETON.offsets, other_body()], ids=["usual", "other body"])
def test_the_truth_stays_whatever_the_body(offsets):
    truth = motion()
    kept = with_depth_from_lengths(truth, doubt(240, 10), pictured(truth, offsets), seen(240))
    assert angles(kept, truth).mean() < (0.2 if offsets is CONDITION_SKELETON.offsets else 1.5)


@pytest.mark.parametrize("offsets", [CONDITION_SKELETON.offsets, other_body()], ids=["usual", "other body"])
def test_wrong_depths_come_nearer_to_the_truth(offsets):
    truth = motion()
    wrong = with_wrong_depth(truth, 15)
    mended = with_depth_from_lengths(wrong, doubt(240, 15), pictured(truth, offsets), seen(240))
    assert angles(wrong, truth).mean() > 8
    assert angles(mended, truth).mean() < 0.7 * angles(wrong, truth).mean()


def test_the_surer_the_network_is_the_less_moves():
    truth = motion()
    wrong, points = with_wrong_depth(truth, 15), pictured(truth)
    moves = [
        angles(with_depth_from_lengths(wrong, doubt(240, d), points, seen(240)), wrong).mean() for d in (0.3, 5, 30)
    ]
    assert moves[0] < 0.1 < moves[1] < moves[2]


def test_what_is_drawn_and_which_way_it_points_stays():
    truth = motion()
    wrong = with_wrong_depth(truth, 15)
    before = directions(wrong)
    after = directions(with_depth_from_lengths(wrong, doubt(240, 15), pictured(truth), seen(240)))
    cross = before[..., 0] * after[..., 1] - before[..., 1] * after[..., 0]
    np.testing.assert_allclose(cross, 0, atol=1e-5)
    assert ((before[..., :2] * after[..., :2]).sum(axis=-1) > 0).all()
    crossing = np.sign(before[..., 2]) != np.sign(after[..., 2])
    # Evening out over a few frames may carry a bone that passes the picture's plane across it, no other.
    assert np.abs(before[crossing][:, 2]).max(initial=0) < 0.2


def test_trunk_and_head_stay_and_feet_stay_where_they_point():
    wrong = with_wrong_depth(motion(), 15)
    mended = with_depth_from_lengths(wrong, doubt(240, 15), pictured(motion()), seen(240))
    rest = [j for j in NON_LEAVES if j not in JOINTS + FEET]
    np.testing.assert_allclose(mended[:, rest], wrong[:, rest], atol=1e-6)
    feet = [global_rotations(rotations, PARENTS)[:, FEET] for rotations in (mended, wrong)]
    assert quaternion.geodesic_angle(*feet).max() < SINGLE


def test_elbows_and_knees_stay_hinges():
    # Bent otherwise than is seen, but bent like hinges: so they must be afterwards.
    truth, bent = motion(), motion()
    for number, name in enumerate(JOINT_NAMES):
        for hinge, axis in HINGES.items():
            if name.endswith(hinge):
                sign = -1 if name == "left_elbow" else 1
                more = quaternion.from_axis_angle(sign * np.array(axis), np.array(0.5))
                bent[:, number] = quaternion.multiply(bent[:, number], more)
    mended = with_depth_from_lengths(bent, doubt(240, 15), pictured(truth), seen(240))
    assert angles(mended, bent).mean() > 4
    for number, name in enumerate(JOINT_NAMES):
        for hinge, axis in HINGES.items():
            if name.endswith(hinge):
                sideways = quaternion.swing_twist(mended[:, number], np.array(axis))[0]
                off = np.degrees(quaternion.geodesic_angle(sideways, quaternion.identity_like(sideways)))
                assert off.mean() < 1, name


def test_size_place_and_direction_of_y_do_not_matter_and_a_mirror_mirrors():
    truth = motion()
    wrong, points = with_wrong_depth(truth, 15), pictured(truth)
    mended = with_depth_from_lengths(wrong, doubt(240, 15), points, seen(240))
    other = with_depth_from_lengths(wrong, doubt(240, 15), points * [0.01, -0.01] + 7, seen(240))
    assert quaternion.geodesic_angle(mended, other).max() < SINGLE
    backwards = with_depth_from_lengths(wrong[::-1], doubt(240, 15), points[::-1], seen(240))[::-1]
    assert quaternion.geodesic_angle(mended, backwards).max() < SINGLE
    swapped = points.copy()
    swapped[:, :19] = points[:, list(MIRROR)]
    mirrored = with_depth_from_lengths(mirrored_rotations(wrong), doubt(240, 15), swapped * [-1, 1], seen(240))
    assert quaternion.geodesic_angle(mirrored_rotations(mended), mirrored).max() < SINGLE


def test_a_bone_that_is_not_seen_stays():
    truth = motion()
    wrong, confidence = with_wrong_depth(truth, 15), seen(240)
    hidden = JOINT_NAMES.index("left_wrist")
    confidence[:, hidden] = 0
    points = pictured(truth)
    points[:, hidden] = 0
    mended = with_depth_from_lengths(wrong, doubt(240, 15), points, confidence)
    moved = angles(mended, wrong)
    assert moved[:, ENDS.index(hidden)].max() < 0.1
    assert np.delete(moved, ENDS.index(hidden), axis=1).mean() > 1


def test_another_persons_arm_for_a_while_is_no_ruler():
    truth = motion()
    points = pictured(truth)
    for name, distance in (("right_elbow", 300), ("right_wrist", 900)):
        points[100:120, JOINT_NAMES.index(name)] += distance
    kept = with_depth_from_lengths(truth, doubt(240, 10), points, seen(240))
    others = [i for i, end in enumerate(ENDS) if "right_" not in JOINT_NAMES[end] or "kne" in JOINT_NAMES[end]]
    assert angles(kept, truth)[:, others].max() < 3
    assert np.delete(angles(kept, truth), np.s_[95:125], axis=0).max() < 3


def test_what_is_far_away_in_time_does_not_matter():
    truth = motion(400)
    wrong, points = with_wrong_depth(truth, 15), pictured(truth)
    whole = with_depth_from_lengths(wrong, doubt(400, 15), points, seen(400))
    points[:20] *= 9
    apart = with_depth_from_lengths(wrong, doubt(400, 15), points, seen(400))
    assert quaternion.geodesic_angle(whole[350:], apart[350:]).max() < SINGLE


@pytest.mark.parametrize("frames", [1, 2, 5])
def test_a_few_frames_or_none_seen_are_sound(frames):
    truth = motion(frames)
    for points, confidence in (
        (pictured(truth), seen(frames)),
        (np.zeros((frames, LANDMARK_COUNT, 2)), seen(frames)),
        (pictured(truth), 0 * seen(frames)),
    ):
        result = with_depth_from_lengths(truth.astype(np.float32), doubt(frames, 10), points, confidence)
        assert result.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(result, axis=-1), 1, atol=1e-5)
    np.testing.assert_allclose(result, truth, atol=1e-6)
