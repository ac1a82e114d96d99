"""The guess: on a rig without names the same parts are found in any rest pose and axes, whatever else hangs on it."""

from dataclasses import replace

import numpy as np
import pytest
from rigs import DEGREE, IDENTITY, placed

from posenorm_core import quaternion
from posenorm_core.errors import InputError
from posenorm_core.retargeting.guess import guess_mapping
from posenorm_core.retargeting.preset import choose_mapping
from posenorm_core.retargeting.rig import Rig

Bones = dict[str, tuple[str | None, tuple[float, float, float]]]
# Body frame, metres; what begins with * is there twice. Named for what it must be found to be.
TRUNK: Bones = {
    "floor": (None, (0, 0, 0)),
    "hips": ("floor", (0, 0.95, 0)),
    "spine1": ("hips", (0, 1.05, 0)),
    "spine2": ("spine1", (0, 1.25, -0.02)),
    "neck": ("spine2", (0, 1.48, -0.02)),
    "head": ("neck", (0, 1.58, 0)),
    "*_eye": ("head", (0.03, 1.65, 0.08)),
}
ARMS: Bones = {
    "*_clavicle": ("spine2", (0.03, 1.42, 0)),
    "*_upper_arm": ("*_clavicle", (0.18, 1.42, 0)),
    "*_forearm": ("*_upper_arm", (0.46, 1.42, 0)),
    "*_forearm_helper": ("*_forearm", (0.58, 1.42, 0)),  # a twist bone
    "*_hand": ("*_forearm", (0.72, 1.42, 0)),
    "*_finger1": ("*_hand", (0.8, 1.42, 0)),
    "*_finger2": ("*_finger1", (0.84, 1.42, 0)),
    "*_thumb1": ("*_hand", (0.75, 1.41, 0.04)),
    "*_thumb2": ("*_thumb1", (0.78, 1.4, 0.07)),
}
LEGS: Bones = {
    "*_thigh": ("hips", (0.1, 0.92, 0)),
    "*_thigh_helper": ("*_thigh", (0.1, 0.7, 0)),
    "*_shin": ("*_thigh", (0.1, 0.5, 0.01)),
    "*_foot": ("*_shin", (0.1, 0.09, -0.02)),
    "*_toes": ("*_foot", (0.11, 0.02, 0.11)),
}
CLOTHES: Bones = {
    "*_skirt1": ("hips", (0.15, 0.9, 0.02)),
    "*_skirt2": ("*_skirt1", (0.17, 0.75, 0.02)),
    "*_braid1": ("head", (0.06, 1.7, -0.08)),
    "*_braid2": ("*_braid1", (0.08, 1.55, -0.1)),
    "*_braid3": ("*_braid2", (0.08, 1.3, -0.1)),
    "*_braid4": ("*_braid3", (0.08, 1.0, -0.1)),
    "tail1": ("hips", (0, 0.9, -0.1)),
    "tail2": ("tail1", (0, 0.8, -0.3)),
    "tail3": ("tail2", (0, 0.7, -0.5)),
}
CHAINS = {"spine": ("spine1", "spine2")}
PARTS_OF = {
    "trunk": ("hips", "spine", "neck", "head"),
    "arm": ("clavicle", "upper_arm", "forearm", "hand"),
    "leg": ("thigh", "shin", "foot", "toes"),
}
POSES = {"T": 0.0, "A": 45.0, "down": 85.0}
AXES = {
    "y up": IDENTITY,
    "z up, facing -y": np.array([1.0, 1.0, 0.0, 0.0]) / np.sqrt(2),
    "y up, facing -x": np.asarray(quaternion.from_rotation_vector(np.array([0.0, -90 * DEGREE, 0.0]))),
    "z up, turned aside": np.asarray(
        quaternion.multiply(
            quaternion.from_rotation_vector(np.array([0.0, 0.0, 130 * DEGREE])),
            quaternion.from_rotation_vector(np.array([90 * DEGREE, 0.0, 0.0])),
        )
    ),
}


def rig_of(bones: Bones, arms_down: float = 0.0, lacking: tuple[str, ...] = ()) -> Rig:
    """The bones of both sides less those named, the arms turned down by degrees; last bones as long as their parent."""
    names: list[str] = []
    parents: list[int] = []
    heads: list[np.ndarray] = []
    for side, mirror in (("left", 1.0), ("right", -1.0)):
        for name, (parent, head) in bones.items():
            own = name.replace("*", side)
            above = parent.replace("*", side) if parent else None
            if own in names or own in lacking or (above is not None and above not in names):
                continue
            names.append(own)
            parents.append(names.index(above) if above else -1)
            heads.append(np.array(head) * ([mirror, 1, 1] if "*" in name else [1, 1, 1]))
    places = np.array(heads)
    for side, mirror in (("left", 1.0), ("right", -1.0)):
        if f"{side}_upper_arm" in names:
            turn = quaternion.from_rotation_vector(np.array([0.0, 0.0, -mirror * arms_down * DEGREE]))
            shoulder = places[names.index(f"{side}_upper_arm")].copy()
            below = [k for k, name in enumerate(names) if name in _arm_names(side)]
            places[below] = np.asarray(quaternion.rotate(turn, places[below] - shoulder)) + shoulder
    tails = places.copy()
    for bone, parent in enumerate(parents):
        if parent >= 0:
            tails[parent] = places[bone]
    for bone, parent in enumerate(parents):
        if bone not in parents:
            tails[bone] = places[bone] + (places[bone] - places[parent] if parent >= 0 else 0)
    everywhere = (True,) * len(names)
    rolls = np.tile(IDENTITY, (len(names), 1))
    return Rig("stranger", tuple(names), tuple(parents), places, tails, rolls, everywhere, everywhere)


def _arm_names(side: str) -> list[str]:
    return [name.replace("*", side) for name in ARMS if "clavicle" not in name]


def found_on(rig: Rig) -> dict[str, tuple[str, ...]]:
    """What is guessed when no name tells anything, in the true names."""
    blind = tuple(f"Bone.{number:03d}" for number in np.random.default_rng(1).permutation(len(rig.bone_names)))
    true = dict(zip(blind, rig.bone_names, strict=True))
    bones = guess_mapping(replace(rig, bone_names=blind)).bones
    return {part: tuple(true[name] for name in names) for part, names in bones.items()}


def expected(*groups: str) -> dict[str, tuple[str, ...]]:
    """The parts of the trunk and of limbs such as "left arm"."""
    found = {part: CHAINS.get(part, (part,)) for part in PARTS_OF["trunk"]}
    for group in groups:
        side, limb = group.split()
        found |= {f"{side}_{part}": (f"{side}_{part}",) for part in PARTS_OF[limb]}
    return found


WHOLE = expected("left arm", "right arm", "left leg", "right leg")


@pytest.mark.parametrize("axes", AXES)
@pytest.mark.parametrize("pose", POSES)
def test_every_part_is_found_by_shape_alone_in_any_rest_pose_and_axes(pose: str, axes: str) -> None:
    rig = placed(rig_of(TRUNK | ARMS | LEGS, POSES[pose]), AXES[axes], 100.0, np.array([30.0, -20.0, 7.0]))
    assert found_on(rig) == WHOLE


@pytest.mark.parametrize("pose", POSES)
def test_skirt_braids_and_tail_are_no_limbs(pose: str) -> None:
    assert found_on(rig_of(TRUNK | ARMS | LEGS | CLOTHES, POSES[pose])) == WHOLE


def test_a_rig_without_hands_and_toes_is_read_as_far_as_it_goes() -> None:
    ends = ("hand", "toes", "finger1", "thumb1", "forearm_helper", "eye")
    lacking = tuple(f"{side}_{part}" for side in ("left", "right") for part in ends)
    missing = {f"{side}_{part}" for side in ("left", "right") for part in ("hand", "toes")}
    assert found_on(rig_of(TRUNK | ARMS | LEGS, 45, lacking)) == {
        part: names for part, names in WHOLE.items() if part not in missing
    }


def test_one_arm_is_mapped_and_the_other_not() -> None:
    rig = rig_of(TRUNK | ARMS | LEGS, lacking=("right_clavicle",))
    assert found_on(rig) == expected("left arm", "left leg", "right leg")


def test_without_arms_the_legs_are_mapped() -> None:
    found = found_on(rig_of(TRUNK | LEGS))
    assert {part: names for part, names in found.items() if part not in ("spine", "neck")} == {
        part: names for part, names in expected("left leg", "right leg").items() if part not in ("spine", "neck")
    }
    assert found["spine"] + found["neck"] == ("spine1", "spine2", "neck")


def test_without_legs_the_arms_are_mapped_by_the_names_of_their_sides() -> None:
    rig = rig_of(TRUNK | ARMS)
    assert guess_mapping(rig).bones == expected("left arm", "right arm")


def test_without_feet_and_names_bent_knees_tell_the_side() -> None:
    bent = {**LEGS, "*_shin": ("*_thigh", (0.1, 0.5, 0.08))}
    rig = rig_of(TRUNK | ARMS | bent, lacking=("left_toes", "right_toes"))
    assert found_on(rig)["left_thigh"] == ("left_thigh",)


def test_what_shows_no_side_is_refused() -> None:
    feet = ("left_foot", "right_foot", "left_thumb1", "right_thumb1")
    straight = {**LEGS, "*_shin": ("*_thigh", (0.1, 0.5, 0.0))}
    with pytest.raises(InputError, match="which side is left"):
        found_on(rig_of(TRUNK | ARMS | straight, lacking=feet))


def test_legs_that_end_at_the_ankle_are_legs() -> None:
    feet = ("left_foot", "right_foot")
    found = guess_mapping(rig_of(TRUNK | ARMS | LEGS, lacking=feet)).bones
    assert found["left_thigh"] + found["left_shin"] == ("left_thigh", "left_shin")
    assert "left_foot" not in found


def test_hips_and_spine_that_hang_on_the_floor_s_bone_side_by_side_are_told_apart() -> None:
    split = {**TRUNK, "spine1": ("floor", (0.0, 1.05, 0.0))}
    assert found_on(rig_of(split | ARMS | LEGS)) == WHOLE


# Two pairs of legs under a level back.
DOG: Bones = {
    "hips": (None, (0, 0.6, -0.4)),
    "spine1": ("hips", (0, 0.62, 0)),
    "spine2": ("spine1", (0, 0.6, 0.4)),
    "neck": ("spine2", (0, 0.65, 0.5)),
    "head": ("neck", (0, 0.75, 0.6)),
    **{f"*_{name}1": (above, (0.1, 0.58, z)) for name, above, z in (("hind", "hips", -0.4), ("fore", "spine2", 0.4))},
    **{f"*_{name}2": (f"*_{name}1", (0.1, 0.3, z)) for name, z in (("hind", -0.38), ("fore", 0.38))},
    **{f"*_{name}3": (f"*_{name}2", (0.1, 0.05, z)) for name, z in (("hind", -0.4), ("fore", 0.4))},
    **{f"*_{name}4": (f"*_{name}3", (0.1, 0.0, z)) for name, z in (("hind", -0.34), ("fore", 0.46))},
}


@pytest.mark.parametrize("bones", [TRUNK, {"floor": (None, (0, 0, 0))}, DOG], ids=["no limbs", "one bone", "dog"])
def test_what_is_no_humanoid_is_refused(bones: Bones) -> None:
    with pytest.raises(InputError, match="no humanoid"):
        found_on(rig_of(bones))


def test_ik_targets_and_copies_of_limbs_are_passed_over_by_their_names() -> None:
    limbs = {**ARMS, **LEGS}
    copies = {
        f"{mark}-{name}": (f"{mark}-{above}" if above in limbs else above, place)
        for mark in ("MCH", "ORG")
        for name, (above, place) in limbs.items()
    }
    targets: Bones = {"*_foot_ik": (None, (0.1, 0.09, 0)), "*_knee_pole": (None, (0.1, 0.5, 0.5))}
    assert choose_mapping(rig_of(TRUNK | copies | limbs | targets)).bones == WHOLE


@pytest.mark.parametrize("seed", range(40))
def test_any_tree_of_bones_is_mapped_or_refused_in_words(seed: int) -> None:
    rng = np.random.default_rng(seed)
    count = int(rng.integers(1, 40))
    parents = tuple(int(rng.integers(-1, bone)) if bone else -1 for bone in range(count))
    heads = np.round(rng.normal(size=(count, 3)) * (seed % 4), 1)  # some have no size, many no length
    heads[:, 0] *= seed % 3 > 0
    tails = heads + np.round(rng.normal(size=(count, 3)) * (seed % 5 > 0), 1)
    names = tuple(f"bone {bone}" for bone in range(count))
    rolls = np.tile(IDENTITY, (count, 1))
    rig = Rig("any", names, parents, heads, tails, rolls, (True,) * count, (True,) * count)
    said, bones = "any: ", {}
    try:
        bones = choose_mapping(rig).bones
    except InputError as error:
        said = str(error)
    assert said.startswith("any: ")
    assert {name for part in bones.values() for name in part} <= set(names)
