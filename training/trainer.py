"""A training in progress: the model, the running average of its weights and the optimizers, step by step.

Everything random in a step follows from the configuration's seed and the step's number, so a training that was
stopped goes on exactly. In several processes each draws its own parts of the batch; the result is the same.
"""

import time
from dataclasses import fields
from itertools import chain
from pathlib import Path

import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from posenorm_core.errors import InputError
from posenorm_core.torch_network import NormalizerNetwork
from training import schedule
from training.answer import Predict
from training.checkpoint import Checkpoint, load_checkpoint
from training.configuration import Configuration
from training.dataset import MotionData
from training.distributed import rank, world_size
from training.filming import Batch, film
from training.measured import NOTHING, Measured, measure
from training.models import answering, build_model, clip_context, loss_of
from training.optimizers import build_optimizers
from training.precision import mixed_precision
from training.synchronized import synchronize
from training.windows import augmented, draw_windows

# Between the seeds of a batch's parts: no step of one is ever a step of another.
_APART = 2_654_435_761


class Trainer:
    """Trains one model; `step` is how many steps it has made."""

    def __init__(self, configuration: Configuration, device: torch.device) -> None:
        """Fresh weights from the configuration's seed; see `restore` for going on.

        Raises InputError where the processes cannot divide the parts of a batch.
        """
        torch.manual_seed(configuration.seed)
        course = configuration.optimization
        if course.parts % world_size():
            needed = f"set optimization.parts to {world_size()} or a multiple"
            raise InputError(f"{world_size()} processes cannot divide a batch of {course.parts} parts; {needed}")
        self.configuration, self.step = configuration, 0
        self._began, self._seconds_before = time.monotonic(), 0.0
        self.measured = NOTHING
        self.parts = range(rank(), course.parts, world_size())
        self.model = build_model(configuration).to(device)
        self.device = next(self.model.parameters()).device
        self._loss: nn.Module = _Loss(self.model, configuration, len(self.parts))
        if world_size() > 1:
            synchronize(self.model)
            self._loss = DistributedDataParallel(self._loss)
        self.average = AveragedModel(self.model)
        self.optimizers = build_optimizers(self.model, course)

    @property
    def context(self) -> int:
        """Frames a window needs on either side of its output frames."""
        return clip_context(self.model)

    @property
    def seconds(self) -> float:
        """How long the training has taken: this part of it, and those before up to the checkpoint each left."""
        return self._seconds_before + time.monotonic() - self._began

    def measure(self, data: MotionData) -> None:
        """Measures of the training `data` what the configuration asks for; it comes before the first step."""
        self.measured = measure(data, self.configuration, self.device)

    def restore(self, checkpoint: Checkpoint) -> None:
        """Takes up the state of `checkpoint`; raises InputError where it is of another model."""
        try:
            self.model.load_state_dict(checkpoint.network)
            self.average.load_state_dict(checkpoint.average)
            self.optimizers.load_state_dict(checkpoint.optimizers)
        except (RuntimeError, ValueError, KeyError):
            raise InputError("the checkpoint is of another network than the configuration describes") from None
        self.step, self._seconds_before = checkpoint.step, checkpoint.seconds

    def start_from(self, checkpoint: Checkpoint) -> None:
        """Begins with the weights of an earlier training, and with nothing else of it."""
        try:
            if isinstance(self.model, NormalizerNetwork):
                self.model.start_from(checkpoint.averaged_weights, checkpoint.configuration.optimization.detail)
            else:
                self.model.load_state_dict(checkpoint.averaged_weights)
        except RuntimeError:
            raise InputError("the checkpoint to start from is of another network than the configuration's") from None
        self.average.module.load_state_dict(self.model.state_dict())

    def checkpoint(self) -> Checkpoint:
        """The state to go on from."""
        return Checkpoint(
            self.configuration,
            self.step,
            self.model.state_dict(),
            self.average.state_dict(),
            self.optimizers.state_dict(),
            self.seconds,
        )

    def train_step(self, data: MotionData, probabilities: torch.Tensor) -> dict[str, torch.Tensor]:
        """One step on windows of `data` drawn with `probabilities` (parts, C); the losses by name."""
        course = self.configuration.optimization
        seed = self.configuration.seed * 1_000_000_007 + self.step
        torch.manual_seed(seed)
        batch = self.draw(data, probabilities, seed)
        self.model.train()
        self.model.zero_grad(set_to_none=True)
        with mixed_precision(self.device, course.mixed_precision):
            total, terms = self._loss(batch, self.measured.twist_limits)
        total.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizers.step(schedule.learning_rate(course, self.step))
        self._update_average()
        self.step += 1
        return {"total": total.detach(), **terms}

    def draw(self, data: MotionData, probabilities: torch.Tensor, seed: int) -> Batch:
        """This process's windows of a batch: its parts', in turns."""
        fixed = (self.configuration, self.context, data)
        batches = [
            draw_batch(*fixed, probabilities[part], seed + part * _APART, self.device, self.measured)
            for part in self.parts
        ]
        return batches[0] if len(batches) == 1 else _in_turns(batches)

    def _update_average(self) -> None:
        """As `update_parameters` of torch, which at every step sends a number to the device and waits for it."""
        blend = get_ema_multi_avg_fn(averaging_decay(self.configuration.optimization.average, self.step))
        models = (self.average.module, self.model)
        averaged, current = ([t.detach() for t in chain(m.parameters(), m.buffers())] for m in models)
        for kind in {tensor.dtype for tensor in averaged}:
            alike = [[t for t in tensors if t.dtype == kind] for tensors in (averaged, current)]
            if self.average.n_averaged:
                blend(*alike, None)
            else:
                for mean, new in zip(*alike, strict=True):
                    mean.copy_(new)
        self.average.n_averaged += 1

    def predict(self, mirror: bool = False) -> Predict:
        """How the averaged model is asked."""
        return answering(self.average.module.eval(), mirror)


def averaging_decay(longest: float, step: int) -> float:
    """The decay of the running average at `step`: `longest`, and before that about a tenth of the steps so far.

    An average that still holds the first, random weights is none of the network's: after 400 steps that of a lifter
    was 341 mm off where its last weights were 88.
    """
    return min(longest, (1 + step) / (10 + step))


def trained(path: Path) -> Trainer:
    """The training of a checkpoint, on the CPU; raises InputError where the file is none, or damaged."""
    checkpoint = load_checkpoint(path)
    trainer = Trainer(checkpoint.configuration, torch.device("cpu"))
    try:
        trainer.restore(checkpoint)
    except InputError:
        raise InputError(f"{path}: its weights do not fit the network it describes; it is damaged") from None
    return trainer


def draw_batch(
    configuration: Configuration,
    context: int,
    data: MotionData,
    probabilities: torch.Tensor,
    seed: int,
    device: torch.device,
    measured: Measured = NOTHING,
) -> Batch:
    """A part of a batch: augmented windows, filmed, with `context` frames on either side of their output frames."""
    course, options = configuration.optimization, configuration.augmentation
    rng = torch.Generator(data.rotations.device).manual_seed(seed)
    length = course.frames + 2 * context
    size, rarity = course.batch // course.parts, measured.running_rarity
    windows = draw_windows(data, probabilities, size, length, options.tempo, rng, rarity)
    if rng.device != device:
        windows, rng = windows.to(device), torch.Generator(device).manual_seed(seed)
    return film(augmented(windows, options, rng, measured.prior), context, options, rng)


def _in_turns(batches: list[Batch]) -> Batch:
    """One batch of all, the first window of each before the second of any."""
    columns = {field.name: [getattr(batch, field.name) for batch in batches] for field in fields(Batch)}
    return Batch(**{name: torch.stack(values, dim=1).flatten(0, 1) for name, values in columns.items()})


class _Loss(nn.Module):
    """A model and what it is trained by in one, so that gradients meet once a step however often the model is asked."""

    def __init__(self, model: nn.Module, configuration: Configuration, parts: int) -> None:
        super().__init__()
        self.model, self.configuration, self.parts = model, configuration, parts

    def forward(self, batch: Batch, twist_limits: torch.Tensor | None) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        return loss_of(self.model, batch, self.configuration, self.parts, twist_limits)
