"""What a `.npy` holds, alone or as a member of an `.npz`: an array, or what NumPy saved as a pickle inside one.

VideoPose3D's files, and those that everybody has of Human3.6M, are dictionaries saved by NumPy, which only
`allow_pickle` reads, and that runs whatever the file says. Here nothing is run (`safe_pickle`), and no memory is
taken for more than a file holds.
"""

import math
import sys
import tokenize
import warnings
import zipfile
from collections.abc import Collection
from io import BytesIO
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as numpy_format

from posenorm_core.archive import DAMAGED, require_in_proportion
from posenorm_core.errors import InputError
from posenorm_core.safe_pickle import unpickle

_NUMBERS, _TEXTS = "fiub", "US"
# Arrays in which somebody is seldom seen are mostly zeros: so much of them, unpacked, is no bomb.
_SMALL = 256 * 2**20
_LARGEST_SHAPE = 32
_LONGEST_HEADER = 2**16  # bytes: NumPy itself takes none of more than 10,000

# Shape, type, and whether column by column.
_Header = tuple[tuple[int, ...], np.dtype, bool]
# What the parsing of a damaged header raises.
_NO_HEADER = (ValueError, TypeError, SyntaxError, tokenize.TokenError, RecursionError, MemoryError)


def read_npy(content: bytes, name: str) -> Any:
    """The array of numbers in `content`, or the object where it holds one without axes, such as a dictionary.

    Raises InputError, which calls it `name`, where it is damaged, cut short, or holds anything else.
    """
    file = BytesIO(content)
    header = npy_header(file)
    if header is None:
        raise InputError(f"{name}: is no .npy array, or is cut short")
    shape, dtype, _ = header
    if dtype.hasobject and shape == ():
        held = unpickle(content[file.tell() :], name)
        if not isinstance(held, np.ndarray) or held.shape != ():
            raise InputError(f"{name}: tells of an object and holds none; the file is damaged")
        return held.item()
    if dtype.kind not in _NUMBERS:
        raise InputError(f"{name}: is an array of {dtype} and shape {shape}; it should be of numbers")
    try:
        return _array(content, file.tell(), header)
    except ValueError as error:
        raise InputError(f"{name}: {error}") from None


def _array(content: bytes, begin: int, header: _Header) -> np.ndarray:
    """The array of plain values that begins at `begin` of `content`, not to be written to; ValueError where cut."""
    shape, dtype, fortran = header
    count = math.prod(shape)
    # An axis of no length hides how long the others claim to be.
    if len(content) - begin < count * dtype.itemsize or len(content) < max(count, *shape, 0):
        told = f"{dtype} and shape {shape}"
        raise ValueError(f"is cut short or damaged: an array of {told:.200} is longer")
    flat = np.frombuffer(content, dtype, count, begin) if count and dtype.itemsize else np.zeros(count, dtype)
    return flat.reshape(shape, order="F" if fortran else "C")


def npy_header(file: IO[bytes]) -> _Header | None:
    """Shape, type, and whether column by column, of the `.npy` that begins in `file`; None where none does."""
    reader: Any = numpy_format  # NumPy leaves its functions without types
    begin = file.tell()
    # As much as a damaged header claims to be long would be made room for, before it is read.
    head = BytesIO(file.read(_LONGEST_HEADER))
    try:
        version_1 = reader.read_magic(head) == (1, 0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of headers that Python 2 wrote
            shape, fortran, dtype = (reader.read_array_header_1_0 if version_1 else reader.read_array_header_2_0)(head)
    except _NO_HEADER:
        return None
    file.seek(begin + head.tell())
    # A length of 0 would let all others be anything.
    sane = (
        len(shape) <= _LARGEST_SHAPE and math.prod(max(1, length) for length in shape) * max(1, dtype.itemsize) < 2**63
    )
    return (shape, dtype, fortran) if sane and min(shape, default=0) >= 0 else None


def read_arrays(path: Path, wanted: Collection[str] | None = None) -> dict[str, np.ndarray]:
    """The arrays of numbers or texts in an `.npz`, all or those `wanted` of them, by their names.

    Members that are no `.npy` are left out. Raises InputError where it is no archive, damaged, or an array is of
    objects.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            require_in_proportion(archive, path, _SMALL, "the file is damaged")
            members = [name for name in archive.namelist() if name.endswith(".npy")]
            named = {member.removesuffix(".npy"): member for member in members}
            return {
                name: _plain_array(archive.read(member), name)
                for name, member in named.items()
                if wanted is None or name in wanted
            }
    except InputError:
        raise
    except DAMAGED as error:
        raise InputError(f"{path}: is no readable .npz archive ({error!s:.200})") from None


def _plain_array(content: bytes, name: str) -> np.ndarray:
    """The array of numbers or texts in `content`, which may be written to; raises ValueError where it is none."""
    file = BytesIO(content)
    header = npy_header(file)
    if header is None or header[1].kind not in _NUMBERS + _TEXTS:
        raise ValueError(f"'{name:.80}' is no array of numbers or texts, or is damaged")
    array = _array(content, file.tell(), header).copy()
    if array.dtype.kind == "U" and _highest_character(array) > sys.maxunicode:
        raise ValueError(f"'{name:.80}' holds what is no text")
    return array


def _highest_character(texts: np.ndarray) -> int:
    """The highest code in an array of texts; Python cannot make a text of one that Unicode does not have."""
    codes = np.dtype(np.uint32).newbyteorder(texts.dtype.byteorder)
    return int(np.frombuffer(texts.tobytes(), codes).max(initial=0))


def read_members(path: Path, *names: str) -> list[Any]:
    """What the members `names` of the `.npz` hold; raises InputError where the file is not what it should be."""
    try:
        with zipfile.ZipFile(path) as archive:
            require_in_proportion(archive, path, _SMALL, "the file is damaged")
            held = [member.removesuffix(".npy") for member in archive.namelist()]
            missing = next((name for name in names if name not in held), None)
            if missing is not None:
                raise InputError(f"{path}: lacks '{missing}'; it holds {', '.join(held[:6]) or 'nothing'}")
            return [read_npy(archive.read(f"{name}.npy"), f"{path}: '{name}'") for name in names]
    except InputError:
        raise
    except zipfile.BadZipFile:
        raise InputError(f"{path}: is no .npz archive, or is cut short") from None
    except DAMAGED as error:
        raise InputError(f"{path}: cannot be read to its end ({error!s:.200}); it is damaged or cut short") from None
