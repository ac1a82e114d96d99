"""The list of a rig's bones and its file: what is saved comes back, what makes no sense is told in one line."""

import json
from pathlib import Path
from typing import Any

import pytest
from rigs import MAPPING, rig_in

from posenorm_core.errors import InputError
from posenorm_core.retargeting.mapping import BoneMapping, load_mapping, save_mapping
from posenorm_core.retargeting.parts import CHAINS, END_OF, FOLLOWS, PARTS, TURNED_BY


def test_every_part_is_turned_or_follows_and_ends_somewhere() -> None:
    assert set(PARTS) == set(TURNED_BY) | set(FOLLOWS)
    assert not set(TURNED_BY) & set(FOLLOWS)
    assert set(END_OF) | set(END_OF.values()) | {"hips", "head", *CHAINS} == set(PARTS)


def test_what_is_saved_comes_back(tmp_path: Path) -> None:
    mapping = BoneMapping("Frau Müller", {**MAPPING.bones, "neck": ("a", "b"), "head": ()})
    save_mapping(mapping, tmp_path / "m.json")
    found = load_mapping(tmp_path / "m.json")
    assert found == mapping
    assert found.bone("neck") == "a"
    assert found.bone("head") is None
    assert "head" in found.missing_parts()
    assert "left_hand" not in BoneMapping("x", {}).missing_parts()


def test_on_a_rig_only_its_own_bones_are_left() -> None:
    mapping = BoneMapping("x", {"hips": ("pelvis",), "spine": ("spine", "not there"), "head": ("nor this",)})
    assert mapping.on(rig_in()).bones == {"hips": ("pelvis",), "spine": ("spine",)}


@pytest.mark.parametrize(
    ("bones", "told"),
    [
        ({"tail": ("a",)}, "'tail' is no part of the body"),
        ({"hips": ("a", "b")}, "the hips has 2 bones; it takes one"),
        ({"hips": ("a",), "spine": ("b", "a")}, "'a' stands for two parts"),
    ],
)
def test_a_list_that_makes_no_sense_is_refused(bones: dict[str, tuple[str, ...]], told: str) -> None:
    with pytest.raises(InputError, match=told):
        BoneMapping("x", bones)


def content(**changes: Any) -> str:
    return json.dumps({"format": "posenorm-bones", "version": 1, "rig": "x", "bones": {"hips": "a"}, **changes})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is no JSON"),
        (content()[:-3], "is no JSON"),
        ("[" * 100_000, "is no JSON"),
        ("[1, 2]", "is no bone mapping"),
        (content(format="bones"), "is no bone mapping"),
        (content(version=2), "version 2; this program reads version 1"),
        (content(bones=["a"]), "is no bone mapping"),
        (content(bones={"hips": 5}), "a name or a list of names, not 5"),
        (content(bones={"spine": ["a", ""]}), "a name or a list of names"),
        (content(bones={"hips": "a", "head": "a"}), "stands for two parts"),
    ],
    ids=lambda value: value[:20],
)
def test_a_damaged_file_is_told_in_one_line(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "m.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=told) as error:
        load_mapping(path)
    assert str(error.value).startswith(str(path))
    assert "\n" not in str(error.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        load_mapping(tmp_path / "none.json")
