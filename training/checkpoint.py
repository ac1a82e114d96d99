"""Checkpoints written aside and renamed, so that a kill at any moment leaves the last good one.

A checkpoint holds all that is needed to go on exactly: network, running average, optimizers, step and
configuration. Random numbers need no state: every step draws from the seed and its own number.
"""

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from posenorm_core.architecture import architecture_of_file
from posenorm_core.errors import InputError
from training.configuration import Configuration, from_mapping
from training.state_files import load_state, save_state

FORMAT, VERSION = "posenorm-checkpoint", 2


@dataclass(frozen=True)
class Checkpoint:
    """The state of a training after `step` steps."""

    configuration: Configuration
    step: int
    network: dict[str, Any]
    average: dict[str, Any]
    optimizers: dict[str, Any]
    seconds: float = 0.0
    """How long the training has taken up to here, all its parts together."""

    @property
    def averaged_weights(self) -> dict[str, Any]:
        """The network's state as the running average has it: what is validated, exported and started from."""
        prefix = "module."
        return {k.removeprefix(prefix): v for k, v in self.average.items() if k.startswith(prefix)}


def save_checkpoint(checkpoint: Checkpoint, path: Path) -> None:
    """Writes `path`; the one before stays until the new one is whole on the disk."""
    content = {
        "configuration": json.dumps(asdict(checkpoint.configuration)),
        "step": checkpoint.step,
        "seconds": checkpoint.seconds,
        "network": checkpoint.network,
        "average": checkpoint.average,
        "optimizers": checkpoint.optimizers,
    }
    save_state(path, FORMAT, VERSION, content)


def load_checkpoint(path: Path) -> Checkpoint:
    """Reads a checkpoint, on the CPU; raises InputError where it is none or cut short. Runs no code from it."""
    content = load_state(path, FORMAT, VERSION)
    try:
        told = json.loads(content["configuration"])
        architecture = architecture_of_file(told.get("network", {}))
        configuration = from_mapping(told | {"network": asdict(architecture)})
        network, average = (_named_as_now(content[name]) for name in ("network", "average"))
        # Checkpoints of before did not tell it.
        seconds = float(content.get("seconds", 0.0))
        return Checkpoint(configuration, int(content["step"]), network, average, content["optimizers"], seconds)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"{path}: is no readable checkpoint ({reason})") from None


def _named_as_now(weights: dict[str, Any]) -> dict[str, Any]:
    """The weights by name: when there was one refinement at most, it had no number."""
    return {re.sub(r"^(module\.)?refinement\.", r"\1refinements.0.", name): value for name, value in weights.items()}
