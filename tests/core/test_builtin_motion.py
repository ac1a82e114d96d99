"""The built-in motion moves like a person: joints in their limits, feet that stay where they stand.

Laws over many seeds and bodies, and for each action the one thing an animator would look for.
"""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from processor_time import best_time

from posenorm_core import quaternion
from posenorm_core.bodies import random_body
from posenorm_core.builtin_motion import ACTIONS, BuiltinClip, builtin_clip, demo_clips, mirrored
from posenorm_core.builtin_motion.in_between import cyclic_hermite, cyclic_rotations
from posenorm_core.builtin_motion.legs import longest_reach, reaching_leg
from posenorm_core.builtin_motion.words import CHANNELS, HIGHEST, JOINT_WORDS, LOWEST, STANDING, key_rotations
from posenorm_core.condition_skeleton import CONDITION_SKELETON, JOINT_COUNT, JOINT_NAMES, LEAVES, MIRROR, PARENTS
from posenorm_core.errors import InputError
from posenorm_core.kinematics import pose_skeleton
from posenorm_core.landmarks import LANDMARK_NAMES, fixed_point_offsets, landmark_positions
from posenorm_core.landmarks import MIRROR as LANDMARK_MIRROR

SOLES = [[LANDMARK_NAMES.index(f"{side}_{point}") for point in ("heel", "toe")] for side in ("right", "left")]
# From, to, share of the body's mass, where its centre lies between them (Winter, Biomechanics, table 4.1).
LIMBS = ("shoulder", "elbow", "hip", "knee", "ankle")
SEGMENTS = (
    ("neck", "head", 0.081, 0.3),
    ("pelvis", "thorax", 0.497, 0.5),
    ("shoulder", "elbow", 0.028, 0.436),
    ("elbow", "wrist", 0.022, 0.68),
    ("hip", "knee", 0.1, 0.433),
    ("knee", "ankle", 0.0465, 0.433),
    ("ankle", "toe", 0.0145, 0.5),
)
ALWAYS_STANDING = ("squat", "wave", "sit_and_stand", "reach")

actions = st.sampled_from(ACTIONS)
seeds = st.integers(0, 2**31)
every_action = pytest.mark.parametrize("action", ACTIONS)


def landmarks(clip: BuiltinClip) -> np.ndarray:
    """The clip's 24 landmarks in the world (T, 24, 3)."""
    offsets = clip.skeleton.offsets
    positions, turned = pose_skeleton(offsets, clip.rotations.astype(np.float64), clip.skeleton.parents)
    relative = landmark_positions(positions, turned, fixed_point_offsets(offsets))
    return np.asarray(relative + clip.root_position[:, None])


def track(clip: BuiltinClip, landmark: str) -> np.ndarray:
    """The path (T, 3) of one landmark."""
    return landmarks(clip)[:, LANDMARK_NAMES.index(landmark)]


def bend(clip: BuiltinClip, joint: str) -> np.ndarray:
    """Rotation vectors (T, 3) of one joint in degrees."""
    turn = clip.rotations[:, JOINT_NAMES.index(joint)].astype(np.float64)
    return np.asarray(np.rad2deg(quaternion.to_rotation_vector(turn)))


def centre_of_mass(clip: BuiltinClip) -> np.ndarray:
    """(T, 3) metres."""
    points = landmarks(clip)
    total, weighted = 0.0, np.zeros((len(clip), 3))
    for first, second, mass, part in SEGMENTS:
        sides = ("left_", "right_") if first in LIMBS else ("",)
        for side in sides:
            a, b = (points[:, LANDMARK_NAMES.index(side + name)] for name in (first, second))
            weighted += mass * (a + part * (b - a))
            total += mass
    return np.asarray(weighted / total)


@cache
def authored(action: str) -> BuiltinClip:
    """The action as authored, long enough for two cycles of each."""
    return builtin_clip(action, seconds=10.0)


def planted_steps(clip: BuiltinClip) -> np.ndarray:
    """Metres a frame that a foot on the floor moves: the stillest of heel and toe, since a foot may roll."""
    points = landmarks(clip)
    steps = []
    for foot, sole in enumerate(SOLES):
        moved = np.linalg.norm(np.diff(points[:, sole], axis=0), axis=-1).min(axis=1)
        steps.append(moved[clip.contacts[1:, foot] & clip.contacts[:-1, foot]])
    return np.concatenate(steps)


@settings(max_examples=150, deadline=None)
@given(actions, seeds)
def test_rotations_are_unit_continuous_and_leave_the_leaves_alone(action: str, seed: int) -> None:
    clip = builtin_clip(action, seed, seconds=2.0)
    assert clip.rotations.shape == (60, JOINT_COUNT, 4)
    assert clip.rotations.dtype == np.float32
    assert np.abs(np.linalg.norm(clip.rotations, axis=-1) - 1).max() < 1e-5
    assert ((clip.rotations[1:] * clip.rotations[:-1]).sum(axis=-1) >= 0).all()
    assert np.abs(clip.rotations[:, list(LEAVES)] - [1, 0, 0, 0]).max() == 0


@settings(max_examples=200, deadline=None)
@given(actions, seeds)
def test_joints_stay_within_what_a_body_can_do(action: str, seed: int) -> None:
    clip = builtin_clip(action, seed, seconds=2.0)
    for side, outward in (("left", 1), ("right", -1)):
        knee, elbow = bend(clip, f"{side}_knee"), bend(clip, f"{side}_elbow")
        assert (knee[:, 0] > 1).all()
        assert (knee[:, 0] < 152).all()
        assert np.abs(knee[:, 1:]).max() < 1
        assert (-outward * elbow[:, 1] > 0).all()
        assert (-outward * elbow[:, 1] < 146).all()
        assert np.abs(elbow[:, [0, 2]]).max() < 1
        rotations = clip.rotations.astype(np.float64)
        thigh = quaternion.rotate(rotations[:, JOINT_NAMES.index(f"{side}_hip")], np.array([0.0, -1.0, 0.0]))
        assert (thigh[:, 2] > -0.85).all()  # a thigh does not go far behind the body
        assert (outward * thigh[:, 0] > -0.75).all()  # nor far across it
        upper_arm = quaternion.rotate(
            rotations[:, JOINT_NAMES.index(f"{side}_shoulder")], np.array([float(outward), 0.0, 0.0])
        )
        assert (upper_arm[:, 2] > -0.93).all()
        assert (np.linalg.norm(bend(clip, f"{side}_ankle"), axis=1) < 75).all()
    for joint, most in (("spine", 55), ("thorax", 50), ("neck", 95)):
        assert (np.linalg.norm(bend(clip, joint), axis=1) < most).all()


def test_mean_hinge_axes_are_the_contracts() -> None:
    turns = np.concatenate([builtin_clip(action, seed).rotations for action in ACTIONS for seed in (0, 1, 2)])
    turns = turns.astype(np.float64)
    for joint, axis in (("knee", (1.0, 0.0, 0.0)), ("elbow", (0.0, -1.0, 0.0))):
        for side in ("left", "right"):
            vectors = quaternion.to_rotation_vector(turns[:, JOINT_NAMES.index(f"{side}_{joint}")])
            mean = vectors.mean(axis=0)
            wanted = np.array(axis) * ((1, 1, 1) if side == "left" else (1, -1, -1))
            assert mean @ wanted / np.linalg.norm(mean) > np.cos(np.deg2rad(10))


@settings(max_examples=100, deadline=None)
@given(actions, seeds, st.integers(0, 2**31))
def test_feet_stand_on_the_floor_and_do_not_slide(action: str, seed: int, body: int) -> None:
    skeleton = random_body(np.random.default_rng(body))
    clip = builtin_clip(action, seed, fps=60.0, skeleton=skeleton)
    heights = np.stack([landmarks(clip)[:, sole, 1].min(axis=1) for sole in SOLES], axis=1)
    assert heights.min() > -0.004
    assert np.percentile(np.abs(heights[clip.contacts]), 95) < 0.002
    steps = planted_steps(clip)
    if len(steps):
        assert np.median(steps) < 0.0005
        assert np.percentile(steps, 90) < 0.006


@every_action
def test_a_long_clip_stands_as_firmly_as_a_short_one(action: str) -> None:
    steps = planted_steps(builtin_clip(action, 5, seconds=60.0, fps=60.0))
    assert np.percentile(steps, 90) < 0.003


@pytest.mark.parametrize("action", [*ALWAYS_STANDING, "kick"])
def test_who_keeps_a_foot_down_stays_where_he_is(action: str) -> None:
    clip = builtin_clip(action, 8, seconds=60.0)
    per_second = clip.root_position.reshape(60, 30, 3).mean(axis=1)
    first, last = per_second[:12].mean(axis=0), per_second[-12:].mean(axis=0)
    assert np.linalg.norm((last - first)[[0, 2]]) < 0.06


@every_action
def test_contacts_tell_when_feet_are_down(action: str) -> None:
    clip = authored(action)
    heights = np.stack([landmarks(clip)[:, sole, 1].min(axis=1) for sole in SOLES], axis=1)
    assert heights[clip.contacts].max() < 0.005
    if action in ALWAYS_STANDING:
        assert clip.contacts.all()
    if action == "walk":
        assert clip.contacts.any(axis=1).all()
        assert 0.53 < clip.contacts.mean() < 0.68
        assert clip.contacts.all(axis=1).any()
    if action in ("run", "jumping_jack"):
        flight = ~clip.contacts.any(axis=1)
        assert 0.15 < flight.mean() < 0.75
        assert heights[flight].min() >= -0.001
        assert heights[flight].min(axis=1).max() > 0.02


@settings(max_examples=40, deadline=None)
@given(actions, seeds)
def test_a_seed_always_gives_the_same_and_another_seed_another(action: str, seed: int) -> None:
    first, again = (builtin_clip(action, seed, seconds=1.0) for _ in range(2))
    other = builtin_clip(action, seed + 1, seconds=1.0)
    assert (first.rotations == again.rotations).all()
    assert (first.root_position == again.root_position).all()
    inner = [j for j in range(1, JOINT_COUNT) if j not in LEAVES]
    angles = quaternion.geodesic_angle(first.rotations[:, inner], other.rotations[:, inner])
    assert np.rad2deg(np.asarray(angles)).mean() > 1


@settings(max_examples=30, deadline=None)
@given(actions, seeds, st.sampled_from([(30.0, 60.0), (15.0, 30.0), (20.0, 60.0), (25.0, 100.0)]))
def test_the_frame_rate_changes_nothing_but_how_often_one_looks(
    action: str, seed: int, rates: tuple[float, float]
) -> None:
    slow, fast = (builtin_clip(action, seed, seconds=2.0, fps=fps) for fps in rates)
    every = round(rates[1] / rates[0])
    common = slice(0, None, every)
    assert np.abs(landmarks(slow) - landmarks(fast)[common]).max() < 1e-4
    assert (slow.contacts == fast.contacts[common]).mean() > 0.97


@settings(max_examples=20, deadline=None)
@given(actions, seeds)
def test_twice_the_speed_is_the_same_movement_in_half_the_time(action: str, seed: int) -> None:
    once = builtin_clip(action, seed, seconds=2.0, fps=30.0)
    twice = builtin_clip(action, seed, seconds=1.0, fps=60.0, speed=2.0)
    trunk_and_arms = [JOINT_NAMES.index(j) for j in ("spine", "thorax", "neck", "left_shoulder", "right_elbow")]
    angle = quaternion.geodesic_angle(once.rotations[:, trunk_and_arms], twice.rotations[:, trunk_and_arms])
    assert np.rad2deg(np.asarray(angle)).max() < 1.0


@settings(max_examples=30, deadline=None)
@given(actions, seeds, st.integers(0, 2**31))
def test_mirrored_is_what_a_mirror_shows(action: str, seed: int, body: int) -> None:
    clip = builtin_clip(action, seed, seconds=1.0, skeleton=random_body(np.random.default_rng(body)))
    mirror = landmarks(clip)[:, list(LANDMARK_MIRROR)] * [-1, 1, 1]
    assert np.abs(landmarks(mirrored(clip)) - mirror).max() < 1e-5
    assert (mirrored(mirrored(clip)).rotations == clip.rotations).all()


def test_some_seeds_are_left_handed() -> None:
    heights = [
        [track(builtin_clip("wave", seed), f"{side}_wrist")[:, 1].max() for side in ("left", "right")]
        for seed in range(1, 13)
    ]
    assert {left > right for left, right in heights} == {True, False}


def test_walking_swings_the_arm_with_the_other_leg_and_goes_where_it_faces() -> None:
    clip = authored("walk")
    pelvis = track(clip, "pelvis")[:, 2]
    ahead = {name: track(clip, name)[:, 2] - pelvis for name in ("left_wrist", "left_ankle", "right_ankle")}
    assert np.corrcoef(ahead["left_wrist"], ahead["right_ankle"])[0, 1] > 0.7
    assert np.corrcoef(ahead["left_wrist"], ahead["left_ankle"])[0, 1] < -0.7
    assert 0.9 < (pelvis[-1] - pelvis[0]) / 10 < 1.7
    assert np.ptp(track(clip, "pelvis")[:, 1]) < 0.08
    swinging = ~clip.contacts[:, 1]
    toe = np.minimum(track(clip, "left_toe")[:, 1], track(clip, "left_heel")[:, 1])
    assert toe[swinging].max() > 0.02
    strike = np.flatnonzero(np.diff(clip.contacts[:, 1].astype(int)) > 0) + 1
    assert (track(clip, "left_heel")[strike, 1] < track(clip, "left_toe")[strike, 1] + 0.002).mean() > 0.7


def test_running_is_faster_than_walking_and_flies() -> None:
    clip = authored("run")
    speed = np.ptp(track(clip, "pelvis")[:, 2]) / 10
    assert 1.8 < speed < 5
    assert not clip.contacts.all(axis=1).any()
    assert bend(clip, "left_elbow")[:, 1].max() < -60


def test_squatting_brings_the_hips_down_and_back_over_flat_feet() -> None:
    clip = authored("squat")
    pelvis, ankle = track(clip, "pelvis"), track(clip, "left_ankle")
    assert np.ptp(pelvis[:, 1]) > 0.35
    lowest = pelvis[:, 1].argmin()
    assert pelvis[lowest, 2] < ankle[lowest, 2] - 0.1
    assert np.abs(track(clip, "left_heel")[:, 1]).max() < 0.005


@pytest.mark.parametrize("action", ["squat", "wave", "reach"])
def test_one_who_stands_is_in_balance(action: str) -> None:
    clip = authored(action)
    centre = centre_of_mass(clip)
    feet = landmarks(clip)[:, SOLES[0] + SOLES[1]]
    for axis in (0, 2):
        assert (centre[:, axis] > feet[..., axis].min(axis=1) - 0.01).all()
        assert (centre[:, axis] < feet[..., axis].max(axis=1) + 0.01).all()


def test_jumping_jacks_spread_and_close_with_the_hands_above_the_head() -> None:
    clip = authored("jumping_jack")
    apart = np.abs(track(clip, "left_ankle")[:, 0] - track(clip, "right_ankle")[:, 0])
    assert apart.min() < 0.35
    assert apart.max() > 0.7
    above = track(clip, "left_wrist")[:, 1] - track(clip, "head")[:, 1]
    assert above.max() > 0.1
    assert above.min() < -0.6


def test_waving_lifts_one_hand_and_swings_it_to_and_fro() -> None:
    clip = authored("wave")
    raised = track(clip, "right_wrist")[:, 1] > track(clip, "right_shoulder")[:, 1]
    assert 0.3 < raised.mean() < 0.9
    assert not (track(clip, "left_wrist")[:, 1] > track(clip, "left_shoulder")[:, 1]).any()
    swing = np.diff(track(clip, "right_wrist")[:, 0])
    turns = (np.diff(np.sign(swing)) != 0) & raised[2:]
    assert turns.sum() > 12


def test_kicking_throws_a_straight_leg_up_while_the_other_stands() -> None:
    clip = authored("kick")
    highest = track(clip, "right_ankle")[:, 1].argmax()
    assert track(clip, "right_ankle")[highest, 1] > 0.75 * track(clip, "right_hip")[highest, 1]
    assert bend(clip, "right_knee")[highest, 0] < 40
    assert clip.contacts[:, 1].all()


def test_throwing_winds_up_and_whips_the_hand() -> None:
    clip = authored("throw")
    wrist = track(clip, "right_wrist")
    speed = np.linalg.norm(np.diff(wrist, axis=0), axis=1) * clip.fps
    assert speed.max() > 5
    released = speed[: int(2.7 * 30)].argmax()
    ahead = wrist[:, 2] - track(clip, "pelvis")[:, 2]
    assert ahead[: released - 1].min() < -0.3
    assert ahead[released : released + 10].max() > 0.3
    assert wrist[:released, 1].max() > track(clip, "head")[released, 1] - 0.1


def test_sitting_rests_at_knee_height_upright() -> None:
    clip = authored("sit_and_stand")
    pelvis, knee = track(clip, "pelvis")[:, 1], track(clip, "left_knee")[:, 1]
    seated = np.abs(pelvis - knee) < 0.08
    assert 0.2 < seated.mean() < 0.7
    assert pelvis.max() > 0.8
    upright = track(clip, "thorax")[:, 1] - pelvis
    assert upright[seated].max() > 0.45


def test_reaching_goes_high_and_low() -> None:
    wrist = track(authored("reach"), "right_wrist")[:, 1]
    assert wrist.max() > 1.7
    assert wrist.min() < 0.55


def test_turning_turns_a_quarter_a_cycle_by_steps() -> None:
    clip = authored("turn")
    across = track(clip, "left_hip") - track(clip, "right_hip")
    heading = np.unwrap(np.arctan2(-across[:, 2], across[:, 0]))
    assert heading[54] - heading[0] == pytest.approx(np.pi / 2, abs=0.1)
    assert heading[-1] - heading[0] > 4.5 * np.pi / 2
    assert np.linalg.norm(np.ptp(clip.root_position, axis=0)) < 1.5


def test_random_motion_moves_and_tilts_everything() -> None:
    clips = [builtin_clip("random", seed) for seed in range(40)]
    rotations = np.concatenate([clip.rotations for clip in clips]).astype(np.float64)
    up = quaternion.rotate(rotations[:, 0], np.array([0.0, 1.0, 0.0]))
    tilt = np.rad2deg(np.arccos(np.clip(up[:, 1], -1, 1)))
    assert np.percentile(tilt, 95) > 35
    for joint in range(1, JOINT_COUNT):
        if joint not in LEAVES:
            angle = quaternion.geodesic_angle(rotations[:, joint], quaternion.mean(rotations[:, joint]))
            assert np.rad2deg(angle).std() > 3


def test_it_is_quick_enough_to_train_on() -> None:
    """Nothing in it goes frame by frame: it costs some tens of times what placing its landmarks does."""
    clips = [builtin_clip(action, 1) for action in ACTIONS]
    made = best_time(lambda: [builtin_clip(action, 1) for action in ACTIONS])
    assert made < 40 * best_time(lambda: [landmarks(clip) for clip in clips])


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"action": "fly"}, "jumping_jack"),
        ({"action": "walk", "seconds": 0.0}, "seconds"),
        ({"action": "walk", "fps": float("nan")}, "fps"),
        ({"action": "walk", "speed": -1.0}, "speed"),
    ],
)
def test_what_makes_no_sense_is_told(arguments: dict[str, object], word: str) -> None:
    with pytest.raises(InputError, match=word):
        builtin_clip(**arguments)  # type: ignore[arg-type]


def test_one_frame_is_a_clip_and_so_is_a_moment_of_slow_motion() -> None:
    assert len(builtin_clip("run", 3, seconds=0.01)) == 1
    glimpses = [builtin_clip("jumping_jack", seed, seconds=0.2, speed=0.01) for seed in range(12)]
    assert any(not clip.contacts.any() for clip in glimpses)
    assert all(np.isfinite(clip.root_position).all() for clip in glimpses)


def test_the_demo_shows_the_same_action_twice_and_whole() -> None:
    first, second = demo_clips()
    assert len(first) != len(second)
    for clip in (first, second):
        assert clip.confidence.min() == 1.0
        assert np.ptp(clip.points[..., 1]) > 250
    again, _ = demo_clips()
    assert (again.points == first.points).all()


# --- The parts ---


@pytest.mark.parametrize(
    ("channel", "degrees", "landmark", "direction"),
    [
        ("left_hip.flexion", 60, "left_knee", (0, 0, 1)),
        ("right_hip.abduction", 40, "right_knee", (-1, 0, 0)),
        ("right_knee.flexion", 90, "right_ankle", (0, 0, -1)),
        ("left_hip.twist", 35, "left_toe", (1, 0, 0)),
        ("right_ankle.flexion", 30, "right_toe", (0, 1, 0)),
        ("left_shoulder.abduction", 150, "left_wrist", (0, 1, 0)),
        ("right_shoulder.flexion", 80, "right_wrist", (0, 0, 1)),
        ("left_elbow.flexion", 90, "left_wrist", (0, 0, 1)),
        ("pelvis.bend", 40, "head", (0, 0, 1)),
        ("spine.side", 20, "head", (1, 0, 0)),
        ("neck.twist", 60, "nose", (1, 0, 0)),
        ("thorax.twist", 30, "right_shoulder", (0, 0, 1)),
    ],
)
def test_words_mean_what_they_say(channel: str, degrees: float, landmark: str, direction: tuple[int, ...]) -> None:
    standing = np.tile(STANDING, (2, 1))
    standing[1, CHANNELS.index(channel)] = degrees
    rotations = key_rotations(standing)
    still = np.zeros((2, 3), dtype=np.float32)
    points = landmarks(BuiltinClip(30.0, CONDITION_SKELETON, rotations, still, np.ones((2, 2), dtype=bool), "words"))
    moved = np.diff(points[:, LANDMARK_NAMES.index(landmark)], axis=0)[0]
    assert moved @ direction > 0.025


def test_standing_lies_within_the_limits_and_the_t_pose_is_the_identity() -> None:
    assert ((STANDING >= LOWEST) & (STANDING <= HIGHEST)).all()
    t_pose = np.array([[word.t_pose for words in JOINT_WORDS.values() for word in words]])
    assert np.abs(key_rotations(t_pose) - [1, 0, 0, 0]).max() < 1e-12


@given(st.integers(0, 1000), st.floats(-3, 3))
def test_the_in_between_meets_its_keys_repeats_and_never_overshoots(seed: int, phase: float) -> None:
    rng = np.random.default_rng(seed)
    phases = np.sort(rng.uniform(0, 1, 6))
    values = rng.normal(size=(6, 2))
    assert np.allclose(cyclic_hermite(phases, values, phases), values)
    between = cyclic_hermite(phases, values, np.array([phase, phase + 1]))
    assert np.allclose(between[0], between[1], atol=1e-9)
    assert (between <= values.max(axis=0) + 1e-9).all()
    assert (between >= values.min(axis=0) - 1e-9).all()
    climbing = cyclic_hermite(phases, np.sort(values, axis=0), np.array([phase, phase + 1]), gain=10.0)
    assert np.allclose(climbing[1] - climbing[0], 10.0)


def test_the_in_between_of_rotations_meets_the_keys() -> None:
    keys = key_rotations(np.random.default_rng(2).uniform(LOWEST, HIGHEST, (4, len(CHANNELS))))
    phases = np.array([0.0, 0.2, 0.5, 0.8])
    met = cyclic_rotations(phases, keys, phases, np.zeros((4, JOINT_COUNT, 3)))
    assert np.asarray(quaternion.geodesic_angle(met, keys)).max() < 1e-6


@given(st.integers(0, 10_000))
def test_a_leg_reaches_whatever_is_in_reach(seed: int) -> None:
    rng = np.random.default_rng(seed)
    thigh, shank = np.array([0.0, -rng.uniform(0.3, 0.5), 0.0]), np.array([0.0, -rng.uniform(0.3, 0.5), 0.0])
    direction = rng.normal(size=3)
    longest = float(longest_reach(thigh, shank))
    target = direction / np.linalg.norm(direction) * rng.uniform(0.5, 1.0) * longest
    start = quaternion.normalize(rng.normal(size=4))
    hip, knee = reaching_leg(thigh, shank, start, target)
    ankle = quaternion.rotate(hip, thigh + quaternion.rotate(knee, shank))
    assert np.allclose(ankle, target, atol=1e-6)


def test_a_random_body_is_the_same_on_both_sides_and_none_is_like_another() -> None:
    bodies = [random_body(np.random.default_rng(seed), spread=0.2) for seed in range(50)]
    for body in bodies:
        assert body.parents == PARENTS
        assert np.allclose(body.offsets[list(MIRROR)] * [-1, 1, 1], body.offsets)
    ratios = np.array([body.bone_lengths[1:] / CONDITION_SKELETON.bone_lengths[1:] for body in bodies])
    assert ratios.min() >= 0.8**2 - 1e-9
    assert ratios.max() <= 1.2**2 + 1e-9
    assert (ratios.std(axis=0) > 0.05).all()
    with pytest.raises(InputError, match="spread"):
        random_body(np.random.default_rng(0), spread=1.5)
