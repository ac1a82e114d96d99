"""The tables of features of frames as files: all figures as JSON, beside it the tables in Markdown with what they mean.

Rows that were measured earlier, on the same pairs of films, can stand beside new ones: a table of twenty trainings is
not made anew for one more. That the pairs are the same shows in a row that no weights go into.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from posenorm_core.errors import InputError
from posenorm_core.files import write_aside

# Setting -> row -> its figures, a dataclass.
Found = dict[str, dict[str, Any]]
# Of the picture alone: equal where cameras, bodies, frames and noise are.
_WITNESS = "2D joint angles"
_SAME = 1e-6

_ROWS = """\
The people are those whom none of the models has seen; the weights are those of the train part (`benchmarks/weights`),
not what ships. **E_P** is the shipped pose feature, *ours* the same training made anew: it tells the frames of two
films of one performance (InfoNCE), and sees three seconds to either side; *one frame* is ours without that context;
*the paper's* learns by triplets mined within one film. Each has the fully connected network unless another of the
paper's three is named. The other models are the rows of [comparison.md](comparison.md), trained on the same data, and
Pr-VIPE (`python -m training.pr_vipe`, 10,000 steps of 256 pairs, its published settings), whose frames are compared
by the distance of its Gaussians' means: on the validation part that hits about as often (55.4% over the three
settings) as its probability of a match (55.6%). They were measured before on the same pairs (`--add`). Rows of ±40
frames hold every fourth frame from 40 before to 40 after and learn nothing more; of those about the clip's mean, each
clip's own is taken off."""


@dataclass(frozen=True)
class Report:
    """What a command tells: its name, its figures' class, how they become tables, and what they mean."""

    name: str
    figures: Callable[..., Any]
    tables: Callable[[Found], str]
    title: str
    explained: str


def with_earlier(report: Report, found: Found, path: Path, seeds: int) -> Found:
    """`found` and, behind its rows, those that the JSON file at `path` has beside them.

    Raises InputError where there is no such file, or it was measured on other pairs.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        earlier: Found = {
            setting: {row: report.figures(**figures) for row, figures in rows.items()}
            for setting, rows in content[report.name].items()
        }
        same = content["seeds"] == seeds and all(
            _equal(rows[_WITNESS], earlier[setting][_WITNESS]) for setting, rows in found.items()
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: holds no rows of {report.name} ({error!s:.80}); leave --add out") from None
    if not same:
        raise InputError(f"{path}: its rows are of other pairs or seeds; leave --add out, or give another -o")
    return {
        setting: rows | {k: v for k, v in earlier[setting].items() if k not in rows} for setting, rows in found.items()
    }


def write_report(report: Report, found: Found, path: Path, weights: str, seeds: int) -> None:
    """Writes the JSON file at `path` and the same as Markdown beside it; raises InputError where it cannot."""
    figures = {setting: {row: asdict(told) for row, told in rows.items()} for setting, rows in found.items()}
    content = {"weights": weights, "seeds": seeds, report.name: figures}
    text = f"# {report.title}\n\n{report.explained}\n\n{_ROWS}\n\n{report.tables(found)}"
    for suffix, written in ((".json", json.dumps(content, indent=1)), (".md", text)):
        with write_aside(path.with_suffix(suffix)) as aside:
            aside.write_text(written + "\n", encoding="utf-8")


def _equal(first: Any, second: Any) -> bool:
    """Whether all figures that both have are the same."""
    pairs = zip(asdict(first).values(), asdict(second).values(), strict=True)
    return all(a is None or b is None or abs(a - b) <= _SAME * max(1, abs(a)) for a, b in pairs)
