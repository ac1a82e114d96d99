"""`python -m training.evaluate`: what weights are worth. Runs the NumPy runtime: what is measured is what ships.

    python -m training.evaluate normalizer --data DATA       # every measure of `training.scoring`
    python -m training.evaluate robustness --data DATA       # curves of error against what is wrong with the input
    python -m training.evaluate ground --data DATA           # contacts, vertical and path before pitched cameras
    python -m training.evaluate feet --data DATA             # how still feet stand, before and after they are locked
    python -m training.evaluate cleaning --data DATA --clips FILE_OR_FOLDER [...]   # what cleaning is worth
    python -m training.evaluate views VIEW VIEW              # one real performance filmed from two sides at once
    python -m training.evaluate correspondence --data DATA   # the paper's Table 2: frames of two videos that answer
    python -m training.evaluate retrieval --data DATA        # the same instant among all performances' frames
    python -m training.evaluate recognition --labels FILE    # the paper's Table 3: actions of Penn Action
    python -m training.evaluate studio --data DATA           # before four level cameras, as Human3.6M's stand
    python -m training.evaluate h36m --data FOLDER           # the paper's Table 1, for who has Human3.6M

The comparison with other models, each trained here, is `python -m training.experiments`.
"""

import argparse
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from posenorm_core.command import exit_code
from posenorm_core.files import require_outputs
from posenorm_core.formats import read_clip
from posenorm_core.weights import Weights, load_weights
from training import evaluate_features, evaluate_models, scoring, splits
from training.cleaning_report import write_report as write_cleaning_report
from training.cleaning_scores import cleaning_scores
from training.comparison import MEASURES
from training.dataset import MotionData, builtin_data, load_data
from training.detector_noise import measure, require_rate
from training.feet import feet_scores
from training.figures_file import make_folder, write_figures
from training.ground_scores import GroundScores, ground_scores
from training.layouts import LAYOUTS
from training.robustness import robustness
from training.robustness_report import write_report
from training.scoring import Figures, Scores
from training.shipped import predictor
from training.tables import Column, markdown
from training.two_views import agreements
from training.two_views_report import truth_of_views, views_table

# Built-in clips that no training has drawn: neither their seeds nor, with them, their bodies.
_BUILTIN_TEST_SEED = 2_000_000_000
_GROUND_COLUMNS = {
    "contact_f1": Column("contacts F1", 3),
    "up_median": Column("vertical median °", 1),
    "up_mean": Column("vertical mean °", 1),
    "path_median": Column("path % median", 1),
    "clips": Column("clips", 0),
}
_FEET_COLUMNS = {
    "slide_median": Column("slide median mm/frame", 2),
    "slide_p95": Column("slide p95", 2),
    "sunk_p99": Column("under the floor p99 mm", 1),
    "sunk_max": Column("most", 1),
    "moved_pose": Column("joints moved mm, from the pelvis", 1),
    "moved": Column("with the path", 1),
    "clips": Column("clips", 0),
}
# The columns of a table: rotations posed on the subject's body have its own bones in any case.
_COLUMNS = {name: column for name, column in MEASURES.items() if name != "mpjpe_own_bones"}


def normalizer_scores(weights: Weights, data: MotionData, layout: str = "all", exact: bool = False) -> list[Scores]:
    """Every measure of every clip, the landmarks seen through `layout`; see `normalizer.normalize` for `exact`."""
    return scoring.score_clips(predictor(weights, exact), data, weights.architecture.context, layout=layout)


def with_mean(families: dict[str, Figures]) -> dict[str, Figures]:
    """The families' figures and, as `mean`, their mean."""
    return {**families, "mean": scoring.over_families(families)}


def table(figures: dict[str, Figures], title: str) -> str:
    """The figures as a Markdown table."""
    rows = [[name, *map(value.measures.get, _COLUMNS), value.frames] for name, value in figures.items()]
    return markdown([Column(title), *_COLUMNS.values(), Column("frames", 0)], rows)


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
    content: dict[str, Any] = {"weights": weights.name, "parameters": weights.parameter_count, "exact": options.exact}
    for layout in options.layout or ["all"]:
        scores = normalizer_scores(weights, data, layout, options.exact)
        families, actions = with_mean(scoring.by_family(scores)), scoring.by_action(scores)
        print(table(families, f"landmarks: {layout}") + "\n")
        content[layout] = {name: value.flat() for name, value in families.items()}
        content[layout]["actions"] = {name: value.flat() for name, value in actions.items()}
    write_figures(options.out, content)


def run_robustness(options: argparse.Namespace) -> None:
    """The command `robustness`."""
    data = load_data(options.data)
    make_folder(options.out)
    report = robustness(load_weights(options.weights), splits.part(data, "test"), splits.part(data, "train"))
    write_report(report, options.out)
    print(f"{options.out}: robustness.json, robustness.md, robustness.png")


def run_cleaning(options: argparse.Namespace) -> None:
    """The command `cleaning`."""
    data = splits.part(load_data(options.data), "test")
    noise = measure([require_rate(read_clip(path, options.fps)).keypoints() for path in options.clips])
    make_folder(options.out)
    weights = load_weights(options.weights)
    write_cleaning_report(weights.name, noise, cleaning_scores(weights, data, noise), options.out)
    print(f"{options.out}: cleaning.json, cleaning.md, cleaning.png")


def run_ground(options: argparse.Namespace) -> None:
    """The command `ground`."""
    weights = load_weights(options.weights)
    scores = ground_scores(weights, splits.part(load_data(options.data), "test"))
    content = {name: _measured(told) for name, told in scores.items()}
    rows = [[name, *map(told.get, _GROUND_COLUMNS)] for name, told in content.items()]
    print(markdown([Column("family"), *_GROUND_COLUMNS.values()], rows))
    write_figures(options.out, {"weights": weights.name, "ground": content})


def run_feet(options: argparse.Namespace) -> None:
    """The command `feet`."""
    weights = load_weights(options.weights)
    found = feet_scores(weights, splits.part(load_data(options.data), options.part))
    content = {variant: {name: asdict(told) for name, told in scores.items()} for variant, scores in found.items()}
    rows = [
        [variant, family, *map(told.get, _FEET_COLUMNS)]
        for variant, scores in content.items()
        for family, told in scores.items()
    ]
    print(markdown([Column("locking"), Column("family"), *_FEET_COLUMNS.values()], rows))
    write_figures(options.out, {"weights": weights.name, "part": options.part, "feet": content})


def _measured(scores: GroundScores) -> dict[str, float | None]:
    """The scores by name, None where nothing was to be measured: nobody went anywhere."""
    return {name: None if np.isnan(value) else value for name, value in asdict(scores).items()}


def run_views(options: argparse.Namespace) -> None:
    """The command `views`."""
    first, second = (require_rate(read_clip(path, options.fps)).keypoints() for path in options.clips)
    weights = load_weights(options.weights)
    truth, words = truth_of_views(first, second)
    rows = agreements(first, second, weights, options.checkpoint or [], truth)
    print(f"{views_table(rows)}\n\n{words}")
    views = {name: asdict(row) for name, row in rows.items()}
    write_figures(options.out, {"weights": weights.name, "reconstruction": words, "views": views})


def main() -> int:
    """The command: see the top of the file; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m training.evaluate", description="Measure trained weights.")
    commands = parser.add_subparsers(required=True)
    normalizer = commands.add_parser("normalizer", help="positions and rotations of the pose normalizer")
    normalizer.add_argument("--data", type=Path, help="data set of training.prepare (default: built-in motion)")
    normalizer.add_argument(
        "--part", choices=(*splits.PARTS, "all"), default="test", help="of the data (default: test)"
    )
    normalizer.add_argument("--only", action="append", help="only this family, or family/action")
    normalizer.add_argument("--layout", action="append", choices=tuple(LAYOUTS), help="a detector's landmarks only")
    normalizer.add_argument("--exact", action="store_true", help="the landmarks are covered, as by `normalize --exact`")
    normalizer.add_argument("-o", "--out", type=Path, help="JSON file to write the figures to")
    normalizer.set_defaults(run=run_normalizer)
    curves = commands.add_parser("robustness", help="error against what is wrong with the input")
    curves.add_argument("--data", type=Path, required=True, help="data set of training.prepare")
    curves.add_argument(
        "-o", "--out", type=Path, default=Path("out/robustness"), help="folder (default: out/robustness)"
    )
    curves.set_defaults(run=run_robustness, writes_folder=True)
    faults = commands.add_parser("cleaning", help="what cleaning is worth on detections as wrong as real ones")
    faults.add_argument("--data", type=Path, required=True, help="data set of training.prepare")
    faults.add_argument("--clips", type=Path, nargs="+", required=True, help="real detections, to measure their noise")
    faults.add_argument("--fps", type=float, help="their frame rate where their format has none")
    faults.add_argument("-o", "--out", type=Path, default=Path("out/cleaning"), help="folder (default: out/cleaning)")
    faults.set_defaults(run=run_cleaning, writes_folder=True)
    ground = commands.add_parser("ground", help="contacts, vertical and path before cameras that look up or down")
    ground.add_argument("--data", type=Path, required=True, help="data set of training.prepare")
    ground.add_argument("-o", "--out", type=Path, help="JSON file to write the figures to")
    ground.set_defaults(run=run_ground)
    feet = commands.add_parser("feet", help="how still feet stand, before and after they are locked")
    feet.add_argument("--data", type=Path, required=True, help="data set of training.prepare")
    feet.add_argument("--part", choices=("validation", "test"), default="test", help="of the data (default: test)")
    feet.add_argument("-o", "--out", type=Path, help="JSON file to write the figures to")
    feet.set_defaults(run=run_feet)
    views = commands.add_parser("views", help="one performance filmed from two sides at once: how alike the poses are")
    views.add_argument("clips", type=Path, nargs=2, help="keypoints of the two views, of the same instants")
    views.add_argument("--fps", type=float, help="frame rate of clips that do not tell it")
    views.add_argument("--checkpoint", type=Path, action="append", help="another row: a checkpoint of training.fit")
    views.add_argument("-o", "--out", type=Path, help="JSON file to write the figures to")
    views.set_defaults(run=run_views)
    evaluate_features.add_commands(commands)
    evaluate_models.add_commands(commands)
    for command in commands.choices.values():
        command.add_argument("--weights", type=Path, help="weights file (default: the shipped one)")
    options = parser.parse_args()
    return exit_code(lambda: _run(options))


def _run(options: argparse.Namespace) -> None:
    """The command; where it could not write is known before the work."""
    if options.out and not getattr(options, "writes_folder", False):
        require_outputs([options.out], _inputs(options))
    options.run(options)


def _inputs(options: argparse.Namespace) -> list[Path]:
    """The files that the options name, alone, in a list or behind a row's name, but for the output."""
    named = [value for name, value in vars(options).items() if name not in ("out", "run")]
    flat = [each for value in named for each in (value if isinstance(value, list) else [value])]
    return [part for each in flat for part in (each if isinstance(each, tuple) else [each]) if isinstance(part, Path)]


if __name__ == "__main__":
    sys.exit(main())
