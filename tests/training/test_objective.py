"""The total loss: each term where its weight asks for it, zero where the network answers the truth."""

from dataclasses import replace

import pytest
import torch

from posenorm_core import camera, quaternion
from posenorm_core.architecture import Architecture
from posenorm_core.network_input import landmarks_of
from posenorm_core.prediction import Prediction
from posenorm_core.refinement import Draft
from posenorm_core.torch_network import NormalizerNetwork
from training.cameras import Cameras
from training.configuration import LossWeights
from training.dataset import builtin_data
from training.filmed_clips import film_clip
from training.filming import film
from training.objective import in_units_of_input, objective
from training.windows import draw_windows

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
        "draft",
        "places",
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


def test_each_draft_is_taught_the_pose_and_where_the_landmarks_are(batch):
    answered = Oracle(batch)(batch.features)
    weights = LossWeights(**{**NOTHING, "draft": 1.0, "places": 1.0})

    def terms_of(rotations, places):
        said = replace(answered, drafts=[Draft(batch.rotations, in_units_of_input(batch)), Draft(rotations, places)])
        return objective(lambda features: said, batch, weights)[1]

    places = in_units_of_input(batch)
    right = terms_of(batch.rotations, places)
    assert right["draft"] < 1e-3
    assert right["places"] < 1e-5
    # Each is off by what it is off by, and the other is not.
    turn = quaternion.from_rotation_vector(torch.tensor([0.2, 0.0, 0.0]))
    turned, deeper = terms_of(quaternion.multiply(batch.rotations, turn), places), places + torch.tensor([0.0, 0, 0.3])
    assert float(turned["draft"]) == pytest.approx(0.2, abs=1e-3)
    assert float(terms_of(batch.rotations, deeper)["places"]) == pytest.approx(0.3, rel=1e-4)


def test_landmarks_are_to_be_told_where_they_are_seen():
    # From far away a picture is flat: what is to be told of the landmarks must cover what is seen of them.
    data, rng = builtin_data(0.2, seed=3, seconds_a_clip=2.0), torch.Generator().manual_seed(0)
    length, evenly = 8 + 2 * ARCHITECTURE.context, torch.full((data.clip_count,), 1 / data.clip_count)
    windows = draw_windows(data, evenly, 4, length, 0.0, rng)
    middle = windows.root_position.mean(dim=1)
    position = middle + torch.tensor([0.0, 0.0, 300.0])
    cameras = Cameras(camera.look_at(position, middle, torch.zeros(4)), position)
    far = film(windows, ARCHITECTURE.context, None, rng, cameras)
    context = ARCHITECTURE.network_context
    seen = landmarks_of(far.features[:, context : context + 8])
    off = (in_units_of_input(far)[..., :2] - seen[..., :2]).norm(dim=-1)
    assert off.mean() < 0.05 * seen[..., :2].norm(dim=-1).mean()


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
