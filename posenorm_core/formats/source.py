"""What a path holds, whatever it is called: the files of a folder, the members of a zip, or one file.

The readers ask a `Source` for names and bytes and need not know which of the three it is. Nothing is unpacked onto
the disk, so a member's name can do no harm. A file may be of any size (of a long clip with many people keypoints are
hundreds of megabytes); a zip may not hold far more than its size.
"""

import os
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from posenorm_core.archive import DAMAGED, require_in_proportion
from posenorm_core.errors import InputError

# A zip of so little, unpacked, is no bomb.
_SMALL = 2**26
_HEAD = 4096
_ZIP = b"PK\x03\x04"


class Source:
    """The named files below `path`; a context, for a zip stays open while it is read."""

    def __init__(self, path: str | Path) -> None:
        """Raises InputError where nothing readable is there."""
        self.path = Path(path)
        self._archive: zipfile.ZipFile | None = None
        try:
            if self.path.is_dir():
                self.kind = "folder"
                self.names = sorted(entry.name for entry in os.scandir(self.path) if entry.is_file())
            elif not self.path.is_file():
                raise InputError(f"{path}: there is no such file or folder")
            elif zipfile.is_zipfile(self.path):
                self.kind = "zip"
                self._archive = zipfile.ZipFile(self.path)
                require_in_proportion(self._archive, path, _SMALL, "unpack it and give what it holds")
                self.names = sorted({info.filename for info in self._archive.infolist() if not info.is_dir()})
            else:
                self.kind = "file"
                self.names = [self.path.name]
        except InputError:
            self.__exit__()
            raise
        except OSError as error:
            raise InputError(f"{path}: cannot be read ({error.strerror or error})") from None
        except DAMAGED as error:
            raise InputError(f"{path}: is a damaged zip archive ({error!s:.200}); make it again") from None

    def __enter__(self) -> "Source":
        """The source itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Closes the zip."""
        if self._archive is not None:
            self._archive.close()

    def is_cut_archive(self) -> bool:
        """Whether it is a file that begins as a zip does, without the directory at a zip's end."""
        return self.kind == "file" and self._read(self.names[0], len(_ZIP)) == _ZIP

    def json_names(self) -> list[str]:
        """The names that end in .json, but for those that a system hides beside the real files."""
        visible = (name for name in self.names if not PurePosixPath(name).name.startswith("."))
        return [name for name in visible if name.lower().endswith(".json")]

    def described(self, name: str) -> str:
        """How a message names the file `name`: as the user would look it up."""
        return str(self.path) if self.kind == "file" else str(self.path / name)

    def read(self, name: str) -> bytes:
        """The whole of one file; raises InputError where it cannot be read."""
        return self._read(name, -1)

    def heads(self, names: list[str]) -> Iterator[bytes]:
        """The first kilobytes of each of `names`: enough to tell a format by."""
        return (self._read(name, _HEAD) for name in names)

    def _read(self, name: str, most: int) -> bytes:
        """The first `most` bytes, or all where that is -1."""
        try:
            if self._archive is not None:
                with self._archive.open(name) as member:
                    return member.read(most)
            with (self.path if self.kind == "file" else self.path / name).open("rb") as file:
                return file.read(most)
        except OSError as error:
            raise InputError(f"{self.described(name)}: cannot be read ({error.strerror or error})") from None
        except DAMAGED as error:
            raise InputError(f"{self.described(name)}: cannot be unpacked ({error!s:.200})") from None
