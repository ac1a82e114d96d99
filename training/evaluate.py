"""`python -m training.evaluate normalizer --weights W.npz --data DATA`: the normalizer's figures on unseen clips.

MPJPE with the subject's own bones, rotation error over the non-leaf joints without the root, and the root's, a
family and as the mean over families, from two views a clip; the same through the landmarks of one detector.
Runs the NumPy runtime: what is measured is what ships.
"""

import argparse
import json
import sys
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from posenorm_core.command import exit_code
from posenorm_core.files import write_aside
from posenorm_core.mirror import averaged_with_mirror
from posenorm_core.network import predict_rotations
from posenorm_core.weights import Weights, load_weights
from training import metrics, splits
from training.dataset import MotionData, builtin_data, load_data
from training.layouts import LAYOUTS
from training.metrics import Errors

# Built-in clips that no training has drawn: neither their seeds nor, with them, their bodies.
_BUILTIN_TEST_SEED = 2_000_000_000
_VIEWS = 2


def predictor(weights: Weights) -> metrics.Predict:
    """The NumPy runtime, averaged with its mirror image as `normalize` does, behind the torch network's interface."""

    def predict(features: torch.Tensor) -> torch.Tensor:
        views = [averaged_with_mirror(partial(predict_rotations, weights), view) for view in features.numpy()]
        return torch.from_numpy(np.stack(views))

    return predict


def normalizer_figures(weights: Weights, data: MotionData, layout: str = "all") -> dict[str, Errors]:
    """Errors a family and, as `mean`, over the families."""
    context = weights.architecture.context
    errors = metrics.evaluate(predictor(weights), data, context, layout=layout, views=_VIEWS)
    families = metrics.by_family(errors, data)
    return {**families, "mean": metrics.over_families(families)}


def table(figures: dict[str, Errors], title: str) -> str:
    """The figures as a Markdown table."""
    lines = [f"| {title} | MPJPE mm | rotations ° | root ° | frames |", "|---|---|---|---|---|"]
    for family, value in figures.items():
        lines.append(f"| {family} | {value.mpjpe:.1f} | {value.rotation:.2f} | {value.root:.2f} | {value.frames} |")
    return "\n".join(lines)


def _test_data(options: argparse.Namespace) -> MotionData:
    """The clips to measure on."""
    if not options.data:
        return builtin_data(3.0, seed=_BUILTIN_TEST_SEED)
    data = load_data(options.data)
    if options.only:
        data = data.subset(splits.matches(data, tuple(options.only)))
    return data if options.part == "all" else splits.part(data, options.part)


def run_normalizer(options: argparse.Namespace) -> None:
    """The command `normalizer`."""
    weights, data = load_weights(options.weights), _test_data(options)
    content: dict[str, Any] = {"weights": weights.name, "parameters": weights.parameter_count}
    for layout in options.layout or ["all"]:
        figures = normalizer_figures(weights, data, layout)
        print(table(figures, f"landmarks: {layout}") + "\n")
        content[layout] = {family: asdict(value) for family, value in figures.items()}
    if options.out:
        with write_aside(options.out) as aside:
            aside.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def main() -> int:
    """The command: see the top of the file; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m training.evaluate", description="Measure trained weights.")
    commands = parser.add_subparsers(required=True)
    normalizer = commands.add_parser("normalizer", help="positions and rotations of the pose normalizer")
    normalizer.add_argument("--weights", type=Path, help="weights file (default: the shipped one)")
    normalizer.add_argument("--data", type=Path, help="data set of training.prepare (default: built-in motion)")
    normalizer.add_argument(
        "--part", choices=(*splits.PARTS, "all"), default="test", help="of the data (default: test)"
    )
    normalizer.add_argument("--only", action="append", help="only this family, or family/action")
    normalizer.add_argument("--layout", action="append", choices=tuple(LAYOUTS), help="a detector's landmarks only")
    normalizer.add_argument("-o", "--out", type=Path, help="JSON file to write the figures to")
    normalizer.set_defaults(run=run_normalizer)
    options = parser.parse_args()
    return exit_code(lambda: options.run(options))


if __name__ == "__main__":
    sys.exit(main())
