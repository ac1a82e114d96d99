"""A training of E_P in progress: its parameters, their running average and the optimizer, step by step.

Everything random in a step follows from the configuration's seed and the step's number, so a training that was
stopped goes on exactly.
"""

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from posenorm_core.embedding.joint_input import joint_input
from posenorm_core.embedding.network import features, parameter_shapes
from posenorm_core.embedding.weights import save_embedding
from posenorm_core.errors import InputError
from training.card import training_card
from training.features.batches import PairBatch, draw_batch
from training.features.configuration import FeatureConfiguration
from training.features.mining import mined, negative_range, primary_similarity
from training.features.objective import Films, contrastive_loss, triplet_loss
from training.features.views import Performance
from training.state_files import load_state, save_state
from training.toml_tables import from_tables
from training.trainer import averaging_decay

FORMAT, VERSION = "posenorm-embedding-checkpoint", 1
_APART = 1_000_003  # between the seeds of two steps' draws in torch
# A learnt scale beyond this would tell frames apart that rounding makes.
_MOST_SCALE = 100.0


class FeatureTrainer:
    """Trains one E_P; `step` is how many steps it has made."""

    def __init__(self, configuration: FeatureConfiguration, device: torch.device) -> None:
        """Fresh weights from the configuration's seed; see `restore` for going on."""
        self.configuration, self.device, self.step = configuration, device, 0
        rng = torch.Generator().manual_seed(configuration.seed)
        shapes = parameter_shapes(configuration.network)
        self.parameters = nn.ParameterDict({name: _fresh(name, shape, rng) for name, shape in shapes.items()})
        self.log_scale = nn.Parameter(torch.tensor(-math.log(configuration.contrastive.temperature)))
        self.parameters.to(device)
        self.log_scale.data = self.log_scale.data.to(device)
        self.average = {name: values.detach().clone() for name, values in self.parameters.items()}
        self.optimizer = torch.optim.AdamW(self._groups(), lr=configuration.optimization.learning_rate)

    def train_step(self, shown: list[Performance], probabilities: np.ndarray) -> float:
        """One step on films of the performances `shown`, drawn with `probabilities`; the loss."""
        options, course = self.configuration, self.configuration.optimization
        seed, span = (options.seed, self.step), (course.shortest, course.frames)
        batch = draw_batch(shown, probabilities, options.data, course.clips, span, seed)
        rng = torch.Generator().manual_seed(options.seed * _APART + self.step)
        torch.manual_seed(options.seed * _APART + self.step)
        loss = self._contrastive(batch, rng) if options.objective == "contrastive" else self._triplets(batch, rng)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_([*self.parameters.values(), self.log_scale], 1.0)
        for group in self.optimizer.param_groups:
            group["lr"] = self._learning_rate()
        self.optimizer.step()
        self._update_average()
        self.step += 1
        return float(loss.detach())

    def restore(self, path: Path) -> None:
        """Takes up the state of the checkpoint at `path`; raises InputError where it is none, or of another network."""
        content = load_state(path, FORMAT, VERSION)
        try:
            self.parameters.load_state_dict(content["parameters"])
            self.log_scale.data.copy_(content["log_scale"])
            self.optimizer.load_state_dict(content["optimizer"])
            self.average = {name: content["average"][name].to(self.device) for name in self.parameters}
            self.step = int(content["step"])
        except (RuntimeError, ValueError, KeyError, AttributeError, TypeError):
            raise InputError(f"{path}: is of another network than the configuration describes") from None

    def save(self, path: Path) -> None:
        """Writes the checkpoint; the one before stays until the new one is whole on the disk."""
        content = {
            "configuration": json.dumps(asdict(self.configuration)),
            "step": self.step,
            "parameters": self.parameters.state_dict(),
            "log_scale": self.log_scale.detach(),
            "average": self.average,
            "optimizer": self.optimizer.state_dict(),
        }
        save_state(path, FORMAT, VERSION, content)

    def export(self, path: Path, card: dict[str, Any]) -> None:
        """Writes the averaged weights as the file that NumPy runs; the card says how they were trained."""
        described = {**training_card(self.configuration, self.step), **card}
        averaged = {name: values.cpu().numpy() for name, values in self.average.items()}
        save_embedding(path, self.configuration.network, averaged, described)

    def _contrastive(self, batch: PairBatch, rng: torch.Generator) -> torch.Tensor:
        found = self._features(batch.rotations)
        times = batch.times.to(self.device)
        films = [Films(found[side], times[side]) for side in (0, 1)]
        scale = self.log_scale.exp().clamp(max=_MOST_SCALE)
        return contrastive_loss(films[0], films[1], scale, self.configuration.contrastive, rng)

    def _triplets(self, batch: PairBatch, rng: torch.Generator) -> torch.Tensor:
        """The paper's: within the first film of each performance alone."""
        options, done = self.configuration.triplet, self.step / self.configuration.optimization.steps
        rotations, losses = batch.rotations[0], []
        positions = joint_input(rotations, "positions")
        low, high = options.positive
        for clip, found in enumerate(self._features(rotations)):
            triplets = mined(primary_similarity(positions[clip]), (low, high), negative_range(options, done), rng)
            losses.append(triplet_loss(found, triplets, options.margin))
        return torch.stack(losses).mean()

    def _features(self, rotations: torch.Tensor) -> torch.Tensor:
        """Of rotations (…, T, 19, 4), by weights of which some are dropped between the layers."""
        network, share = self.configuration.network, self.configuration.optimization.dropout
        weights = {
            name: functional.dropout(values, share) if values.ndim == 2 and name != "leave" else values
            for name, values in self.parameters.items()
        }
        return features(network, weights, joint_input(rotations.to(self.device), network.inputs))

    def _update_average(self) -> None:
        decay = averaging_decay(self.configuration.optimization.average, self.step)
        for name, values in self.average.items():
            values.lerp_(self.parameters[name].detach(), 1 - decay)

    def _learning_rate(self) -> float:
        """A short rise, then half a cosine down to nothing."""
        course = self.configuration.optimization
        rise = min(1.0, (self.step + 1) / (course.warmup + 1))
        return course.learning_rate * rise * 0.5 * (1 + math.cos(math.pi * min(self.step / course.steps, 1.0)))

    def _groups(self) -> list[dict[str, Any]]:
        """Matrices decay, biases and the scale do not."""
        matrices = [values for values in self.parameters.values() if values.ndim == 2]
        rest = [values for values in self.parameters.values() if values.ndim != 2]
        decay = self.configuration.optimization.weight_decay
        return [
            {"params": matrices, "weight_decay": decay},
            {"params": [*rest, self.log_scale], "weight_decay": 0.0},
        ]


def restored(path: Path, device: torch.device) -> FeatureTrainer:
    """The training of a checkpoint; raises InputError where the file is none, or damaged."""
    content = load_state(path, FORMAT, VERSION)
    try:
        configuration = from_tables(FeatureConfiguration, json.loads(content["configuration"]))
    except (KeyError, TypeError, ValueError, InputError) as error:
        raise InputError(f"{path}: its configuration cannot be read ({error!s:.100})") from None
    trainer = FeatureTrainer(configuration, device)
    trainer.restore(path)
    return trainer


def _fresh(name: str, shape: tuple[int, ...], rng: torch.Generator) -> nn.Parameter:
    """Zeros for biases and shares, and noise for matrices that keeps what passes through as large (He et al. 2015)."""
    if name.endswith(("_bias", "_shares")) and name != "joint_bias":
        return nn.Parameter(torch.zeros(shape))
    gain = 0.5 if name.endswith("_out") else 1.0
    return nn.Parameter(gain * torch.randn(shape, generator=rng) / math.sqrt(shape[0]))
