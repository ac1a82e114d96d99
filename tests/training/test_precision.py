"""Mixed precision halves the cost of the products, and nothing else: weights and what is told stay in full."""

import pytest
import torch

from posenorm_core import quaternion
from posenorm_core.architecture import Architecture
from posenorm_core.rotation_head import HEADS
from posenorm_core.torch_network import NormalizerNetwork
from training import precision, trainer
from training.configuration import MODELS, Augmentation, Configuration, LossWeights, Optimization
from training.dataset import builtin_data
from training.filmed_clips import film_clip
from training.objective import objective
from training.precision import has_bfloat16, mixed_precision
from training.trainer import Trainer

CPU = torch.device("cpu")
ARCHITECTURE = Architecture(width=32, dilations=(2,))


@pytest.fixture(scope="module")
def data():
    return builtin_data(0.2, seed=3, seconds_a_clip=2.0)


@pytest.fixture
def bfloat16(monkeypatch):
    """A machine that multiplies in bfloat16; where it does not it is emulated."""
    monkeypatch.setattr(precision, "has_bfloat16", lambda device: True)


def awake(architecture=ARCHITECTURE):
    torch.manual_seed(0)
    network = NormalizerNetwork(architecture).eval()
    torch.nn.init.normal_(network.leave.weight, std=0.05)  # no quaternion near 0, where rounding turns it
    return network


def product_type(wanted):
    """The type of a product within the context."""
    with mixed_precision(CPU, wanted):
        return (torch.ones(2, 2) @ torch.ones(2, 2)).dtype


def test_it_is_off_where_it_is_not_wanted_and_where_the_hardware_has_it_not(monkeypatch):
    for there in (True, False):
        monkeypatch.setattr(precision, "has_bfloat16", lambda device, there=there: there)
        assert product_type(wanted=False) == torch.float32
        assert product_type(wanted=True) == (torch.bfloat16 if there else torch.float32)


@pytest.mark.parametrize(
    ("capabilities", "has"),
    [
        ({"avx512_bf16": True}, True),
        ({"amx_bf16": True}, True),
        ({"avx512_bf16": False, "amx_bf16": False, "avx512_f": True}, False),
        ({}, False),
    ],
)
def test_a_cpu_is_asked_what_it_has(monkeypatch, capabilities, has):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
    assert has_bfloat16(CPU) is has
    assert not has_bfloat16(torch.device("meta"))


@torch.no_grad()
@pytest.mark.parametrize("head", HEADS)
def test_what_is_said_is_in_full_precision_and_within_a_degree(bfloat16, data, head):
    network = awake(Architecture(width=32, dilations=(2,), head=head))
    batch = film_clip(data, 0, network.architecture.context, seed=1)
    full = network(batch.features)
    last = []
    network.leave.register_forward_hook(lambda layer, inputs, output: last.append((inputs[0].dtype, output.dtype)))
    with mixed_precision(CPU, wanted=True):
        mixed = network(batch.features)
    assert last == [(torch.float32, torch.float32)]
    assert {part.dtype for part in mixed.parts()} == {torch.float32}
    lengths = mixed.rotations.norm(dim=-1)
    torch.testing.assert_close(lengths, torch.ones_like(lengths), atol=1e-5, rtol=0)
    angle = quaternion.degrees(quaternion.geodesic_angle(mixed.rotations, full.rotations))
    assert 0 < angle.mean() < 0.3
    assert angle.max() < 1


def test_the_losses_and_what_they_teach_are_in_full_precision_and_nearly_the_same(bfloat16, data):
    batch = film_clip(data, 0, ARCHITECTURE.context, seed=1)
    losses = LossWeights(cycle=0.5, rotation_consistency=0.1, body_consistency=0.5, foot_contact=1.0)
    totals, gradients = [], []
    for wanted in (True, False):
        network = awake()
        with mixed_precision(CPU, wanted):
            total, terms = objective(network, batch, losses)
        total.backward()
        assert {term.dtype for term in (total, *terms.values())} == {torch.float32}
        totals.append(float(total.detach()))
        gradients.append(torch.cat([parameter.grad.flatten() for parameter in network.parameters()]))
    assert totals[0] == pytest.approx(totals[1], rel=0.01)
    assert gradients[0].dtype == torch.float32
    assert torch.nn.functional.cosine_similarity(*gradients, dim=0) > 0.999
    assert not torch.equal(*gradients)


@pytest.mark.parametrize("name", MODELS)
def test_every_model_makes_a_step_in_it_and_keeps_its_weights_whole(bfloat16, data, name):
    course = Optimization(steps=4, batch=4, frames=4)
    configuration = Configuration(
        model=name, network=ARCHITECTURE, optimization=course, augmentation=Augmentation(noisy=0.0)
    )
    training = Trainer(configuration, CPU)
    terms = training.train_step(data, torch.full((1, data.clip_count), 1.0))
    assert all(torch.isfinite(term) and term.dtype == torch.float32 for term in terms.values())
    for state in (training.model.state_dict(), training.average.module.state_dict()):
        assert {value.dtype for value in state.values() if value.is_floating_point()} == {torch.float32}
        assert all(torch.isfinite(value).all() for value in state.values())


def test_training_runs_the_network_in_it_where_it_is_wanted(bfloat16, data, monkeypatch):
    seen = []

    def loss(*asked):
        seen.append((torch.ones(2, 2) @ torch.ones(2, 2)).dtype)
        return trainer_loss(*asked)

    trainer_loss = trainer.loss_of
    monkeypatch.setattr(trainer, "loss_of", loss)
    for wanted in (True, False):
        course = Optimization(steps=4, batch=2, frames=2, mixed_precision=wanted)
        training = Trainer(Configuration(network=ARCHITECTURE, optimization=course), CPU)
        training.train_step(data, torch.full((1, data.clip_count), 1.0))
    assert seen == [torch.bfloat16, torch.float32]
