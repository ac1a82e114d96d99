"""MediaPipe's landmarks as CSV, which has no fixed form: people write it themselves.

Wide, a row a pose: columns such as `nose_x`, `LEFT_HIP_visibility`, `x0`, `y_12`, `landmark_3_z`; numbers from 0, or
from 1 where the last is 33; or 66, 99 or 132 columns without titles, or with numbers for titles. Long, a row a
landmark: `frame`, `landmark` (a number or a name), `x`, `y`, `z`, `visibility`. Beside them there may be the frame, the
person, and `fps`, `width` and `height`. Cells that are empty or `nan` are not known.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np

from posenorm_core.errors import InputError
from posenorm_core.formats.detection_list import identity_of
from posenorm_core.formats.mediapipe_layout import landmark_number, words_of
from posenorm_core.formats.mediapipe_poses import LANDMARKS, Poses, poses_of

_AXES = {"x": 0, "y": 1, "z": 2} | dict.fromkeys(("visibility", "vis", "v", "confidence", "conf", "score", "c"), 3)
_FRAME_TITLES = ("frame", "framenumber", "frameindex", "frameid", "frameidx", "framenum", "frameno")
_PERSON_TITLES = ("person", "personid", "personindex", "poseid", "poseindex", "trackid")
_LANDMARK_TITLES = (
    "landmark",
    "landmarkid",
    "landmarkindex",
    "landmarkidx",
    "landmarkname",
    "keypoint",
    "keypointid",
    "keypointname",
    "joint",
    "jointid",
    "jointidx",
    "jointindex",
    "jointname",
    "name",
    "id",
    "index",
    "idx",
)
_UNTITLED = (2 * LANDMARKS, 3 * LANDMARKS, 4 * LANDMARKS)
# A table with fewer landmarks than this is of something else.
_FEWEST_LANDMARKS = 5
# A landmark told more often than this in a frame means that the frames are not told apart.
_MOST_PEOPLE = 1000
_UNKNOWN = ("", "nan", "none", "null", "na", "n/a")


class _Columns(NamedTuple):
    """What the columns of a table are, by their numbers; None where there is none."""

    titled: bool  # whether the first row is titles
    frame: int | None
    person: int | None
    landmark: int | None  # of a long table
    values: dict[int, tuple[int, int]]  # the landmark and the axis of each; of a long table the landmark is 0


def begins_as_landmarks(head: bytes) -> bool:
    """Whether a text that begins so is a table of MediaPipe's landmarks."""
    try:
        return _columns(next(_rows(head, errors="ignore"), [])) is not None
    except csv.Error:
        return False


def read_csv(content: bytes, name: str) -> Poses:
    """The poses in the table of the file called `name`; raises InputError naming the line that is wrong."""
    try:
        rows = _rows(content)
        first = next(rows, [])
        columns = _columns(first)
        if columns is None:
            raise InputError(f"{name}: its columns are none of MediaPipe's landmarks")
        # Row by row: as texts the cells of a long clip would take twenty times the memory of its file.
        numbered = _whole_rows(rows if columns.titled else chain([first], rows), columns.titled, len(first), name)
        second = next(numbered, None)
        settings = dict(zip(first, second[1], strict=False)) if columns.titled and second else {}
        read = _wide_poses if columns.landmark is None else _long_poses
        found = list(read(chain([second] if second else [], numbered), columns, name))
    except UnicodeDecodeError:
        raise InputError(f"{name}: is no text in UTF-8, so no CSV") from None
    except csv.Error as error:
        raise InputError(f"{name}: is no CSV ({error})") from None
    return poses_of(found, sorted({frame for frame, _, _ in found}), settings, name)


def _rows(content: bytes, errors: str = "strict") -> Iterator[list[str]]:
    first_line = content.partition(b"\n")[0].decode(errors="replace")
    text = io.TextIOWrapper(io.BytesIO(content), "utf-8-sig", errors, newline="")
    return csv.reader(text, delimiter=max(",;\t", key=first_line.count))


def _whole_rows(rows: Iterable[list[str]], above: int, width: int, name: str) -> Iterator[tuple[int, list[str]]]:
    """The rows that are not empty, of which `above` stand above, with their lines' numbers from 1.

    Raises InputError where one has fewer than `width` cells.
    """
    for line, row in enumerate(rows, start=1 + above):
        if row and len(row) < width:
            raise InputError(f"{name}: line {line} has {len(row)} of {width} cells; the file may be cut short")
        if row:
            yield line, row


def _columns(titles: list[str]) -> _Columns | None:
    """What the columns with these titles, or first cells, are; None where they are no landmarks."""
    joined = ["".join(words_of(title)) for title in titles]
    frame, person, landmark = (_first(joined, known) for known in (_FRAME_TITLES, _PERSON_TITLES, _LANDMARK_TITLES))
    axes = {column: (0, _AXES[title]) for column, title in enumerate(joined) if title in _AXES}
    if landmark is not None and {0, 1} <= {axis for _, axis in axes.values()}:
        return _Columns(True, frame, person, landmark, axes)
    values = _wide_values(titles)
    return _Columns(True, frame, person, None, values) if values else _untitled(titles)


def _first(joined: Sequence[str], known: Sequence[str]) -> int | None:
    """The column that has the first of the `known` titles that any has."""
    return next((joined.index(title) for title in known if title in joined), None)


def _wide_values(titles: Sequence[str]) -> dict[int, tuple[int, int]]:
    """The landmark and axis of each column whose title tells both; empty where these are too few for a person."""
    told: dict[int, tuple[int, int]] = {}
    by_number = set()
    for column, title in enumerate(titles):
        words = words_of(title)
        ends = [(words[-1], words[:-1]), (words[0], words[1:])] if words else []
        axis, rest = next(((_AXES[end], rest) for end, rest in ends if end in _AXES), (0, []))
        number = landmark_number(rest)
        if number is not None:
            told[column] = number, axis
            by_number |= {number} if rest[-1].isdigit() else set()
    from_one = 0 not in by_number and LANDMARKS in by_number
    values = {column: (number - from_one, axis) for column, (number, axis) in told.items()}
    values = {column: (number, axis) for column, (number, axis) in values.items() if number < LANDMARKS}
    points = {number for number, axis in values.values() if axis == 0} & {n for n, axis in values.values() if axis == 1}
    return values if len(points) >= _FEWEST_LANDMARKS else {}


def _untitled(first: list[str]) -> _Columns | None:
    """The columns of a table of bare numbers, after one of frames or not; None where the first row is none of such."""
    for before in (0, 1):
        count = len(first) - before
        if count not in _UNTITLED:
            continue
        titled = first[before:] == [str(number) for number in range(count)]
        if titled or all(_is_number(cell) for cell in first):
            width = count // LANDMARKS
            values = {before + place: divmod(place, width) for place in range(count)}
            return _Columns(titled, 0 if before else None, None, None, values)
    return None


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _wide_poses(
    rows: Iterable[tuple[int, list[str]]], columns: _Columns, name: str
) -> Iterator[tuple[int, int, np.ndarray]]:
    """Frame, identity and values (33, 4) of each row."""
    landmarks, axes = (list(part) for part in zip(*columns.values.values(), strict=True))
    for number, (line, row) in enumerate(rows):
        where = f"{name}: line {line}"
        values = np.full((LANDMARKS, 4), np.nan)
        values[landmarks, axes] = _numbers([row[column] for column in columns.values], where)
        frame = number if columns.frame is None else _whole_number(row[columns.frame], where)
        yield frame, _identity(row, columns), values


def _long_poses(
    rows: Iterable[tuple[int, list[str]]], columns: _Columns, name: str
) -> Iterator[tuple[int, int, np.ndarray]]:
    """Frame, identity and values (33, 4) of each person; a landmark's second row in a frame is a second person's."""
    poses: dict[tuple[int, int], list[tuple[np.ndarray, np.ndarray]]] = {}
    axes = [axis for _, axis in columns.values.values()]
    for line, row in rows:
        where = f"{name}: line {line}"
        landmark = landmark_number(words_of(row[columns.landmark or 0]))
        if landmark is None or landmark >= LANDMARKS:
            raise InputError(f"{where}: '{row[columns.landmark or 0][:40]}' is none of MediaPipe's landmarks")
        frame = 0 if columns.frame is None else _whole_number(row[columns.frame], where)
        people = poses.setdefault((frame, _identity(row, columns)), [])
        told, pose = next((one for one in people if not one[0][landmark]), (None, None))
        if told is None or pose is None:
            if len(people) == _MOST_PEOPLE:
                raise InputError(f"{where}: is the landmark of more than {_MOST_PEOPLE} people in one frame")
            told, pose = np.zeros(LANDMARKS, dtype=bool), np.full((LANDMARKS, 4), np.nan)
            people.append((told, pose))
        told[landmark] = True
        pose[landmark, axes] = _numbers([row[column] for column in columns.values], where)
    return ((frame, identity, pose) for (frame, identity), people in poses.items() for _, pose in people)


def _numbers(cells: Sequence[str], where: str) -> list[float]:
    try:
        return [float(cell) if cell.strip().lower() not in _UNKNOWN else np.nan for cell in cells]
    except ValueError as error:
        raise InputError(f"{where}: {str(error)[:80]}; cells must be plain numbers") from None


def _whole_number(cell: str, where: str) -> int:
    if not _is_number(cell) or not float(cell).is_integer() or abs(float(cell)) > 1e9:
        raise InputError(f"{where}: '{cell[:40]}' is no number of a frame")
    return int(float(cell))


def _identity(row: Sequence[str], columns: _Columns) -> int:
    """The number of the person that the row tells, -1 for none."""
    cell = "" if columns.person is None else row[columns.person]
    return identity_of(float(cell)) if _is_number(cell) else -1
