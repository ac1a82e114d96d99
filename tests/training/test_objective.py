"""The total loss: each term where its weight asks for it, zero where the network answers the truth."""

import pytest
import torch

from posenorm_core.architecture import Architecture
from posenorm_core.prediction import Prediction
from posenorm_core.torch_network import NormalizerNetwork
from training.configuration import LossWeights
from training.dataset import builtin_data
from training.filmed_clips import film_clip
from training.objective import objective

ARCHITECTURE = Architecture(width=16, dilations=(2,))
NOTHING = dict.fromkeys(
    (
        "reconstruction",
        "rotation",
        "cycle",
        "rotation_consistency",
        "body_consistency",
        "foot_contact",
        "twist_limit",
        "contact",
        "up",
        "doubt",
    ),
    0.0,
)


@pytest.fixture(scope="module")
def batch():
    data = builtin_data(0.2, seed=3, seconds_a_clip=2.0)
    return film_clip(data, 0, ARCHITECTURE.context, seed=1)


class Oracle(torch.nn.Module):
    """Answers the truth to the batch's features, and a wrong pose to any other."""

    def __init__(self, batch):
        super().__init__()
        self.batch = batch

    def forward(self, features):
        count = len(features)
        truth = self.batch.rotations[:count]
        known = torch.equal(features, self.batch.features[:count])
        return Prediction(
            truth if known else truth.flip(1),
            self.batch.contacts[:count],
            self.batch.up[:count],
            torch.full(truth.shape[:-1], 0.1),
        )


@pytest.mark.parametrize("name", [name for name in NOTHING if name not in ("contact", "up", "doubt")])
def test_each_loss_can_be_switched_on_alone(batch, name):
    torch.manual_seed(0)
    network = NormalizerNetwork(ARCHITECTURE)
    # A fresh network is near the T-pose, which these limits do not allow.
    limits = torch.tensor([[1.0, 2.0]]).repeat(13, 1)
    total, terms = objective(network, batch, LossWeights(**{**NOTHING, name: 2.0}), twist_limits=limits)
    assert list(terms) == [name]
    assert float(total.detach()) == pytest.approx(2 * float(terms[name]), rel=1e-5)
    assert float(terms[name]) > 0
    total.backward()
    gradient = torch.cat([p.grad.flatten() for p in network.parameters() if p.grad is not None])
    assert torch.isfinite(gradient).all()
    assert gradient.abs().max() > 0


def test_the_truth_costs_nothing(batch):
    weights = LossWeights(**{**NOTHING, "reconstruction": 1.0, "rotation": 1.0, "contact": 1.0, "up": 1.0})
    _, terms = objective(Oracle(batch), batch, weights)
    for name in ("reconstruction", "rotation", "contact", "up"):
        assert terms[name] < 1e-3, name


def test_the_cycle_films_the_condition_skeleton(batch):
    # The oracle knows only the subject's own picture: what the cycle shows it must be another one.
    weights = LossWeights(**{**NOTHING, "cycle": 1.0, "rotation_consistency": 1.0, "cycle_share": 1.0})
    _, terms = objective(Oracle(batch), batch, weights)
    assert terms["cycle"] > 1e-3
    assert terms["rotation_consistency"] > 1e-5
