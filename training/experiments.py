"""`python -m training.experiments`: trains and scores the rows of the tables, run by run, wherever it was stopped.

    python -m training.experiments run --data data/mocap.npz --processes 2    # what is missing, all of it
    python -m training.experiments run --data … --row semgcn --protocol familiar --seed 0
    python -m training.experiments list                                       # what is there, what is missing
    python -m training.experiments report                                     # the tables, the picture

A run is a row (`training.rows`) in a protocol with a seed. Protocols: `familiar` trains on the train part and scores
the test part; `unseen-FAMILY` leaves that family out and scores all of it (`training.splits`). Of several learning
rates the one is taken that validates best after a third of the steps. Each run leaves a JSON file in `--results`.
"""

import argparse
import contextlib
import json
import multiprocessing
import platform
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from multiprocessing.pool import Pool
from pathlib import Path
from typing import Any

import torch

from posenorm_core.command import exit_code
from posenorm_core.errors import InputError
from posenorm_core.files import write_aside
from training import splits
from training.checkpoint import load_checkpoint
from training.comparison import COMPARED_FRAMES, write_tables
from training.configuration import Configuration
from training.dataset import MotionData, described, load_data
from training.fit import fit
from training.results import last_validation, read_result
from training.rows import Row, load_rows
from training.run_settings import of_settings, same_training, told_settings
from training.scoring import by_action, by_family, over_families, score_clips
from training.trainer import Trainer

RESULTS = Path("benchmarks/results/runs")
PROTOCOLS = ("familiar", *(f"unseen-{family}" for family in splits.UNSEEN_FOLDS))
SEEDS = (0, 1, 2)


@dataclass(frozen=True)
class Run:
    """One training to score, or, with `learning_rate`, one candidate of the search for it."""

    row: Row
    protocol: str
    seed: int
    learning_rate: float | None = None

    @property
    def name(self) -> str:
        """Names its files."""
        tried = "" if self.learning_rate is None else f"-rate-{self.learning_rate:g}"
        return f"{self.row.name}/{self.protocol}-{self.seed}{tried}"

    @property
    def steps(self) -> int:
        """How long it trains: a candidate a third as long as its row."""
        steps = self.row.configuration.optimization.steps
        return steps if self.learning_rate is None else steps // 3

    def result(self, results: Path) -> Path:
        """The file that holds what came out."""
        return results / f"{self.name}.json"


def runs_of(rows: list[Row], protocols: list[str], seeds: list[int], results: Path) -> list[Run]:
    """All runs that are missing, in the order in which they are worth most: the searches, then seed by seed.

    One of other settings than the row has now is missing too; the new one takes its place.
    """
    searches = [
        Run(row, "familiar", 0, rate) for row in rows for rate in row.learning_rates if len(row.learning_rates) > 1
    ]
    scored = [Run(row, protocol, seed) for seed in seeds for protocol in protocols for row in rows]
    return [run for run in [*searches, *scored] if not _done(run, results)]


def _done(run: Run, results: Path) -> bool:
    path = run.result(results)
    if not path.is_file():
        return False
    content, mirror = read_result(path), run.row.average_mirror
    if content.get("average_mirror", mirror) != mirror:
        return False
    return any(of_settings(content, _at_rate(run, "", rate)) for rate in _possible_rates(run, results))


def _possible_rates(run: Run, results: Path) -> tuple[float, ...]:
    """The learning rates that a run may have: of a row's candidates any, where not all of them have been tried."""
    if run.learning_rate is not None:
        return (run.learning_rate,)
    tried = (Run(run.row, "familiar", 0, rate).result(results) for rate in run.row.learning_rates)
    return (best_learning_rate(run.row, results),) if all(map(Path.is_file, tried)) else run.row.learning_rates


def configured(run: Run, data: str, results: Path) -> Configuration:
    """The row's configuration for this run."""
    rate = best_learning_rate(run.row, results) if run.learning_rate is None else run.learning_rate
    return _at_rate(run, data, rate)


def _at_rate(run: Run, data: str, rate: float) -> Configuration:
    configuration = run.row.configuration
    course = replace(configuration.optimization, learning_rate=rate, steps=run.steps)
    options = replace(configuration.data, path=data, leave_out=left_out(run.protocol))
    return replace(configuration, data=options, optimization=course, seed=run.seed)


def left_out(protocol: str) -> tuple[str, ...]:
    """The families that a protocol does not train on."""
    return splits.UNSEEN_FOLDS[_family(protocol)] if protocol != "familiar" else ()


def _family(protocol: str) -> str:
    return protocol.removeprefix("unseen-")


def test_clips(protocol: str, data: MotionData) -> MotionData:
    """What a protocol scores."""
    if protocol == "familiar":
        return splits.part(data, "test")
    return data.subset(splits.matches(data, (_family(protocol),)))


def best_learning_rate(row: Row, results: Path) -> float:
    """The candidate that validates best; raises InputError where one was not tried yet."""
    if len(row.learning_rates) == 1:
        return row.learning_rates[0]
    validated = {}
    for rate in row.learning_rates:
        path = Run(row, "familiar", 0, rate).result(results)
        if not path.is_file():
            raise InputError(f"{path}: is missing; first run row '{row.name}' in protocol familiar with seed 0")
        validated[rate] = last_validation(path)["mpjpe"]
    return min(validated, key=lambda rate: validated[rate])


def carry_out(run: Run, data: str, results: Path, checkpoints: Path) -> None:
    """Trains (or goes on training), scores and writes the result."""
    torch.set_num_threads(1)
    out = checkpoints / run.name
    configuration = configured(run, data, results)
    trainer = fit(configuration, out, torch.device("cpu"), resume=_begun(out / "checkpoint.pt", configuration))
    whole = load_data(data)
    settings = told_settings(configuration, trainer.step)
    content: dict[str, Any] = {
        "row": run.row.name,
        "protocol": run.protocol,
        "seed": run.seed,
        **settings,
        "parameters": sum(p.numel() for p in trainer.model.parameters()),
        "seconds": round(trainer.seconds, 1),
        "machine": f"one core of {platform.machine()}",
        "data": described(whole),
        "validation": json.loads((out / "figures.json").read_text()),
    }
    if run.learning_rate is None:
        content["average_mirror"] = run.row.average_mirror
        content |= scored(trainer, test_clips(run.protocol, whole), run.row.average_mirror)
    path = run.result(results)
    path.parent.mkdir(parents=True, exist_ok=True)
    with write_aside(path) as aside:
        # Settings that were rounded would be others than the row's.
        aside.write_text(json.dumps(_rounded(content) | settings, indent=1) + "\n", encoding="utf-8")


def _begun(path: Path, configuration: Configuration) -> bool:
    """Whether this very training has left a checkpoint to go on from; raises InputError where it is another's."""
    if not path.exists():
        return False
    if not same_training(load_checkpoint(path).configuration, configuration):
        raise InputError(f"{path}: is of a training with other settings than the row has now; remove its folder")
    return True


def scored(trainer: Trainer, clips: MotionData, mirror: bool) -> dict[str, Any]:
    """Every measure of what was trained; with `mirror` it answers averaged over the mirror image, as inference does."""
    scores = score_clips(trainer.predict(mirror), clips, trainer.context, longest=COMPARED_FRAMES)
    families = by_family(scores)
    return {
        "mean": over_families(families).flat(),
        "families": {name: figures.flat() for name, figures in families.items()},
        "actions": {name: figures.flat() for name, figures in by_action(scores).items()},
    }


def _rounded(content: Any) -> Any:
    """Figures to four digits behind the point: more says nothing and fills the repository."""
    if isinstance(content, dict):
        return {key: _rounded(value) for key, value in content.items()}
    if isinstance(content, list):
        return [_rounded(value) for value in content]
    return round(content, 4) if isinstance(content, float) and abs(content) > 0.01 else content


def _tables(wanted: str | None) -> dict[str, list[Row]]:
    """The rows by table, of all tables or of the one that is `wanted`; raises InputError where there is none."""
    tables: dict[str, list[Row]] = {}
    for row in load_rows().values():
        tables.setdefault(row.table, []).append(row)
    if wanted is None:
        return tables
    if wanted not in tables:
        raise InputError(f"--table {wanted}: there are {', '.join(tables)}")
    return {wanted: tables[wanted]}


def _chosen_rows(options: argparse.Namespace) -> list[Row]:
    rows = {row.name: row for table in _tables(options.table).values() for row in table}
    for name in options.row or ():
        if name not in rows:
            raise InputError(f"--row {name}: there are {', '.join(rows)}")
    return [row for row in rows.values() if not options.row or row.name in options.row]


def run_all(options: argparse.Namespace) -> None:
    """The command `run`."""
    if options.processes < 1:
        raise InputError(f"--processes {options.processes}: must be 1 or more")
    protocols, seeds = options.protocol or list(PROTOCOLS), options.seed or list(SEEDS)
    pending = runs_of(_chosen_rows(options), protocols, seeds, options.results)
    if not pending:
        print(f"nothing is missing in {options.results}")
        return
    fixed = (options.data, options.results, options.checkpoints)
    if options.processes == 1:
        for run in pending:
            print(run.name, flush=True)
            carry_out(run, *fixed)
        return
    # Searches first, all of them: what follows takes their result.
    for stage in ([r for r in pending if r.learning_rate], [r for r in pending if not r.learning_rate]):
        with workers(options.processes) as pool:
            pool.starmap(carry_out, [(run, *fixed) for run in stage], chunksize=1)


@contextlib.contextmanager
def workers(count: int) -> Iterator[Pool]:
    """Processes that end with this one, by `kill` too: left alone they would train on, into the next run's files."""
    before = signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        with multiprocessing.get_context("spawn").Pool(count) as pool:
            yield pool
    finally:
        signal.signal(signal.SIGTERM, before)


def list_all(options: argparse.Namespace) -> None:
    """The command `list`."""
    rows = _chosen_rows(options)
    missing = {run.name for run in runs_of(rows, list(PROTOCOLS), list(SEEDS), options.results)}
    for row in rows:
        for protocol in PROTOCOLS:
            there = [seed for seed in SEEDS if Run(row, protocol, seed).name not in missing]
            print(f"{row.name:24} {protocol:20} seeds {there}")


def report_all(options: argparse.Namespace) -> None:
    """The command `report`: whole tables, since each is one file."""
    for table, rows in _tables(options.table).items():
        print(*write_tables(table, rows, options.results, options.results.parent), sep="\n")


def main() -> int:
    """The command: see the top of the file; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m training.experiments", description="Train and score all rows.")
    commands = parser.add_subparsers(required=True)
    run = commands.add_parser("run", help="what is missing")
    listing = commands.add_parser("list", help="what is there")
    told = commands.add_parser("report", help="the tables and the picture, beside the folder of results")
    for command, action in ((run, run_all), (listing, list_all), (told, report_all)):
        command.add_argument("--table", help="only the rows of this table")
        command.add_argument("--results", type=Path, default=RESULTS, help=f"folder of results (default: {RESULTS})")
        command.set_defaults(run=action)
    for command in (run, listing):
        command.add_argument("--row", action="append", help="only this row")
    run.add_argument("--data", required=True, help="data set of training.prepare")
    run.add_argument("--protocol", action="append", choices=PROTOCOLS, help="only this protocol")
    run.add_argument("--seed", action="append", type=int, choices=SEEDS, help="only this seed")
    run.add_argument("--processes", type=int, default=1, help="trainings at a time, one core each")
    run.add_argument("--checkpoints", type=Path, default=Path("runs/experiments"), help="folder of checkpoints")
    options = parser.parse_args()
    return exit_code(lambda: options.run(options))


if __name__ == "__main__":
    sys.exit(main())
