"""The presets: every file is sound, its sides mirror each other, and a rig with its names is known by it alone."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from test_rig_guess import ARMS, LEGS, TRUNK
from test_rig_guess import rig_of as body_of

from posenorm_core.errors import InputError
from posenorm_core.retargeting import preset as preset_module
from posenorm_core.retargeting.mapping import BoneMapping, load_mapping
from posenorm_core.retargeting.parts import CHAINS, PARTS, SIDES
from posenorm_core.retargeting.preset import Preset, best_preset, choose_mapping, presets
from posenorm_core.retargeting.rig import Rig

FILES = sorted((Path(preset_module.__file__).parent / "presets").glob("*.json"))
FIELDS = {"format", "version", "rig", "bones", "prefix", "parents", "properties"}
NAMES = [preset.mapping.name for preset in presets()]
every_preset = pytest.mark.parametrize("preset", presets(), ids=NAMES)


def other_side(part: str) -> str:
    return part.replace("left", "#").replace("right", "left").replace("#", "right")


def marks_exchanged(name: str) -> set[str]:
    """What the bone's name would be with one mark of its side exchanged, for every way that a preset marks sides."""
    marks = (("Left", "Right"), ("left", "right"), ("L", "R"), ("l", "r"))
    return {
        name[: found.start()] + after + name[found.end() :]
        for pair in marks
        for before, after in (pair, pair[::-1])
        for found in re.finditer(before, name)
    }


def rig_named(preset: Preset, prefix: str = "") -> Rig:
    """A body whose mapped parts bear the preset's names, and hang on each other as they should."""
    chains = {part: preset.mapping.bones.get(part, ()) for part in ("hips", *CHAINS, "head")}
    names = [name for part in chains for name in chains[part]]
    rows = [(name, names[k - 1] if k else None, (0.0, 1.0 + 0.6 * k / len(names), 0.0)) for k, name in enumerate(names)]
    top_of_spine = next((chains[part][-1] for part in ("spine", "hips") if chains[part]), None)
    for side, sign in zip(SIDES, (1, -1), strict=True):
        for group, root in ((ARMS, top_of_spine), (LEGS, next(iter(chains["hips"]), None))):
            above = root
            for part, (_, (x, y, z)) in group.items():
                found = preset.mapping.bones.get(part.replace("*", side))
                if found is not None:
                    rows.append((found[0], above, (sign * x, y, z)))
                    above = found[0]
    order = [prefix + name for name, _, _ in rows]
    parents = tuple(-1 if above is None else order.index(prefix + above) for _, above, _ in rows)
    heads = np.array([head for _, _, head in rows])
    everywhere = (True,) * len(rows)
    rolls = np.tile([1.0, 0.0, 0.0, 0.0], (len(rows), 1))
    return Rig("named", tuple(order), parents, heads, heads + np.array([0.0, 0.0, 0.1]), rolls, everywhere, everywhere)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_file_is_a_mapping_that_the_panel_could_load(path: Path) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    assert set(content) <= FIELDS
    assert load_mapping(path).name == content["rig"]


def test_no_two_presets_bear_one_name_or_the_same_bones() -> None:
    assert len(set(NAMES)) == len(NAMES) == len(FILES)
    bones = [(preset.prefix, tuple(sorted(preset.mapping.bones.items()))) for preset in presets()]
    assert len(set(bones)) == len(bones)


@every_preset
def test_the_sides_mirror_each_other(preset: Preset) -> None:
    sided = {part: names[0] for part, names in preset.mapping.bones.items() if part.startswith(SIDES)}
    assert sided
    for part, name in sided.items():
        assert sided[other_side(part)] in marks_exchanged(name)
    for bone, above in preset.mapping.parents.items():
        assert any(preset.mapping.parents.get(other) in marks_exchanged(above) for other in marks_exchanged(bone))
    for bone, values in preset.mapping.properties.items():
        if bone not in preset.mapping.bones.get("hips", ()):
            assert any(preset.mapping.properties.get(other) == values for other in marks_exchanged(bone))


@every_preset
def test_limbs_are_whole_and_parents_are_mapped_bones(preset: Preset) -> None:
    bones = preset.mapping.bones
    assert {f"{side}_{part}" for side in SIDES for part in ("upper_arm", "forearm", "thigh", "shin", "foot")} <= set(
        bones
    )
    mapped = {name for names in bones.values() for name in names}
    assert mapped >= {*preset.mapping.parents, *preset.mapping.parents.values()}


@every_preset
def test_a_rig_with_a_preset_s_names_is_known_by_it_with_all_its_bones(preset: Preset) -> None:
    found = choose_mapping(rig_named(preset))
    assert (found.name, found.bones, found.parents) == (
        preset.mapping.name,
        preset.mapping.bones,
        preset.mapping.parents,
    )


@every_preset
def test_the_order_of_the_files_does_not_matter(preset: Preset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preset_module, "presets", lambda: presets()[::-1])
    found = choose_mapping(rig_named(preset))
    assert (found.name, found.bones, found.parents) == (
        preset.mapping.name,
        preset.mapping.bones,
        preset.mapping.parents,
    )


@pytest.mark.parametrize(
    ("name", "prefix"),
    [
        ("Mixamo", "mixamorig:"),
        ("Mixamo", "mixamorig7:"),
        ("Mixamo", "mixamorig"),
        ("Mixamo", "hero:mixamorig_"),
        ("SMPL", "f_avg_"),
        ("Character Creator", "CC_Base_"),
        ("3ds Max Biped", "Bip01 "),
        ("3ds Max Biped", "bip001 "),
        ("VRoid", "avatar:"),
    ],
)
def test_prefixes_and_namespaces_do_not_hide_a_rig(name: str, prefix: str) -> None:
    preset = presets()[NAMES.index(name)]
    found = choose_mapping(rig_named(preset, prefix))
    assert found.name == name
    assert found.bones == {part: tuple(prefix + bone for bone in bones) for part, bones in preset.mapping.bones.items()}


def test_capitals_do_not_matter() -> None:
    rig = rig_named(presets()[NAMES.index("Mixamo")])
    found = choose_mapping(replace(rig, bone_names=tuple(name.upper() for name in rig.bone_names)))
    assert (found.name, found.bones["left_upper_arm"]) == ("Mixamo", ("LEFTARM",))


@every_preset
def test_names_of_the_wrong_sides_are_put_right_by_the_feet(preset: Preset) -> None:
    rig = rig_named(preset)
    turned = replace(rig, heads=rig.heads * [-1, 1, 1], tails=rig.tails * [-1, 1, 1])
    found = choose_mapping(turned)
    assert found.name.endswith("left and right exchanged")
    assert found.bones == {
        part: preset.mapping.bones[other_side(part)] for part in PARTS if part in preset.mapping.bones
    }


LEGLESS = ("LeftUpLeg", "LeftLeg", "LeftFoot", "LeftToeBase", "RightUpLeg", "RightLeg", "RightFoot", "RightToeBase")
ONE_ARMED = ("RightShoulder", "RightArm", "RightForeArm", "RightHand")


@pytest.mark.parametrize("gone", [LEGLESS, ONE_ARMED, LEGLESS[:4]], ids=["no legs", "one arm", "one leg"])
def test_of_a_known_rig_that_lacks_limbs_the_rest_is_mapped(gone: tuple[str, ...]) -> None:
    rig = rig_named(presets()[NAMES.index("Mixamo")])
    kept = [k for k, name in enumerate(rig.bone_names) if name not in gone]
    found = choose_mapping(without(rig, kept))
    assert {name for names in found.bones.values() for name in names} == set(rig.bone_names) - set(gone)
    assert found.bones["left_forearm"] == ("LeftForeArm",)
    assert found.name in NAMES


def test_a_shin_that_does_not_hang_on_its_thigh_is_none() -> None:
    rig = rig_named(presets()[NAMES.index("Mixamo")])
    flat = replace(rig, parents=(-1,) * len(rig.parents))
    assert best_preset(flat) is None
    with pytest.raises(InputError):
        choose_mapping(flat)


def test_half_a_limb_is_another_rig_s() -> None:
    rig = rig_named(presets()[NAMES.index("VRM")])
    strange = replace(rig, bone_names=tuple(name.replace("lower_arm", "mid_arm") for name in rig.bone_names))
    assert best_preset(strange) is None
    assert choose_mapping(strange).bones["left_forearm"] == ("mid_arm.L",)


def test_strange_names_fall_back_on_the_shape() -> None:
    found = choose_mapping(body_of(TRUNK | ARMS | LEGS))
    assert found.name == "guessed"
    assert found.missing_parts() == []


def test_the_choice_is_a_mapping_of_bones_that_the_rig_has() -> None:
    for preset in presets():
        rig = rig_named(preset)
        found = choose_mapping(rig)
        assert isinstance(found, BoneMapping)
        assert found.on(rig) == found


def without(rig: Rig, kept: list[int]) -> Rig:
    """The rig of the kept bones alone, none of whose parents is gone."""
    place = {number: k for k, number in enumerate(kept)}
    return Rig(
        rig.name,
        tuple(rig.bone_names[k] for k in kept),
        tuple(place.get(rig.parents[k], -1) for k in kept),
        rig.heads[kept],
        rig.tails[kept],
        rig.rotations[kept],
        (True,) * len(kept),
        (True,) * len(kept),
    )
