"""The models of the comparison: one form of answer from each, on the body that was asked about, and its own loss."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from posenorm_core.architecture import Architecture
from posenorm_core.condition_skeleton import CONDITION_SKELETON, PARENTS
from posenorm_core.kinematics import forward_kinematics
from posenorm_core.mirror import mirrored_input, mirrored_points
from posenorm_core.network_input import INPUT_CONTEXT, INPUT_SIZE
from posenorm_core.prediction import Prediction, mirrored_prediction
from posenorm_core.torch_network import NormalizerNetwork
from training.attention import LandmarkAttention, TimeAttention
from training.baselines.martinez import Martinez
from training.baselines.own_bones import body_size
from training.baselines.semgcn import SemGcn
from training.baselines.videopose3d import VideoPose3D
from training.configuration import Configuration, LossWeights, Optimization
from training.dataset import builtin_data
from training.filmed_clips import film_clip
from training.models import LIFTERS, NORMALIZERS, answering, as_answer, build_model, clip_context, loss_of
from training.objective import objective
from training.trainer import draw_batch

ARCHITECTURE = Architecture(width=8, dilations=(2,))
BODY = torch.tensor(CONDITION_SKELETON.offsets, dtype=torch.float32)
# A child and a giant, and one of other proportions.
BODIES = torch.stack([0.7 * BODY, 1.2 * BODY, BODY * torch.linspace(0.8, 1.3, 19)[:, None]])
SMALL = {
    "normalizer": lambda: NormalizerNetwork(ARCHITECTURE),
    "time_attention": lambda: TimeAttention(ARCHITECTURE),
    "landmark_attention": lambda: LandmarkAttention(ARCHITECTURE),
    "martinez": lambda: Martinez(width=16),
    "semgcn": lambda: SemGcn(width=16),
    "videopose3d": lambda: VideoPose3D(width=16),
}


def small(name):
    """A small model of the kind, awake: fresh normalizers all say the T-pose."""
    torch.manual_seed(0)
    model = SMALL[name]().eval()
    if isinstance(model, NormalizerNetwork):
        torch.nn.init.normal_(model.leave.weight, std=0.2)
    return model


def seen(model, frames=4):
    """Network input for `frames` frames of three windows."""
    generator = torch.Generator().manual_seed(1)
    return torch.randn(len(BODIES), frames + 2 * model.context, INPUT_SIZE, generator=generator)


@pytest.fixture(scope="module")
def data():
    return builtin_data(0.2, seed=3, seconds_a_clip=2.0)


def test_an_answer_is_the_prediction_posed_on_each_window_s_body():
    generator = torch.Generator().manual_seed(2)
    rotations = torch.nn.functional.normalize(torch.randn(3, 4, 19, 4, generator=generator), dim=-1)
    contacts, up, doubt = torch.rand(3, 4, 2), torch.randn(3, 4, 3), torch.rand(3, 4, 19)
    answer = as_answer(Prediction(rotations, contacts, up, doubt), BODIES)
    for window, body in enumerate(BODIES):
        posed = forward_kinematics(body, rotations[window], PARENTS)
        torch.testing.assert_close(answer.positions[window], posed)
    told = (answer.rotations, answer.contacts, answer.up, answer.doubt)
    assert all(a is b for a, b in zip(told, (rotations, contacts, up, doubt), strict=True))


@torch.no_grad()
@pytest.mark.parametrize("name", NORMALIZERS)
def test_a_normalizer_says_what_its_network_says(name):
    network = small(name)
    features = seen(network)
    answer, said = answering(network)(features, BODIES), network(features)
    for told, part in zip((answer.rotations, answer.contacts, answer.up, answer.doubt), said.parts(), strict=True):
        torch.testing.assert_close(told, part)
    torch.testing.assert_close(answer.positions, as_answer(said, BODIES).positions)


@torch.no_grad()
def test_with_the_mirror_a_mirrored_input_gives_the_mirrored_answer():
    network = small("normalizer")
    features = seen(network)
    both = answering(network, mirror=True)
    answer, reflected = both(features, BODIES), both(mirrored_input(features), mirrored_points(BODIES))
    torch.testing.assert_close(reflected.positions, mirrored_points(answer.positions), atol=1e-5, rtol=0)
    other = mirrored_prediction(network(mirrored_input(features)))
    torch.testing.assert_close(answer.contacts, (network(features).contacts + other.contacts) / 2)
    alone = answering(network)(features, BODIES)
    assert (alone.positions - answer.positions).norm(dim=-1).max() > 0.01


@torch.no_grad()
@pytest.mark.parametrize("name", LIFTERS)
def test_a_lifter_tells_positions_alone_as_large_as_the_body(name):
    lifter = small(name)
    features = seen(lifter)
    answer = answering(lifter)(features, BODIES)
    assert (answer.rotations, answer.contacts, answer.up, answer.doubt) == (None, None, None, None)
    on_condition = lifter(features)
    assert answer.positions.shape == (3, 4, 19, 3)
    torch.testing.assert_close(answer.positions[0], 0.7 * on_condition[0])
    torch.testing.assert_close(answer.positions[1], 1.2 * on_condition[1])
    lengths = BODIES[2, 1:].norm(dim=-1).sum() / BODY[1:].norm(dim=-1).sum()
    torch.testing.assert_close(answer.positions[2], lengths * on_condition[2])
    # A mirror is no part of the papers.
    torch.testing.assert_close(answering(lifter, mirror=True)(features, BODIES).positions, answer.positions)


class Shifted(torch.nn.Module):
    """A lifter that knows the answer in units of the body's size, but for a shift of every joint."""

    context = 0

    def __init__(self, batch, shift):
        super().__init__()
        self.answer = batch.positions / body_size(batch.offsets)[:, None, None, None] + torch.tensor(shift)

    def forward(self, features):
        return self.answer


@pytest.mark.parametrize(("name", "expected"), [("martinez", 0.25), ("semgcn", 0.25), ("videopose3d", 0.5)])
def test_a_lifter_is_taught_by_its_paper_s_loss_on_a_body_of_size_one(data, name, expected):
    batch = film_clip(data, 0, INPUT_CONTEXT, seed=1, views=2)
    batch = replace(batch, offsets=1.3 * batch.offsets, positions=1.3 * batch.positions)
    configuration = Configuration(model=name)
    # 0.3, 0.4: half a metre off, a quarter of a square metre.
    total, terms = loss_of(Shifted(batch, [0.3, 0.0, -0.4]), batch, configuration)
    assert float(total) == pytest.approx(expected, rel=1e-4)
    assert {term: float(value) for term, value in terms.items()} == {"reconstruction": float(total)}
    assert float(loss_of(Shifted(batch, [0.0, 0.0, 0.0]), batch, configuration)[0]) < 1e-5


@pytest.mark.parametrize("name", NORMALIZERS)
def test_a_normalizer_is_taught_by_the_configuration_s_losses(data, name):
    network = small(name)
    batch = film_clip(data, 0, ARCHITECTURE.context, seed=1)
    losses = LossWeights(reconstruction=0.0, rotation=2.0, draft=0.0, places=0.0, contact=0.5, up=0.0, doubt=0.0)
    total, terms = loss_of(network, batch, Configuration(network=ARCHITECTURE, losses=losses))
    assert set(terms) == {"rotation", "contact"}
    torch.testing.assert_close(total, objective(network, batch, losses)[0])
    torch.testing.assert_close(total.detach(), 2.0 * terms["rotation"] + 0.5 * terms["contact"])


@torch.no_grad()
@pytest.mark.parametrize("name", SMALL)
def test_with_its_context_a_model_answers_every_output_frame_and_no_other(data, name):
    model = small(name)
    context = clip_context(model)
    assert context == INPUT_CONTEXT + (dict.fromkeys(NORMALIZERS, 3) | {"videopose3d": 13}).get(name, 0)
    course = Optimization(batch=3, frames=5)
    configuration = Configuration(network=ARCHITECTURE, model=name, optimization=course)
    batch = draw_batch(
        configuration, context, data, torch.full((data.clip_count,), 1.0), seed=0, device=torch.device("cpu")
    )
    assert batch.features.shape == (3, 5 + 2 * model.context, INPUT_SIZE)
    assert answering(model)(batch.features, batch.offsets).positions.shape == batch.positions.shape == (3, 5, 19, 3)


@pytest.mark.parametrize("name", LIFTERS)
def test_a_lifter_is_built_with_its_paper_s_dropout_whatever_ours_is(name):
    model = build_model(Configuration(model=name, optimization=Optimization(dropout=0.9)))
    drops = {module.p for module in model.modules() if isinstance(module, torch.nn.Dropout)}
    assert drops == {{"martinez": 0.5, "semgcn": 0.0, "videopose3d": 0.25}[name]}


@pytest.mark.parametrize("name", NORMALIZERS)
def test_a_normalizer_is_built_as_the_configuration_says(name):
    course = Optimization(dropout=0.4, detail=7.0)
    network = build_model(Configuration(model=name, network=ARCHITECTURE, optimization=course))
    assert type(network) is NORMALIZERS[name]
    assert (network.architecture, network.detail) == (ARCHITECTURE, 7.0)
    drops = [module.p for module in network.modules() if isinstance(module, torch.nn.Dropout) and module.p]
    assert set(drops) == {0.4}
    assert len(drops) == 3
    assert clip_context(network) == ARCHITECTURE.context
    assert np.isclose(float(network.amplification.diagonal().max()), 1 + 6 * (1 - 1 / 3))
