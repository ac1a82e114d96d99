"""Pr-VIPE: what it is given, what it is taught, what a match is, and a training that goes on exactly."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from posenorm_core.condition_skeleton import JOINT_NAMES
from posenorm_core.errors import InputError
from training.baselines.pr_vipe import (
    MATCHING,
    SIZE,
    Gaussians,
    PrVipe,
    loss,
    normalized_landmarks,
    np_mpjpe,
    semi_hard,
)
from training.configuration import Augmentation, Configuration
from training.dataset import MotionData, builtin_data
from training.frame_features import features_of_pr_vipe
from training.pr_vipe import PrVipeTraining
from training.pr_vipe_checkpoint import load_content, save_content
from training.pr_vipe_pairs import draw_pairs, shipped_settings
from training.video_pairs import draw_pair
from training.windows import clip_probabilities

_ALL_SEEN = Augmentation(layout=0, occlude=0, miss=0)


@pytest.fixture(scope="module")
def data() -> MotionData:
    return builtin_data(0.4, seed=5)


def test_neither_place_nor_size_in_the_picture_is_seen() -> None:
    points = torch.randn(7, 24, 2, generator=torch.Generator().manual_seed(0))
    given = normalized_landmarks(points)
    torch.testing.assert_close(normalized_landmarks(3 * points + 50), given, rtol=1e-4, atol=1e-4)
    corners = [JOINT_NAMES.index(f"{side}_{part}") for side in ("left", "right") for part in ("hip", "shoulder")]
    extents = [max(float((p[a] - p[b]).norm()) for a in corners for b in corners) for p in given]
    np.testing.assert_allclose(extents, 0.5, rtol=1e-5)
    torch.testing.assert_close((given[:, corners[0]] + given[:, corners[2]]) / 2, torch.zeros(7, 2))


def _naive_match(model: PrVipe, first: torch.Tensor, second: torch.Tensor) -> float:
    """Of two clouds of samples, one pair after the other; at first the steepness is ELU(−0.65) + 1, the offset −0.5."""
    steepness, offset = np.exp(-0.65), -0.5
    alike = [1 / (1 + np.exp(steepness * float((a - b).norm()) - offset)) for a in first for b in second]
    return 0.9 * float(np.mean(alike)) + 0.05


def test_a_match_is_the_mean_over_all_pairs_of_samples() -> None:
    model, rng = PrVipe(), torch.Generator().manual_seed(1)
    first, second = (torch.randn(3, 5, SIZE, generator=rng) for _ in range(2))
    expected = [_naive_match(model, *clouds) for clouds in zip(first, second, strict=True)]
    np.testing.assert_allclose(model.match(first, second).detach(), expected, rtol=1e-5)


def _poses(count: int, seed: int) -> torch.Tensor:
    """Some alike within κ, some not: a few of which each is there several times, a little moved."""
    rng = torch.Generator().manual_seed(seed)
    some = torch.randn(5, 17, 3, generator=rng)
    return some[torch.arange(count) % 5] + 0.02 * torch.randn(count, 17, 3, generator=rng)


@pytest.mark.parametrize("seed", range(4))
def test_the_negative_is_the_nearest_beyond_the_positive_that_is_another_pose(seed: int) -> None:
    count = 40
    apart = torch.rand(count, count, generator=torch.Generator().manual_seed(seed))
    poses = _poses(count, seed)
    chosen, found = semi_hard(apart, poses)
    for anchor in range(count):
        possible = [
            other
            for other in range(count)
            if apart[anchor, other] > apart[anchor, anchor] and float(np_mpjpe(poses[other], poses[anchor])) > MATCHING
        ]
        assert bool(found[anchor]) == bool(possible)
        if possible:
            assert int(chosen[anchor]) == min(possible, key=lambda other: float(apart[anchor, other]))


def test_poses_are_compared_whatever_way_they_stand_and_however_large_they_are() -> None:
    poses = _poses(2, 3).double()
    turn = torch.linalg.qr(torch.randn(3, 3, generator=torch.Generator().manual_seed(2), dtype=torch.float64))[0]
    turn = turn * torch.linalg.det(turn)
    apart = np_mpjpe(poses[0], poses[1])
    torch.testing.assert_close(np_mpjpe(2 * poses[0] @ turn + 1, poses[1]), apart)
    assert float(np_mpjpe(2 * poses[0] @ turn + 1, poses[0])) < 1e-9 < MATCHING < float(apart)


def test_the_loss_is_the_paper_s() -> None:
    """Of Gaussians without spread all samples are their means: by hand, triplet by triplet."""
    count, rng, model = 12, torch.Generator().manual_seed(4), PrVipe()
    means = torch.randn(count, SIZE, generator=rng)
    again = means + 0.6 * torch.randn(count, SIZE, generator=rng)
    spread = torch.full((count, SIZE), 1e-7)
    poses = torch.randn(count, 17, 3, generator=rng)
    total, active = loss(model, Gaussians(means, spread), Gaussians(again, spread), poses)

    cost = np.array([[-np.log(_naive_match(model, a[None], b[None])) for b in again] for a in means])
    beyond = [[d for d in row if d > row[k]] for k, row in enumerate(cost)]
    ratios = [cost[k, k] - min(row) + np.log(2) for k, row in enumerate(beyond) if row]
    ratios = [ratio for ratio in ratios if ratio > 0]
    # The deviation's logarithm is bounded, at a variance of 1e-12.
    prior = np.mean([0.5 * (m**2 - 1 - np.log(1e-12)).sum() for m in torch.cat([means, again]).numpy()])
    expected = np.mean(ratios) + 0.005 * np.diagonal(cost).mean() + 0.001 * prior
    assert float(total.detach()) == pytest.approx(expected, rel=1e-4)
    assert float(active) == pytest.approx(len(ratios) / count)


def test_pairs_are_two_views_of_one_pose_and_follow_from_the_seed(data: MotionData) -> None:
    probabilities = clip_probabilities(data, 0.5, 0.1)[0]
    drawn = [
        draw_pairs(data, probabilities, 40, replace(_ALL_SEEN, noisy=0), torch.Generator().manual_seed(seed))
        for seed in (1, 1, 2)
    ]
    torch.testing.assert_close(drawn[0].views, drawn[1].views, rtol=0, atol=0)
    assert (drawn[0].poses - drawn[2].poses).abs().max() > 0.1
    trunk = drawn[0].poses[:, [JOINT_NAMES.index(name) for name in ("pelvis", "spine", "thorax")]]
    torch.testing.assert_close((trunk[:, 1:] - trunk[:, :-1]).norm(dim=-1).sum(dim=-1), torch.ones(40))
    first, second = drawn[0].views
    assert torch.isfinite(first).all()
    assert torch.isfinite(second).all()
    assert ((first - second).norm(dim=-1).mean(dim=-1) > 0.02).all()


def test_both_views_are_of_the_same_pose(data: MotionData) -> None:
    """How high the knees are in one picture tells how high they are in the other, and not in another pair's."""
    probabilities = clip_probabilities(data, 0.5, 0.1)[0]
    pairs = draw_pairs(data, probabilities, 600, replace(_ALL_SEEN, noisy=0), torch.Generator().manual_seed(3))
    knees = [JOINT_NAMES.index("right_knee"), JOINT_NAMES.index("left_knee")]
    heights = [view[:, knees, 1].mean(dim=1).numpy() for view in pairs.views]
    alike = np.corrcoef(*heights)[0, 1]
    shuffled = np.corrcoef(heights[0], np.roll(heights[1], 1))[0, 1]
    assert alike > abs(shuffled) + 0.2


def _training(seed: int = 0) -> PrVipeTraining:
    return PrVipeTraining(Configuration(augmentation=_ALL_SEEN, seed=seed))


def test_a_training_that_was_stopped_goes_on_exactly(data: MotionData, tmp_path: Path) -> None:
    probabilities = clip_probabilities(data, 0.5, 0.1)[0]
    straight = _training()
    losses = [straight.train_step(data, probabilities) for _ in range(3)]
    stopped, path = _training(), tmp_path / "checkpoint.pt"
    stopped.train_step(data, probabilities)
    save_content(stopped.content(), path)
    resumed = _training(seed=0)
    resumed.restore(load_content(path))
    assert [resumed.train_step(data, probabilities) for _ in range(2)] == losses[1:]
    for kept, again in zip(straight.average.state_dict().values(), resumed.average.state_dict().values(), strict=True):
        torch.testing.assert_close(kept, again, rtol=0, atol=0)
    clip = draw_pair(data, 0, "noise", 0).source
    save_content(resumed.content(), path)
    told = features_of_pr_vipe(path)(clip)
    assert {name: features.shape for name, features in told.items()} == {"Pr-VIPE": (len(clip), SIZE)}
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(InputError, match="no readable"):
        load_content(path)


def test_it_sees_what_the_shipped_normalizer_was_shown_with_all_landmarks() -> None:
    settings = shipped_settings(Path("motion.npz"), 7)
    assert (settings.data.path, settings.seed) == ("motion.npz", 7)
    shown = settings.augmentation
    assert shown.noisy > 0
    assert shown.bone_range > 0
    assert shown.layout == shown.occlude == shown.miss == 0
