"""The folder that a training writes into: made anew, and the validations it holds so far."""

import json
from pathlib import Path
from typing import Any

from posenorm_core.errors import InputError
from posenorm_core.files import write_aside


def require_new(path: Path) -> None:
    """Raises InputError where a checkpoint is at `path` already, or its folder cannot be made."""
    if path.exists():
        raise InputError(f"{path}: is there already; add --resume to go on, or choose another --out")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{path.parent}: cannot be made ({error.strerror}); choose another --out") from None


def add_figures(path: Path, step: int, figures: dict[str, Any]) -> None:
    """Writes what was measured after `step` into `path`, a JSON list, behind what earlier steps left there."""
    history = [entry for entry in _history(path) if entry["step"] < step]
    with write_aside(path) as aside:
        aside.write_text(json.dumps([*history, {"step": step, **figures}], indent=1), encoding="utf-8")


def _history(path: Path) -> list[dict[str, Any]]:
    """The validations so far; none where the file is missing or of another kind: they can be done without."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    entries = content if isinstance(content, list) else []
    return [each for each in entries if isinstance(each, dict) and isinstance(each.get("step"), int)]
