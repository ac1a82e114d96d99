"""Foot locking: standing feet stay, on the floor; what stands already stays as it is; nothing pops or is absurd."""

from dataclasses import replace

import numpy as np
import pytest

from posenorm_core import quaternion
from posenorm_core.builtin_motion import builtin_clip
from posenorm_core.condition_skeleton import CONDITION_SKELETON, JOINT_COUNT, JOINT_NAMES
from posenorm_core.errors import InputError
from posenorm_core.foot_lock import MODES, lock_feet, lock_motion_feet
from posenorm_core.kinematics import forward_kinematics
from posenorm_core.legs import Legs, legs_of_condition_skeleton
from posenorm_core.motion import Motion, with_orientation
from posenorm_core.root_path import BALL_HEIGHT, posed_body
from posenorm_core.root_shift import remaining, root_shift
from posenorm_core.skeleton import Skeleton
from posenorm_core.stances import floor_under, numbered, stances

FPS = 30.0
LEGS = legs_of_condition_skeleton(CONDITION_SKELETON)
LEG_JOINTS = [j for joints in LEGS.joints for j in joints]


def soles_of(rotations, path, skeleton=CONDITION_SKELETON):
    """Ball and heel of either foot (T, 2, 2, 3)."""
    return posed_body(rotations, skeleton.offsets).soles + path[:, None, None]


def locked(clip, contacts=None, mode="auto", path=None):
    path = clip.root_position if path is None else path
    contacts = clip.contacts.astype(float) if contacts is None else contacts
    return lock_feet(clip.skeleton, LEGS, clip.rotations, path, contacts, clip.fps, mode)


def slides(soles, standing):
    """Metres a frame of the slower end of feet that stand."""
    both = standing[1:] & standing[:-1]
    return np.linalg.norm(np.diff(soles, axis=0)[..., [0, 2]], axis=-1).min(axis=2)[both]


def trembling(clip, degrees=1.5, seed=0):
    """The clip with hips, knees and ankles that turn a little to and fro."""
    rng = np.random.default_rng(seed)
    time = np.arange(len(clip))[:, None, None] / clip.fps
    waves = np.sin(2 * np.pi * (rng.uniform(0.3, 1.5, (1, 6, 3)) * time + rng.random((1, 6, 3))))
    turns = quaternion.from_rotation_vector(np.radians(degrees) * waves)
    rotations = clip.rotations.astype(np.float64)
    rotations[:, LEG_JOINTS] = quaternion.multiply(rotations[:, LEG_JOINTS], turns)
    return replace(clip, rotations=rotations)


def standing_still(frames, pitch=0.0):
    rotations = np.zeros((frames, JOINT_COUNT, 4))
    rotations[..., 0] = 1
    rotations[:, 0] = quaternion.from_rotation_vector(np.array([pitch, 0.0, 0.0]))
    height = 0.391 + 0.407 + 0.047 + BALL_HEIGHT
    return rotations, np.tile([0.0, height, 0.0], (frames, 1))


@pytest.mark.parametrize("action", ["walk", "squat", "turn", "kick"])
def test_feet_that_stand_stay_on_the_floor_and_where_they_are(action):
    clip = trembling(builtin_clip(action, 1, seconds=5.0))
    before = slides(soles_of(clip.rotations, clip.root_position), clip.contacts > 0.5)
    rotations, path = locked(clip)
    soles = soles_of(rotations, path)
    after = slides(soles, clip.contacts > 0.5)
    assert np.percentile(before, 50) > 0.001
    assert np.percentile(after, 50) < 2e-4
    assert np.percentile(after, 90) < 0.001
    lowest = soles[..., 1].min(axis=2)
    assert lowest.min() > BALL_HEIGHT - 0.01
    assert np.median(np.abs(lowest[clip.contacts > 0.5] - BALL_HEIGHT)) < 1e-3


def test_only_legs_and_path_change_and_by_little():
    clip = trembling(builtin_clip("walk", 1, seconds=5.0))
    rotations, path = locked(clip)
    others = [j for j in range(JOINT_COUNT) if j not in LEG_JOINTS]
    np.testing.assert_array_equal(rotations[:, others], clip.rotations[:, others])
    offsets, parents = clip.skeleton.offsets, clip.skeleton.parents
    here, there = (
        forward_kinematics(offsets, r, parents, p) for r, p in ((rotations, path), (clip.rotations, clip.root_position))
    )
    assert np.linalg.norm(here - there, axis=-1).mean() < 0.025


def test_to_lock_twice_is_to_lock_once():
    clip = trembling(builtin_clip("squat", 1, seconds=4.0))
    once = locked(clip)
    again = locked(replace(clip, rotations=once[0]), path=once[1])
    moved = soles_of(*again) - soles_of(*once)
    assert np.median(np.abs(moved)) < 5e-4


def test_who_stands_perfectly_is_left_alone():
    rotations, path = standing_still(40)
    for mode in MODES:
        for contacts in (np.ones((40, 2)), np.full((40, 2), np.nan)):
            new, way = lock_feet(CONDITION_SKELETON, LEGS, rotations, path, contacts, FPS, mode)
            np.testing.assert_allclose(np.abs((new * rotations).sum(axis=-1)), 1, atol=1e-9)
            np.testing.assert_allclose(way, path, atol=1e-7)


def test_off_changes_nothing_and_an_unknown_mode_is_told():
    clip = builtin_clip("walk", 1, seconds=2.0)
    rotations, path = locked(clip, mode="off")
    np.testing.assert_array_equal(rotations, clip.rotations)
    np.testing.assert_array_equal(path, clip.root_position)
    with pytest.raises(InputError, match="off, auto, always"):
        locked(clip, mode="some")


def test_a_path_that_drifts_is_mended_by_the_root_and_not_by_the_legs():
    rotations, path = standing_still(150)
    drifting = path + np.arange(150)[:, None] * [0.004, 0.0, -0.003]
    new, way = lock_feet(CONDITION_SKELETON, LEGS, rotations, drifting, np.ones((150, 2)), FPS, "auto")
    assert slides(soles_of(new, way), np.ones((150, 2), bool)).max() < 1e-4
    assert np.ptp(way, axis=0).max() < 0.3 * np.ptp(drifting, axis=0).max()


@pytest.mark.parametrize("height", [-0.3, 0.5])
def test_the_floor_is_found_wherever_it_is(height):
    clip = builtin_clip("walk", 1, seconds=5.0)
    lifted = clip.root_position + [0.0, height, 0.0] + np.linspace(0, 0.2, len(clip))[:, None] * [0.0, 1.0, 0.0]
    rotations, path = locked(clip, path=lifted)
    lowest = soles_of(rotations, path)[..., 1].min(axis=2)[clip.contacts > 0.5]
    np.testing.assert_allclose(lowest, BALL_HEIGHT, atol=0.003)


def test_nearly_flat_soles_become_flat_and_a_lifted_heel_stays_lifted():
    rotations, path = standing_still(60)
    for pitch, flat in ((np.radians(3), True), (np.radians(40), False)):
        rotations[:, list(LEGS.ankles)] = quaternion.from_rotation_vector(np.array([pitch, 0.0, 0.0]))
        soles = soles_of(*lock_feet(CONDITION_SKELETON, LEGS, rotations, path, np.ones((60, 2)), FPS, "auto"))
        tilted = np.abs(soles[:, :, 0, 1] - soles[:, :, 1, 1]).max()
        assert tilted < 1e-6 if flat else tilted > 0.08


def test_nothing_pops():
    clip = trembling(builtin_clip("walk", 2, seconds=5.0))
    rotations, path = locked(clip)
    jolts = [
        np.linalg.norm(
            np.diff(forward_kinematics(clip.skeleton.offsets, r, clip.skeleton.parents, p), n=2, axis=0), axis=-1
        )
        for r, p in ((clip.rotations, clip.root_position), (rotations, path))
    ]
    assert jolts[1].max() < 2 * jolts[0].max()
    assert ((rotations[1:] * rotations[:-1]).sum(axis=-1) > 0).all()


def striding(frames):
    """Stands on his right foot while the left goes from 0.3 m behind to 0.3 m ahead, straight and hardly lifted."""
    rotations, path = standing_still(frames)
    rotations[:, LEGS.hips[1]] = quaternion.from_axis_angle(
        np.tile([1.0, 0.0, 0.0], (frames, 1)), np.linspace(0.35, -0.35, frames)
    )
    return rotations, path


def test_a_correction_goes_on_where_a_stance_ends_and_is_gone_soon():
    rotations, path = striding(120)
    contacts = np.ones((120, 2))
    contacts[50:, 1] = 0
    new, way = lock_feet(CONDITION_SKELETON, LEGS, rotations, path, contacts, FPS, "auto")
    moved = (soles_of(new, way) - soles_of(rotations, path))[:, 1, 0, 2]
    assert abs(moved[49]) > 0.05
    assert np.abs(np.diff(moved)).max() < 0.035
    assert np.abs(moved[60:]).max() < 0.02


def test_a_foot_that_is_said_to_stand_and_goes_far_is_not_held_to_the_last_nor_drags_the_other():
    rotations, path = striding(60)
    new, way = lock_feet(CONDITION_SKELETON, LEGS, rotations, path, np.ones((60, 2)), FPS, "auto")
    moved = (soles_of(new, way) - soles_of(rotations, path))[..., 0, :][..., [0, 2]]
    assert np.linalg.norm(moved[:, 1], axis=-1).max() < 0.26
    assert np.linalg.norm(moved[:, 0], axis=-1).max() < 0.02
    assert np.abs(way - path)[:, [0, 2]].max() < 0.08


def test_one_large_gap_does_not_pull_the_root_as_two_do():
    gaps = np.zeros((60, 2, 3))
    gaps[:, 1, 0] = np.linspace(-1, 1, 60)
    number = numbered(np.ones((60, 2), dtype=bool))
    assert np.abs(root_shift(gaps, number, FPS)).max() < 0.1
    gaps[:, 0] = gaps[:, 1]
    assert np.abs(root_shift(gaps, number, FPS)).max() > 0.7


def test_without_contacts_low_and_slow_feet_stand():
    clip = trembling(builtin_clip("walk", 1, seconds=5.0))
    unknown = np.full((len(clip), 2), np.nan)
    soles = soles_of(*locked(clip, contacts=unknown))
    assert np.percentile(slides(soles, clip.contacts > 0.5), 80) < 0.001


def test_always_locks_a_foot_in_every_frame_that_has_one_on_its_sole():
    clip = builtin_clip("walk", 1, seconds=4.0)
    soles = soles_of(clip.rotations, clip.root_position)
    never = np.zeros((len(clip), 2))
    upright = np.ones((len(clip), 2))
    assert not stances(never, soles, upright, FPS, "auto").any()
    assert stances(never, soles, upright, FPS, "always").any(axis=1).mean() > 0.95


def test_who_never_stands_keeps_his_pose_and_path():
    clip = builtin_clip("walk", 1, seconds=3.0)
    high = clip.root_position + np.array([0.0, 1.0, 0.0])
    rotations, path = locked(clip, contacts=np.zeros((len(clip), 2)), path=high)
    np.testing.assert_array_equal(path, high)
    np.testing.assert_allclose(soles_of(rotations, path), soles_of(clip.rotations, high), atol=1e-4)


@pytest.mark.parametrize("mode", ["auto", "always"])
@pytest.mark.parametrize("pitch", [-np.pi / 2, np.pi / 2])
def test_who_lies_on_the_floor_is_not_stood_up(mode, pitch):
    rotations, path = standing_still(60, pitch)
    path[:, 1] = 0.15
    path[:, 0] = np.linspace(0, 0.5, 60)
    for contacts in (np.ones((60, 2)), np.full((60, 2), np.nan)):
        new, way = lock_feet(CONDITION_SKELETON, LEGS, rotations, path, contacts, FPS, mode)
        np.testing.assert_array_equal(way, path)
        offsets, parents = CONDITION_SKELETON.offsets, CONDITION_SKELETON.parents
        moved = forward_kinematics(offsets, new, parents) - forward_kinematics(offsets, rotations, parents)
        assert np.linalg.norm(moved, axis=-1).max() < 0.05


def test_a_jump_stays_a_jump():
    clip = builtin_clip("jumping_jack", 1, seconds=4.0)
    flying = ~(clip.contacts > 0.5).any(axis=1)
    rotations, path = locked(clip)
    assert flying.any()
    assert np.abs(path - clip.root_position)[flying].max() < 0.03
    assert soles_of(rotations, path)[flying][..., 1].min(axis=(1, 2)).max() > BALL_HEIGHT + 0.02


@pytest.mark.parametrize("frames", [0, 1, 2, 3])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("contact", [0.0, 1.0, np.nan])
def test_the_shortest_clips_give_numbers(frames, mode, contact):
    rotations, path = standing_still(frames)
    contacts = np.full((frames, 2), contact)
    new, way = lock_feet(CONDITION_SKELETON, LEGS, rotations, path + np.array([0.0, -0.03, 0.0]), contacts, FPS, mode)
    assert new.shape == rotations.shape
    assert way.shape == path.shape
    assert np.isfinite(new).all()
    assert np.isfinite(way).all()


def test_a_shin_without_length_gives_numbers():
    offsets = CONDITION_SKELETON.offsets.copy()
    offsets[list(LEGS.ankles)] = 0
    clip = builtin_clip("walk", 1, seconds=2.0)
    body = Skeleton(JOINT_NAMES, CONDITION_SKELETON.parents, offsets)
    for given in lock_feet(body, LEGS, clip.rotations, clip.root_position, clip.contacts, FPS, "auto"):
        assert np.isfinite(given).all()


def test_another_skeleton_with_twist_bones_and_without_toes_is_locked_alike():
    """Hip, thigh twist, knee, shin twist, ankle; the pelvis hangs on a root that is turned."""
    names = ["root", "pelvis"]
    parents, offsets = [-1, 0], [(0.0, 0.0, 0.0), (0.0, 0.1, 0.0)]
    for side, x in (("r", -0.1), ("l", 0.1)):
        start = len(names)
        names += [f"{side}_{part}" for part in ("hip", "thigh_twist", "knee", "shin_twist", "ankle")]
        parents += [1, start, start + 1, start + 2, start + 3]
        offsets += [(x, 0, 0), (0, -0.2, 0), (0, -0.2, 0), (0, -0.2, 0), (0, -0.2, 0)]
    body = Skeleton(tuple(names), tuple(parents), np.array(offsets))
    legs = Legs((2, 7), (4, 9), (6, 11), None, 0.08, 0.0)
    clip = trembling(builtin_clip("squat", 1, seconds=4.0), 2.0)
    rotations = np.zeros((len(clip), 12, 4))
    rotations[..., 0] = 1
    rotations[:, 1] = clip.rotations[:, 0]
    for joints, ours in ((legs.hips, LEGS.hips), (legs.knees, LEGS.knees), (legs.ankles, LEGS.ankles)):
        rotations[:, list(joints)] = clip.rotations[:, list(ours)]
    path = clip.root_position + np.array([0.0, -0.1, 0.0])
    ones = np.ones((len(clip), 2))
    before = forward_kinematics(body.offsets, rotations, body.parents, path)[:, list(legs.ankles)]
    new, way = lock_feet(body, legs, rotations, path, ones, FPS, "auto")
    ankles = forward_kinematics(body.offsets, new, body.parents, way)[:, list(legs.ankles)]
    assert np.abs(np.diff(before, axis=0)).max() > 1e-3
    np.testing.assert_allclose(ankles - ankles[:1], 0, atol=1e-3)
    np.testing.assert_allclose(ankles[..., 1], 0.08, atol=1e-3)


@pytest.mark.parametrize("orientation", ["unified", "heading", "view"])
def test_a_motion_is_locked_alike_in_whatever_orientation_it_is(orientation):
    clip = trembling(builtin_clip("walk", 1, seconds=3.0))
    rng = np.random.default_rng(0)
    motion = Motion(
        clip.fps, clip.skeleton, clip.rotations.astype(np.float32), "view", clip.rotations[:, 0].astype(np.float32),
        np.array([0.1, 0.99, 0.1], np.float32) / np.linalg.norm([0.1, 0.99, 0.1]).astype(np.float32),
        clip.root_position.astype(np.float32), clip.contacts.astype(np.float32), rng.random((len(clip), 19)), {},
    )  # fmt: skip
    turned = with_orientation(motion, orientation)
    new = lock_motion_feet(turned, "auto")
    heading = lock_motion_feet(with_orientation(motion, "heading"), "auto")
    np.testing.assert_array_equal(new.rotations[:, 0], turned.rotations[:, 0])
    np.testing.assert_array_equal(new.view_root, motion.view_root)
    np.testing.assert_array_equal(new.rotations[:, 1:], heading.rotations[:, 1:])
    np.testing.assert_array_equal(new.root_position, heading.root_position)
    assert new.rotations.dtype == np.float32
    assert np.abs(new.rotations - turned.rotations).max() > 0.01


def test_stances_begin_surely_go_on_and_do_not_flicker():
    likely = np.array(
        [0, 0, 0.48, 0.6, 0.9, 0.46, 0.9, 0.2, 0.9, 0.9, 0, 0, 0, 0, 0.9, 0, 0, 0, 0, 0.47, 0.47, 0.47, 0.47]
    )
    soles = np.zeros((len(likely), 2, 2, 3))
    found = stances(np.stack([likely, 0 * likely], axis=1), soles, np.ones((len(likely), 2)), FPS, "auto")
    np.testing.assert_array_equal(np.flatnonzero(found[:, 0]), np.arange(2, 10))
    assert not found[:, 1].any()
    assert not stances(np.ones((23, 2)), soles, np.zeros((23, 2)), FPS, "auto").any()


def test_stances_are_numbered_foot_by_foot():
    standing = np.array([[1, 0], [1, 1], [0, 1], [1, 0]], dtype=bool)
    np.testing.assert_array_equal(numbered(standing), [[0, -1], [0, 2], [-1, 2], [1, -1]])


def test_a_box_to_stand_on_is_no_floor_and_a_hole_is():
    number = numbered(np.tile(np.arange(44)[:, None] % 4 < 3, (1, 2)))
    lowest = np.full((44, 2), 0.01)
    lowest[20:24, 0], lowest[28:32, 1] = 0.4, -0.4
    floor, above = floor_under(lowest, number)
    np.testing.assert_allclose(floor, 0.01)
    np.testing.assert_allclose(above[20:23, 0], 0.39)
    assert np.count_nonzero(above) == 3


def test_the_shift_is_the_least_squares_one():
    """A slow twin solves the same sum of squares outright, for gaps too small for either bound to tell."""
    rng = np.random.default_rng(1)
    gaps = 1e-4 * np.cumsum(rng.normal(size=(60, 2, 3)), axis=0)
    number = numbered(np.stack([np.arange(60) % 20 < 12, np.arange(60) % 20 > 8], axis=1))
    found = root_shift(gaps, number, FPS)
    second, first = (np.diff(np.eye(60), n=n, axis=0) for n in (2, 1))
    smooth = 81 * second.T @ second + 0.05 * 9 * first.T @ first + 2 * np.eye(60)
    for axis in range(3):
        left, right = smooth.copy(), np.zeros(60)
        for foot in range(2):
            for stance in np.unique(number[number[:, foot] >= 0, foot]):
                frames = np.flatnonzero(number[:, foot] == stance)
                centre = np.eye(len(frames)) - (1 / len(frames) if axis != 1 else 0)
                left[np.ix_(frames, frames)] += centre
                right[frames] += centre @ gaps[frames, foot, axis]
        wanted = np.linalg.solve(left, right)
        np.testing.assert_allclose(found[:, axis], wanted - (wanted.mean() if axis != 1 else 0), atol=1e-6)


def test_what_the_shift_leaves_is_centred_on_each_stance():
    gaps = np.zeros((4, 2, 3))
    gaps[:, 0] = [[1, 1, 0], [3, 1, 0], [7, 7, 7], [5, 2, 0]]
    number = np.array([[0, -1], [0, -1], [-1, -1], [1, -1]])
    left = remaining(gaps, np.zeros((4, 3)), number, np.ones((4, 2)))
    np.testing.assert_allclose(left[:, 0], [[-1, 1, 0], [1, 1, 0], [0, 0, 0], [0, 2, 0]])
