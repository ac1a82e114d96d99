"""Augmentation changes what it says and nothing else: laws of each step on windows of motion."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from posenorm_core import quaternion
from posenorm_core.condition_skeleton import CONDITION_SKELETON, JOINT_COUNT, JOINT_NAMES, LEAVES, MIRROR, PARENTS
from posenorm_core.errors import InputError
from posenorm_core.kinematics import forward_kinematics
from training import windows as w
from training.configuration import Augmentation
from training.dataset import MotionData, builtin_data

LENGTH = 40


def random_windows(batch: int = 6) -> w.Windows:
    torch.manual_seed(5)
    rotations = quaternion.from_rotation_vector(0.5 * torch.randn(batch, LENGTH, JOINT_COUNT, 3))
    rotations[:, :, list(LEAVES)] = torch.tensor([1.0, 0, 0, 0])
    offsets = torch.tensor(CONDITION_SKELETON.offsets, dtype=torch.float32).expand(batch, -1, -1)
    path, contacts = torch.randn(batch, LENGTH, 3), torch.randint(0, 2, (batch, LENGTH, 2)).float()
    return w.Windows(rotations, path, contacts, offsets, torch.ones(batch, dtype=torch.bool))


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def all_of(windows: w.Windows) -> torch.Tensor:
    return torch.ones(len(windows.offsets), dtype=torch.bool)


def positions(windows: w.Windows) -> torch.Tensor:
    return forward_kinematics(windows.offsets[:, None], windows.rotations, PARENTS)


def test_a_mirrored_pose_is_the_pose_in_a_mirror():
    windows = random_windows()
    mirrored = w.mirrored(windows, all_of(windows))
    expected = positions(windows)[:, :, list(MIRROR)] * torch.tensor([-1.0, 1, 1])
    torch.testing.assert_close(positions(mirrored), expected, atol=1e-5, rtol=0)
    twice = w.mirrored(mirrored, all_of(windows))
    torch.testing.assert_close(twice.rotations, windows.rotations)
    torch.testing.assert_close(twice.root_position, windows.root_position)
    assert torch.equal(twice.contacts, windows.contacts)


def test_only_the_chosen_windows_are_changed():
    windows = random_windows()
    chosen = torch.tensor([True, False] * 3)
    for step in (w.mirrored, w.recombined, w.perturbed, w.tilted):
        arguments = {"mirrored": (), "recombined": (rng(),), "perturbed": (20.0, rng()), "tilted": (rng(),)}
        changed = step(windows, chosen, *arguments[step.__name__])
        assert torch.equal(changed.rotations[~chosen], windows.rotations[~chosen]), step.__name__
        assert not torch.equal(changed.rotations[chosen], windows.rotations[chosen]), step.__name__


def test_recombination_keeps_legs_root_path_and_contacts_together():
    windows = random_windows()
    changed = w.recombined(windows, all_of(windows), rng(3))
    below = [j for j, name in enumerate(JOINT_NAMES) if any(s in name for s in ("pelvis", "hip", "knee", "ankle"))]
    assert torch.equal(changed.rotations[:, :, below], windows.rotations[:, :, below])
    assert torch.equal(changed.contacts, windows.contacts)
    elbow = JOINT_NAMES.index("left_elbow")
    sources = {tuple(x.flatten().tolist()) for x in windows.rotations[:, :, elbow]}
    assert all(tuple(x.flatten().tolist()) in sources for x in changed.rotations[:, :, elbow])


def test_arms_and_heads_are_exchanged_whole_and_everything_else_stays():
    windows = random_windows()
    changed = w.exchanged(windows, 0.5, rng(1))
    hanging = [JOINT_NAMES.index(f"{side}_{joint}") for side in ("left", "right") for joint in ("shoulder", "elbow")]
    hanging.append(JOINT_NAMES.index("neck"))
    rest = [joint for joint in range(JOINT_COUNT) if joint not in hanging]
    assert torch.equal(changed.rotations[:, :, rest], windows.rotations[:, :, rest])
    for side in ("left", "right"):
        arm = [JOINT_NAMES.index(f"{side}_{joint}") for joint in ("shoulder", "elbow")]
        arms = [whole.flatten().tolist() for whole in windows.rotations[:, :, arm]]
        origin = [arms.index(whole.flatten().tolist()) for whole in changed.rotations[:, :, arm]]
        assert 0 < sum(number != own for own, number in enumerate(origin)) < len(origin)
    assert torch.equal(w.exchanged(windows, 0.0, rng(1)).rotations, windows.rotations)


def test_perturbation_is_smooth_and_bounded():
    windows = random_windows()
    still = replace(windows, rotations=windows.rotations[:, :1].expand(-1, LENGTH, -1, -1).clone())
    changed = w.perturbed(still, all_of(still), 10.0, rng())
    angles = quaternion.degrees(quaternion.geodesic_angle(changed.rotations, still.rotations))
    assert 3 < angles[..., 1].mean() < 25
    assert angles.max() < 2 * 10 * 3**0.5 + 1
    speed = quaternion.degrees(quaternion.geodesic_angle(changed.rotations[:, 1:], changed.rotations[:, :-1]))
    assert speed.max() < 6
    assert torch.equal(changed.rotations[:, :, 0], still.rotations[:, :, 0])


def test_a_tilt_moves_the_body_as_a_whole():
    windows = random_windows()
    tilted = w.tilted(windows, all_of(windows), rng())
    assert torch.equal(tilted.rotations[:, :, 1:], windows.rotations[:, :, 1:])
    before = torch.cdist(positions(windows), positions(windows))
    torch.testing.assert_close(torch.cdist(positions(tilted), positions(tilted)), before, atol=1e-4, rtol=0)
    assert not tilted.contacts.any()
    assert not tilted.upright.any()


def test_bodies_stay_symmetric_and_within_the_range():
    windows = random_windows(50)
    changed = w.rescaled(windows, 0.25, rng())
    lengths = torch.linalg.vector_norm(changed.offsets, dim=-1)[:, 1:]
    ratio = lengths / torch.linalg.vector_norm(windows.offsets, dim=-1)[:, 1:]
    assert ratio.min() >= 0.75 - 1e-6
    assert ratio.max() <= 1.25 + 1e-6
    assert ratio.std() > 0.1
    mirrored = lengths[:, [m - 1 for m in MIRROR[1:]]]
    torch.testing.assert_close(lengths, mirrored)


def counting_data(lengths=(50, 7)) -> MotionData:
    """Clips whose root stands at x = the number of the frame within its clip."""
    frames = sum(lengths)
    x = torch.cat([torch.arange(n).float() for n in lengths])
    rotations = torch.zeros(frames, JOINT_COUNT, 4)
    rotations[..., 0] = 1
    names = np.array([f"clip{k}" for k in range(len(lengths))])
    return MotionData(
        rotations,
        torch.stack([x, x * 0, x * 0], dim=-1),
        torch.zeros(frames, 2),
        torch.tensor([0, *np.cumsum(lengths)]),
        torch.tensor(CONDITION_SKELETON.offsets, dtype=torch.float32).expand(len(lengths), -1, -1),
        *[names] * 4,
        np.array(["builtin", "walks"][: len(lengths)]),
    )


def test_windows_never_leave_their_clip():
    data = counting_data()
    drawn = w.draw_windows(data, torch.tensor([0.0, 1.0]), 64, 30, 0.5, rng())
    x = drawn.root_position[..., 0]
    assert x.min() >= 0
    assert x.max() <= 6
    assert (x[:, 1:] >= x[:, :-1]).all()


def test_tempo_is_the_speed_of_play():
    data = counting_data((4000,))
    drawn = w.draw_windows(data, torch.tensor([1.0]), 200, 20, 0.4, rng())
    speed = (drawn.root_position[:, 1:, 0] - drawn.root_position[:, :-1, 0]).median(dim=1).values
    assert np.exp(-0.41) < speed.min() < 0.75
    assert 1.3 < speed.max() < np.exp(0.41)


@pytest.mark.parametrize("share", [0.2, 0.7])
def test_the_builtin_share_is_kept(share):
    probabilities = w.clip_probabilities(counting_data(), family_power=0.5, builtin_share=share)
    assert probabilities.sum() == pytest.approx(1)
    assert probabilities[0, 0] == pytest.approx(share)


def test_the_parts_of_a_batch_share_the_clips_out():
    data = replace(counting_data((9,) * 7), clip_family=np.array(["a", "b", "a", "b", "a", "b", "c"]))
    drawn = w.clip_probabilities(data, 0.5, 0.5, parts=2) > 0
    assert (drawn.sum(dim=0) == 1).all()
    for part in drawn.numpy():
        assert {"a", "b"} <= set(data.clip_family[part])
    with pytest.raises(InputError, match="7 clips"):
        w.clip_probabilities(data, 0.5, 0.5, parts=8)


def test_augmented_windows_are_still_unit_rotations():
    changed = w.augmented(random_windows(), Augmentation(), rng())
    norms = torch.linalg.vector_norm(changed.rotations, dim=-1)
    torch.testing.assert_close(norms, torch.ones_like(norms), atol=1e-5, rtol=0)


def test_a_clip_read_at_its_own_frames_is_the_clip():
    data = builtin_data(0.2, seed=2, seconds_a_clip=1.0)
    clip, frames = 3, int(data.clip_length[3])
    span = slice(int(data.clip_start[clip]), int(data.clip_start[clip + 1]))
    which, times = torch.tensor([clip]), torch.arange(frames)[None].float()
    whole = w.windows_at(data, which, data.clip_start[which], times, data.clip_length[which])
    assert torch.equal(whole.contacts[0], data.contacts[span])
    assert torch.equal(whole.root_position[0], data.root_position[span])
    # Half way between two frames a foot stands where it stands in both.
    between = w.windows_at(data, which, data.clip_start[which], times[:, :-1] + 0.5, data.clip_length[which])
    both = torch.minimum(data.contacts[span][1:], data.contacts[span][:-1])
    assert torch.equal(between.contacts[0], both)
