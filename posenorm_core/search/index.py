"""An index: a folder with one `.npy` of descriptors for every person of every clip, and a journal, which lists them.

A clip's descriptors are written first, aside and renamed, and its line in the journal after them: whatever stops the
writing loses at most the clip being added, nothing that was there is written again, and a clip costs the same however
many there are. Where a clip is, is kept relative to the index, so that the two can be moved together.
"""

import contextlib
import functools
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from posenorm_core.errors import InputError
from posenorm_core.files import write_aside
from posenorm_core.search.index_list import (
    LIST,
    IndexedClip,
    head,
    line_of,
    made_again,
    number_of,
    people_of_line,
    read_list,
    require_list,
)
from posenorm_core.search.journal import append, damaged, write_journal
from posenorm_core.search.lock import Lock
from posenorm_core.search.pose_code import DIMENSIONS

# What NumPy writes before the numbers of an array of this kind.
_HEADER = 128
# Descriptors, and what is written aside.
_OURS = ("[0-9]*.npy", ".[0-9]*.npy", ".index-*.jsonl", ".inverted-*")
_FRAME_BYTES = DIMENSIONS * np.dtype(np.float32).itemsize


class Stamp(NamedTuple):
    """What tells a clip that has to be read again: its bytes, its last change (ns), and by what it was read."""

    size: int
    modified: int
    made_by: str = ""


@dataclass(frozen=True)
class Person:
    """What is to be indexed of one person: `descriptors` (T, 32) at `fps`."""

    number: int
    fps: float
    descriptors: np.ndarray


class Index:
    """The index in `folder`; a context that ends with `close`.

    Who has created it or adds to it has the folder's lock from then on, until `close` or the end of the program.
    """

    def __init__(self, folder: Path, lock: Lock | None = None) -> None:
        """Reads the list, to be added to where `lock` is the folder's; raises what `open_index` does."""
        self.folder = folder
        self._root = folder.resolve()
        self._lock: Lock | None = None
        if lock is None:
            self._read()
        else:
            self._begin_writing(lock)

    def __enter__(self) -> "Index":
        """The index itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Closes it."""
        self.close()

    def close(self) -> None:
        """Lets others write to the index."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    @functools.cached_property
    def clips(self) -> tuple[IndexedClip, ...]:
        """Every person of every clip, in the order in which the clips were added."""
        return tuple(clip for people in self._people.values() for clip in people)

    @property
    def frames(self) -> int:
        """The frames of all clips."""
        return sum(clip.frames for clip in self.clips)

    def stamps(self) -> dict[str, Stamp]:
        """The `stamp` of each clip when it was indexed, by its absolute path."""
        return {clip.path: Stamp(clip.size, clip.modified, clip.made_by) for clip in self.clips}

    def descriptors(self, clip: IndexedClip) -> np.ndarray:
        """The descriptors (T, 32) of `clip`, mapped; raises InputError where their file is damaged."""
        path = self.folder / clip.file
        try:
            array = np.load(path, mmap_mode="r")
        except (OSError, ValueError, EOFError) as error:
            raise InputError(f"{path}: is damaged ({error!s:.100}); {made_again(self.folder)}") from None
        if array.shape != (clip.frames, DIMENSIONS) or array.dtype != np.float32:
            raise InputError(f"{path}: holds other descriptors than its list tells; {made_again(self.folder)}")
        return np.asarray(array)

    def _read(self) -> None:
        """Takes in the list as it is on the disk."""
        (first, *lines), self._end = read_list(self.folder)
        # Numbers of files are not used again, also where their clips are gone: what was made of those that had them,
        # as inverted lists are, would take the new ones for them.
        self._next_file: int = first["next_file"]
        self._lines = len(lines)
        self._people: dict[str, tuple[IndexedClip, ...]] = {}
        for number, line in enumerate(lines, start=2):
            try:
                path = self._absolute(line["path"])
                self._follow(path, people_of_line(path, line))
            except (KeyError, TypeError, ValueError, OverflowError) as error:
                raise damaged(self.folder / LIST, number, error) from None
        vars(self).pop("clips", None)
        for clip in self.clips:
            _require_whole(self.folder, clip)

    def _follow(self, path: str, people: tuple[IndexedClip, ...]) -> None:
        """From here on the clip at `path` has these people; it is the last that was added, or gone without any."""
        self._people.pop(path, None)
        if people:
            self._people[path] = people
            self._next_file = max(self._next_file, *(number_of(clip.file) + 1 for clip in people))

    def _begin_writing(self, lock: Lock | None = None) -> None:
        """Takes the lock, what others have written meanwhile, and away what an interrupted writing has left."""
        if self._lock is not None:
            return
        self._lock = lock or Lock(self.folder)
        try:
            self._read()
            self._tidy()
        except BaseException:
            self.close()
            raise

    def _tidy(self) -> None:
        """Removes files of no clip; writes the list anew where most of its lines are of clips replaced or gone."""
        kept = {clip.file for clip in self.clips}
        for left in [left for pattern in _OURS for left in self.folder.glob(pattern)]:
            if left.name not in kept:
                left.unlink(missing_ok=True)
        if self._lines > 2 * len(self._people):
            lines = [line_of(self._relative(path), people) for path, people in self._people.items()]
            self._end = write_journal(self.folder / LIST, [head(self._next_file), *lines])
            self._lines = len(lines)

    def _write(self, changed: dict[str, tuple[IndexedClip, ...]]) -> None:
        """Lists the people that clips have now, by their paths, and takes away the files of those they had."""
        former = [clip for path in changed for clip in self._people.get(path, ())]
        lines = [line_of(self._relative(path), people) for path, people in changed.items()]
        self._end = append(self.folder / LIST, self._end, lines)
        self._lines += len(lines)
        for path, people in changed.items():
            self._follow(path, people)
        vars(self).pop("clips", None)
        for clip in former:
            # Windows keeps what a search has mapped; the next writing removes it.
            with contextlib.suppress(OSError):
                (self.folder / clip.file).unlink()

    def _relative(self, path: str) -> str:
        """The absolute `path` from the index's folder, or as it is where it is on another of Windows' drives."""
        try:
            return Path(os.path.relpath(path, self._root)).as_posix()
        except ValueError:
            return path

    def _absolute(self, path: str) -> str:
        return os.path.normpath(self._root / path)


def create_index(folder: str | Path) -> Index:
    """The index in `folder` to be added to, or a new one where there is no such folder or it is empty.

    What an interrupted writing left is removed. Raises InputError where something else is in the folder, another
    program is writing there, or it cannot be written; and what `open_index` does.
    """
    folder = Path(folder)
    if folder.is_dir() and any(not entry.name.startswith(".") for entry in folder.iterdir()):
        require_list(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder}: cannot be made a folder ({error.strerror}); choose another") from None
    lock = Lock(folder)
    if not (folder / LIST).exists():
        write_journal(folder / LIST, [head(next_file=1)])
    return Index(folder, lock)


def open_index(folder: str | Path) -> Index:
    """The index in `folder`.

    Raises InputError where it is none, is of another version, or a file of it is missing or cut short.
    """
    return Index(Path(folder))


def add_clip(index: Index, path: Path, name: str, people: Sequence[Person], read_at: Stamp | None = None) -> Index:
    """The index with the clip at `path`, in place of what it had of it; its files are written before this returns.

    `read_at` is the clip's `stamp` when it was read, by default that of now. Raises InputError where another program
    is writing to the index or it cannot be written.
    """
    index._begin_writing()
    where, read_at = str(path.resolve()), read_at or stamp(path)
    added = []
    for number, person in enumerate(people, start=index._next_file):
        descriptors = np.ascontiguousarray(person.descriptors, dtype=np.float32)
        clip = IndexedClip(
            name, where, person.number, len(descriptors), float(person.fps), *read_at, f"{number:07}.npy"
        )
        with write_aside(index.folder / clip.file) as aside, aside.open("wb") as file:
            np.save(file, descriptors)
            file.flush()
            # A list that outlives a power cut names no file that does not.
            os.fsync(file.fileno())
        added.append(clip)
    index._write({where: tuple(added)})
    return index


def remove_clips(index: Index, paths: Iterable[str]) -> Index:
    """The index without the clips at `paths`, absolute as its clips tell them; raises what `add_clip` does."""
    index._begin_writing()
    index._write(dict.fromkeys(paths, ()))
    return index


def stamp(path: Path, made_by: str = "") -> Stamp:
    """The stamp of the file at `path`, or of all files in that folder, read by `made_by`."""
    found = [each.stat() for each in ([path] if path.is_file() else path.iterdir())]
    return Stamp(sum(each.st_size for each in found), max((each.st_mtime_ns for each in found), default=0), made_by)


def _require_whole(folder: Path, clip: IndexedClip) -> None:
    """Raises InputError unless the file of `clip` has as many bytes as its frames take."""
    path = folder / clip.file
    try:
        found = path.stat().st_size
    except OSError:
        raise InputError(f"{path}: is missing, the descriptors of {clip.name}; {made_again(folder)}") from None
    if found != _HEADER + clip.frames * _FRAME_BYTES:
        raise InputError(f"{path}: is cut short or damaged, the descriptors of {clip.name}; {made_again(folder)}")
