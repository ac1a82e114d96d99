"""`python -m training.pr_vipe`: trains Pr-VIPE, the embedding that Table 2 compares ours with.

    python -m training.pr_vipe --data data/mocap.npz --out runs/pr_vipe
    python -m training.pr_vipe --data data/mocap.npz --out runs/pr_vipe --resume   # goes on where it was stopped

On the same motion as the normalizer, see `training.pr_vipe_pairs`. Everything random in a step follows from the seed
and the step's number, so a training that was stopped goes on exactly. It is validated by Table 2's hits on the
validation part, in all settings; `checkpoint.pt` holds all that is needed to go on, the validations too.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

from posenorm_core.command import exit_code
from posenorm_core.files import require_writable
from training.baselines.pr_vipe import Gaussians, PrVipe, loss
from training.configuration import Configuration
from training.correspondence import matched
from training.dataset import MotionData
from training.fit import training_and_validation_data
from training.pr_vipe_checkpoint import embedded, load_content, save_content
from training.pr_vipe_pairs import draw_pairs, shipped_settings
from training.precision import mixed_precision
from training.progress import bar_of_steps
from training.run_folder import require_new
from training.trainer import averaging_decay
from training.video_pairs import SETTINGS, VideoPair, draw_pair
from training.windows import clip_probabilities

_BATCH, _LEARNING_RATE, _AVERAGE = 256, 0.02, 0.9999
# Where Adagrad's sums of squares begin: TensorFlow's default, which the authors had.
_FIRST_SUM = 0.1
_VALIDATE_EVERY, _SAVE_EVERY = 1000, 250  # steps


class PrVipeTraining:
    """Trains one model on `configuration`'s motion; `step` is how many steps it has made."""

    def __init__(self, configuration: Configuration) -> None:
        """Fresh weights from the configuration's seed."""
        torch.manual_seed(configuration.seed)
        self.configuration, self.step = configuration, 0
        self.history: list[list[float]] = []  # step, share of hits
        self.model = PrVipe()
        self.average = AveragedModel(self.model, multi_avg_fn=self._blend, use_buffers=True)
        self.optimizer = torch.optim.Adagrad(
            self.model.parameters(), _LEARNING_RATE, initial_accumulator_value=_FIRST_SUM
        )

    @torch.no_grad()
    def _blend(self, averaged: Sequence[torch.Tensor], current: Sequence[torch.Tensor], _: Any) -> None:
        kept = averaging_decay(_AVERAGE, self.step)
        for mean, new in zip(averaged, current, strict=True):
            mean.copy_(new) if not mean.is_floating_point() else mean.lerp_(new, 1 - kept)

    def train_step(self, data: MotionData, probabilities: torch.Tensor) -> tuple[float, float]:
        """One step; the loss, and the share of its triplets that still teach."""
        seed = self.configuration.seed * 1_000_000_007 + self.step
        torch.manual_seed(seed)
        pairs = draw_pairs(
            data, probabilities, _BATCH, self.configuration.augmentation, torch.Generator().manual_seed(seed)
        )
        self.model.train()
        with mixed_precision(torch.device("cpu"), True):
            both = self.model(torch.cat(pairs.views))
        first, second = (
            Gaussians(*halves) for halves in zip(both.means.chunk(2), both.deviations.chunk(2), strict=True)
        )
        total, active = loss(self.model, first, second, pairs.poses)
        self.optimizer.zero_grad(set_to_none=True)
        total.backward()
        self.optimizer.step()
        self.average.update_parameters(self.model)
        self.step += 1
        return float(total.detach()), float(active)

    def content(self) -> dict[str, Any]:
        """All that `restore` needs."""
        states = {name: part.state_dict() for name, part in self._parts().items()}
        return {"step": self.step, "history": self.history, **states}

    def restore(self, content: dict[str, Any]) -> None:
        """Takes up the state of a checkpoint."""
        for name, part in self._parts().items():
            part.load_state_dict(content[name])
        self.step, self.history = content["step"], content["history"]

    def _parts(self) -> dict[str, Any]:
        return {"model": self.model, "average": self.average, "optimizer": self.optimizer}


def validated(model: nn.Module, pairs: list[VideoPair]) -> float:
    """The mean share of hits over `pairs` by the distance of the means."""
    told = []
    for pair in pairs:
        source, target = (embedded(model, clip).means.numpy() for clip in (pair.source, pair.target))
        told.append(matched(source, target, pair.answers).hits)
    return float(np.mean(told))


def fit(data: Path, out: Path, seed: int, steps: int, resume: bool) -> None:
    """Trains until `steps` steps are made, with a progress bar; raises InputError where a file is not usable."""
    configuration = shipped_settings(data, seed)
    training, path = PrVipeTraining(configuration), out / "checkpoint.pt"
    if resume:
        training.restore(load_content(path))
    else:
        require_new(path)
    require_writable(path)
    motion, unseen = training_and_validation_data(configuration)
    options = configuration.data
    probabilities = clip_probabilities(motion, options.family_power, options.builtin_share)[0]
    pairs = [draw_pair(unseen, clip, setting, 0) for setting in SETTINGS for clip in range(unseen.clip_count)]
    with bar_of_steps(steps, training.step) as bar:
        while training.step < steps:
            total, active = training.train_step(motion, probabilities)
            bar.update()
            bar.set_postfix(loss=f"{total:.3f}", active=f"{active:.2f}", refresh=False)
            last = training.step == steps
            if training.step % _VALIDATE_EVERY == 0 or last:
                training.history.append([training.step, validated(training.average.module, pairs)])
                bar.write(f"step {training.step}: validation hits {100 * training.history[-1][1]:.2f}%")
            if training.step % _SAVE_EVERY == 0 or last:
                save_content(training.content(), path)


def main() -> int:
    """The command: see the top of the file; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m training.pr_vipe", description="Train Pr-VIPE.")
    parser.add_argument("--data", type=Path, required=True, help="data set of training.prepare")
    parser.add_argument("--out", type=Path, default=Path("runs/pr_vipe"), help="folder (default: runs/pr_vipe)")
    parser.add_argument("--seed", type=int, default=0, help="of weights and batches (default: 0)")
    parser.add_argument("--steps", type=int, default=20_000, help="of 256 pairs (default: 20000)")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint in --out")
    options = parser.parse_args()
    return exit_code(lambda: fit(options.data, options.out, options.seed, options.steps, options.resume))


if __name__ == "__main__":
    sys.exit(main())
