"""Which clips are in a folder, and their people's descriptors: what `index` adds clip after clip."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from posenorm_core.any_clip import motion_of, read_any
from posenorm_core.errors import InputError
from posenorm_core.formats import openpose
from posenorm_core.formats.source import Source
from posenorm_core.search.index import Index, Person, Stamp, add_clip, remove_clips, stamp
from posenorm_core.search.pose_code import pose_descriptors
from posenorm_core.weights import load_weights

if TYPE_CHECKING:
    from posenorm_core.search.cluster import Cluster

# Called for each clip that is to be read with its place from 1, their number and its name: the progress (done, total
# frames) to tell it by. For a cluster's clips it is called when they are read, and what it gives is not used.
Telling = Callable[[int, int, str], Callable[[int, int], None] | None]


@dataclass(frozen=True)
class Added:
    """What became of a library: the index, and how many of its clips it added, had unchanged, refused and took out."""

    index: Index
    added: int
    unchanged: int
    refused: int
    gone: int


@dataclass(frozen=True)
class _Clip:
    """One that is to be read: where it is, how it is called, and its stamp before."""

    path: Path
    name: str
    read_at: Stamp


@dataclass(frozen=True)
class _Refused:
    """In place of a clip's people: why there are none; `read` where it was looked into, and is none now."""

    why: str
    read: bool = True


_People = list[Person] | _Refused


def clip_paths(folder: Path, leave_out: Path) -> list[Path]:
    """The files, and the folders of OpenPose's frames, at and below `folder` that may be clips, sorted.

    Nothing hidden and nothing in `leave_out`. Raises InputError where there is nothing, or a folder cannot be read.
    """
    if not folder.exists():
        raise InputError(f"{folder}: there is no such folder")
    paths = [folder] if folder.is_file() else list(_below(folder, leave_out.resolve()))
    if not paths:
        raise InputError(f"{folder}: holds no files; give a folder of clips")
    return paths


def add_library(
    index: Index,
    folder: Path,
    paths: list[Path],
    telling: Telling,
    refuse: Callable[[str], None],
    fps: float | None = None,
    cluster: "Cluster | None" = None,
) -> Added:
    """The index with the clips at `paths` in `folder`, every person of each; `refuse` is told why a clip is not.

    `fps` is the rate of clips whose format has none. Clips that have not changed since they were indexed by the same
    weights and rate are not read, and those the index has from `folder` that are not among `paths`, or are none any
    more, are taken out of it.
    With a `cluster` its workers read, and clips are added in the order in which they are done: a long one holds nobody
    up, and what is done is on the disk. Raises InputError where the index cannot be written or the cluster does not do
    its work.
    """
    located = {path: str(path.resolve()) for path in paths}
    gone = _gone(index, folder, set(located.values()))
    if gone:
        remove_clips(index, gone)
    stamps, clips, refused, made_by = index.stamps(), [], 0, _made_by(fps)
    for path in paths:
        try:
            now = stamp(path, made_by)
        except OSError as error:
            refuse(f"{path}: cannot be read ({error.strerror})")
            refused += 1
            continue
        if stamps.get(located[path]) != now:
            clips.append(_Clip(path, path.relative_to(folder).as_posix() if path != folder else path.name, now))
    unchanged, added = len(paths) - refused - len(clips), 0
    reading = _one_by_one(clips, telling, fps) if cluster is None else _on(cluster, clips, telling, fps)
    for clip, people in reading:
        if isinstance(people, _Refused):
            # The poses that it had before are no longer in it.
            outdated = people.read and located[clip.path] in stamps
            refuse(f"{people.why}; its former poses are taken out" if outdated else people.why)
            refused += 1
            if outdated:
                remove_clips(index, [located[clip.path]])
        else:
            add_clip(index, clip.path, clip.name, people, clip.read_at)
            added += 1
    return Added(index, added, unchanged, refused, len(gone))


def people_of(path: Path, progress: Callable[[int, int], None] | None = None, fps: float | None = None) -> list[Person]:
    """Everybody in the clip at `path`, of the rate `fps` where it tells none; raises InputError where it is no clip."""
    clip = read_any(path, fps)
    people = []
    for number in range(1, len(clip.people) + 1):
        motion = motion_of(clip, number, progress=progress)
        people.append(Person(number, motion.fps, pose_descriptors(motion)))
    return people


def _made_by(fps: float | None) -> str:
    """What descriptors depend on beside their clip."""
    return f"weights {load_weights().digest}, " + ("no rate given" if fps is None else f"{fps:g} frames/s")


def _one_by_one(clips: list[_Clip], telling: Telling, fps: float | None) -> Iterator[tuple[_Clip, _People]]:
    """Reads the clips here."""
    for number, clip in enumerate(clips, start=1):
        yield clip, _read(clip.path, fps, telling(number, len(clips), clip.name))


def _on(cluster: "Cluster", clips: list[_Clip], telling: Telling, fps: float | None) -> Iterator[tuple[_Clip, _People]]:
    """Has the clips read by the cluster, whose workers know no folder but by its absolute path."""
    by_path = {clip.path.resolve(): clip for clip in clips}
    for number, (path, people) in enumerate(cluster.map(partial(_read, fps=fps), by_path), start=1):
        telling(number, len(clips), by_path[path].name)
        if not isinstance(people, list | _Refused):
            people = _Refused(f"{path}: {people.why}; run index again to try once more", read=False)
        yield by_path[path], people


def _read(path: Path, fps: float | None, progress: Callable[[int, int], None] | None = None) -> _People:
    """The clip's people, or why it has none: the work that a worker does too."""
    try:
        return people_of(path, progress, fps)
    except InputError as error:
        return _Refused(str(error))


def _gone(index: Index, folder: Path, found: set[str]) -> list[str]:
    """The paths of the index's clips at and below `folder` that are not `found` there; of other folders none."""
    root = folder.resolve()
    missing = {clip.path for clip in index.clips}.difference(found)
    return sorted(path for path in missing if Path(path).is_relative_to(root))


def _below(folder: Path, leave_out: Path) -> Iterator[Path]:
    """`folder` itself where it is one clip, or what is in it, level by level."""
    if folder.resolve() == leave_out:
        return
    if _holds_frames(folder):
        yield folder
        return
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            yield from _below(Path(entry.path), leave_out)
        elif entry.is_file():
            yield Path(entry.path)


def _holds_frames(folder: Path) -> bool:
    """Whether the files of `folder` are the frames of one clip."""
    with Source(folder) as source:
        return bool(source.names) and openpose.recognises(source)
