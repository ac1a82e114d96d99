"""The rows of the comparison and of the ablations: each a name, and what it changes in a common configuration.

They are data: `rows.toml`.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from posenorm_core.errors import InputError
from training.configuration import Configuration, from_mapping

ROWS = Path(__file__).with_name("rows.toml")


@dataclass(frozen=True)
class Row:
    """One row: a training that is told of in `table`."""

    name: str
    table: str
    title: str
    configuration: Configuration
    learning_rates: tuple[float, ...]  # the candidates; one alone is taken as it is
    average_mirror: bool = True  # answers are averaged over the mirrored input when scored, as `normalize` does


def load_rows(path: Path = ROWS) -> dict[str, Row]:
    """The rows by name, in the file's order; raises InputError naming the row that is wrong."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read ({error})") from None
    rows: dict[str, Row] = {}
    for entry in content.get("rows", []):
        row = _row(entry, content.get("common", {}), rows, content, path)
        rows[row.name] = row
    return rows


def _row(
    entry: dict[str, Any], common: dict[str, Any], before: dict[str, Row], content: dict[str, Any], path: Path
) -> Row:
    """One entry of the file on top of what is common, and of the group it names."""
    try:
        group = content.get("groups", {}).get(entry["table"], {})
        merged = _merged(_merged(common, group), entry.get("change", {}))
        configuration = from_mapping(merged)
        rates = tuple(float(rate) for rate in entry.get("learning_rates", ()))
        row = Row(
            entry["name"],
            entry["table"],
            entry["title"],
            configuration,
            rates or (configuration.optimization.learning_rate,),
            entry.get("average_mirror", True),
        )
    except (KeyError, InputError, TypeError, ValueError) as error:
        raise InputError(f"{path}: row '{entry.get('name', '?')}': {error}") from None
    if row.name in before:
        raise InputError(f"{path}: there are two rows '{row.name}'")
    return row


def _merged(base: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """`base` with the values of `change`, table by table."""
    result = dict(base)
    for key, value in change.items():
        inner = result.get(key)
        result[key] = _merged(inner, value) if isinstance(value, dict) and isinstance(inner, dict) else value
    return result
