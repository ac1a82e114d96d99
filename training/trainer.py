"""A training in progress: the model, the running average of its weights and the optimizer, step by step.

Everything random in a step follows from the configuration's seed and the step's number, so a training that was
stopped goes on exactly.
"""

from pathlib import Path

import torch
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from posenorm_core.errors import InputError
from posenorm_core.torch_network import NormalizerNetwork
from training import schedule
from training.answer import Predict
from training.checkpoint import Checkpoint, load_checkpoint
from training.configuration import Configuration
from training.dataset import MotionData
from training.filming import Batch, film
from training.models import answering, build_model, clip_context, loss_of
from training.precision import mixed_precision
from training.windows import augmented, draw_windows


class Trainer:
    """Trains one model; `step` is how many steps it has made."""

    def __init__(self, configuration: Configuration, device: torch.device) -> None:
        """Fresh weights from the configuration's seed; see `restore` for going on."""
        torch.manual_seed(configuration.seed)
        course = configuration.optimization
        self.configuration, self.device, self.step = configuration, device, 0
        self.model = build_model(configuration).to(device)
        self.average = AveragedModel(self.model, multi_avg_fn=get_ema_multi_avg_fn(course.average), use_buffers=True)
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(), lr=course.learning_rate, weight_decay=course.weight_decay
        )

    @property
    def context(self) -> int:
        """Frames a window needs on either side of its output frames."""
        return clip_context(self.model)

    def restore(self, checkpoint: Checkpoint) -> None:
        """Takes up the state of `checkpoint`; raises InputError where it is of another model."""
        try:
            self.model.load_state_dict(checkpoint.network)
            self.average.load_state_dict(checkpoint.average)
            self.optimizer.load_state_dict(checkpoint.optimizer)
        except (RuntimeError, ValueError, KeyError):
            raise InputError("the checkpoint is of another network than the configuration describes") from None
        self.step = checkpoint.step

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
            self.optimizer.state_dict(),
        )

    def train_step(self, data: MotionData, probabilities: torch.Tensor) -> dict[str, torch.Tensor]:
        """One step on windows of `data` drawn with `probabilities` (C,); the losses by name."""
        course = self.configuration.optimization
        seed = self.configuration.seed * 1_000_000_007 + self.step
        torch.manual_seed(seed)
        batch = draw_batch(self.configuration, self.context, data, probabilities, seed)
        for group in self.optimizer.param_groups:
            group["lr"] = schedule.learning_rate(course, self.step)
        self.model.train()
        self.optimizer.zero_grad(set_to_none=True)
        with mixed_precision(self.device, course.mixed_precision):
            total, terms = loss_of(self.model, batch, self.configuration)
        total.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.average.update_parameters(self.model)
        self.step += 1
        return {"total": total.detach(), **terms}

    def predict(self, mirror: bool = False) -> Predict:
        """How the averaged model is asked."""
        return answering(self.average.module.eval(), mirror)


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
    configuration: Configuration, context: int, data: MotionData, probabilities: torch.Tensor, seed: int
) -> Batch:
    """A batch of augmented windows, filmed, with `context` frames on either side of its output frames."""
    course, options = configuration.optimization, configuration.augmentation
    rng = torch.Generator(device=data.rotations.device).manual_seed(seed)
    windows = draw_windows(data, probabilities, course.batch, course.frames + 2 * context, options.tempo, rng)
    return film(augmented(windows, options, rng), context, options, rng)
