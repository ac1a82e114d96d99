"""Each measure is what it says: zero for the truth, known for a known fault, blind to what it should not see."""

import math

import pytest
import torch

from posenorm_core import quaternion
from posenorm_core.condition_skeleton import JOINT_NAMES
from training import metrics

# Hand-made: where each joint's own bone points in the T-pose; the thorax's to the neck, 12 cm up and 2 forward.
BONES = {
    "right_hip": (0.0, -1.0, 0.0),
    "left_knee": (0.0, -1.0, 0.0),
    "spine": (0.0, 1.0, 0.0),
    "thorax": (0.0, 6 / math.sqrt(37), 1 / math.sqrt(37)),
    "neck": (0.0, 1.0, 0.0),
    "left_shoulder": (1.0, 0.0, 0.0),
    "right_elbow": (-1.0, 0.0, 0.0),
}
ACROSS = torch.tensor([0.0, 0.0, 1.0])


def rotations(seed: int = 0) -> torch.Tensor:
    return quaternion.normalize(torch.randn(2, 5, 19, 4, generator=torch.Generator().manual_seed(seed)))


def positions(seed: int = 0) -> torch.Tensor:
    return torch.randn(2, 5, 19, 3, generator=torch.Generator().manual_seed(seed))


def turned(truth: torch.Tensor, joint: str, vector: torch.Tensor) -> torch.Tensor:
    """`truth` with one joint turned further, in its own frame."""
    wrong = truth.clone()
    j = JOINT_NAMES.index(joint)
    wrong[..., j, :] = quaternion.multiply(wrong[..., j, :], quaternion.from_rotation_vector(vector))
    return wrong


def test_mpjpe_is_the_mean_distance():
    truth = torch.zeros(2, 5, 19, 3)
    wrong = truth.clone()
    wrong[0, 0, 3] = torch.tensor([3.0, 4.0, 0.0])
    assert float(metrics.mpjpe(wrong, truth)) == pytest.approx(5 / (2 * 5 * 19))


def test_pa_mpjpe_sees_neither_turn_nor_size_nor_place():
    truth = positions()
    turn = quaternion.from_rotation_vector(torch.tensor([0.3, 2.0, -1.0]))
    copy = 0.7 * quaternion.rotate(turn, truth) + torch.tensor([1.0, 2.0, 3.0])
    assert metrics.mpjpe(copy, truth) > 1
    assert metrics.pa_mpjpe(copy, truth) < 1e-5
    assert metrics.pa_mpjpe(positions(1), truth) > 0.1


def test_acceleration_sees_what_shakes_and_not_what_drifts():
    time = torch.arange(7.0)[:, None, None]
    truth = torch.zeros(7, 19, 3)
    fall = -0.5 * 0.01 * time**2 * torch.tensor([0.0, 1.0, 0.0]) + truth
    assert float(metrics.acceleration_error(fall, truth)) == pytest.approx(0.01, rel=1e-4)
    drift = truth + 5 + 2 * time
    assert float(metrics.acceleration_error(fall + drift, fall)) == pytest.approx(0, abs=1e-5)


def test_feet_slide_only_where_they_should_stand():
    contacts = torch.zeros(6, 2)
    contacts[1:4, 0] = 1
    feet = torch.zeros(6, 2, 3)
    feet[:, 1] = torch.arange(6.0)[:, None]  # swings
    feet[4:, 0] = 1.0  # lifted from frame 4 on
    assert metrics.foot_slide(feet, contacts) == 0
    assert metrics.steps_standing(contacts).tolist() == [[k in (1, 2), False] for k in range(5)]
    # 3 and 4 centimetres over the ground in one of the two steps; height is no slide.
    feet[3, 0] = torch.tensor([0.03, 7.0, 0.04])
    assert float(metrics.foot_slide(feet, contacts)) == pytest.approx(0.05 / 2)


def test_a_turned_joint_is_its_share_of_the_rotation_error():
    truth = rotations()
    for joint in BONES:
        wrong = turned(truth, joint, torch.tensor([0.3, -0.4, 1.2]))
        assert float(metrics.rotation_error(wrong, truth)) == pytest.approx(1.3 / 13, rel=1e-4)
        assert metrics.root_error(wrong, truth) < 1e-5
    wrong = turned(truth, "pelvis", torch.tensor([0.3, -0.4, 1.2]))
    assert metrics.rotation_error(wrong, truth) < 1e-5
    assert float(metrics.root_error(wrong, truth)) == pytest.approx(1.3, rel=1e-5)


def test_leaves_turn_nothing_that_is_scored():
    truth = rotations()
    for joint in ("head", "left_wrist", "right_toe"):
        assert metrics.rotation_error(turned(truth, joint, ACROSS), truth) < 1e-5


@pytest.mark.parametrize("joint", list(BONES))
def test_a_pure_twist_is_all_twist_and_a_pure_swing_all_swing(joint):
    truth, bone = rotations(), torch.tensor(BONES[joint])
    swing, twist = metrics.swing_and_twist_errors(turned(truth, joint, 0.4 * bone), truth)
    assert swing < 1e-4
    assert float(twist) == pytest.approx(0.4 / 13, rel=1e-3)
    across = torch.linalg.cross(bone, ACROSS)
    swing, twist = metrics.swing_and_twist_errors(turned(truth, joint, 0.4 * across / across.norm()), truth)
    assert float(swing) == pytest.approx(0.4 / 13, rel=1e-3)
    assert twist < 1e-4


def test_swing_is_the_angle_between_the_bones():
    truth = rotations()
    wrong = truth.clone()
    elbow = JOINT_NAMES.index("right_elbow")
    wrong[..., elbow, :] = rotations(seed=1)[..., elbow, :]
    swing, twist = metrics.swing_and_twist_errors(wrong, truth)
    bone = torch.tensor(BONES["right_elbow"])
    cosine = (quaternion.rotate(wrong[..., elbow, :], bone) * quaternion.rotate(truth[..., elbow, :], bone)).sum(-1)
    assert float(swing) == pytest.approx(float(cosine.acos().mean()) / 13, rel=1e-4)
    assert twist > 0


def test_the_sign_of_a_quaternion_is_no_error():
    truth = rotations()
    for measure in (metrics.rotation_error, metrics.root_error):
        assert measure(-truth, truth) < 1e-3
    wrong = rotations(seed=1)
    signs = torch.where(torch.rand(2, 5, 19, 1, generator=torch.Generator().manual_seed(0)) < 0.5, -1.0, 1.0)
    for a, b in zip(
        metrics.swing_and_twist_errors(signs * wrong, truth), metrics.swing_and_twist_errors(wrong, truth), strict=True
    ):
        torch.testing.assert_close(a, b)


def test_views_that_agree_have_no_spread_and_one_that_differs_has_its_share():
    one = positions()
    assert metrics.view_spread(torch.stack([one] * 8)) < 1e-6
    other = one.clone()
    other[..., 13, :] += torch.tensor([0.0, 0.6, 0.8])
    # The mean is a quarter of a metre from three views, and three quarters from the other.
    spread = float(metrics.view_spread(torch.stack([one, one, one, other])))
    assert spread == pytest.approx((3 * 0.25 + 0.75) / 4 / 19, rel=1e-4)
