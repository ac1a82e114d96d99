"""Pickles that came from anywhere, read without running them: only plain values and NumPy arrays come out.

A pickle is a program that may name any function there is. Here it may name what `_ALLOWED` holds, all of it
makers of ours that compute nothing but a value, and everything else is refused by its name. Python's own unpickler is
the one written in Python: the one in C takes memory for whatever size a file claims; nor does anything here make
more bytes than the file holds. Read are the protocols 0 to 5 and what joblib makes of them: arrays laid bare behind
their description.
"""

import io
import math
import pickle
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from posenorm_core.errors import InputError

PLAIN_ADVICE = "open it where it was made and save plain NumPy arrays (numpy.savez)"
# Python's pickler writes no key but these; a deeply nested one would exhaust the stack when it is hashed.
_KEYS = (str, bytes, int, float, type(None), np.generic)
_VALUES = (*_KEYS, complex, np.dtype)


class ForbiddenError(pickle.UnpicklingError):
    """A pickle wants what only running it could give; the message says what."""


def unpickle(content: bytes, name: str) -> Any:
    """The dicts, lists, tuples, numbers, texts and NumPy arrays that the pickle in `content` holds.

    Raises InputError, which calls it `name`, where it is damaged, or holds anything else.
    """
    return run_unpickler(SafeUnpickler(content), name)


def run_unpickler(unpickler: "SafeUnpickler", name: str) -> Any:
    """What `unpickler` reads; whatever a damaged pickle may provoke becomes an InputError that names `name`."""
    try:
        held = unpickler.load()
        _require_plain_values(held)
        return held
    except InputError:
        raise
    except ForbiddenError as error:
        raise InputError(
            f"{name}: holds {error}, which is not read, for it could run anything; {PLAIN_ADVICE}"
        ) from None
    except MemoryError:
        raise InputError(f"{name}: tells of values larger than the memory; the file is damaged") from None
    except Exception as error:  # a damaged pickle may raise anything
        raise InputError(f"{name}: is no whole pickle: damaged or cut short ({error!r:.80})") from None


def told_briefly(value: Any) -> str:
    """How a message tells a value that should have been a name; a nested one would take without end to print."""
    return f"{value!r:.40}" if isinstance(value, str) else type(value).__name__


class _Named:
    """Stands for a class that a pickle names but has no need to call."""


class _JoblibArray:
    """Stands for joblib's NumpyArrayWrapper: what it describes follows bare, behind the pickle's opcode."""


def _array_to_fill(*_: Any) -> np.ndarray:
    return np.empty(0, np.int8)


def _dtype(code: Any, *_: Any) -> np.dtype:
    """One of the plain types: a number, a truth value, a text, an object whose pickle is read as safely."""
    if not isinstance(code, str) or len(code) > 12 or code.lstrip("<>|=")[:1] not in set("biufcSUO?"):
        raise ForbiddenError(f"an array of type {told_briefly(code)}")
    return np.dtype(np.dtype(code), copy=True)


def _no_bytes() -> bytes:
    return b""


def _empty_dict(*_: Any) -> dict[Any, Any]:
    return {}


_ALLOWED: dict[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): _empty_dict,
    ("collections", "defaultdict"): _empty_dict,
    ("__builtin__", "bytes"): _no_bytes,
    ("joblib.numpy_pickle", "NumpyArrayWrapper"): _JoblibArray,
    ("numpy", "ndarray"): _Named(),
    ("numpy", "dtype"): _dtype,
}
for _module in ("builtins", "__builtin__"):
    _ALLOWED |= {(_module, name): _Named() for name in ("dict", "list", "int", "float")}
_NUMPY = ("numpy.core", "numpy._core")  # before version 2 of NumPy, and since
for _module in _NUMPY:
    _ALLOWED[_module + ".multiarray", "_reconstruct"] = _array_to_fill


# What Python's unpickler does with each instruction.
_PLAINLY: dict[int, Callable[[Any], None]] = dict(pickle._Unpickler.dispatch)


class SafeUnpickler(pickle._Unpickler):
    """Reads the pickle in `content`; a subclass may allow more names, never fewer checks."""

    dispatch: ClassVar[dict[int, Callable[[Any], None]]] = dict(_PLAINLY)
    stack: list[Any]
    read: Callable[[int], bytes]

    def __init__(self, content: bytes) -> None:
        """`content` begins with the pickle."""
        self._bare = io.BytesIO(content)
        super().__init__(self._bare, encoding="latin1")
        # Up to protocol 2 an array's bytes are made twice: of a text, and then the array of them.
        self._left = 2 * len(content)
        self._makers: dict[tuple[str, str], Any] = {("_codecs", "encode"): self._latin_bytes}
        for module in _NUMPY:
            self._makers[module + ".multiarray", "scalar"] = self._scalar
            self._makers[module + ".numeric", "_frombuffer"] = self._array_of_buffer

    def find_class(self, module: str, name: str) -> Any:
        """The maker that stands for a global name; raises ForbiddenError for every name but a few."""
        made = _ALLOWED.get((module, name)) or self._makers.get((module, name))
        if made is None:
            raise ForbiddenError(f"{module + '.' + name!r:.100}")
        return made

    def _spend(self, count: int) -> None:
        self._left -= count
        if self._left < 0:
            raise ForbiddenError("more values than it has bytes for")

    def _latin_bytes(self, text: str, encoding: str) -> bytes:
        if encoding not in ("latin1", "latin-1"):
            raise ForbiddenError(f"a text in {told_briefly(encoding)}")
        self._spend(len(text))
        return text.encode("latin-1")

    def _scalar(self, dtype: Any, raw: Any) -> Any:
        if not isinstance(dtype, np.dtype):
            raise ForbiddenError("a number of no plain type")
        self._spend(dtype.itemsize)
        return np.frombuffer(raw, dtype, count=1)[0]

    def _array_of_buffer(self, buffer: Any, dtype: Any, shape: Any, order: Any) -> np.ndarray:
        if not isinstance(dtype, np.dtype):
            raise ForbiddenError("an array of no plain type")
        return np.frombuffer(buffer, dtype).reshape(_shape(shape), order="F" if order == "F" else "C")

    def _build(self) -> None:
        """Arrays and their types alone have a state; they are filled in place, for others may refer to them."""
        state = self.stack.pop()
        made = self.stack[-1]
        if isinstance(made, _JoblibArray) and isinstance(state, dict):
            self.stack[-1] = self._bare_array(state)
        elif isinstance(made, np.ndarray):
            self._fill(made, state)
        elif isinstance(made, np.dtype):
            _turn(made, state)
        else:
            raise ForbiddenError(f"a {type(made).__name__} with a state of its own")

    def _bare_array(self, told: dict[str, Any]) -> np.ndarray:
        """The array that joblib has laid behind its description."""
        dtype, shape = told["dtype"], _shape(told["shape"])
        if not isinstance(dtype, np.dtype) or dtype.hasobject:
            raise ForbiddenError("an array of objects, as joblib writes it,")
        if told.get("numpy_array_alignment_bytes") is not None:
            self._bare.read(self._bare.read(1)[0])
        size = math.prod(shape) * dtype.itemsize
        raw = self._bare.read(size)
        if len(raw) != size:
            raise EOFError("an array is cut short")
        flat = np.frombuffer(raw, dtype)
        return flat.reshape(shape[::-1]).T if told.get("order") == "F" else flat.reshape(shape)

    def _fill(self, array: np.ndarray, state: Any) -> None:
        """What NumPy's own `__setstate__` does, once it is known that sizes and types fit."""
        *_, shape, dtype, fortran, raw = state
        if not isinstance(dtype, np.dtype):
            raise ForbiddenError("an array of no plain type")
        count = math.prod(_shape(shape))
        fits = isinstance(raw, list) and len(raw) == count if dtype.hasobject else len(raw) == count * dtype.itemsize
        if not fits:
            raise ValueError("an array of another size than it tells")
        self._spend(count * (1 if dtype.hasobject else dtype.itemsize))
        own_state: Any = (1, shape, dtype, bool(fortran), raw)
        array.__setstate__(own_state)

    def _bytearray(self) -> None:
        """Protocol 5's writable bytes, as bytes: Python would take the memory before it reads them."""
        self.stack.append(self.read(int.from_bytes(self.read(8), "little")))

    def _set_items(self) -> None:
        _require_plain_keys(self.stack[::2])
        _PLAINLY[pickle.SETITEMS[0]](self)

    def _set_item(self) -> None:
        _require_plain_keys(self.stack[-2:-1])
        _PLAINLY[pickle.SETITEM[0]](self)

    def _dict(self) -> None:
        _require_plain_keys(self.stack[::2])
        _PLAINLY[pickle.DICT[0]](self)

    def _refuse_set(self) -> None:
        raise ForbiddenError("a set")

    def _refuse_extension(self) -> None:
        raise ForbiddenError("a name registered elsewhere")


def _require_plain_keys(keys: list[Any]) -> None:
    if not all(isinstance(key, _KEYS) for key in keys):
        raise ForbiddenError("a dictionary whose keys are no plain values")


def _require_plain_values(held: Any) -> None:
    """What may be named need not be called, and comes out as it is."""
    waiting, met = [held], set()
    while waiting:
        value = waiting.pop()
        if isinstance(value, _VALUES):
            continue
        if id(value) in met:  # in itself, or a thousand times in the same list
            continue
        met.add(id(value))
        if isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list | tuple):
            waiting += value
        elif not isinstance(value, np.ndarray):
            raise ForbiddenError(f"a {type(value).__name__}")
        elif value.dtype.hasobject:
            waiting += value.ravel().tolist()


def _shape(shape: Any) -> tuple[int, ...]:
    if not isinstance(shape, tuple) or not all(isinstance(n, int) and n >= 0 for n in shape) or len(shape) > 32:
        raise ForbiddenError("an array of no shape")
    return shape


def _turn(dtype: np.dtype, state: Any) -> None:
    """The order of the bytes is all that a plain type's state may change."""
    _, order, *structure = state
    if any(part is not None for part in structure[:3]) or order not in ("<", ">", "|", "="):
        raise ForbiddenError("an array of structures")
    own = (dtype.itemsize, dtype.alignment) if dtype.kind in "SU" else (-1, -1)
    flags = 63 if dtype.hasobject else 0
    dtype.__setstate__((3, order, None, None, None, *own, flags))  # type: ignore[attr-defined]


def _overrides() -> dict[bytes, Callable[[Any], None]]:
    return {
        pickle.BUILD: SafeUnpickler._build,
        pickle.BYTEARRAY8: SafeUnpickler._bytearray,
        pickle.SETITEMS: SafeUnpickler._set_items,
        pickle.SETITEM: SafeUnpickler._set_item,
        pickle.DICT: SafeUnpickler._dict,
        pickle.EMPTY_SET: SafeUnpickler._refuse_set,
        pickle.FROZENSET: SafeUnpickler._refuse_set,
        pickle.EXT1: SafeUnpickler._refuse_extension,
        pickle.EXT2: SafeUnpickler._refuse_extension,
        pickle.EXT4: SafeUnpickler._refuse_extension,
    }


SafeUnpickler.dispatch.update({opcode[0]: method for opcode, method in _overrides().items()})
