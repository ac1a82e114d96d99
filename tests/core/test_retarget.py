"""Retargeting: on any rig the limbs point where the source's point, whatever its rest pose, axes, units and rolls."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose
from rigs import (
    A_POSE,
    DEGREE,
    IDENTITY,
    JOINTS,
    LIMBS,
    MAPPING,
    RELAXED,
    about,
    degrees_off,
    directions,
    motion_of,
    placed,
    posed_heads,
    random_rotations,
    rig_in,
)

from posenorm_core import quaternion
from posenorm_core.condition_skeleton import CONDITION_SKELETON, PARENTS
from posenorm_core.errors import InputError
from posenorm_core.motion import with_orientation
from posenorm_core.retargeting.mapping import BoneMapping
from posenorm_core.retargeting.rest_alignment import align_rest, body_axes
from posenorm_core.retargeting.retarget import RetargetOptions, height_of_pelvis, retarget
from posenorm_core.root_path import BALL_HEIGHT

REST_POSES = {"T": {}, "A": A_POSE, "relaxed": RELAXED}


def test_on_the_condition_skeleton_itself_the_motion_comes_back() -> None:
    motion = motion_of("walk")
    heads = posed_heads(rig := rig_in(), retarget(motion, rig, MAPPING))
    expected = motion.positions() + motion.root_position[:, None]
    # The rig stands with its pelvis at the origin.
    rest = BALL_HEIGHT - CONDITION_SKELETON.offsets[[1, 2, 3, 17], 1].sum() + CONDITION_SKELETON.offsets[1, 1]
    assert_allclose(heads, expected - [0, rest, 0], atol=1e-5)


@pytest.mark.parametrize("pose", REST_POSES)
@pytest.mark.parametrize("action", ["walk", "throw", "squat"])
def test_limbs_point_where_the_sources_point_whatever_the_rest_pose(pose: str, action: str) -> None:
    motion = motion_of(action)
    rig = rig_in(REST_POSES[pose])
    heads = posed_heads(rig, retarget(motion, rig, MAPPING))
    assert degrees_off(directions(heads, LIMBS), directions(motion.positions(), LIMBS)) < 0.05


@pytest.mark.parametrize("seed", range(4))
def test_axes_and_units_of_the_armature_change_nothing(seed: int) -> None:
    """An armature lying, facing anywhere, in centimetres: the same character elsewhere."""
    motion = motion_of("throw")
    lying = about("x", 90 * seed)
    turn = np.asarray(quaternion.multiply(lying, about("y", 37.0 * seed)))
    rig, shift = rig_in(A_POSE), np.array([3.0, -2.0, 5.0])
    plain = posed_heads(rig, retarget(motion, rig, MAPPING))
    moved = placed(rig, turn, 100.0, shift)
    found = posed_heads(moved, retarget(motion, moved, MAPPING))
    assert_allclose(found, np.asarray(quaternion.rotate(turn, plain * 100)) + shift, atol=2e-3)


def test_at_the_rigs_own_rest_pose_nothing_is_turned() -> None:
    """What the rig shows when nothing is keyed, told as a motion, gives keys of nothing."""
    rotations = np.tile(IDENTITY, (2, len(JOINTS), 1))
    for joint, turn in A_POSE.items():
        rotations[:, JOINTS.index(joint)] = turn
    motion = replace(motion_of(seconds=1.0), rotations=rotations.astype(np.float32))
    motion = replace(
        motion,
        **{name: getattr(motion, name)[:2] for name in ("view_root", "contacts", "confidence")},
        root_position=np.zeros((2, 3), dtype=np.float32),
    )
    result = retarget(motion, rig_in(A_POSE), MAPPING)
    assert_allclose(np.abs(result.rotations[..., 0]), 1, atol=1e-6)
    assert_allclose(result.location, 0, atol=1e-6)


def test_an_elbow_bent_at_rest_opens_about_its_own_hinge() -> None:
    """A limb that rests bent, rolled about itself: the plane it shows is laid into the T-pose's."""
    rolled = np.asarray(quaternion.multiply(about("z", -60), about("x", 40)))
    alignment = align_rest(rig_in({"left_shoulder": rolled, "left_elbow": about("y", -60)}), MAPPING)
    assert (
        degrees_off(
            np.asarray(
                quaternion.rotate(alignment.turns["left_upper_arm"], quaternion.rotate(rolled, np.array([0, 1.0, 0])))
            ),
            np.array([0.0, 1.0, 0.0]),
        )
        < 2.0
    )


def test_feet_flat_at_rest_are_flat_when_the_sources_are() -> None:
    """The rig's feet point elsewhere and their bones slant otherwise: only the turn about the vertical counts."""
    motion = replace(motion_of(), rotations=np.tile(IDENTITY, (60, len(JOINTS), 1)).astype(np.float32))
    rig = rig_in({"left_ankle": np.asarray(quaternion.multiply(about("y", 20), about("x", 15)))})
    heads = posed_heads(rig, retarget(motion, rig, MAPPING))
    left = JOINTS.index("left_ankle"), JOINTS.index("left_toe")
    rest = rig.heads[left[1]] - rig.heads[left[0]]
    foot = heads[0, left[1]] - heads[0, left[0]]
    assert foot[1] == pytest.approx(rest[1], abs=1e-6)
    assert_allclose(foot[0], 0, atol=1e-6)


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_the_spine_is_shared_out_over_any_number_of_bones(count: int) -> None:
    """Bent evenly, each of the chain's bones takes an equal share, and the topmost stands as the thorax does."""
    bend = about("x", 20)
    motion = motion_of(seconds=1.0)
    rotations = np.tile(IDENTITY, (30, len(JOINTS), 1))
    rotations[:, [JOINTS.index("spine"), JOINTS.index("thorax")]] = bend
    motion = replace(motion, rotations=rotations.astype(np.float32))
    names = tuple(f"s{k}" for k in range(count))
    base = rig_in()
    at = [JOINTS.index(name) for name in ("pelvis", "left_hip", "right_hip", "left_shoulder", "right_shoulder")]
    spine = np.linspace([0, 0.1, 0], [0, 0.4, 0], count)
    heads = np.concatenate([base.heads[at[:1]], spine, base.heads[at[1:]]])
    total = len(heads)
    parents = (-1, *range(count), 0, 0, count, count)
    rolls = random_rotations((total,), 1)
    rig = replace(
        base,
        bone_names=("hips", *names, "ll", "rl", "la", "ra"),
        parents=parents,
        heads=heads,
        tails=heads + 0.1,
        rotations=rolls,
        turns_with_parent=(True,) * total,
        moves=(True,) * total,
    )
    arms = {"left_thigh": ("ll",), "right_thigh": ("rl",), "left_upper_arm": ("la",), "right_upper_arm": ("ra",)}
    result = retarget(motion, rig, BoneMapping("x", {"hips": ("hips",), "spine": names, **arms}))
    for name in names:
        turn = result.rotations[0, result.bones.index(name)]
        in_body = quaternion.multiply(
            quaternion.multiply(rolls[1 + names.index(name)], turn), quaternion.inverse(rolls[1 + names.index(name)])
        )
        assert_allclose(quaternion.to_rotation_vector(in_body), [40 / count * DEGREE, 0, 0], atol=1e-6)


def test_a_collar_bone_takes_a_little_of_the_arm_and_the_arm_still_points_where_it_should() -> None:
    base = rig_in(A_POSE)
    thorax = JOINTS.index("thorax")
    names = (*JOINTS[:11], "left_collar", *JOINTS[11:])
    at = [JOINTS.index(name) if name in JOINTS else thorax for name in names]
    parents = tuple(-1 if PARENTS[j] < 0 else names.index(JOINTS[PARENTS[j]]) for j in at)
    place = names.index("left_collar")
    parents = tuple(
        thorax if n == place else place if names[n] == "left_shoulder" else parent for n, parent in enumerate(parents)
    )
    rig = replace(
        base,
        bone_names=names,
        parents=parents,
        heads=base.heads[at],
        tails=base.tails[at],
        rotations=random_rotations((len(names),), 5),
        turns_with_parent=(True,) * len(names),
        moves=(True,) * len(names),
    )
    mapping = BoneMapping("x", {**MAPPING.bones, "left_clavicle": ("left_collar",)})
    motion = motion_of("jumping_jack")
    result = retarget(motion, rig, mapping)
    heads = posed_heads(rig, result)[:, [names.index(joint) for joint in JOINTS]]
    assert degrees_off(directions(heads, LIMBS), directions(motion.positions(), LIMBS)) < 0.05
    turn = 2 * np.degrees(np.arccos(np.abs(result.rotations[:, result.bones.index("left_collar"), 0])))
    assert 12 < turn.max() < 19
    assert turn.min() < 8  # the arms come down to about the rig's rest


def test_bones_that_do_not_turn_with_their_parents_are_told_their_whole_rotation() -> None:
    motion = motion_of("throw")
    rig = rig_in(A_POSE)
    proud = tuple(name not in ("left_elbow", "thorax", "right_knee") for name in JOINTS)
    rig = replace(rig, turns_with_parent=proud)
    heads = posed_heads(rig, retarget(motion, rig, MAPPING))
    assert degrees_off(directions(heads, LIMBS), directions(motion.positions(), LIMBS)) < 0.05


def test_the_path_is_as_much_longer_as_the_legs_and_stands_still_when_asked() -> None:
    motion, rig = motion_of("walk"), placed(rig_in(), IDENTITY, 2.0, np.zeros(3))
    for root_motion, scale, expected in ((True, 1.0, 2.0), (True, 0.5, 1.0), (False, 1.0, 0.0)):
        heads = posed_heads(rig, retarget(motion, rig, MAPPING, RetargetOptions(root_motion, scale)))
        assert_allclose(
            heads[-1, 0, [0, 2]] - heads[0, 0, [0, 2]],
            expected * (motion.root_position[-1] - motion.root_position[0])[[0, 2]],
            atol=1e-4,
        )
        assert np.ptp(heads[:, 0, 1]) == pytest.approx(2 * np.ptp(motion.root_position[:, 1]), abs=1e-4)


@pytest.mark.parametrize("orientation", ["unified", "view"])
def test_without_a_path_the_lowest_frame_stands_on_the_floor(orientation: str) -> None:
    motion = with_orientation(motion_of("squat"), orientation)
    lowest = motion.positions()[..., 1].min(axis=1) + height_of_pelvis(motion)
    assert lowest.min() == pytest.approx(BALL_HEIGHT, abs=1e-6)


def test_what_a_rig_lacks_is_told_and_the_rest_still_moves() -> None:
    bones = {part: names for part, names in MAPPING.bones.items() if "thigh" not in part and "head" not in part}
    bones = {part: names for part, names in bones.items() if not part.endswith(("shin", "foot", "toes"))}
    motion = motion_of("wave")
    result = retarget(motion, rig_in(), BoneMapping("half", {**bones, "neck": ("not there",)}))
    assert any("left thigh" in note and "head" in note for note in result.notes)
    heads = posed_heads(rig_in(), result)
    assert degrees_off(directions(heads, LIMBS[:2]), directions(motion.positions(), LIMBS[:2])) < 0.05


def test_hips_that_are_connected_cannot_move_and_it_is_said() -> None:
    rig = replace(rig_in(), moves=(False, *(True,) * 18))
    result = retarget(motion_of("walk"), rig, MAPPING)
    assert result.hips is None
    assert any("connected" in note for note in result.notes)


def test_hands_and_toes_go_with_what_they_hang_on() -> None:
    result = retarget(motion_of("throw"), rig_in(A_POSE), MAPPING)
    for bone in ("left_wrist", "right_toe"):
        assert_allclose(result.rotations[:, result.bones.index(bone), 0], 1, atol=1e-9)


@pytest.mark.parametrize("frames", [0, 1])
def test_clips_of_no_and_one_frame(frames: int) -> None:
    motion = motion_of(seconds=1.0)
    arrays = ("rotations", "view_root", "root_position", "contacts", "confidence")
    motion = replace(motion, **{name: getattr(motion, name)[:frames] for name in arrays})
    result = retarget(motion, rig_in(), MAPPING)
    assert result.rotations.shape == (frames, len(result.bones), 4)
    assert result.location.shape == (frames, 3)


def test_keys_are_continuous_along_time() -> None:
    rotations = retarget(motion_of("turn", 6.0), rig_in(), MAPPING).rotations
    assert ((rotations[1:] * rotations[:-1]).sum(axis=-1) >= 0).all()


def test_a_rig_that_shows_no_trunk_or_no_sides_is_refused() -> None:
    with pytest.raises(InputError, match="shows no trunk"):
        body_axes(rig_in(), BoneMapping("x", {"left_thigh": ("left_hip",), "right_thigh": ("right_hip",)}))
    with pytest.raises(InputError, match="which side is left"):
        body_axes(rig_in(), BoneMapping("x", {"hips": ("pelvis",), "head": ("neck",)}))
    with pytest.raises(InputError, match="has none of the bones that are listed"):
        retarget(motion_of(), rig_in(), BoneMapping("x", {"hips": ("nowhere",)}))


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (RetargetOptions(scale=float("nan")), "path scale nan: must be 0"),
        (RetargetOptions(scale=-1.0), "path scale -1: must be 0"),
        (RetargetOptions(scale=float("inf")), "path scale inf: must be 0"),
        (RetargetOptions(feet="often"), "foot locking 'often': must be one of off, auto, always"),
    ],
)
def test_options_without_sense_are_refused(options: RetargetOptions, told: str) -> None:
    with pytest.raises(InputError, match=told):
        retarget(motion_of(), rig_in(), MAPPING, options)


def test_without_legs_the_path_is_scaled_by_the_height_of_the_hips_bone() -> None:
    """The same body without its legs' names stands and travels as it does with them."""
    bones = {part: names for part, names in MAPPING.bones.items() if not part.endswith(("shin", "foot", "toes"))}
    motion, rig = motion_of("walk"), rig_in()
    whole = retarget(motion, rig, MAPPING)
    without = retarget(motion, rig, BoneMapping("x", {p: n for p, n in bones.items() if not p.endswith("thigh")}))
    np.testing.assert_allclose(without.location, whole.location, rtol=0.1, atol=0.01)
