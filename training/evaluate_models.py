"""The commands of `training.evaluate` that set trained models beside what ships.

On Human3.6M, the paper's Table 1, and, for those who have not got it, on our own test people before cameras that stand
as Human3.6M's do: what models trained for such cameras are made for. What ships has seen these people in its last
steps; `--weights` takes others.
"""

import argparse
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from posenorm_core.errors import InputError
from posenorm_core.weights import load_weights
from training import scoring, splits
from training.answer import Predict
from training.comparison import COMPARED_FRAMES, MEASURES
from training.dataset import load_data
from training.evaluate_features import named_path
from training.figures_file import write_figures
from training.human36m import scores as human36m
from training.shipped import predictor
from training.tables import Column, markdown
from training.trainer import trained


def add_commands(commands: Any) -> None:
    """Adds `studio` and `h36m` to the parser's `commands`."""
    studio = commands.add_parser("studio", help="before four level cameras, as Human3.6M's stand")
    studio.add_argument("--data", type=Path, required=True, help="data set of training.prepare")
    studio.add_argument(
        "--checkpoint", type=named_path, action="append", metavar="NAME=PATH", help="a row: another model"
    )
    studio.add_argument("--add", action="store_true", help="keep the rows that the file of -o has beside these")
    studio.set_defaults(run=run_studio)
    table_1 = commands.add_parser("h36m", help="the paper's Table 1, on your copy of Human3.6M")
    table_1.add_argument("--data", type=Path, required=True, help="folder of data_3d_h36m.npz and the 2D files")
    table_1.add_argument("--checkpoint", type=Path, action="append", help="another row: a checkpoint of training.fit")
    table_1.add_argument("--detections", default=human36m.GROUND_TRUTH, help="the 2D that is lifted (default: true)")
    table_1.set_defaults(run=run_human36m)
    for command in (studio, table_1):
        command.add_argument("-o", "--out", type=Path, help="JSON file to write the figures to")


def run_studio(options: argparse.Namespace) -> None:
    """The command `studio`."""
    if options.add and not options.out:
        raise InputError("--add: needs -o, the file whose rows are to stay")
    earlier = _rows(options.out) if options.add else {}
    data = splits.part(load_data(options.data), "test")
    found = {}
    for name, (predict, context) in _models(options.weights, options.checkpoint or ()).items():
        scores = scoring.score_clips(predict, data, context, longest=COMPARED_FRAMES, cameras="studio")
        found[name] = scoring.over_families(scoring.by_family(scores)).flat()
        # Told after the first model, not when all have been measured for nothing.
        if any(measures.get("frames") != found[name]["frames"] for measures in earlier.values()):
            raise InputError(f"{options.out}: its rows are of other clips; leave --add out, or give another -o")
    found |= {name: measures for name, measures in earlier.items() if name not in found}
    print(studio_table(found))
    write_figures(options.out, found)


def studio_table(found: Mapping[str, Mapping[str, float]]) -> str:
    """The mean over families of each model, as a Markdown table; the view spread has cameras of its own."""
    rows = [[name, *map(measures.get, MEASURES)] for name, measures in found.items()]
    return markdown([Column("model"), *MEASURES.values()], rows)


def _rows(path: Path) -> dict[str, dict[str, float]]:
    """The rows of a file of `studio`; raises InputError where it holds none."""
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        return {name: {k: float(v) for k, v in measures.items()} for name, measures in rows.items()}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise InputError(f"{path}: holds no rows of studio ({error!s:.80}); leave --add out") from None


def run_human36m(options: argparse.Namespace) -> None:
    """The command `h36m`."""
    models = _models(options.weights, ((str(path), path) for path in options.checkpoint or ()))
    content = {name: human36m.score(*model, options.data, options.detections) for name, model in models.items()}
    print(human36m_table(content))
    write_figures(
        options.out, {name: {action: asdict(m) for action, m in told.items()} for name, told in content.items()}
    )


def human36m_table(content: dict[str, dict[str, human36m.Measures]]) -> str:
    """Protocol 1 (and, turned and scaled onto the truth, 2) as a Markdown table; the mean over the 15 actions."""
    columns = [
        Column("model"),
        *(Column(f"{name} mm", 1) for name in ("MPJPE", "PA-MPJPE", "ΔMPJPE", "ΔMPJPE, a chunk")),
    ]
    means = {name: told[human36m.MEAN] for name, told in content.items()}
    cells = ("mpjpe", "pa_mpjpe", "delta_mpjpe_bone", "delta_mpjpe_chunk")
    return markdown(columns, [[name, *(getattr(mean, cell) for cell in cells)] for name, mean in means.items()])


def _models(path: Path | None, checkpoints: Iterable[tuple[str, Path]]) -> dict[str, tuple[Predict, int]]:
    """Models by name, and the frames of context each needs: the weights at `path`, what ships by default, and others.

    Normalizers are asked for the mirror image too, lifters are not. Raises InputError where a file is none of a model,
    or damaged, or where two have one name.
    """
    weights = load_weights(path)
    models = {weights.name: (predictor(weights), weights.architecture.context)}
    for name, checkpoint in checkpoints:
        if name in models:
            raise InputError(f"--checkpoint: two rows are named '{name}'; give each a name of its own")
        trainer = trained(checkpoint)
        models[name] = (trainer.predict(mirror=True), trainer.context)
    return models
