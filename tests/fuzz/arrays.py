"""Arrays, changed: other types, shapes and values than a reader hopes for, and headers that claim what is not there."""

import io
import struct
import warnings
from random import Random
from typing import Any

import numpy as np

_TYPES = (
    "f2",
    "f4",
    "f8",
    ">f8",
    "g",
    "i1",
    "u1",
    "i2",
    "i4",
    "i8",
    "u8",
    "?",
    "c16",
    "U3",
    "S3",
    "O",
    "M8[s]",
    "m8[s]",
)
_VALUES = (np.nan, np.inf, -np.inf, 1e300, -1e300, 1e39, 1e30, 1e8, 1e7, 1e4, 5e-324, 1e-30, 0.0, -1.0, 1.0, 2.0, 0.5)
_WORDS = ("", "a", "pelvis", "nose", "x" * 500, "\ud800", "a\nb", "٣", "posenorm-motion")
_LENGTHS = (0, 1, 2, 3, 17, 22, 72, 10**6, 2**31, 2**40, 2**62, 2**64, -1, -3)
_MAGIC = b"\x93NUMPY"


def npy_bytes(values: Any) -> bytes:
    """The array as a `.npy`; one of objects with the pickle that NumPy makes of it."""
    file = io.BytesIO()
    np.save(file, values, allow_pickle=True)
    return file.getvalue()


def tampered_npy(content: bytes, rng: Random) -> bytes:
    """A `.npy` under another header: another shape, type, order or version, or one that is none."""
    begin = 10 + int.from_bytes(content[8:10], "little")
    shape = [rng.choice(_LENGTHS) for _ in range(rng.randrange(5))]
    listed = "".join(f"{length}, " for length in shape)
    code = rng.choice((*_TYPES, "V8", "U1000000", "S99999999", "<f", "[('a', '<f4')]", "(" * 300, ""))
    told = f"{{'descr': {code!r}, 'fortran_order': {rng.random() < 0.5}, 'shape': ({listed}), }}"
    if rng.random() < 0.2:
        place = rng.randrange(len(told))
        told = rng.choice((told[:place], told[:place] + "9" * 40 + told[place:], "(" * 5000, "-" * 5000 + "1"))
    header = told.encode() + b" " * rng.randrange(64) + b"\n"
    version = rng.choice(((1, 0), (1, 0), (1, 0), (2, 0), (3, 0), (9, 9)))
    length = len(header) if rng.random() < 0.9 else rng.randrange(2**16)
    return _MAGIC + bytes(version) + struct.pack("<H" if version == (1, 0) else "<I", length) + header + content[begin:]


def changed_array(values: np.ndarray, rng: Random) -> np.ndarray:
    """The array with another type, another shape, or other values in some places."""
    how = rng.random()
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if how < 0.2:
            return _other_type(values, rng)
        return _other_shape(values, rng) if how < 0.55 or not values.size else _other_values(values, rng)


def _other_type(values: np.ndarray, rng: Random) -> np.ndarray:
    code = rng.choice(_TYPES)
    if values.dtype.kind in "US" and code.startswith(("M", "m")):  # NumPy 1.26 crashes
        return np.zeros(values.shape, code)
    try:
        return values.astype(code)
    except (ValueError, TypeError, OverflowError, RuntimeError):
        return np.zeros(values.shape, code)


def _other_shape(values: np.ndarray, rng: Random) -> np.ndarray:
    axis = rng.randrange(max(1, values.ndim))
    if not values.ndim:
        return np.full(rng.choice(((0,), (1,), (2, 2))), values)
    if not values.size:
        return np.zeros((3,) * rng.randrange(4), values.dtype)
    match rng.randrange(9):
        case 0:
            return values.ravel()
        case 1:
            return np.moveaxis(values, axis, 0)
        case 2:
            return values.take(0, axis)
        case 3:
            return values[None]
        case 4:
            return values[..., None]
        case 5:
            return values.take(range(rng.randrange(values.shape[axis])), axis)
        case 6:
            return np.repeat(values, rng.choice((2, 3, 20)), axis)
        case 7:
            return np.asfortranarray(values[::-1])
        case _:
            return values[:0]


def _other_values(values: np.ndarray, rng: Random) -> np.ndarray:
    """Single values, a whole frame, or all of them, replaced or exchanged."""
    copy = values.copy()
    flat = copy.reshape(-1)
    wrong: Any = rng.choice(_WORDS if values.dtype.kind in "US" else _VALUES)
    some = flat if rng.random() < 0.15 else copy[rng.randrange(len(copy)) :][:1].reshape(-1) if copy.ndim else flat
    places = [rng.randrange(len(some)) for _ in range(rng.choice((1, 1, 3, 30)))] if rng.random() < 0.7 else slice(None)
    if rng.random() < 0.15:
        some[:] = some[::-1].copy()
        return copy
    try:
        some[places] = wrong if rng.random() < 0.8 else some[places] * wrong
    except (ValueError, TypeError, OverflowError, UnicodeEncodeError):
        some[places] = some[0]
    return copy
