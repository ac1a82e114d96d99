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


def test_contact_is_the_cross_entropy_with_what_truly_stands(array):
    probability = array([[0.9, 0.2], [0.5, 0.7]])
    contacts = array([[1.0, 0.0], [0.0, 1.0]])
    # What was said of the four that is true: 0.9, 0.8, 0.5, 0.7.
    expected = -(math.log(0.9) + math.log(0.8) + math.log(0.5) + math.log(0.7)) / 4
    assert float(losses.contact_loss(probability, contacts)) == pytest.approx(expected)


def test_contact_of_the_truth_is_zero_and_of_its_opposite_finite(array):
    contacts = array([[1.0, 0.0], [0.0, 0.0]])
    assert float(losses.contact_loss(contacts, contacts)) == pytest.approx(0.0)
    assert float(losses.contact_loss(1 - contacts, contacts)) == pytest.approx(-math.log(1e-6))


def test_direction_is_the_mean_chord_of_what_counts(array):
    truth = array([[[0.0, 1.0, 0.0], [0.0, 1.0, 0.0]], [[0.0, 1.0, 0.0], [0.0, 1.0, 0.0]]])
    # A right angle, the truth, a third of a turn, the opposite: chords √2, 0, √3, 2.
    third = math.radians(120)
    said = array([[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]], [[math.sin(third), math.cos(third), 0.0], [0.0, -1.0, 0.0]]])
    every = array([[1.0, 1.0], [1.0, 1.0]]) > 0
    chords = (math.sqrt(2) + 0 + math.sqrt(3) + 2) / 4
    assert float(losses.direction_loss(said, truth, every)) == pytest.approx(chords, abs=1e-5)
    # A column of one for all frames of a window, as the batch has it, broadcasts.
    first = array([[1.0], [0.0]]) > 0
    assert float(losses.direction_loss(said, truth, first)) == pytest.approx(math.sqrt(2) / 2, abs=1e-5)


def test_direction_ignores_what_does_not_count(array):
    truth = array([[0.0, 1.0, 0.0], [0.0, 1.0, 0.0]])
    counts = array([1.0, 0.0]) > 0
    one, other = (array([[1.0, 0.0, 0.0], wild]) for wild in ([0.0, -1.0, 0.0], [0.6, 0.8, 0.0]))
    assert float(losses.direction_loss(one, truth, counts)) == float(losses.direction_loss(other, truth, counts))
    assert float(losses.direction_loss(one, truth, array([0.0, 0.0]) > 0)) == 0.0


def test_doubt_is_the_exponential_likelihood(array):
    # 0.2 / 0.1 + ln 0.1 and 0.3 / 0.3 + ln 0.3.
    expected = (2 + math.log(0.1) + 1 + math.log(0.3)) / 2
    assert float(losses.doubt_loss(array([0.1, 0.3]), array([0.2, 0.3]))) == pytest.approx(expected)


def test_doubt_costs_least_where_it_is_the_mean_error(array):
    off = array([0.05, 0.1, 0.3, 0.35])
    costs = {told: float(losses.doubt_loss(array([told] * 4), off)) for told in np.linspace(0.05, 0.6, 111).tolist()}
    assert min(costs, key=costs.__getitem__) == pytest.approx(0.2)


def test_doubt_comes_to_rest_at_the_mean_error():
    off = torch.tensor([0.05, 0.1, 0.3, 0.35], dtype=torch.float64)
    doubt = torch.tensor([0.1, 0.2, 0.4], dtype=torch.float64, requires_grad=True)
    losses.doubt_loss(doubt[:, None], off).backward()
    too_little, right, too_much = doubt.grad.tolist()
    assert too_little < 0 < too_much
    assert right == pytest.approx(0.0, abs=1e-12)


def test_what_pulls_at_contacts_and_verticals_is_finite_where_they_are_right_or_quite_wrong():
    contacts = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    probability = torch.tensor([[1.0, 0.0], [1.0, 0.0]], requires_grad=True)
    losses.contact_loss(probability, contacts).backward()
    up = torch.tensor([[0.0, 1.0, 0.0], [0.0, -1.0, 0.0]], requires_grad=True)
    losses.direction_loss(up, torch.tensor([[0.0, 1.0, 0.0]] * 2), torch.tensor([True, True])).backward()
    assert torch.isfinite(probability.grad).all()
    assert torch.isfinite(up.grad).all()
    assert torch.equal(up.grad[0], torch.zeros(3))
    assert up.grad[1, 1] < 0


@pytest.mark.parametrize("name", ["rotation_loss", "rotation_consistency_loss"])
def test_gradients_stay_finite_where_the_prediction_is_exact(name):
    q = torch.tensor([[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]], requires_grad=True)
    getattr(losses, name)(q, q.detach()).backward()
    assert torch.isfinite(q.grad).all()


def test_the_gradient_of_an_exact_position_is_zero():
    positions = torch.zeros(1, 1, 3, requires_grad=True)
    losses.reconstruction_loss(positions, torch.zeros(1, 1, 3)).backward()
    assert torch.equal(positions.grad, torch.zeros(1, 1, 3))
