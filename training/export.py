"""`python -m training.export CHECKPOINT -o WEIGHTS.npz`: a checkpoint as the weights file that everything runs.

Takes the running average of the weights, folds the normalization into the convolutions and writes half
precision. `--card` adds a JSON file of figures (from `training.evaluate`) to what the file says of itself.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import torch

from posenorm_core.command import exit_code
from posenorm_core.errors import InputError
from posenorm_core.files import require_outputs
from posenorm_core.torch_network import NormalizerNetwork
from posenorm_core.weights import save_weights
from training.card import training_card
from training.checkpoint import Checkpoint, load_checkpoint


def averaged_network(checkpoint: Checkpoint) -> NormalizerNetwork:
    """The network of a checkpoint with the averaged weights, ready to predict."""
    configuration = checkpoint.configuration
    if configuration.model != "normalizer":
        raise InputError(f"the checkpoint is of a '{configuration.model}'; only a normalizer has weights to export")
    network = NormalizerNetwork(configuration.network, detail=configuration.optimization.detail)
    try:
        network.load_state_dict(checkpoint.averaged_weights)
    except RuntimeError:
        raise InputError("the checkpoint's weights do not fit the network it describes; it is damaged") from None
    if not all(bool(torch.isfinite(value).all()) for value in network.parameters()):
        raise InputError("the checkpoint's weights are not finite: its training diverged; train anew")
    return network.eval()


def export_weights(checkpoint: Checkpoint, path: Path, card: dict[str, Any], precision: str = "float16") -> None:
    """Writes the weights file of `checkpoint`; the card says how it was trained, and what `card` adds."""
    described = {**training_card(checkpoint.configuration, checkpoint.step), **card}
    layers = averaged_network(checkpoint).folded_layers()
    save_weights(path, checkpoint.configuration.network, layers, described, precision)


def main() -> int:
    """The command: see the top of the file; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m training.export", description="Checkpoint to weights file.")
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("-o", "--out", type=Path, required=True, help="weights file to write (.npz)")
    parser.add_argument("--card", type=Path, help="JSON file of figures to store in the weights")
    options = parser.parse_args()
    return exit_code(lambda: _export(options))


def _export(options: argparse.Namespace) -> None:
    require_outputs([options.out], [options.checkpoint, options.card])
    card = _card(options.card) if options.card else {}
    export_weights(load_checkpoint(options.checkpoint), options.out, card)
    print(f"{options.out}: {options.out.stat().st_size / 1e6:.1f} MB")


def _card(path: Path) -> dict[str, Any]:
    """The figures to store; raises InputError where the file holds none."""
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: is no readable JSON file ({error})") from None
    if not isinstance(card, dict):
        raise InputError(f"{path}: must hold a JSON object of figures")
    return card


if __name__ == "__main__":
    sys.exit(main())
