"""Files of `torch.save` read without torch: a zip of one pickle and, beside it, the bare numbers of each tensor.

The pickle is read by `safe_pickle`; tensors come out as NumPy arrays. Format: PyTorch, serialization semantics
(`data.pkl`, `data/KEY`, `byteorder`), since torch 1.6; the older form is refused.
"""

import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from posenorm_core.errors import InputError
from posenorm_core.safe_pickle import ForbiddenError, SafeUnpickler, run_unpickler

_TYPES = {
    "FloatStorage": "f4",
    "DoubleStorage": "f8",
    "HalfStorage": "f2",
    "LongStorage": "i8",
    "IntStorage": "i4",
    "ShortStorage": "i2",
    "CharStorage": "i1",
    "ByteStorage": "u1",
    "BoolStorage": "?",
}
# The first value in a file of the older form.
LEGACY_MAGIC = 0x1950A86A20F9469CFC6C


def is_torch_zip(names: list[str]) -> bool:
    """Whether a zip with these members was written by `torch.save`."""
    return any(name.rpartition("/")[2] == "data.pkl" for name in names)


def load_torch(path: str | Path) -> Any:
    """What `torch.save` wrote at `path`, its tensors as NumPy arrays; raises InputError where it cannot be read."""
    try:
        with zipfile.ZipFile(path) as archive:
            pickled = next(name for name in archive.namelist() if name.rpartition("/")[2] == "data.pkl")
            return run_unpickler(_TorchUnpickler(archive, pickled), str(path))
    except InputError:
        raise
    except StopIteration:
        raise InputError(f"{path}: is a zip, but none of torch's") from None
    except (
        ForbiddenError,
        zipfile.BadZipFile,
        zlib.error,
        OSError,
        EOFError,
        ValueError,
        KeyError,
        RuntimeError,
    ) as error:
        raise InputError(f"{path}: is no whole file of torch's ({error!s:.200})") from None


class _TorchUnpickler(SafeUnpickler):
    """Reads `data.pkl`, and the tensors' numbers from the members beside it."""

    def __init__(self, archive: zipfile.ZipFile, pickled: str) -> None:
        super().__init__(_stored(archive, pickled))
        self._archive, self._folder = archive, pickled.removesuffix("data.pkl")
        told = self._folder + "byteorder"
        self._is_big = told in archive.namelist() and _stored(archive, told) == b"big"

    def find_class(self, module: str, name: str) -> Any:
        if module == "torch" and name in _TYPES:
            return _TYPES[name]
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _tensor
        return super().find_class(module, name)

    def persistent_load(self, pid: Any) -> np.ndarray:
        """The bare numbers of a tensor, (n,)."""
        _, code, key, *_ = pid
        if code not in _TYPES.values() or not isinstance(key, str):
            raise ForbiddenError("a tensor of no plain type")
        raw = _stored(self._archive, f"{self._folder}data/{key}")
        return np.frombuffer(raw, np.dtype(code).newbyteorder(">" if self._is_big else "<"))


def _stored(archive: zipfile.ZipFile, name: str) -> bytes:
    """A member's bytes; torch never compresses, and what is not compressed cannot be a bomb."""
    info = archive.getinfo(name)
    if info.compress_type != zipfile.ZIP_STORED:
        raise ForbiddenError("a compressed tensor, which torch never writes,")
    return archive.read(info)


def _tensor(numbers: np.ndarray, offset: int, size: tuple[int, ...], stride: tuple[int, ...], *_: Any) -> Any:
    """The tensor of that size within its numbers; None for one that repeats its numbers, which may be endless."""
    if not isinstance(numbers, np.ndarray) or len(size) != len(stride) or len(size) > 32:
        raise ForbiddenError("a tensor without numbers")
    if not all(isinstance(number, int) for number in (offset, *size, *stride)):
        raise ForbiddenError("a tensor of no shape")
    if min((offset, *size, *stride)) < 0:
        raise ValueError("a tensor of a negative size")
    if not np.prod(size, dtype=object):
        return np.empty(size, numbers.dtype)
    if np.prod(size, dtype=object) > len(numbers):
        return None
    if offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True)) >= len(numbers):
        raise ValueError("a tensor that goes on beyond its numbers")
    strides = [step * numbers.itemsize for step in stride]
    return np.lib.stride_tricks.as_strided(numbers[offset:], size, strides)
