"""The prior of poses: fitted to how clips differ within their families, and paths that are distributed so, smoothly."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from posenorm_core import quaternion
from training.configuration import Augmentation
from training.dataset import MotionData, builtin_data
from training.pose_prior import JOINTS, PosePrior, clip_departures, fitted_prior
from training.windows import Windows, augmented, departed

SIZE = 3 * len(JOINTS)


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def clips_at(departures, families, frames=4):
    """Clips of still poses: the T-pose, departed from by `departures` (C, 39) radians."""
    count = len(departures)
    rotations = torch.zeros(count, 19, 4)
    rotations[..., 0] = 1
    rotations[:, list(JOINTS)] = quaternion.from_rotation_vector(departures.reshape(count, -1, 3))
    names = np.array([f"clip{k}" for k in range(count)])
    return MotionData(
        rotations=rotations.repeat_interleave(frames, dim=0),
        root_position=torch.zeros(count * frames, 3),
        contacts=torch.zeros(count * frames, 2),
        clip_start=frames * torch.arange(count + 1),
        clip_offsets=torch.zeros(count, 19, 3),
        clip_name=names,
        clip_subject=names,
        clip_action=names,
        clip_source=names,
        clip_family=np.array(families),
    )


def covariance_of(prior):
    return prior.factor @ prior.factor.T


@pytest.fixture(scope="module")
def mixed():
    """A prior by which joints move together: of rank 5."""
    return PosePrior(0.2 * torch.randn(SIZE, SIZE, generator=rng(3)) * (torch.arange(SIZE) < 5))


def test_the_covariance_is_that_of_the_clips_within_their_families():
    # Small and symmetric about the T-pose: its mean is the T-pose, and the tangent there is the departure itself.
    some = 0.02 * torch.randn(6, SIZE, generator=rng())
    first, second = torch.cat([some, -some]), 3 * some[:2]
    second = torch.cat([second, -second])
    data = clips_at(torch.cat([first, second]), ["a"] * 12 + ["b"] * 4)
    expected = (first.T @ first / 12 + second.T @ second / 4) / 2
    torch.testing.assert_close(covariance_of(fitted_prior(data)), expected, atol=2e-6, rtol=0)


def test_how_a_family_stands_is_no_departure():
    some = 0.02 * torch.randn(6, SIZE, generator=rng())
    shift = torch.zeros(SIZE)
    shift[4] = 0.3
    families = ["a"] * 12 + ["b"] * 12
    same = clips_at(torch.cat([some, -some, some, -some]), families)
    shifted = clips_at(torch.cat([some - shift, -some - shift, some + shift, -some + shift]), families)
    before, after = covariance_of(fitted_prior(same)), covariance_of(fitted_prior(shifted))
    assert float((after - before).norm()) < 0.1 * float(before.norm())


def test_each_clip_departs_by_its_own_mean():
    departures = torch.zeros(3, SIZE)
    departures[:, 10] = torch.tensor([-0.4, 0.0, 0.4])
    told = clip_departures(clips_at(departures, ["a"] * 3))
    torch.testing.assert_close(told.float(), departures, atol=1e-5, rtol=0)


def test_a_data_set_gives_a_prior_that_is_finite_and_not_of_single_joints():
    prior = fitted_prior(builtin_data(0.5, seed=3, seconds_a_clip=2.0))
    covariance = covariance_of(prior)
    assert torch.isfinite(covariance).all()
    diagonal = covariance.diagonal()
    apart = covariance - torch.diag(diagonal)
    assert apart.abs().max() > 0.1 * diagonal.max()


def test_paths_have_the_prior_s_mean_and_covariance_in_every_frame(mixed):
    paths = mixed.paths(8000, 40, rng(1)).flatten(2)
    expected = covariance_of(mixed)
    scale = float(expected.diagonal().max())
    for frame in (0, 17, 39):
        at = paths[:, frame]
        assert float(at.mean(dim=0).abs().max()) < 0.05 * scale**0.5
        torch.testing.assert_close(torch.cov(at.T), expected, atol=0.05 * scale, rtol=0)


def test_paths_are_slow(mixed):
    paths = mixed.paths(500, 90, rng(2))
    # No direction turns faster than 0.3 times a second: a step of angle a moves a wave by less than a times its height.
    a = 2 * torch.pi * 0.3 / 30
    size = paths.square().mean().sqrt()
    assert 0 < paths.diff(dim=1).square().mean().sqrt() < a * size
    assert paths.diff(n=2, dim=1).square().mean().sqrt() < a**2 * size
    # Three seconds are long enough to arrive elsewhere.
    assert (paths[:, -1] - paths[:, 0]).square().mean().sqrt() > size / 4


def windows(count=6, length=20):
    torch.manual_seed(5)
    rotations = quaternion.from_rotation_vector(0.5 * torch.randn(count, length, 19, 3))
    path, contacts = torch.randn(count, length, 3), torch.zeros(count, length, 2)
    return Windows(rotations, path, contacts, torch.randn(count, 19, 3), torch.ones(count, dtype=torch.bool))


def test_chosen_windows_depart_by_the_path_in_each_joint_s_own_frame(mixed):
    before, chosen = windows(), torch.tensor([True, False] * 3)
    after = departed(before, chosen, mixed, rng(4))
    turn = quaternion.multiply(quaternion.inverse(before.rotations), after.rotations)[chosen]
    expected = quaternion.from_rotation_vector(mixed.paths(6, 20, rng(4)))[chosen]
    off = quaternion.geodesic_angle(turn[:, :, list(JOINTS)], expected)
    assert off.max() < 1e-3
    still = [joint for joint in range(19) if joint not in JOINTS]
    assert torch.equal(after.rotations[:, :, still], before.rotations[:, :, still])
    assert torch.equal(after.rotations[~chosen], before.rotations[~chosen])


def test_the_share_of_windows_is_the_configuration_s(mixed):
    nothing = Augmentation(recombine=0.0, mirror=0.0, perturb=0.0, bone_range=0.0, prior=0.3)
    before = windows(count=2000, length=2)
    after = augmented(before, nothing, rng(6), mixed)
    changed = (after.rotations != before.rotations).flatten(1).any(dim=1)
    assert float(changed.float().mean()) == pytest.approx(0.3, abs=0.04)
    assert torch.equal(augmented(before, replace(nothing, prior=0.0), rng(6)).rotations, before.rotations)
