"""The optimizers a training chooses from, by the name in its configuration.

`adamw`: Loshchilov and Hutter 2019, what the lifters' papers come nearest to. `muon`: Jordan et al. 2024 for the
matrices between the layers, whose steps it makes orthogonal, and AdamW for the rest; a step costs more and does more.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import nn
from torch.optim import AdamW, Optimizer

from training.configuration import Optimization
from training.muon import Muon

# A layer that leaves a network is no map between hidden features: Muon's author has it trained by AdamW.
_LEAVING = "leave"


class Optimizers:
    """Several optimizers that step as one, each on its own part of a model's weights."""

    def __init__(self, parts: Sequence[Optimizer]) -> None:
        """Optimizers of weights that are none of another's."""
        self._parts = list(parts)

    def step(self, learning_rate: float) -> None:
        """One step of all with `learning_rate`, which means to each what it means to AdamW."""
        for part in self._parts:
            for group in part.param_groups:
                group["lr"] = learning_rate
            part.step()

    def state_dict(self) -> dict[str, Any]:
        """What `load_state_dict` takes up."""
        return {"parts": [part.state_dict() for part in self._parts]}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Raises KeyError or ValueError where `state` is of other optimizers, or of another model's."""
        for part, own in zip(self._parts, state["parts"], strict=True):
            part.load_state_dict(own)


def build_optimizers(model: nn.Module, course: Optimization) -> Optimizers:
    """The optimizers of `course` for all weights of `model`."""
    if course.optimizer == "adamw":
        return Optimizers([_adamw(model.parameters(), course)])
    layers = {name: layer for name, layer in model.named_modules() if isinstance(layer, nn.Linear)}
    hidden = [layer.weight for name, layer in layers.items() if name.rpartition(".")[2] != _LEAVING]
    among = {id(weight) for weight in hidden}
    rest = [weight for weight in model.parameters() if id(weight) not in among]
    muon = Muon(hidden, course.learning_rate, course.weight_decay)
    return Optimizers([muon, _adamw(rest, course)])


def _adamw(weights: Iterable[torch.Tensor], course: Optimization) -> AdamW:
    return AdamW(weights, lr=course.learning_rate, weight_decay=course.weight_decay, fused=True)
