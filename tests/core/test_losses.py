"""Each loss against a value computed by hand, in both libraries, and what it must not care about."""

import math

import numpy as np
import pytest
import torch

from posenorm_core import losses


@pytest.fixture(params=["numpy", "torch"])
def array(request):
    """Makes an array of either library from nested lists."""
    return np.array if request.param == "numpy" else lambda v: torch.tensor(v, dtype=torch.float64)


def test_reconstruction_is_the_mean_distance(array):
    truth = array([[[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]]])
    moved = array([[[3.0, 4.0, 0.0], [1.0, 1.0, 1.0]]])
    # One joint 5 m off, one exact: the mean is 2.5 m.
    assert float(losses.reconstruction_loss(moved, truth)) == pytest.approx(2.5, abs=1e-5)


def test_rotation_consistency_is_the_squared_chord(array):
    identity = array([[1.0, 0.0, 0.0, 0.0]])
    quarter = array([[math.cos(math.pi / 4), math.sin(math.pi / 4), 0.0, 0.0]])
    # (1 - cos 45°)² + sin² 45° = 2 - √2
    assert float(losses.rotation_consistency_loss(identity, quarter)) == pytest.approx(2 - math.sqrt(2))


def test_rotation_consistency_ignores_the_sign(array):
    a = array([[0.5, 0.5, 0.5, 0.5]])
    b = array([[0.6, 0.8, 0.0, 0.0]])
    expected = float(losses.rotation_consistency_loss(a, b))
    assert float(losses.rotation_consistency_loss(a, -b)) == pytest.approx(expected)
    assert float(losses.rotation_consistency_loss(a, -a)) == pytest.approx(0.0, abs=1e-12)


def test_foot_contact_counts_only_feet_that_stand_in_both_frames(array):
    # Three frames, two feet: the right moves 0.3 m then 0.4 m, the left 1 m each time.
    feet = array(
        [
            [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]],
            [[0.3, 0.0, 0.0], [1.0, 0.0, 0.0]],
            [[0.3, 0.4, 0.0], [2.0, 0.0, 0.0]],
        ]
    )
    contacts = array([[1.0, 0.0], [1.0, 1.0], [1.0, 0.0]])
    # Only the right foot's two steps count: (0.09 + 0.16) / 2.
    assert float(losses.foot_contact_loss(feet, contacts)) == pytest.approx(0.125)


def test_foot_contact_without_any_contact_is_zero(array):
    feet = array([[[0.0, 0.0, 0.0]], [[9.0, 0.0, 0.0]]])
    assert float(losses.foot_contact_loss(feet, array([[0.0], [0.0]]))) == 0.0


def test_rotation_loss_is_the_angle(array):
    identity = array([[1.0, 0.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0]])
    third = math.pi / 3
    turned = array([[math.cos(third / 2), 0.0, math.sin(third / 2), 0.0], [-1.0, 0.0, 0.0, 0.0]])
    assert float(losses.rotation_loss(identity, turned)) == pytest.approx(third / 2)


@pytest.mark.parametrize("name", ["rotation_loss", "rotation_consistency_loss"])
def test_gradients_stay_finite_where_the_prediction_is_exact(name):
    q = torch.tensor([[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]], requires_grad=True)
    getattr(losses, name)(q, q.detach()).backward()
    assert torch.isfinite(q.grad).all()


def test_the_gradient_of_an_exact_position_is_zero():
    positions = torch.zeros(1, 1, 3, requires_grad=True)
    losses.reconstruction_loss(positions, torch.zeros(1, 1, 3)).backward()
    assert torch.equal(positions.grad, torch.zeros(1, 1, 3))
