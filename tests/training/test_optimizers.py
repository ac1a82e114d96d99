"""Each optimizer moves all of a model's weights, Muon the matrices between features by orthogonal steps."""

import pytest
import torch
from torch import nn

from training.configuration import Optimization
from training.optimizers import build_optimizers
from training.trainer import averaging_decay

RATE = 0.1


class Small(nn.Module):
    """As the networks are made: layers, a normalization, one that leaves, and a second network that has one too."""

    def __init__(self, within: bool = True) -> None:
        super().__init__()
        self.enter = nn.Linear(12, 8)
        self.normalization = nn.BatchNorm1d(8)
        self.leave = nn.Linear(8, 3)
        self.within = Small(within=False) if within else None


def with_gradients(seed: int) -> Small:
    torch.manual_seed(seed)
    model = Small()
    for weight in model.parameters():
        weight.grad = torch.randn_like(weight)
    return model


def moved(optimizer: str) -> dict[str, torch.Tensor]:
    """How one step with `RATE` moves each weight."""
    model = with_gradients(1)
    before = {name: weight.detach().clone() for name, weight in model.named_parameters()}
    build_optimizers(model, Optimization(optimizer=optimizer, weight_decay=0.0)).step(RATE)
    return {name: weight.detach() - before[name] for name, weight in model.named_parameters()}


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_every_weight_moves(optimizer):
    assert all(step.abs().min() > 0 for step in moved(optimizer).values())


def test_muon_turns_and_stretches_evenly_what_adamw_does_not():
    step = torch.linalg.svdvals(moved("muon")["enter.weight"])
    # Jordan's five iterations bring singular values near 1, not to it.
    assert step.max() / step.min() < 2
    spread = torch.linalg.svdvals(with_gradients(1).enter.weight.grad)
    assert spread.max() / spread.min() > 3
    for leaving in ("leave.weight", "within.leave.weight"):
        assert torch.allclose(moved("muon")[leaving].abs(), torch.tensor(RATE), rtol=1e-3)


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_a_rate_moves_by_about_itself_whatever_the_optimizer(optimizer):
    step = moved(optimizer)["enter.weight"]
    assert 0.1 * RATE < step.square().mean().sqrt() < 1.5 * RATE


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_what_was_saved_goes_on_as_if_nothing_had_been(optimizer):
    course = Optimization(optimizer=optimizer)
    weights = []
    for stopped in (False, True):
        model = with_gradients(2)
        optimizers = build_optimizers(model, course)
        optimizers.step(RATE)
        if stopped:
            state = optimizers.state_dict()
            optimizers = build_optimizers(model, course)
            optimizers.load_state_dict(state)
        optimizers.step(RATE)
        weights.append([weight.detach().clone() for weight in model.parameters()])
    for whole, resumed in zip(*weights, strict=True):
        torch.testing.assert_close(resumed, whole, rtol=0, atol=0)


def test_the_state_of_another_optimizer_is_refused():
    state = build_optimizers(Small(), Optimization(optimizer="adamw")).state_dict()
    with pytest.raises(ValueError, match=r"."):
        build_optimizers(Small(), Optimization(optimizer="muon")).load_state_dict(state)


@pytest.mark.parametrize("steps", [20, 200, 20_000])
def test_the_running_average_forgets_the_first_weights_and_lags_by_a_tenth_at_most(steps):
    first, lag = 1.0, 0.0
    for step in range(steps):
        decay = averaging_decay(0.998, step)
        first, lag = first * decay, (lag + 1) * decay
    assert first < 1e-6
    assert lag <= min(0.101 * steps, 499.1)
