"""Twists and their limits: zero within the range, growing beyond it, and no way out of it but twisting back."""

import numpy as np
import pytest
import torch

from posenorm_core import quaternion
from posenorm_core.condition_skeleton import JOINT_NAMES
from training.dataset import MotionData
from training.metrics import BONE_AXES, SCORED_JOINTS
from training.twist import twist_limit_loss, twist_limits, twists

AXES = torch.tensor(BONE_AXES)
ELBOW = SCORED_JOINTS.index(JOINT_NAMES.index("left_elbow"))
LIMITS = torch.tensor([[-0.3, 0.5]]).repeat(len(SCORED_JOINTS), 1)


def across(axes):
    """Unit vectors perpendicular to `axes` (…, 3)."""
    least = torch.nn.functional.one_hot(axes.abs().argmin(dim=-1), 3).to(axes)
    return torch.nn.functional.normalize(torch.linalg.cross(axes, least), dim=-1)


def turned(twist, swing=0.0):
    """Rotations (N, 19, 4) with every joint twisted by `twist` (N,) and then swung by `swing` radians."""
    twist = torch.as_tensor(twist)
    swing = torch.full_like(twist, swing)
    q = quaternion.multiply(
        quaternion.from_rotation_vector(across(AXES.to(twist)) * swing[:, None, None]),
        quaternion.from_rotation_vector(AXES.to(twist) * twist[:, None, None]),
    )
    rotations = torch.zeros(len(twist), 19, 4, dtype=twist.dtype)
    rotations[..., 0] = 1
    rotations[:, list(SCORED_JOINTS)] = q
    return rotations


@pytest.mark.parametrize("swing", [0.0, 0.7, 2.5])
def test_a_twist_is_told_whatever_the_swing_and_the_sign(swing):
    angles = torch.linspace(-3.1, 3.1, 25)
    rotations = turned(angles, swing)
    for q in (rotations, -rotations):
        told, sure = twists(q)
        torch.testing.assert_close(told, angles[:, None].expand_as(told), atol=1e-4, rtol=0)
        torch.testing.assert_close(sure, torch.full_like(sure, np.cos(swing / 2) ** 2), atol=1e-5, rtol=0)


def data_of(rotations):
    names = np.array(["clip"])
    frames = len(rotations)
    return MotionData(
        rotations=rotations,
        root_position=torch.zeros(frames, 3),
        contacts=torch.zeros(frames, 2),
        clip_start=torch.tensor([0, frames]),
        clip_offsets=torch.zeros(1, 19, 3),
        clip_name=names,
        clip_subject=names,
        clip_action=names,
        clip_source=names,
        clip_family=names,
    )


def test_limits_leave_out_one_frame_in_two_hundred_at_each_end():
    angles = torch.linspace(-1.0, 2.0, 2001)
    limits = twist_limits(data_of(turned(angles[torch.randperm(2001)])))
    assert limits.shape == (13, 2)
    torch.testing.assert_close(limits, torch.tensor([[-0.985, 1.985]]).expand(13, 2), atol=1e-3, rtol=0)


def test_a_joint_swung_round_tells_nothing_of_its_limits():
    straight, round_ = turned(torch.linspace(-0.1, 0.1, 500)), turned(torch.linspace(2.0, 3.0, 500), swing=2.8)
    limits = twist_limits(data_of(torch.cat([straight, round_])))
    assert limits.abs().max() < 0.11
    torch.testing.assert_close(twist_limits(data_of(round_)), torch.tensor([[-torch.pi, torch.pi]]).expand(13, 2))


def test_within_the_limits_nothing_is_lost_and_beyond_what_is_beyond():
    for inside in (-0.29, 0.0, 0.49):
        for swing in (0.0, 1.5):
            assert twist_limit_loss(turned([inside], swing), LIMITS) == 0
    assert float(twist_limit_loss(turned([0.9]), LIMITS)) == pytest.approx(0.4, abs=1e-5)
    assert float(twist_limit_loss(turned([-0.5]), LIMITS)) == pytest.approx(0.2, abs=1e-5)
    # One joint of thirteen, and half as sure where it is swung by a quarter turn.
    one = turned([0.0])
    one[:, SCORED_JOINTS[ELBOW]] = turned([0.9], np.pi / 2)[:, SCORED_JOINTS[ELBOW]]
    assert float(twist_limit_loss(one, LIMITS)) == pytest.approx(0.4 / 13 / 2, abs=1e-5)


def test_the_gradient_is_that_of_the_twist():
    for start, slope in ((0.8, 1.0), (-0.6, -1.0), (0.2, 0.0)):
        angle = torch.tensor([start], dtype=torch.float64, requires_grad=True)
        loss = twist_limit_loss(turned(angle, 0.4), LIMITS.double())
        (gradient,) = torch.autograd.grad(loss, angle)
        step = 1e-6
        there, back = (twist_limit_loss(turned(angle.detach() + s, 0.4), LIMITS.double()) for s in (step, -step))
        assert float(gradient) == pytest.approx(float((there - back) / (2 * step)), abs=1e-6)
        assert float(gradient) == pytest.approx(slope * np.cos(0.2) ** 2, abs=1e-6)


def test_to_swing_the_bone_away_is_no_way_out_and_no_gradient_is_without_bound():
    swing = torch.tensor([1.0], dtype=torch.float64, requires_grad=True)
    rotations = torch.zeros(1, 19, 4, dtype=torch.float64)
    rotations[..., 0] = 1
    joint, axis = SCORED_JOINTS[ELBOW], AXES[ELBOW].double()
    q = quaternion.multiply(
        quaternion.from_rotation_vector(across(axis) * swing), quaternion.from_rotation_vector(axis[None] * 0.9)
    )
    rotations = rotations.index_put((torch.tensor([0]), torch.tensor([joint])), q)
    (gradient,) = torch.autograd.grad(twist_limit_loss(rotations, LIMITS.double()), swing)
    assert abs(float(gradient)) < 1e-9
    for nearly in (np.pi - 1e-3, np.pi - 1e-6, np.pi):
        poses = turned(torch.tensor([0.9], dtype=torch.float64), nearly).requires_grad_()
        twist_limit_loss(poses, LIMITS.double()).backward()
        assert torch.isfinite(poses.grad).all()
        assert poses.grad.abs().max() < 1
    # Swung round to the last digit: no twist at all is told, and none is learned from.
    poses = turned([0.0])
    poses[0, joint] = torch.cat([torch.zeros(1), across(AXES[ELBOW])])
    poses.requires_grad_()
    assert twists(poses)[1][0, ELBOW] == 0
    twist_limit_loss(poses, LIMITS).backward()
    assert torch.isfinite(poses.grad).all()
