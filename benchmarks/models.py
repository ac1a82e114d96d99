"""How many frames a second each model of the comparison answers, asked as the comparison asks it.

`python -m benchmarks.models [-o benchmarks/results/models.json]`: in torch, on one core, a window of frames at a time;
a normalizer averages over the mirror image and poses a body by forward kinematics. The peak is the fastest of large
float32 matrix products in the same run. Each figure is the best of several rounds, in turns, so that a busy moment hits
all alike. The tables of `training.experiments report` tell the speeds of the file, as multiples of ours.
"""

import argparse
import json
import platform
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.timing import seconds
from posenorm_core.command import exit_code
from posenorm_core.condition_skeleton import CONDITION_SKELETON
from posenorm_core.files import require_writable, write_aside
from posenorm_core.network_input import INPUT_SIZE
from training.comparison import COMPARISON
from training.models import answering, build_model
from training.rows import Row, load_rows
from training.tables import Column, markdown

_OURS = "ours"
_FRAMES = 600
_ROUNDS = 7
_MATRIX = 1536


def main() -> int:
    """Measures, prints and writes; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.models", description="Frames a second of each model.")
    parser.add_argument("-o", "--output", type=Path, help="a JSON file for the figures")
    options = parser.parse_args()
    return exit_code(lambda: _run(options.output))


def _run(output: Path | None) -> None:
    if output:
        require_writable(output)
    torch.set_num_threads(1)
    content = measured([row for row in load_rows().values() if row.table == COMPARISON])
    columns = [Column("model"), Column("frames/s", 0), Column("times ours", 2)]
    lines = [[model["title"], model["frames_per_second"], model["times_ours"]] for model in content["models"].values()]
    print(markdown(columns, lines))
    print(f"matrix products: {content['peak_flop_per_second'] / 1e9:.1f} Gflop/s on one core")
    if output:
        with write_aside(output) as aside:
            aside.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def measured(rows: list[Row], frames: int = _FRAMES, rounds: int = _ROUNDS) -> dict[str, Any]:
    """The figures of the rows, ours among them, each asked for `frames` frames `rounds` times."""
    matrix = torch.randn(_MATRIX, _MATRIX)
    work: dict[str, Callable[[], object]] = {row.name: asking(row, frames) for row in rows}
    best = dict.fromkeys(work, np.inf)
    product = np.inf
    with torch.inference_mode():
        for ask in work.values():
            ask()  # not timed: it warms caches
        for _ in range(rounds):
            product = min(product, seconds(lambda: matrix @ matrix))
            best = {name: min(best[name], seconds(ask)) for name, ask in work.items()}
    models = {
        row.name: {
            "title": row.title,
            "frames_per_second": round(frames / best[row.name], 1),
            "times_ours": round(best[_OURS] / best[row.name], 3),
        }
        for row in rows
    }
    machine = f"one core of {platform.machine()}"
    return {"machine": machine, "peak_flop_per_second": 2 * _MATRIX**3 / product, "models": models}


def asking(row: Row, frames: int) -> Callable[[], object]:
    """A call that has the row's model, with fresh weights, answer for `frames` frames of one clip."""
    model = build_model(row.configuration).eval()
    context = int(model.context)  # type: ignore[arg-type]
    features = torch.randn(1, frames + 2 * context, INPUT_SIZE, generator=torch.Generator().manual_seed(0))
    offsets = torch.tensor(CONDITION_SKELETON.offsets, dtype=torch.float32)[None]
    predict = answering(model, row.average_mirror)
    return lambda: predict(features, offsets)


if __name__ == "__main__":
    sys.exit(main())
