"""Which clips are in a folder, and their people's descriptors: what `index` adds clip after clip."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from posenorm_core.any_clip import motion_of, read_any
from posenorm_core.errors import InputError
from posenorm_core.formats import openpose
from posenorm_core.formats.source import Source
from posenorm_core.search.index import Index, Person, add_clip, stamp
from posenorm_core.search.pose_code import pose_descriptors

# Called with a clip's place from 1, the number of clips and its name: the progress (done, total frames) to tell it by.
Telling = Callable[[int, int, str], Callable[[int, int], None] | None]


@dataclass(frozen=True)
class Added:
    """What became of a library: the index, how many clips were added or were there unchanged, and the refused."""

    index: Index
    added: int
    unchanged: int
    refused: int


def clip_paths(folder: Path, leave_out: Path) -> list[Path]:
    """The files, and the folders of OpenPose's frames, at and below `folder` that may be clips, sorted.

    Nothing hidden and nothing in `leave_out`. Raises InputError where there is nothing.
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
) -> Added:
    """The index with the clips at `paths` in `folder`, every person of each; `refuse` is told why a clip is not.

    `fps` is the rate of clips whose format has none.

    Clips that have not changed since they were indexed are not read. Raises InputError where the index cannot be
    written.
    """
    added = unchanged = refused = 0
    stamps = index.stamps()
    for number, path in enumerate(paths, start=1):
        if stamps.get(str(path.resolve())) == stamp(path):
            unchanged += 1
            continue
        name = path.relative_to(folder).as_posix() if path != folder else path.name
        try:
            people = people_of(path, telling(number, len(paths), name), fps)
        except InputError as error:
            refuse(str(error))
            refused += 1
            continue
        index = add_clip(index, path, name, people)
        added += 1
    return Added(index, added, unchanged, refused)


def people_of(path: Path, progress: Callable[[int, int], None] | None = None, fps: float | None = None) -> list[Person]:
    """Everybody in the clip at `path`, of the rate `fps` where it tells none; raises InputError where it is no clip."""
    clip = read_any(path, fps)
    people = []
    for number in range(1, len(clip.people) + 1):
        motion = motion_of(clip, number, progress=progress)
        people.append(Person(number, motion.fps, pose_descriptors(motion)))
    return people


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
