"""The figures are what they say: zero for the truth, known for a known fault, families counting alike."""

import numpy as np
import pytest
import torch

from posenorm_core import quaternion
from posenorm_core.condition_skeleton import JOINT_NAMES
from training import metrics, splits
from training.dataset import builtin_data, joined
from training.metrics import Errors

CONTEXT = 20


@pytest.fixture(scope="module")
def data():
    return builtin_data(0.4, seed=11, seconds_a_clip=2.0)


def test_the_truth_has_no_error(data):
    batch = metrics.film_clip(data, 0, CONTEXT, seed=1, views=2)
    errors = metrics.errors_of(batch.rotations, batch)
    assert errors.mpjpe < 0.01
    assert errors.rotation < 0.1
    assert errors.root < 0.1
    assert errors.frames == 2 * int(data.clip_length[0])


def test_a_known_turn_of_one_joint_is_its_share_of_the_rotation_error(data):
    batch = metrics.film_clip(data, 1, CONTEXT, seed=1)
    turn = quaternion.from_rotation_vector(torch.tensor([0.0, 0.0, 0.13 * 10]))
    wrong = batch.rotations.clone()
    elbow = JOINT_NAMES.index("left_elbow")
    wrong[:, :, elbow] = quaternion.multiply(wrong[:, :, elbow], turn)
    errors = metrics.errors_of(wrong, batch)
    assert errors.rotation == pytest.approx(np.degrees(1.3) / 13, abs=0.05)
    assert errors.root < 0.1
    # Only the wrist moves: by a chord of the forearm, one joint of 19.
    forearm = 1000 * batch.offsets[0, JOINT_NAMES.index("left_wrist")].norm()
    assert errors.mpjpe <= forearm * 2 * np.sin(0.65) / 19 + 0.1
    assert errors.mpjpe > 0


def test_the_sign_of_a_quaternion_is_no_error(data):
    batch = metrics.film_clip(data, 0, CONTEXT, seed=1)
    assert metrics.errors_of(-batch.rotations, batch).rotation < 0.1


def test_the_same_seed_films_the_same_view_and_another_another(data):
    first, again = (metrics.film_clip(data, 2, CONTEXT, seed=5) for _ in range(2))
    other = metrics.film_clip(data, 2, CONTEXT, seed=6)
    assert torch.equal(first.features, again.features)
    assert not torch.allclose(first.rotations[:, :, 0], other.rotations[:, :, 0], atol=1e-2)
    torch.testing.assert_close(first.rotations[:, :, 1:], other.rotations[:, :, 1:])


def test_a_layout_hides_what_its_detector_lacks(data):
    batch = metrics.film_clip(data, 0, CONTEXT, seed=5)
    hidden = metrics.hidden_as("coco17", batch).reshape(*batch.features.shape[:-1], -1, 3)
    assert (hidden[..., JOINT_NAMES.index("left_toe"), :] == 0).all()
    wrist = JOINT_NAMES.index("left_wrist")
    assert torch.equal(hidden[..., wrist, :], batch.features[..., 3 * wrist : 3 * wrist + 3])


def test_every_family_counts_the_same_and_frames_within_one():
    class Two:
        clip_name = np.array(["a", "b", "c"])
        clip_family = np.array(["x", "x", "y"])

    errors = {"a": Errors(10, 1, 1, 100), "b": Errors(20, 2, 2, 300), "c": Errors(100, 10, 10, 1)}
    families = metrics.by_family(errors, Two)
    assert families["x"].mpjpe == pytest.approx(17.5)
    assert metrics.over_families(families).mpjpe == pytest.approx((17.5 + 100) / 2)


def test_no_clip_is_in_two_parts_and_pieces_stay_together(data):
    for family, name in [("papagina", "papagina_bvh/salsa/05"), ("reactidle", "acted/010_acted")]:
        assert splits.part_of(family, name) == "test"
        assert splits.part_of(family, name + "@120") == "test"
    assert splits.part_of("papagina", "papagina_bvh/salsa/20") == splits.part_of("papagina", "papagina_bvh/salsa/05")
    assert splits.part_of("papagina", "papagina_bvh/salsa/01") == "train"
    assert splits.part_of("misc", "misc/cmu1_jumping_jacks") == "train"


def test_left_out_clips_are_in_no_part(data):
    left = splits.part(data, "train", leave_out=("builtin/walk",))
    assert "walk" not in left.clip_action
    assert splits.matches(data, ("builtin/walk",)).sum() + left.clip_count == data.clip_count
    with pytest.raises(splits.InputError, match="no family"):
        splits.part(data, "train", leave_out=("ballet",))
    with pytest.raises(splits.InputError, match="validation"):
        splits.part(data, "validation")


def test_subset_and_join_keep_clips_whole(data):
    odd = np.arange(data.clip_count) % 2 == 1
    both = joined(data.subset(odd), data.subset(~odd))
    assert both.clip_count == data.clip_count
    names = both.clip_name.tolist()
    for c, name in enumerate(data.clip_name):
        k = names.index(name)
        there = both.rotations[both.clip_start[k] : both.clip_start[k + 1]]
        assert torch.equal(there, data.rotations[data.clip_start[c] : data.clip_start[c + 1]])
        assert torch.equal(both.clip_offsets[k], data.clip_offsets[c])
