"""A reader tried with many changed files: case by case the same whenever it is run, for a case is its number."""

import faulthandler
import shutil
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.fuzz.documents import Document, changed_contents, write
from tests.fuzz.readers import Reader
from tests.fuzz.watch import Watch

# Files that are written and read a thousand times a second belong into memory.
_MEMORY = Path("/dev/shm")
# Memory is looked at in one case of so many, for looking slows Python down to a third.
MEASURED_EVERY = 50
# What hangs in C no signal ends: after so many seconds for as many cases Python itself is ended, and says where it was.
_HUNG = 900.0


@dataclass
class Tally:
    """What became of the cases; of each finding how often it was, the first case and the file that was kept."""

    cases: int = 0
    results: int = 0
    refusals: int = 0
    seconds: float = 0.0
    findings: dict[str, list[str]] = field(default_factory=dict)

    def add(self, other: "Tally") -> None:
        """Takes over what another has counted."""
        self.cases += other.cases
        self.results += other.results
        self.refusals += other.refusals
        self.seconds += other.seconds
        for told, kept in other.findings.items():
            self.findings.setdefault(told, []).extend(kept)

    @property
    def found(self) -> int:
        """How many cases were findings."""
        return self.cases - self.results - self.refusals


def try_reader(name: str, reader: Reader, numbers: Iterable[int], seed: int, keep: Path | None = None) -> Tally:
    """Tries `reader` with the cases of these `numbers`; files that are findings are kept in the folder `keep`.

    Raises AssertionError where the reader does not read the sound files that all cases are made of.
    """
    tally = Tally()
    with tempfile.TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None) as folder, Watch() as watch:
        (Path(folder) / "seeds").mkdir()
        documents = reader.seeds(Path(folder) / "seeds")
        path = Path(folder) / "case"
        for document in documents:
            _require_sound(name, reader, document, path)
        for number in numbers:
            if number % MEASURED_EVERY == 0:
                faulthandler.dump_traceback_later(_HUNG, exit=True)
            rng = Random(f"{name}/{seed}/{number}")
            document = rng.choice(documents)
            contents = changed_contents(document, rng)
            size = write(document.kind, contents, path, rng)
            began = time.perf_counter()
            kind, told = watch.outcome(reader.read, path, size, number % MEASURED_EVERY == 0)
            tally.seconds += time.perf_counter() - began
            tally.cases += 1
            tally.results += kind == "result"
            tally.refusals += kind == "refusal"
            if kind == "finding":
                kept = tally.findings.setdefault(told, [])
                kept.append(_kept(path, keep, name, number) if not kept and keep else f"case {number}")
            _remove(path)
    faulthandler.cancel_dump_traceback_later()
    return tally


def _require_sound(name: str, reader: Reader, document: Document, path: Path) -> None:
    """Reads the unchanged file, by which Python also imports what only reading needs."""
    write(document.kind, {part: told.content for part, told in document.parts.items()}, path, Random(1))
    try:
        reader.read(path)
    except ValueError as error:
        raise AssertionError(f"{name}: a sound file is refused: {error}") from error
    _remove(path)


def _kept(path: Path, keep: Path, name: str, number: int) -> str:
    """A copy of what is a finding."""
    keep.mkdir(parents=True, exist_ok=True)
    kept = keep / f"{name}-{number}"
    _remove(kept)
    if path.is_dir():
        shutil.copytree(path, kept)
    else:
        shutil.copyfile(path, kept)
    return f"case {number}, kept as {kept}"


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
