"""Data sets larger than memory: a folder with a plain `.npy` file for each array, of which only what is drawn is read.

`clips.npz` is the table of the clips, labelled as the data set in one file is (`training.mocap.dataset`); beside it
lie `rotations.npy` (N, 19, 4) and `root_position.npy` (N, 3), float32, and `contacts.npy` (N, 2), uint8.
"""

import contextlib
import mmap
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from posenorm_core.condition_skeleton import JOINT_COUNT
from posenorm_core.errors import InputError
from posenorm_core.files import load_archive, save_archive
from posenorm_core.npy import npy_header
from training.mocap.dataset import FORMAT, VERSION, DataClip, clip_table

_TABLE = "clips.npz"
_ARRAYS: dict[str, tuple[type, tuple[int, ...]]] = {
    "rotations": (np.float32, (JOINT_COUNT, 4)),
    "root_position": (np.float32, (3,)),
    "contacts": (np.uint8, (2,)),
}


class MappedFrames:
    """N frames laid end to end, pieces of arrays that stay where they are, on disk or in memory; indexing reads a copy.

    It is indexed as the tensor of all frames would be: by a tensor of frame numbers, or a slice of frames.
    """

    device, dtype = torch.device("cpu"), torch.float32

    def __init__(self, pieces: Sequence[tuple[np.ndarray, int, int]]) -> None:
        """Of pieces: an array (n, …), the first frame of it that is meant, and how many."""
        self.pieces = list(pieces)
        self._first = np.array([first for _, first, _ in pieces])
        self._begin = np.cumsum([0, *(length for *_, length in pieces)])
        self._arrays = list({id(array): array for array, *_ in pieces}.values())
        self._array = np.array([[a is array for a in self._arrays].index(True) for array, *_ in pieces])

    @classmethod
    def whole(cls, array: np.ndarray) -> "MappedFrames":
        """All frames of one array."""
        return cls([(array, 0, len(array))])

    def spans(self, begins: np.ndarray, lengths: np.ndarray) -> "MappedFrames":
        """Only the spans of frames that begin at `begins` (S,) and last `lengths` (S,), each within one piece."""
        pieces, places = self._places(begins)
        told = zip(pieces, places, lengths, strict=True)
        return MappedFrames([(self.pieces[piece][0], int(place), int(length)) for piece, place, length in told])

    def __len__(self) -> int:
        """N."""
        return int(self._begin[-1])

    def __getitem__(self, frames: torch.Tensor | slice) -> torch.Tensor:
        """Frames, float32: a tensor of numbers (…) -> (…, *one frame's shape)."""
        numbers = np.arange(*frames.indices(len(self))) if isinstance(frames, slice) else frames.numpy()
        pieces, places = self._places(numbers)
        read = np.empty((*numbers.shape, *self._arrays[0].shape[1:]), np.float32)
        for which, array in enumerate(self._arrays):
            here = self._array[pieces] == which
            read[here] = array[places[here]]
        return torch.from_numpy(read)

    def _places(self, numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """In which piece each frame is, and where in that piece's array."""
        pieces = np.searchsorted(self._begin, numbers, side="right") - 1
        return pieces, self._first[pieces] + numbers - self._begin[pieces]


def save_folder(clips: Sequence[DataClip], path: Path) -> None:
    """Writes the clips as a folder, aside and renamed.

    Raises InputError where it cannot, `path` is there already or a clip has values that are not finite.
    """
    for clip in clips:
        if not (np.isfinite(clip.rotations).all() and np.isfinite(clip.root_position).all()):
            raise InputError(f"{clip.name}: holds values that are not finite")
    with _folder_aside(path) as folder:
        save_archive(folder / _TABLE, clip_table(clips))
        for name, (kind, shape) in _ARRAYS.items():
            frames = sum(len(clip) for clip in clips)
            array = np.lib.format.open_memmap(folder / f"{name}.npy", "w+", dtype=kind, shape=(frames, *shape))
            begin = 0
            for clip in clips:
                array[begin : begin + len(clip)] = getattr(clip, name)
                begin += len(clip)
            array.flush()


def require_no_folder(path: Path) -> None:
    """Raises InputError where something is at `path` already: a data set in a folder is never written over."""
    if path.exists():
        raise InputError(f"{path}: is there already; name a new folder, or a file that ends in .npz")


@contextlib.contextmanager
def _folder_aside(path: Path) -> Iterator[Path]:
    """A temporary folder beside `path`; renamed to it on success, removed on failure."""
    require_no_folder(path)
    try:
        aside = Path(tempfile.mkdtemp(prefix=f".{path.name[:40]}-", dir=path.parent))
    except OSError as error:
        raise InputError(f"{path}: cannot write there ({error.strerror}); choose a folder you may write to") from None
    try:
        yield aside
        # mkdtemp makes private folders; the user expects what the umask allows.
        umask = os.umask(0)
        os.umask(umask)
        aside.chmod(0o777 & ~umask)
        aside.rename(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror or error})") from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def load_folder(path: Path) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """The table of the clips, and the frames' arrays, mapped.

    Raises InputError where the folder is no data set, is of another version, or one of its files is cut short.
    """
    if not (path / _TABLE).is_file():
        raise InputError(f"{path}: is no data set, it lacks {_TABLE}; name a folder that training.prepare wrote")
    return load_archive(path / _TABLE, FORMAT, VERSION), {name: _mapped(path / f"{name}.npy", name) for name in _ARRAYS}


def _mapped(path: Path, name: str) -> np.ndarray:
    kind, shape = _ARRAYS[name]
    try:
        with path.open("rb") as file:
            header, begin = npy_header(file), file.tell()
        if header is not None and (header[1] != kind or header[0][1:] != shape or header[2]):
            wanted = f"{np.dtype(kind).name} of shape {('any', *shape)}"
            raise InputError(f"{path}: should be {wanted}; prepare the data again")
        array = np.memmap(path, kind, "r", begin, header[0]) if header else None
    except InputError:
        raise
    except (OSError, ValueError, EOFError) as error:
        reason = "is missing" if isinstance(error, FileNotFoundError) else "is cut short"
        raise InputError(f"{path}: {reason}; prepare the data again") from None
    if array is None:
        raise InputError(f"{path}: is no .npy file; prepare the data again")
    # Clips are drawn from anywhere: to read on behind each of them takes the disk sixty times as long.
    mapping: Any = array.base
    if hasattr(mmap, "MADV_RANDOM") and isinstance(mapping, mmap.mmap):
        mapping.madvise(mmap.MADV_RANDOM)
    return array
