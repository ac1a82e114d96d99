"""The list of an index, a journal: after its head a line for every clip added, replaced or gone, with its people.

A line is of the clip whose path it gives and holds until the next of that path; of nobody, the clip is gone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from posenorm_core.errors import InputError
from posenorm_core.frame_rate import require_fps
from posenorm_core.search.journal import Line, damaged, read_journal
from posenorm_core.search.pose_code import VERSION as DESCRIPTOR_VERSION

FORMAT, VERSION = "posenorm-index", 2
LIST = "index.jsonl"
# The list of version 1, written whole for every clip.
_FORMER_LIST = "index.json"
# What a line of the journal tells of a clip, and of each of its people.
_OF_CLIP, _OF_PERSON = ("name", "size", "modified", "made_by"), ("person", "frames", "fps", "file")
# What lines did not tell before.
_BY_DEFAULT: Line = {"made_by": ""}


@dataclass(frozen=True)
class IndexedClip:
    """One person of one clip: where it is, and the `file` of the index that holds its descriptors."""

    name: str  # as it is told to people
    path: str  # absolute
    person: int
    frames: int
    fps: float
    size: int  # bytes of the clip's files when it was read
    modified: int  # when they were last changed, nanoseconds
    made_by: str  # what else the descriptors depend on: the same clip by something else has others
    file: str


def head(next_file: int) -> Line:
    """The list's first line."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "descriptor_version": DESCRIPTOR_VERSION,
        "next_file": next_file,
    }


def line_of(path: str, people: Sequence[IndexedClip]) -> Line:
    """The line of a clip whose `path` is written so."""
    clip = {name: getattr(people[0], name) for name in _OF_CLIP} if people else {}
    told = [{name: getattr(person, name) for name in _OF_PERSON} for person in people]
    return {"path": path, **clip, "people": told}


def require_list(folder: Path) -> None:
    """Raises InputError where `folder` has no list of this version's kind."""
    if (folder / LIST).is_file():
        return
    if (folder / _FORMER_LIST).is_file():
        raise InputError(f"{folder / _FORMER_LIST}: version 1, this program's is {VERSION}; {made_again(folder)}")
    raise InputError(f"{folder}: is no index, which is a folder with an {LIST}; make one by `index`")


def read_list(folder: Path) -> tuple[list[Line], int]:
    """The list's lines, head first, and the bytes they take; raises InputError where they are not this version's."""
    require_list(folder)
    path = folder / LIST
    lines, end = read_journal(path)
    if not lines:
        raise InputError(f"{path}: is cut short; {made_again(folder)}")
    if lines[0].get("format") != FORMAT:
        raise InputError(f"{path}: is not the list of an index; give the folder that `index` has made")
    for what, version in (("version", VERSION), ("descriptor_version", DESCRIPTOR_VERSION)):
        if lines[0].get(what) != version:
            kind, found = what.replace("_", " "), lines[0].get(what)
            raise InputError(f"{path}: {kind} {found!r:.20}, this program's is {version}; {made_again(folder)}")
    if not isinstance(lines[0].get("next_file"), int):
        raise damaged(path, 1, "next_file")
    return lines, end


def people_of_line(path: str, line: Line) -> tuple[IndexedClip, ...]:
    """Those of the clip at `path`, of which a line tells; raises what a wrong one does."""
    known = {**_BY_DEFAULT, **line}
    return tuple(_clip({**told, **{name: known[name] for name in _OF_CLIP}, "path": path}) for told in line["people"])


def _clip(told: dict[str, Any]) -> IndexedClip:
    """One of them; raises what a wrong one does."""
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


def number_of(file: str) -> int:
    """The number that a file of the index is named by."""
    return int(file.removesuffix(".npy"))


def made_again(folder: Path) -> str:
    """What to do about damage, for the end of a message."""
    return f"delete {folder} and make the index again"
