"""Finding motion capture on the disk: `.bvh` and `.glb` files, alone, in folders, and in `.tar.xz` archives.

A `*_clips.csv` beside an archive (columns path, source, cmu_subject, action) says what its clips are; where
there is none, the folder is the action and the file's first number the subject.
"""

import csv
import lzma
import re
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from posenorm_core.errors import InputError

ARCHIVES = (".tar.xz", ".tar.gz", ".tar")
MOTION_FILES = (".bvh", ".glb")


@dataclass(frozen=True)
class MotionFile:
    """One motion file's bytes, its path within where it was found, and what the list beside it says of it."""

    path: str
    source: str
    subject: str
    action: str
    content: bytes


def find_motion_files(places: Sequence[Path]) -> list[Path]:
    """The archives and motion files at `places`, folders searched to the bottom; sorted.

    Raises InputError where a place does not exist or none holds motion capture.
    """
    found: set[Path] = set()
    for place in places:
        if not place.exists():
            raise InputError(f"{place}: there is no such file or folder; give one that holds motion capture")
        candidates = place.rglob("*") if place.is_dir() else [place]
        found.update(path for path in candidates if path.name.endswith(ARCHIVES + MOTION_FILES))
    if not found:
        raise InputError(f"{places[0]}: holds no motion capture; .bvh, .glb or a .tar.xz of them is needed")
    return sorted(found)


def read_motion_files(path: Path) -> Iterator[MotionFile]:
    """The motion files at `path`: those of the archive, or the file itself. Raises InputError where it is damaged."""
    descriptions = _descriptions(path.parent)
    if not path.name.endswith(ARCHIVES):
        yield _described(path.name, path.parent.name, path.read_bytes(), descriptions)
        return
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                name = member.name.removeprefix("./")
                file = archive.extractfile(member) if name.endswith(MOTION_FILES) else None
                if file is not None:
                    yield _described(name, path.name.split("_")[0], file.read(), descriptions)
    except (tarfile.TarError, lzma.LZMAError, EOFError, OSError) as error:
        raise InputError(f"{path}: is no whole archive ({str(error).splitlines()[0]}); fetch it again") from None


def _descriptions(folder: Path) -> dict[str, dict[str, str]]:
    """The rows of the clip lists in `folder`, by their path."""
    rows: dict[str, dict[str, str]] = {}
    for path in sorted(folder.glob("*_clips.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            rows.update({row["path"]: row for row in csv.DictReader(file) if "path" in row})
    return rows


def _described(path: str, collection: str, content: bytes, descriptions: dict[str, dict[str, str]]) -> MotionFile:
    """The motion file with what is known of it."""
    row = descriptions.get(path) or descriptions.get(f"{collection}/{path}")
    if row is not None:
        subject = f"{collection}:{row['cmu_subject'].rstrip('?') or 'unknown'}"
        return MotionFile(path, row["source"], subject, row["action"], content)
    pure = PurePosixPath(path)
    number = re.search(r"\d+", pure.stem) if path.endswith(".bvh") else None
    subject = f"{collection}:{number.group()}" if number else collection
    return MotionFile(path, collection, subject, pure.parent.name or pure.stem, content)
