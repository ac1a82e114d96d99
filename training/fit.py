"""`python -m training.fit`: trains E_Q, or another model of `training.models`.

    python -m training.fit                                    # built-in motion, minutes on two cores
    python -m training.fit --data data/mocap.npz --config training/configurations/shipped.toml
    python -m training.fit --out runs/normalizer --resume     # goes on exactly where it was stopped or killed
    python -m training.fit --start runs/normalizer/checkpoint.pt --out runs/tuned --config mine.toml --all-clips

    python -m training.fit features …                         # E_P, the pose features: see `training.features.fit`

    torchrun --nproc_per_node 2 -m training.fit --config mine.toml                  # two processes on this machine
    torchrun --nnodes 2 --node_rank 0 --nproc_per_node 8 --master_addr HOST --master_port 29500 \
        -m training.fit --config mine.toml                 # the same on each machine, with its own --node_rank

Several processes divide the `optimization.parts` of every batch among themselves (a multiple of their number; each
part draws from clips of its own), one GPU each where there are GPUs. What they train together is what one process
trains with the same parts, up to rounding (of which Muon makes more than AdamW). Every machine reads the data and the
configuration; the first alone needs `--out`.

Writes `checkpoint.pt`, `figures.json` and TensorBoard logs into the folder of `--out`.
"""

import argparse
import contextlib
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
from torch.utils.tensorboard import SummaryWriter
from tqdm import tqdm

from posenorm_core.command import exit_code
from posenorm_core.errors import InputError
from posenorm_core.files import require_writable
from training import distributed
from training.checkpoint import load_checkpoint, save_checkpoint
from training.configuration import Configuration, load_configuration
from training.dataset import MotionData, builtin_data, joined, load_data
from training.device import chosen_device
from training.features import fit as features
from training.progress import bar_of_steps
from training.run_folder import add_figures, require_new
from training.scoring import Figures, by_family, over_families, score_clips
from training.splits import part, without
from training.trainer import Trainer
from training.windows import clip_probabilities

# Built-in clips for validation come from seeds no training draws.
_UNSEEN_SEED = 1_000_000_000
# Frames of each validation clip that are looked at while training; the full measure is `training.evaluate`.
_VALIDATION_FRAMES = 400


def training_and_validation_data(configuration: Configuration) -> tuple[MotionData, MotionData]:
    """What the configuration trains on, and what it is validated on: no clip is in both."""
    options = configuration.data
    seed = configuration.seed * 100_003
    builtin = builtin_data(options.builtin_minutes, seed=seed) if options.builtin_share or not options.path else None
    if not options.path:
        if options.leave_out:
            raise InputError(f"the built-in motion has no '{options.leave_out[0]}' to leave out; name --data")
        assert builtin is not None
        return builtin, builtin_data(1.5, seed=_UNSEEN_SEED)
    mocap = load_data(options.path)
    every_part = without(mocap, options.leave_out) if options.leave_out else mocap
    train = every_part if options.all_clips else part(mocap, "train", options.leave_out)
    validation = part(mocap, "validation", options.leave_out)
    return (joined(train, builtin) if builtin is not None else train), validation


def validate(training: Trainer, data: MotionData) -> dict[str, Figures]:
    """Figures a family of the averaged model on `data`, and their mean as `mean`."""
    scores = score_clips(training.predict(), data, training.context, views=1, longest=_VALIDATION_FRAMES, full=False)
    families = by_family(scores)
    return {**families, "mean": over_families(families)}


def fit(
    configuration: Configuration,
    out: Path,
    device: torch.device,
    *,
    resume: bool = False,
    start: Path | None = None,
) -> Trainer:
    """Trains until the configuration's last step, with a progress bar, logs and checkpoints in `out`.

    With `start` it begins with the weights of that checkpoint; with `resume` it goes on from the one in `out`.
    Raises InputError where a checkpoint, the data or `out` is not usable.
    """
    training = Trainer(configuration, device)
    if start is not None:
        training.start_from(distributed.from_first(lambda: load_checkpoint(start)))
    path = out / "checkpoint.pt"
    if resume:
        training.restore(distributed.from_first(lambda: load_checkpoint(path)))
    else:
        distributed.from_first(lambda: require_new(path))
    distributed.from_first(lambda: require_writable(path))
    data, validation = distributed.agreed(lambda: training_and_validation_data(configuration))
    data, validation = data.to(device), validation.in_memory().to(device)
    training.measure(data)
    probabilities = clip_probabilities(
        data,
        configuration.data.family_power,
        configuration.data.builtin_share,
        configuration.optimization.parts,
        training.measured.running_rarity,
    )
    with contextlib.ExitStack() as stack:
        first = distributed.rank() == 0
        log = stack.enter_context(SummaryWriter(str(out), purge_step=training.step)) if first else None
        _run(training, data, validation, probabilities, path, log)
    return training


def _run(
    training: Trainer,
    data: MotionData,
    validation: MotionData,
    probabilities: torch.Tensor,
    path: Path,
    log: SummaryWriter | None,
) -> None:
    """The loop: step, and now and then log, validate and write a checkpoint, which the first process alone does."""
    course = training.configuration.optimization
    # What the last tenth still gains says whether the training was long enough.
    nine_tenths = round(0.9 * course.steps)
    first = distributed.from_first
    with bar_of_steps(course.steps, training.step) as bar:
        while training.step < course.steps:
            terms = training.train_step(data, probabilities)
            bar.update()
            last = training.step == course.steps
            if training.step % 20 == 0 or last:
                first(partial(_log_terms, bar, log, distributed.means(terms), training.step))
            if training.step % course.validate_every == 0 or training.step == nine_tenths or last:
                first(lambda: _report(training, validate(training, validation), path.parent, log, bar))
            if training.step % course.checkpoint_every == 0 or last:
                first(lambda: save_checkpoint(training.checkpoint(), path))


def _log_terms(bar: "tqdm[None]", log: SummaryWriter | None, terms: dict[str, float], step: int) -> None:
    """The losses on the bar and in TensorBoard; raises InputError where the training has diverged."""
    if not all(value == value for value in terms.values()):
        raise InputError(f"the loss is not a number at step {step}; lower optimization.learning_rate and --resume")
    _chart(log, "loss", terms, step)
    bar.set_postfix({name: f"{value:.3f}" for name, value in terms.items()}, refresh=False)


def _chart(log: SummaryWriter | None, group: str, values: dict[str, float], step: int) -> None:
    if log is None:
        return
    for name, value in values.items():
        log.add_scalar(f"{group}/{name}", value, step)


def _report(
    training: Trainer, figures: dict[str, Figures], out: Path, log: SummaryWriter | None, bar: "tqdm[None]"
) -> None:
    """Validation figures on the terminal, in TensorBoard and, after those of earlier steps, in `figures.json`."""
    for family, value in figures.items():
        _chart(log, f"validation_{family}", value.measures, training.step)
    told = ", ".join(f"{name} {value:.2f}" for name, value in figures["mean"].measures.items())
    bar.write(f"step {training.step}: validation {told} (mean of {len(figures) - 1} families)")
    add_figures(out / "figures.json", training.step, {family: value.flat() for family, value in figures.items()})


def parsed(arguments: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m training.fit", description="Train the pose normalizer.")
    parser.add_argument("--config", type=Path, help="TOML configuration (default: built-in motion)")
    parser.add_argument("--data", help="data set of training.prepare, instead of the configuration's")
    parser.add_argument("--leave-out", action="append", help="a family, or family/action, training must not see")
    parser.add_argument("--all-clips", action="store_true", help="train on the test and validation clips too")
    parser.add_argument("--out", type=Path, default=Path("runs/normalizer"), help="folder for checkpoints and logs")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint in --out")
    parser.add_argument("--start", type=Path, help="begin with the weights of another training's checkpoint")
    parser.add_argument("--steps", type=int, help="instead of the configuration's")
    parser.add_argument("--learning-rate", type=float, help="instead of the configuration's")
    parser.add_argument("--seed", type=int, help="instead of the configuration's")
    parser.add_argument("--device", help="cpu or cuda (default: cuda where there is one)")
    return parser.parse_args(arguments)


def configured(arguments: argparse.Namespace) -> Configuration:
    """The configuration of the file, the checkpoint (with --resume) or the defaults, changed by the options."""
    if arguments.resume and not arguments.config:
        path = arguments.out / "checkpoint.pt"
        configuration = distributed.from_first(lambda: load_checkpoint(path)).configuration
    else:
        configuration = load_configuration(arguments.config) if arguments.config else Configuration()
    data, course = configuration.data, configuration.optimization
    if arguments.data:
        data = replace(data, path=arguments.data)
    if arguments.leave_out:
        data = replace(data, leave_out=tuple(arguments.leave_out))
    if arguments.all_clips:
        data = replace(data, all_clips=True)
    if arguments.steps is not None:
        course = replace(course, steps=arguments.steps)
    if arguments.learning_rate is not None:
        course = replace(course, learning_rate=arguments.learning_rate)
    seed = configuration.seed if arguments.seed is None else arguments.seed
    return replace(configuration, data=data, optimization=course, seed=seed)


def _run_options(options: argparse.Namespace) -> None:
    device = distributed.own_device(chosen_device(options.device))
    with distributed.process_group(device):
        configuration = distributed.agreed(lambda: configured(options))
        training = fit(configuration, options.out, device, resume=options.resume, start=options.start)
    print(f"trained {training.step} steps; {options.out / 'checkpoint.pt'}")


def main(arguments: list[str] | None = None) -> int:
    """The command: see the top of the file."""
    given = sys.argv[1:] if arguments is None else arguments
    with distributed.first_speaks():
        if given[:1] == ["features"]:
            options = features.parsed(given[1:])
            return exit_code(lambda: features.run(options))
        options = parsed(given)
        return exit_code(lambda: _run_options(options))


if __name__ == "__main__":
    distributed.leave(main())
