"""`python -m training.fit features`: trains E_P, the pose features, on what a normalizer makes of films.

    python -m training.fit features                           # built-in motion, the paper's method: minutes
    python -m training.fit features --data data/mocap.npz --config training/features/shipped.toml
    python -m training.fit features --out runs/features --resume        # goes on exactly where it was stopped

Every performance is filmed several times and normalized first, which a resumed training, or another, does again unless
they are kept in the file of `--films`. Writes
`checkpoint.pt`, `embedding.npz` (what `posenorm_core.embedding.embed` runs), `figures.json` and TensorBoard logs into
the folder of `--out`.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import torch
from torch.utils.tensorboard import SummaryWriter
from tqdm import tqdm

from posenorm_core.embedding.architecture import NETWORKS
from posenorm_core.errors import InputError
from posenorm_core.files import require_writable
from posenorm_core.weights import Weights, load_weights
from training import splits
from training.dataset import MotionData, builtin_data, load_data
from training.device import chosen_device
from training.distributed import require_one_process
from training.features.batches import probabilities_of
from training.features.configuration import FeatureConfiguration, load_feature_configuration
from training.features.films_file import kept_performances
from training.features.trainer import FeatureTrainer, restored
from training.features.validation import NormalizedPair, normalized_pairs, validate
from training.progress import bar_of_steps
from training.run_folder import add_figures, require_new

# Built-in clips for validation come from seeds that no training draws.
_UNSEEN_SEED, _VALIDATION_MINUTES = 1_500_000_000, 1.5
_LOGGED_EVERY = 20


def fit_features(
    configuration: FeatureConfiguration, out: Path, device: torch.device, *, resume: bool, films: Path | None = None
) -> FeatureTrainer:
    """Trains until the configuration's last step, with progress bars, logs and checkpoints in `out`.

    With `resume` it goes on from the checkpoint in `out`; with `films` the normalized films are kept in that file.
    Raises InputError where the checkpoint, the data, the weights of the normalizer, `films` or `out` is not usable.
    """
    path = out / "checkpoint.pt"
    training = FeatureTrainer(configuration, device)
    if resume:
        training.restore(path)
    else:
        require_new(path)
    require_writable(path)
    options = configuration.data
    normalizer = load_weights(options.normalizer or None)
    data, unseen = _data(configuration)
    shown = kept_performances(films, data, normalizer, options.views, configuration.seed)
    pairs = normalized_pairs(unseen, normalizer)
    if not shown:
        raise InputError("no clip of the data is as long as a second; prepare data with longer ones")
    probabilities = probabilities_of(shown, options.family_power)
    course = configuration.optimization
    with (
        SummaryWriter(str(out), purge_step=training.step) as log,
        bar_of_steps(course.steps, training.step) as bar,
    ):
        while training.step < course.steps:
            loss = training.train_step(shown, probabilities)
            bar.update()
            last = training.step == course.steps
            if training.step % _LOGGED_EVERY == 0 or last:
                _log_loss(loss, training.step, log, bar)
            if training.step % course.validate_every == 0 or last:
                _report(training, pairs, out, log, bar)
            if training.step % course.checkpoint_every == 0 or last:
                training.save(path)
    training.export(out / "embedding.npz", _card(normalizer))
    return training


def _data(configuration: FeatureConfiguration) -> tuple[MotionData, MotionData]:
    """What is trained on, and what is validated on: no clip is in both."""
    options = configuration.data
    if not options.path:
        seed = configuration.seed * 100_003
        return builtin_data(options.builtin_minutes, seed), builtin_data(_VALIDATION_MINUTES, _UNSEEN_SEED)
    mocap = load_data(options.path).in_memory()
    return splits.part(mocap, "train"), splits.part(mocap, "validation")


def _card(normalizer: Weights) -> dict[str, str]:
    return {"normalizer": f"{normalizer.name} {normalizer.digest}"}


def _log_loss(loss: float, step: int, log: SummaryWriter, bar: "tqdm[None]") -> None:
    """The loss on the bar and in TensorBoard; raises InputError where the training has diverged."""
    if loss != loss:
        raise InputError(f"the loss is not a number at step {step}; lower optimization.learning_rate and --resume")
    log.add_scalar("loss", loss, step)
    bar.set_postfix({"loss": f"{loss:.3f}"}, refresh=False)


def _report(
    training: FeatureTrainer, pairs: list[NormalizedPair], out: Path, log: SummaryWriter, bar: "tqdm[None]"
) -> None:
    """Validation figures on the terminal, in TensorBoard and, after those of earlier steps, in `figures.json`."""
    averaged = {name: values.cpu().numpy() for name, values in training.average.items()}
    figures = validate(pairs, training.configuration.network, averaged)
    for name, value in figures.items():
        log.add_scalar(f"validation/{name}", value, training.step)
    bar.write(
        f"step {training.step}: validation " + ", ".join(f"{name} {value:.3g}" for name, value in figures.items())
    )
    add_figures(out / "figures.json", training.step, figures)


def parsed(arguments: list[str]) -> argparse.Namespace:
    """The command line, behind the word `features`."""
    parser = argparse.ArgumentParser(prog="python -m training.fit features", description="Train the pose features.")
    parser.add_argument("--config", type=Path, help="TOML configuration (default: the paper's method)")
    parser.add_argument("--data", help="data set of training.prepare, instead of the configuration's")
    parser.add_argument("--normalizer", help="weights file that normalizes (default: the shipped one)")
    parser.add_argument("--network", choices=NETWORKS, help="that looks at a pose, instead of the configuration's")
    parser.add_argument("--films", type=Path, help="file to keep the normalized films in, or to read them from")
    parser.add_argument("--out", type=Path, default=Path("runs/features"), help="folder for checkpoints and logs")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint in --out")
    parser.add_argument("--steps", type=int, help="instead of the configuration's")
    parser.add_argument("--seed", type=int, help="instead of the configuration's")
    parser.add_argument("--device", help="cpu or cuda (default: cuda where there is one)")
    return parser.parse_args(arguments)


def configured(options: argparse.Namespace) -> FeatureConfiguration:
    """The configuration of the file, the checkpoint (with --resume) or the defaults, changed by the options."""
    if options.resume and not options.config:
        configuration = restored(options.out / "checkpoint.pt", torch.device("cpu")).configuration
    else:
        configuration = load_feature_configuration(options.config) if options.config else FeatureConfiguration()
    data, course = configuration.data, configuration.optimization
    if options.data:
        data = replace(data, path=options.data)
    if options.normalizer:
        data = replace(data, normalizer=options.normalizer)
    if options.steps is not None:
        course = replace(course, steps=options.steps)
    network = replace(configuration.network, network=options.network or configuration.network.network)
    seed = configuration.seed if options.seed is None else options.seed
    return replace(configuration, data=data, network=network, optimization=course, seed=seed)


def run(options: argparse.Namespace) -> None:
    """The command: see the top of the file."""
    require_one_process("training.fit features")
    configuration, device = configured(options), chosen_device(options.device)
    training = fit_features(configuration, options.out, device, resume=options.resume, films=options.films)
    print(f"trained {training.step} steps; {options.out / 'embedding.npz'}")
