"""Where an evaluation's figures go: a JSON file where one was asked for, or a folder."""

import json
from pathlib import Path
from typing import Any

from posenorm_core.errors import InputError
from posenorm_core.files import write_aside


def write_figures(path: Path | None, content: dict[str, Any]) -> None:
    """The figures as JSON, where a file was asked for."""
    if path:
        with write_aside(path) as aside:
            aside.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def make_folder(path: Path) -> None:
    """The folder, made where it is not there; raises InputError where it cannot be."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{path}: cannot be made ({error.strerror}); choose another -o") from None
