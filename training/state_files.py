"""Files of a training's state: written aside and renamed, so that a kill at any moment leaves the last good one."""

import os
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from posenorm_core.errors import InputError
from posenorm_core.files import write_aside


def save_state(path: Path, format_: str, version: int, content: dict[str, Any]) -> None:
    """Writes `path`; the one before stays until the new one is whole on the disk.

    Raises InputError where a number of the state is none, or infinite: what a training that diverged has to say.
    """
    if not all(bool(torch.isfinite(value).all()) for value in _floats(content)):
        raise InputError(
            f"{path}: the training has diverged and is not saved; lower optimization.learning_rate and --resume"
        )
    with write_aside(path) as aside, aside.open("wb") as file:
        torch.save({"format": format_, "version": version, **content}, file)
        file.flush()
        os.fsync(file.fileno())


def _floats(content: Any) -> Iterator[torch.Tensor]:
    """The tensors of floating numbers in nested dictionaries and lists."""
    if isinstance(content, torch.Tensor):
        yield from [content] if content.is_floating_point() else []
    elif isinstance(content, dict | list | tuple):
        for each in content.values() if isinstance(content, dict) else content:
            yield from _floats(each)


def load_state(path: Path, format_: str, version: int) -> dict[str, Any]:
    """What `save_state` wrote, on the CPU; raises InputError where it is none or cut short. Runs no code from it."""
    if not path.is_file():
        raise InputError(f"{path}: there is no such checkpoint")
    try:
        content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        if content["format"] != format_ or content["version"] != version:
            raise InputError(f"{path}: is no {format_} of version {version}; train anew")
    except InputError:
        raise
    except (OSError, RuntimeError, EOFError, KeyError, TypeError, ValueError, pickle.UnpicklingError):
        # torch's own words for a file cut short are a paragraph about its internals.
        raise InputError(f"{path}: is no readable checkpoint: it is another kind of file, or cut short") from None
    return content
