"""Configurations from TOML: tables become dataclasses; an unknown key or a value of another kind is told by name."""

import dataclasses
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from posenorm_core.errors import InputError

Built = TypeVar("Built")


def from_tables(kind: type[Built], content: dict[str, Any]) -> Built:
    """A dataclass of sections and plain values from nested tables; what is not named keeps its default.

    Raises InputError naming a key that is unknown or whose value is of another type than its default.
    """
    return _built(kind(), content, "")


def load_tables(path: str | Path, build: Callable[[dict[str, Any]], Built]) -> Built:
    """What `build` makes of a TOML file; raises InputError naming the file and what is wrong in it."""
    try:
        return build(tomllib.loads(Path(path).read_text(encoding="utf-8")))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    except RecursionError:
        raise InputError(f"{path}: is nested too deeply for a configuration") from None
    except (InputError, ValueError) as error:
        raise InputError(f"{path}: {error!s:.300}") from None


def _built(defaults: Any, content: dict[str, Any], prefix: str) -> Any:
    """`defaults`, a dataclass, with what `content` says otherwise."""
    given: dict[str, Any] = {}
    for key, value in content.items():
        if not hasattr(defaults, key):
            known = ", ".join(field.name for field in dataclasses.fields(defaults))
            raise InputError(f"configuration: unknown key '{prefix}{key}'; there are {known}")
        default = getattr(defaults, key)
        if dataclasses.is_dataclass(default):
            if not isinstance(value, dict):
                raise InputError(f"configuration: '{prefix}{key}' must be a table ([{prefix}{key}])")
            given[key] = _built(default, value, f"{prefix}{key}.")
        elif _same_kind(value, default):
            given[key] = tuple(value) if isinstance(value, list) else value
        else:
            raise InputError(f"configuration: {prefix}{key} = {value!r} should be like {default!r}")
    return dataclasses.replace(defaults, **given)


def _same_kind(value: Any, default: Any) -> bool:
    """Whether a TOML value may stand where `default` does: whole numbers pass for fractions, lists for tuples."""
    if isinstance(default, bool) or isinstance(value, bool):
        return isinstance(default, bool) and isinstance(value, bool)
    if isinstance(default, float):
        return isinstance(value, int | float)
    if isinstance(default, tuple):
        return isinstance(value, list | tuple) and all(_same_kind(v, default[0]) for v in value if default)
    return isinstance(value, type(default))
