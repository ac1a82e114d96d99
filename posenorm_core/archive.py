"""Zip archives that came from anywhere: what would unpack to far more than its size is refused before it is unpacked.

A member never gives more than the archive's directory says of it, so the directory is all that must be looked at.
"""

import lzma
import struct
import zipfile
import zlib
from pathlib import Path

from posenorm_core.errors import InputError

# What grows by more than this is a bomb; small ones may.
MOST_EXPANSION = 20
# What reading a damaged archive raises.
DAMAGED = (
    OSError,
    EOFError,
    ValueError,
    KeyError,
    IndexError,
    RuntimeError,
    MemoryError,
    OverflowError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
)
# LZMA takes whatever memory the file claims.
_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2)


def require_in_proportion(archive: zipfile.ZipFile, path: str | Path, small: int, advice: str) -> None:
    """Raises InputError where `archive`, the file at `path`, unpacks to more than `small` bytes and is a bomb.

    Also where it is packed in a way that could take any memory. `advice` says what would be right.
    """
    members = archive.infolist()
    if sum(member.file_size for member in members) > max(MOST_EXPANSION * Path(path).stat().st_size, small):
        raise InputError(f"{path}: unpacks to more than {MOST_EXPANSION} times its size; {advice}")
    if any(member.compress_type not in _PACKINGS for member in members):
        raise InputError(f"{path}: is no plain zip, which is stored, deflated or packed by bzip2; {advice}")
