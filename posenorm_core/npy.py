"""What a `.npy` holds, alone or as a member of an `.npz`: an array, or what NumPy saved as a pickle inside one.

VideoPose3D's files, and those that everybody has of Human3.6M, are dictionaries saved by NumPy, which only
`allow_pickle` reads, and that runs whatever the file says. Here nothing is run (`safe_pickle`), and no memory is
taken for more than a file holds.
"""

import math
import tokenize
import zipfile
import zlib
from io import BytesIO
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as numpy_format

from posenorm_core.errors import InputError
from posenorm_core.safe_pickle import unpickle

_NUMBERS = "fiub"
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
    shape, dtype, fortran = header
    if dtype.hasobject and shape == ():
        held = unpickle(content[file.tell() :], name)
        if not isinstance(held, np.ndarray) or held.shape != ():
            raise InputError(f"{name}: tells of an object and holds none; the file is damaged")
        return held.item()
    if dtype.kind not in _NUMBERS:
        raise InputError(f"{name}: is an array of {dtype} and shape {shape}; it should be of numbers")
    count = math.prod(shape)
    if len(content) - file.tell() < count * dtype.itemsize:
        raise InputError(f"{name}: is cut short: an array of {dtype} and shape {shape} is longer")
    flat = np.frombuffer(content, dtype, count, file.tell()) if count else np.zeros(0, dtype)
    return flat.reshape(shape, order="F" if fortran else "C")


def npy_header(file: IO[bytes]) -> tuple[tuple[int, ...], np.dtype, bool] | None:
    """Shape, type, and whether column by column, of the `.npy` that begins in `file`; None where none does."""
    reader: Any = numpy_format  # NumPy leaves its functions without types
    try:
        version_1 = reader.read_magic(file) == (1, 0)
        shape, fortran, dtype = (reader.read_array_header_1_0 if version_1 else reader.read_array_header_2_0)(file)
    except _NO_HEADER:
        return None
    return None if any(length < 0 for length in shape) else (shape, dtype, fortran)


def read_members(path: Path, *names: str) -> list[Any]:
    """What the members `names` of the `.npz` hold; raises InputError where the file is not what it should be."""
    try:
        with zipfile.ZipFile(path) as archive:
            held = [member.removesuffix(".npy") for member in archive.namelist()]
            missing = next((name for name in names if name not in held), None)
            if missing is not None:
                raise InputError(f"{path}: lacks '{missing}'; it holds {', '.join(held[:6]) or 'nothing'}")
            return [read_npy(archive.read(f"{name}.npy"), f"{path}: '{name}'") for name in names]
    except zipfile.BadZipFile:
        raise InputError(f"{path}: is no .npz archive, or is cut short") from None
    except (OSError, EOFError, zlib.error, RuntimeError, MemoryError) as error:
        raise InputError(f"{path}: cannot be read to its end ({error}); it is damaged or cut short") from None
