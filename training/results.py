"""What the runs of `training.experiments` left in their folder, and the figures that follow from it, seed by seed."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from posenorm_core.errors import InputError
from training.rows import Row
from training.splits import UNSEEN_FOLDS


@dataclass(frozen=True)
class Result:
    """What one run left: see `training.experiments.carry_out`."""

    protocol: str
    content: dict[str, Any]

    @property
    def last_gain(self) -> float | None:
        """By what share of it the validation error fell in the last tenth of the steps."""
        history = {entry["step"]: entry["mean"]["mpjpe"] for entry in self.content["validation"]}
        before = history.get(round(0.9 * self.content["steps"]))
        return None if before is None else 1 - history[self.content["steps"]] / before


def results_of(row: Row, folder: Path) -> list[Result]:
    """The scored runs of a row; those that only sought its learning rate are left out.

    Where a row was lengthened, and not all has been run again yet, the shorter runs no longer count.
    """
    files = sorted((folder / row.name).glob("*.json"))
    scored = [content for content in map(read_result, files) if "mean" in content]
    longest: dict[bool, int] = {}
    for content in scored:
        longest[_is_unseen(content)] = max(content["steps"], longest.get(_is_unseen(content), 0))
    return [Result(c["protocol"], c) for c in scored if c["steps"] == longest[_is_unseen(c)]]


def _is_unseen(content: dict[str, Any]) -> bool:
    """Whether a family was left out of the run: those that were make one figure."""
    return bool(content["protocol"] != "familiar")


# What every run tells, and what one that was scored tells besides.
_TOLD = frozenset({"protocol", "steps", "validation"})
_SCORED = frozenset({"mean", "seed", "parameters", "families", "actions"})


def read_result(path: Path) -> dict[str, Any]:
    """What a run wrote; raises InputError where the file is damaged."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        content = None
    if not isinstance(content, dict) or not content.keys() >= (_TOLD | _SCORED if "mean" in content else _TOLD):
        raise _damaged(path)
    return content


def last_validation(path: Path) -> dict[str, float]:
    """The measures that a run ended with, on the validation part; raises InputError where the file is damaged."""
    try:
        measures: dict[str, float] = read_result(path)["validation"][-1]["mean"]
    except (LookupError, TypeError):
        raise _damaged(path) from None
    return measures


def _damaged(path: Path) -> InputError:
    return InputError(f"{path}: is damaged; delete it, and training.experiments run makes it again")


def figures(results: Iterable[Result], protocol: str, family: str | None = None) -> list[dict[str, float]]:
    """The measures, one mapping a seed: of `family`, or the mean over the protocol's.

    The mean over the unseen folds is told where all of them have been run with the seed.
    """
    if protocol == "familiar":
        contents = [result.content for result in results if result.protocol == "familiar"]
        if family:
            return [content["families"][family] for content in contents if family in content["families"]]
        return [content["mean"] for content in contents]
    by_seed: dict[int, dict[str, dict[str, float]]] = {}
    for result in results:
        if result.protocol.startswith("unseen-"):
            fold = result.protocol.removeprefix("unseen-")
            by_seed.setdefault(result.content["seed"], {})[fold] = result.content["mean"]
    if family:
        return [folds[family] for folds in by_seed.values() if family in folds]
    return [_mean(folds.values()) for folds in by_seed.values() if set(folds) == set(UNSEEN_FOLDS)]


def _mean(measured: Iterable[dict[str, float]]) -> dict[str, float]:
    measured = list(measured)
    common = set.intersection(*(set(measures) for measures in measured))
    return {name: float(np.mean([measures[name] for measures in measured])) for name in common}


def families(results: Iterable[Result], protocol: str) -> list[str]:
    """The families that the protocol's runs have scored, in order."""
    if protocol == "unseen":
        return list(UNSEEN_FOLDS)
    return sorted(
        {family for result in results if result.protocol == protocol for family in result.content["families"]}
    )


def actions(results: Iterable[Result], protocol: str, measure: str) -> dict[str, list[float]]:
    """A measure by `family/action`, a value a run."""
    measured: dict[str, list[float]] = {}
    for result in results:
        if result.protocol.startswith(protocol):
            for name, told in result.content["actions"].items():
                measured.setdefault(name, []).append(told[measure])
    return measured
