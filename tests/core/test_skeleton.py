"""Skeletons and their file: what is a tree comes back as it was, what is none is told so in one line."""

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from strategies import skeletons

from posenorm_core.condition_skeleton import (
    CONDITION_SKELETON,
    JOINT_NAMES,
    LEAVES,
    MIRROR,
    NON_LEAVES,
    PARENTS,
    require_condition_joints,
)
from posenorm_core.errors import InputError
from posenorm_core.skeleton import Skeleton, depth_levels, load_skeleton, save_skeleton


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(skeleton=skeletons())
def test_file_round_trip(tmp_path: Path, skeleton: Skeleton) -> None:
    """To the last digit."""
    path = tmp_path / "skeleton.json"
    save_skeleton(skeleton, path)
    found = load_skeleton(path)
    assert (found.joint_names, found.parents) == (skeleton.joint_names, skeleton.parents)
    np.testing.assert_array_equal(found.offsets, skeleton.offsets)


@given(skeleton=skeletons())
def test_depth_levels(skeleton: Skeleton) -> None:
    """Every joint once, the root alone on top, each parent one level above its child."""
    levels = depth_levels(skeleton.parents)
    assert levels[0] == (0,)
    assert sorted(j for level in levels for j in level) == list(range(len(skeleton.parents)))
    for above, level in itertools.pairwise(levels):
        assert all(skeleton.parents[j] in above for j in level)


@given(skeleton=skeletons())
def test_leaves_and_lengths(skeleton: Skeleton) -> None:
    """A leaf is nobody's parent; the root has no bone."""
    for joint in range(len(skeleton.parents)):
        assert (joint in skeleton.leaves) == (joint not in skeleton.parents)
    assert skeleton.bone_lengths[0] == 0
    np.testing.assert_allclose(skeleton.bone_lengths[1:] ** 2, np.sum(skeleton.offsets[1:] ** 2, axis=1))


def changed(**fields: Any) -> dict[str, Any]:
    """A good file of three joints, but for `fields`."""
    good = {"joint_names": ["a", "b", "c"], "parents": [-1, 0, 1], "offsets": [[0, 0, 0], [0, 1, 0], [0, 1, 0]]}
    return {**good, **fields}


BAD_FILES = {
    "a cycle": json.dumps(changed(parents=[-1, 2, 1])),
    "its own parent": json.dumps(changed(parents=[-1, 0, 2])),
    "two roots": json.dumps(changed(parents=[-1, -1, 0])),
    "a truth for a number": json.dumps(changed(parents=[-1, False, True])),
    "no root": json.dumps(changed(parents=[0, 0, 1])),
    "child before parent": json.dumps(changed(parents=[1, -1, 0])),
    "parent beyond the last": json.dumps(changed(parents=[-1, 0, 7])),
    "parent between two joints": json.dumps(changed(parents=[-1, 0, 0.5])),
    "parent without end": json.dumps(changed(parents=[-1, 0, float("inf")])),
    "parent NaN": json.dumps(changed(parents=[-1, 0, float("nan")])),
    "parent missing": json.dumps(changed(parents=[-1, 0])),
    "parents no list": json.dumps(changed(parents=3)),
    "offset NaN": json.dumps(changed(offsets=[[0, 0, 0], [0, float("nan"), 0], [0, 1, 0]])),
    "offset infinite": json.dumps(changed(offsets=[[0, 0, 0], [0, float("inf"), 0], [0, 1, 0]])),
    "offset too large a number": json.dumps(changed(offsets=[[0, 0, 0], [0, 10**400, 0], [0, 1, 0]])),
    "offsets ragged": json.dumps(changed(offsets=[[0, 0, 0], [0, 1], [0, 1, 0]])),
    "offsets in the plane": json.dumps(changed(offsets=[[0, 0], [0, 1], [0, 1]])),
    "offset missing": json.dumps(changed(offsets=[[0, 0, 0], [0, 1, 0]])),
    "offsets of words": json.dumps(changed(offsets=[["x", "y", "z"]] * 3)),
    "offsets null": json.dumps(changed(offsets=None)),
    "name twice": json.dumps(changed(joint_names=["a", "b", "a"])),
    "names in one word": json.dumps(changed(joint_names="abc")),
    "no joints": json.dumps({"joint_names": [], "parents": [], "offsets": []}),
    "a name in place of offsets": json.dumps(changed(offsets=["x" * 3000] * 3)),
    "a chain without end": json.dumps(
        {"joint_names": [*range(3000)], "parents": [*range(-1, 2999)], "offsets": [[0, 1, 0]] * 3000}
    ),
    "no names": json.dumps({"parents": [-1], "offsets": [[0, 0, 0]]}),
    "a list": json.dumps([1, 2, 3]),
    "a number": "3",
    "cut short": json.dumps(changed())[:-9],
    "no JSON": "HIERARCHY\nROOT Hips\n{",
    "empty": "",
    "nested without end": "[" * 100_000,
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_bad_files(tmp_path: Path, name: str) -> None:
    """Each is an InputError of one line that names the file."""
    path = tmp_path / "bad.json"
    path.write_text(BAD_FILES[name], encoding="utf-8")
    with pytest.raises(InputError, match=r"bad\.json") as caught:
        load_skeleton(path)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    "make",
    [
        lambda path: path,
        lambda path: (path.mkdir(), path)[1],
        lambda path: (path.write_bytes(b"\xff\xfe\x00{"), path)[1],
    ],
    ids=["missing", "folder", "not text"],
)
def test_unreadable_files(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    """They too."""
    with pytest.raises(InputError, match=r"skeleton\.json"):
        load_skeleton(make(tmp_path / "skeleton.json"))


def test_the_callers_array_stays_his() -> None:
    """A skeleton keeps a copy of its own, which nobody can write to."""
    offsets = np.zeros((2, 3))
    skeleton = Skeleton(("a", "b"), (-1, 0), offsets)
    offsets[1] = 5.0
    assert not skeleton.offsets.any()
    with pytest.raises(ValueError, match="read-only"):
        skeleton.offsets[1] = 5.0


def test_condition_skeleton_is_the_contracts() -> None:
    """Names and parents as DESIGN.md lists them; files and indexes depend on them."""
    assert PARENTS == (-1, 0, 1, 2, 0, 4, 5, 0, 7, 8, 9, 8, 11, 12, 8, 14, 15, 3, 6)
    assert [JOINT_NAMES[j] for j in (0, 3, 6, 10, 13, 16, 17, 18)] == [
        "pelvis",
        "right_ankle",
        "left_ankle",
        "head",
        "left_wrist",
        "right_wrist",
        "right_toe",
        "left_toe",
    ]
    assert {JOINT_NAMES[j] for j in LEAVES} == {"head", "left_wrist", "right_wrist", "left_toe", "right_toe"}
    assert sorted((*LEAVES, *NON_LEAVES)) == list(range(19))
    assert NON_LEAVES[0] == 0


def test_condition_skeleton_is_symmetric() -> None:
    """The mirror swaps the sides, keeps the tree, and undoes itself; the offsets mirror in X."""
    for joint, other in enumerate(MIRROR):
        name, opposite = JOINT_NAMES[joint], JOINT_NAMES[other]
        assert MIRROR[other] == joint
        assert (name == opposite) == (not name.startswith(("left_", "right_")))
        assert name.replace("left", "?").replace("right", "?") == opposite.replace("left", "?").replace("right", "?")
        if joint:
            assert PARENTS[other] == MIRROR[PARENTS[joint]]
        mirrored = CONDITION_SKELETON.offsets[other] * [-1, 1, 1]
        np.testing.assert_allclose(mirrored, CONDITION_SKELETON.offsets[joint], atol=1e-12)


def test_only_the_offsets_of_a_body_may_differ() -> None:
    """Another order, another tree or other names are refused."""
    require_condition_joints(Skeleton(JOINT_NAMES, PARENTS, 1.1 * CONDITION_SKELETON.offsets))
    renamed = ("hips", *JOINT_NAMES[1:])
    rewired = (*PARENTS[:-1], 5)
    for names, parents in ((renamed, PARENTS), (JOINT_NAMES, rewired)):
        with pytest.raises(InputError, match="condition skeleton"):
            require_condition_joints(Skeleton(names, parents, CONDITION_SKELETON.offsets))
