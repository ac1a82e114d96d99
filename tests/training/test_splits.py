"""Nobody who is measured has trained: one person, one side, in every family he appears in."""

import itertools

import numpy as np
import pytest
import torch

from posenorm_core.errors import InputError
from training import splits
from training.dataset import builtin_data, joined

DANCERS = ("cmu:60", "cmu:61")


def test_a_person_is_on_one_side_in_every_family():
    for subject in ("cmu:135", "cmu:2", "cmu:6", "reactidle:010", "cmu:60"):
        sides = {
            splits.part_of(family, name, subject)
            for family, name in itertools.product(("papagina", "dragonforged", "misc"), ("walk/01", "walk/02@120"))
        }
        assert len(sides) == 1, subject


def test_the_two_who_dance_with_each_other_are_on_one_side():
    assert len({splits.part_of("papagina", f"salsa/{n}", subject) for n, subject in enumerate(DANCERS)}) == 1


@pytest.mark.parametrize(
    ("family", "name"), [("chaneyddtt", "test/soccer/soccer_1"), ("misc", "jacks"), ("quaternius", "a#Walk_Loop")]
)
def test_whoever_nobody_is_named_for_only_trains(family, name):
    assert splits.part_of(family, name, "cmu:unknown") == "train"


def test_the_pieces_of_a_cut_clip_stay_together():
    for name in ("Animations#Roll", "Animations#Roll@17"):
        assert splits.part_of("quaternius", name, "quaternius_cc0") == "validation"


def test_a_fold_leaves_its_own_family_out():
    for family, left_out in splits.UNSEEN_FOLDS.items():
        assert family in left_out
    # The families converted from the same recordings go together: their people are the same.
    assert {"chaneyddtt", "misc"} <= set(splits.UNSEEN_FOLDS["dragonforged"])


def test_leaving_out_and_matching_are_complements():
    data = builtin_data(0.6, seed=0, seconds_a_clip=2.0)
    left = splits.part(data, "train", leave_out=("builtin/walk",))
    assert "walk" not in left.clip_action
    assert splits.matches(data, ("builtin/walk",)).sum() + left.clip_count == data.clip_count
    assert int(left.clip_start[-1]) == len(left.rotations)
    np.testing.assert_array_equal(splits.matches(data, ("builtin",)), True)


def test_what_is_not_there_is_told():
    data = builtin_data(0.3, seed=0, seconds_a_clip=2.0)
    with pytest.raises(InputError, match="no family"):
        splits.part(data, "train", leave_out=("ballet",))
    with pytest.raises(InputError, match="no validation clip"):
        splits.part(data, "validation")


def test_subset_and_join_keep_clips_whole():
    data = builtin_data(0.3, seed=4, seconds_a_clip=1.0)
    odd = np.arange(data.clip_count) % 2 == 1
    both = joined(data.subset(odd), data.subset(~odd))
    assert both.clip_count == data.clip_count
    names = both.clip_name.tolist()
    for c, name in enumerate(data.clip_name):
        k = names.index(name)
        there = both.rotations[both.clip_start[k] : both.clip_start[k + 1]]
        assert torch.equal(there, data.rotations[data.clip_start[c] : data.clip_start[c + 1]])
        assert torch.equal(both.clip_offsets[k], data.clip_offsets[c])
