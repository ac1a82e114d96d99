"""Rare poses: cells that count them, and windows drawn by what the cells say, within a family."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from posenorm_core import quaternion
from training import rarity
from training.dataset import MotionData
from training.windows import clip_probabilities, draw_windows

# Three clips: 300 frames of one pose, 90 of it and 10 of another at the end, and a family of its own.
LENGTHS, RARE = (300, 100, 50), slice(390, 400)


@pytest.fixture
def data():
    """Frames whose root's x says which frame it is; poses that differ by their elbow, and a little by noise."""
    frames = sum(LENGTHS)
    rng = torch.Generator().manual_seed(0)
    vectors = 0.01 * torch.randn(frames, 19, 3, generator=rng)
    vectors[RARE, 12, 1] += 1.5
    position = torch.zeros(frames, 3)
    position[:, 0] = torch.arange(frames)
    names = np.array(["often", "both", "other"])
    return MotionData(
        rotations=quaternion.from_rotation_vector(vectors),
        root_position=position,
        contacts=torch.zeros(frames, 2),
        clip_start=torch.tensor([0, *np.cumsum(LENGTHS)]),
        clip_offsets=torch.zeros(3, 19, 3),
        clip_name=names,
        clip_subject=names,
        clip_action=names,
        clip_source=names,
        clip_family=np.array(["a", "a", "b"]),
    )


@pytest.fixture
def two_cells(monkeypatch):
    monkeypatch.setattr(rarity, "_CELLS", 2)


def test_a_frame_weighs_as_the_poses_like_it_are_few(data, two_cells):
    weight = rarity.running_rarity(data, 0.5).diff()
    torch.testing.assert_close(weight[RARE], torch.full((10,), 10.0, dtype=torch.float64) ** -0.5)
    others = torch.ones(450, dtype=torch.bool)
    others[RARE] = False
    torch.testing.assert_close(weight[others], torch.full((440,), 440.0, dtype=torch.float64) ** -0.5)


def test_with_power_one_every_cell_is_drawn_as_often_and_with_zero_every_frame(data, two_cells):
    weight = rarity.running_rarity(data, 1.0).diff()
    assert weight[RARE].sum() == pytest.approx(float(weight.sum()) / 2)
    torch.testing.assert_close(rarity.running_rarity(data, 0.0), torch.arange(451.0, dtype=torch.float64))


def test_a_heading_makes_no_other_pose_and_a_fall_does(data):
    rotations = data.rotations[:1].repeat(3, 1, 1)
    still, fall = quaternion.from_rotation_vector(torch.tensor([[0.0, 0.0, 0.0], [1.5, 0.0, 0.0]]))
    turn = quaternion.from_rotation_vector(torch.tensor([0.0, 2.0, 0.0]))
    rotations[:, 0] = torch.stack([still, fall, quaternion.multiply(turn, fall)])
    upright, fallen, turned = rarity.described(rotations)
    torch.testing.assert_close(turned, fallen, atol=1e-5, rtol=0)
    assert (fallen - upright).norm() > 1
    # q and -q are one pose.
    torch.testing.assert_close(rarity.described(-rotations), rarity.described(rotations))


def test_cells_are_around_the_farthest_and_equal_points_are_never_parted():
    points = torch.tensor([[0.0], [0.1], [5.0], [9.0], [9.2], [9.2]])
    assert rarity.cells(points, 3).tolist() == [0, 0, 2, 1, 1, 1]
    many = rarity.cells(points.repeat(4, 1), 100)
    assert len(many.unique()) == 5
    assert torch.equal(many[:6], many[6:12])


def test_few_frames_stand_for_all_of_a_long_data_set(data, two_cells, monkeypatch):
    monkeypatch.setattr(rarity, "_POSES", 100)
    weight = rarity.running_rarity(data, 1.0).diff()
    assert len(weight) == 450
    assert torch.equal(weight[390:395], weight[390].expand(5))
    assert weight[390] > 20 * weight[0]


def test_windows_are_drawn_by_the_rarity_of_their_middle(data, two_cells):
    running = rarity.running_rarity(data, 1.0)
    probabilities = clip_probabilities(data, 0.5, 0.0, running_rarity=running)
    even = clip_probabilities(data, 0.5, 0.0)
    # Between families nothing changes; within one the clip with the rare poses gains.
    assert probabilities[0, 2] == pytest.approx(float(even[0, 2]))
    weight = running.diff()
    share = float(weight[300:400].sum() / weight[:400].sum())
    assert probabilities[0, 1] == pytest.approx(share * float(1 - even[0, 2]))
    rng = torch.Generator().manual_seed(1)
    windows = draw_windows(data, torch.tensor([0.0, 1.0, 0.0]), 4000, 2, 0.0, rng, running)
    middle = windows.root_position[:, 1, 0]
    assert middle.min() >= 300
    assert middle.max() <= 399
    expected = float(weight[390:400].sum() / weight[300:400].sum())
    assert float((middle >= 390).float().mean()) == pytest.approx(expected, abs=0.03)
    # Within a kind they fall evenly: the mean of the rare ones is their middle.
    assert float(middle[(middle >= 390) & (middle < 399)].mean()) == pytest.approx(394.5, abs=0.2)


def test_with_equal_weights_a_clip_is_drawn_from_as_ever(data):
    running = rarity.running_rarity(data, 0.0)
    for parts in (1, 2):
        torch.testing.assert_close(
            clip_probabilities(data, 0.3, 0.0, parts, running), clip_probabilities(data, 0.3, 0.0, parts)
        )
    rng = torch.Generator().manual_seed(1)
    drawn = draw_windows(data, torch.tensor([0.0, 1.0, 0.0]), 4000, 2, 0.0, rng, running).root_position[:, 1, 0] - 300
    assert float(drawn.mean()) == pytest.approx(49.5, abs=1.5)
    assert float(drawn.std()) == pytest.approx(100 / 12**0.5, abs=1)


def test_the_built_in_share_is_kept(data):
    builtin = replace(data, clip_family=np.array(["a", "a", "builtin"]))
    running = rarity.running_rarity(builtin, 0.7)
    assert clip_probabilities(builtin, 0.5, 0.2, running_rarity=running)[0, 2] == pytest.approx(0.2)
