"""The beginning of a file and what a zip lists: enough to tell a motion file by."""

import zipfile
from dataclasses import dataclass
from pathlib import Path

_LENGTH = 4096


@dataclass(frozen=True)
class Head:
    """The first bytes of a file; if it is a zip, also the names of its members."""

    begin: bytes
    names: tuple[str, ...]

    @property
    def arrays(self) -> frozenset[str]:
        """The names of an `.npz` file's arrays."""
        return frozenset(name.removesuffix(".npy") for name in self.names if name.endswith(".npy"))


def read_head(path: Path) -> Head:
    """The head of the file at `path`; an empty one for what is no file or cannot be read, which others refuse."""
    try:
        with path.open("rb") as file:
            begin = file.read(_LENGTH)
        if not zipfile.is_zipfile(path):
            return Head(begin, ())
        with zipfile.ZipFile(path) as archive:
            return Head(begin, tuple(archive.namelist()))
    except (OSError, zipfile.BadZipFile, ValueError, EOFError, NotImplementedError):
        return Head(b"", ())
