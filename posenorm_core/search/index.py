"""An index: a folder with one `.npy` of descriptors for every person of every clip, and `index.json`, which lists them.

A clip's descriptors are written first and the list after them, both aside and renamed: whatever stops the writing
loses at most the clip being added, and nothing that was there is written again. One program writes at a time.
"""

import functools
import json
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from posenorm_core.errors import InputError
from posenorm_core.files import write_aside
from posenorm_core.frame_rate import require_fps
from posenorm_core.search.pose_code import DIMENSIONS
from posenorm_core.search.pose_code import VERSION as DESCRIPTOR_VERSION

FORMAT, VERSION = "posenorm-index", 1
LIST = "index.json"
# What NumPy writes before the numbers of an array of this kind.
_HEADER = 128
# Descriptors, and what is written aside.
_OURS = ("[0-9]*.npy", ".[0-9]*.npy", ".index-*.json", ".inverted-*")
_FRAME_BYTES = DIMENSIONS * np.dtype(np.float32).itemsize


@dataclass(frozen=True)
class IndexedClip:
    """One person of one clip: where it is, and the `file` of the index that holds its descriptors."""

    name: str  # as it is told to people
    path: str
    person: int
    frames: int
    fps: float
    size: int  # bytes of the clip's files when it was read
    modified: int  # when they were last changed, nanoseconds
    file: str


@dataclass(frozen=True)
class Person:
    """What is to be indexed of one person: `descriptors` (T, 32) at `fps`."""

    number: int
    fps: float
    descriptors: np.ndarray


@dataclass(frozen=True)
class Index:
    """The clips of the index in `folder`, in the order in which they were added."""

    folder: Path
    clips: tuple[IndexedClip, ...]

    @property
    def frames(self) -> int:
        """The frames of all clips."""
        return sum(clip.frames for clip in self.clips)

    def stamps(self) -> dict[str, tuple[int, int]]:
        """The `stamp` of each clip when it was indexed, by its absolute path."""
        return {clip.path: (clip.size, clip.modified) for clip in self.clips}

    def descriptors(self, clip: IndexedClip) -> np.ndarray:
        """The descriptors (T, 32) of `clip`, mapped; raises InputError where their file is damaged."""
        path = self.folder / clip.file
        try:
            array = np.load(path, mmap_mode="r")
        except (OSError, ValueError, EOFError) as error:
            raise InputError(f"{path}: is damaged ({error!s:.100}); {_again(self.folder)}") from None
        if array.shape != (clip.frames, DIMENSIONS) or array.dtype != np.float32:
            raise InputError(f"{path}: holds other descriptors than its list tells; {_again(self.folder)}")
        return np.asarray(array)


def create_index(folder: str | Path) -> Index:
    """The index in `folder`, or an empty new one where there is no such folder or it is empty.

    What an interrupted writing left is removed. Raises InputError where something else is in the folder.
    """
    folder = Path(folder)
    if folder.is_dir() and any(not entry.name.startswith(".") for entry in folder.iterdir()):
        index = open_index(folder)
        kept = {clip.file for clip in index.clips}
        for pattern in _OURS:
            for left in folder.glob(pattern):
                if left.name not in kept:
                    left.unlink()
        return index
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder}: cannot be made a folder ({error.strerror}); choose another") from None
    index = Index(folder, ())
    _write_list(index)
    return index


def open_index(folder: str | Path) -> Index:
    """The index in `folder`.

    Raises InputError where it is none, is of another version, or a file of it is missing or cut short.
    """
    folder = Path(folder)
    path = folder / LIST
    if not path.is_file():
        raise InputError(f"{folder}: is no index, which is a folder with an {LIST}; make one by `index`")
    try:
        listed = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: cannot be read ({error!s:.100}); {_again(folder)}") from None
    if not isinstance(listed, dict) or listed.get("format") != FORMAT:
        raise InputError(f"{path}: is not the list of an index; give the folder that `index` has made")
    for what, version in (("version", VERSION), ("descriptor_version", DESCRIPTOR_VERSION)):
        if listed.get(what) != version:
            kind = what.replace("_", " ")
            raise InputError(f"{path}: {kind} {listed.get(what)!r:.20}, this program's is {version}; {_again(folder)}")
    try:
        index = Index(folder, tuple(_clip(told) for told in listed["clips"]))
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise InputError(f"{path}: is damaged ({error!s:.100}); {_again(folder)}") from None
    for clip in index.clips:
        _require_whole(folder, clip)
    return index


def add_clip(index: Index, path: Path, name: str, people: Sequence[Person]) -> Index:
    """The index with the clip at `path`, in place of what it had of it; its files are written before this returns.

    Raises InputError where they cannot be written.
    """
    where, (size, modified) = str(path.resolve()), stamp(path)
    number = 1 + max((int(clip.file.removesuffix(".npy")) for clip in index.clips), default=0)
    added = []
    for place, person in enumerate(people, start=number):
        descriptors = np.ascontiguousarray(person.descriptors, dtype=np.float32)
        clip = IndexedClip(
            name, where, person.number, len(descriptors), float(person.fps), size, modified, f"{place:07}.npy"
        )
        with write_aside(index.folder / clip.file) as aside, aside.open("wb") as file:
            np.save(file, descriptors)
        added.append(clip)
    replaced = [clip for clip in index.clips if clip.path == where]
    index = replace(index, clips=(*(clip for clip in index.clips if clip.path != where), *added))
    _write_list(index)
    for clip in replaced:
        (index.folder / clip.file).unlink(missing_ok=True)
    return index


def stamp(path: Path) -> tuple[int, int]:
    """Bytes and time of the last change (ns) of the file at `path`, or of all files in that folder."""
    found = [each.stat() for each in ([path] if path.is_file() else path.iterdir())]
    return sum(each.st_size for each in found), max((each.st_mtime_ns for each in found), default=0)


def _again(folder: Path) -> str:
    return f"delete {folder} and make the index again"


def _write_list(index: Index) -> None:
    """Writes the list of the index, a line a clip."""
    head = {"format": FORMAT, "version": VERSION, "descriptor_version": DESCRIPTOR_VERSION}
    clips = ",\n".join(map(_row, index.clips))
    with write_aside(index.folder / LIST) as aside:
        aside.write_text(f'{json.dumps(head)[:-1]}, "clips": [\n{clips}\n]}}\n', encoding="utf-8")


@functools.lru_cache(maxsize=2**16)
def _row(clip: IndexedClip) -> str:
    """The row of the list; kept, for the list is written as often as there are clips in it."""
    return json.dumps(vars(clip))


def _clip(told: dict[str, Any]) -> IndexedClip:
    """A row of the list; raises what a wrong one does."""
    values = {field.name: told[field.name] for field in fields(IndexedClip)}
    for field in fields(IndexedClip):
        wanted = (int, float) if field.type is float else field.type
        if not isinstance(values[field.name], wanted):  # type: ignore[arg-type]
            raise ValueError(f"{field.name} {values[field.name]!r:.40}")
    clip = IndexedClip(**values)
    require_fps(clip.fps)
    # A list from elsewhere names no file outside its folder.
    if clip.frames < 1 or not clip.file.removesuffix(".npy").isdecimal():
        raise ValueError(f"{clip.name:.40}: {clip.frames} frames in {clip.file:.40}")
    return clip


def _require_whole(folder: Path, clip: IndexedClip) -> None:
    """Raises InputError unless the file of `clip` has as many bytes as its frames take."""
    path = folder / clip.file
    try:
        found = path.stat().st_size
    except OSError:
        raise InputError(f"{path}: is missing, the descriptors of {clip.name}; {_again(folder)}") from None
    if found != _HEADER + clip.frames * _FRAME_BYTES:
        raise InputError(f"{path}: is cut short or damaged, the descriptors of {clip.name}; {_again(folder)}")
