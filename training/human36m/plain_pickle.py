"""Dictionaries of arrays out of an `.npz`, without running what a pickle may hold.

The files that everybody has of Human3.6M are dictionaries saved by NumPy, which only `allow_pickle` reads, and that
runs whatever the file says. They are the one place of this project where such files are read. Here a pickle may
name nothing but NumPy's arrays, types and numbers, and even these are built by the small classes below from the bytes
it holds, so that it can make dictionaries, lists, texts, numbers and arrays, and do nothing.
"""

import pickle
import zipfile
import zlib
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy

from posenorm_core.errors import InputError

_KINDS = "biufOSU"


class _Type:
    """Stands for `numpy.dtype` in the pickle."""

    def __init__(self, code: str, *_: Any) -> None:
        self.dtype = np.dtype(code)
        if self.dtype.kind not in _KINDS:
            raise pickle.UnpicklingError(f"an array of '{code}', which is no plain data")

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        """Only the byte order matters of what NumPy tells."""
        if state[1] in ("<", ">"):
            self.dtype = self.dtype.newbyteorder(state[1])


class _Array:
    """Stands for `numpy.ndarray` in the pickle, which fills it after making it."""

    def __init__(self, *_: Any) -> None:
        self.value: Any = None

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, kind, fortran, data = state
        if kind.dtype.hasobject:
            items = [_plain(item) for item in data]
            if len(shape) > 1 or len(items) != (shape[0] if shape else 1):
                raise pickle.UnpicklingError(f"an array of objects of shape {shape}")
            self.value = items if shape else items[0]
        else:
            raw = data.encode("latin1") if isinstance(data, str) else data
            self.value = np.frombuffer(raw, kind.dtype).reshape(shape, order="F" if fortran else "C")


def _number(kind: _Type, data: bytes) -> Any:
    """Stands for `numpy.core.multiarray.scalar`."""
    return np.frombuffer(data, kind.dtype)[0]


def _bytes(text: str, _: str) -> bytes:
    """Stands for `codecs.encode`, by which protocol 2 writes bytes."""
    return text.encode("latin1")


_MULTIARRAY = ("numpy.core.multiarray", "numpy._core.multiarray")  # before version 2 of NumPy, and since
_NAMED: dict[tuple[str, str], Any] = {
    ("numpy", "ndarray"): None,
    ("numpy", "dtype"): _Type,
    ("_codecs", "encode"): _bytes,
    **{(module, "_reconstruct"): _Array for module in _MULTIARRAY},
    **{(module, "scalar"): _number for module in _MULTIARRAY},
}


class _PlainUnpickler(pickle.Unpickler):
    """Names nothing but the stand-ins above."""

    def find_class(self, module: str, name: str) -> Any:
        """The stand-in; raises UnpicklingError for whatever else is asked for."""
        if (module, name) not in _NAMED:
            raise pickle.UnpicklingError(f"it names {module}.{name}, which is no plain data; do not trust this file")
        return _NAMED[module, name]


def _plain(value: Any) -> Any:
    """The value with real arrays in the place of the stand-ins."""
    if isinstance(value, _Array):
        return value.value
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_plain(item) for item in value)
    return value


_WRONG = (pickle.UnpicklingError, ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError)


def read_objects(path: Path, *names: str) -> list[Any]:
    """What the members `names` of the `.npz` hold; raises InputError where the file is not what it should be."""
    try:
        with zipfile.ZipFile(path) as archive:
            return [_read_member(archive, path, name) for name in names]
    except zipfile.BadZipFile:
        raise InputError(f"{path}: is no .npz archive, or is cut short") from None
    except (MemoryError, OverflowError):
        raise InputError(f"{path}: tells of arrays larger than the memory; the file is damaged") from None
    except (OSError, EOFError, zlib.error, RuntimeError) as error:
        raise InputError(f"{path}: cannot be read to its end ({error}); it is damaged or cut short") from None


def _read_member(archive: zipfile.ZipFile, path: Path, name: str) -> Any:
    if f"{name}.npy" not in archive.namelist():
        held = ", ".join(member.removesuffix(".npy") for member in archive.namelist()[:6]) or "nothing"
        raise InputError(f"{path}: lacks '{name}'; it holds {held}")
    with archive.open(f"{name}.npy") as file:
        try:
            return _object(file)
        except _WRONG as error:
            raise InputError(f"{path}: '{name}' is not what Human3.6M's files hold ({error})") from None


def _object(file: IO[bytes]) -> Any:
    """The one object of an array without axes, which is how NumPy saves a dictionary."""
    version = npy.read_magic(file)
    read_header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, _, dtype = read_header(file)
    if shape != () or not dtype.hasobject:
        raise ValueError(f"an array of {dtype} and shape {shape} where a dictionary was expected")
    return _plain(_PlainUnpickler(file, encoding="latin1").load())
