"""Files written aside and renamed, so that a reader never meets half of one, and archives without pickle."""

import contextlib
import os
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from posenorm_core.errors import InputError
from posenorm_core.npy import read_arrays


@contextlib.contextmanager
def write_aside(path: str | Path) -> Iterator[Path]:
    """A temporary path beside `path`, with its suffix; renamed to `path` on success, removed on failure.

    Where `path` is a link, what it leads to is written. Raises InputError where the folder does not exist or cannot be
    written, or where something else than a file is there already.
    """
    path = Path(path)
    try:
        target = path.resolve()
        if target.is_dir():
            raise InputError(f"{path}: is a folder; give the name of a file to write")
        if target.exists() and not target.is_file():
            raise InputError(f"{path}: is a pipe or a device; give the name of a file to write")
        handle, name = tempfile.mkstemp(prefix=f".{path.stem[:40]}-", suffix=path.suffix, dir=target.parent)
    except OSError as error:
        raise InputError(f"{path}: cannot write there ({error.strerror}); choose a folder you may write to") from None
    os.close(handle)
    aside = Path(name)
    try:
        yield aside
        # mkstemp makes private files; the user expects what the umask allows.
        umask = os.umask(0)
        os.umask(umask)
        aside.chmod(0o666 & ~umask)
        os.replace(aside, target)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror or error})") from error
    finally:
        aside.unlink(missing_ok=True)


def require_writable(path: str | Path) -> None:
    """Raises InputError where `path` could not be written: known before the work, not after it."""
    with contextlib.suppress(_NothingWrittenError), write_aside(path):
        raise _NothingWrittenError


def require_outputs(written: Iterable[Path], read: Iterable[Path | None]) -> None:
    """Raises InputError where one of the files to be `written` could not be, is one of those `read`, or comes twice."""
    taken = {path.resolve() for path in read if path}
    for path in written:
        if path.resolve() in taken:
            raise InputError(f"{path}: is to be read and written at once, or twice; choose another name for the output")
        taken.add(path.resolve())
        require_writable(path)


class _NothingWrittenError(Exception):
    """Ends `write_aside` without a file."""


def save_archive(path: str | Path, arrays: dict[str, Any]) -> None:
    """Writes an `.npz` of plain arrays (no objects, so no pickle), aside and renamed."""
    with write_aside(path) as aside, aside.open("wb") as file:
        # As Any: to the stubs of newer NumPys any of the names may be that of an option.
        plain: dict[str, Any] = {name: np.asarray(value) for name, value in arrays.items()}
        np.savez_compressed(file, **plain)


def load_archive(path: str | Path, expected_format: str, version: int) -> dict[str, np.ndarray]:
    """All arrays of one of our `.npz` files, checked for `format` and `version`; no pickle is ever run.

    Raises InputError where the file is missing, is no archive, is cut short, is another format or version.
    """
    path = Path(path)
    arrays = read_npz(path)
    found = _label(arrays, "format")
    if found != expected_format:
        this = f"a {found} file" if found else "an .npz of something else"
        raise InputError(f"{path}: expected a {expected_format} file, this is {this}")
    if _label(arrays, "version") != str(version):
        raise InputError(
            f"{path}: {expected_format} version {_label(arrays, 'version') or 'unknown'}, this program reads "
            f"version {version}; make the file again with this version"
        )
    return arrays


def _label(arrays: dict[str, np.ndarray], name: str) -> str:
    """The single short value called `name` as text, empty where there is none."""
    found = arrays.get(name)
    return " ".join(str(found)[:80].split()) if found is not None and found.ndim == 0 else ""


def read_npz(path: Path) -> dict[str, np.ndarray]:
    """Every array of any `.npz` file; raises InputError where it is missing, damaged or holds pickles."""
    if not path.is_file():
        raise InputError(f"{path}: there is no such file")
    if not zipfile.is_zipfile(path):
        raise InputError(f"{path}: is no .npz archive, or is cut short")
    return read_arrays(path)


def require(arrays: dict[str, np.ndarray], path: str | Path, **shapes: tuple[int | None, ...]) -> None:
    """Checks that each named array is there, numeric and of the shape given (None: any length).

    Raises InputError naming the array and what it should be.
    """
    for name, shape in shapes.items():
        if name not in arrays:
            raise InputError(f"{path}: lacks the array '{name}'")
        found = arrays[name].shape
        fits = len(found) == len(shape) and all(want in (None, have) for want, have in zip(shape, found, strict=True))
        if not fits or arrays[name].dtype.kind not in "fiub":
            wanted = tuple("any" if n is None else n for n in shape)
            raise InputError(f"{path}: '{name}' should be numbers of shape {wanted}, is {arrays[name].dtype} {found}")
