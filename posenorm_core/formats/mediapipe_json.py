"""MediaPipe's landmarks as JSON, which has no fixed form: people write it themselves.

Read is what their programs mostly write. The frames are a list; an object by number (`"12"`, `"frame_12"`); or
such a one inside an object, beside `fps`, `width`, `height`; or one file each. A frame is the landmarks; a list of
several people's; null or empty where nobody was found; or an object that has them (`landmarks`, `pose_landmarks`,
`keypoints`, …) beside its number. The landmarks are a list of 33 in MediaPipe's order; an object by name or number; a
list with a name or number in each; or 66, 99 or 132 bare numbers. A landmark is `{x, y, z, visibility}` or `[x, y, z,
visibility]`, without what is not known.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from posenorm_core.errors import InputError
from posenorm_core.formats.frame_names import names_by_frame
from posenorm_core.formats.json_head import nested_keys, only_json
from posenorm_core.formats.json_text import parsed_json
from posenorm_core.formats.keypoint_arrays import listed_points
from posenorm_core.formats.mediapipe_layout import landmark_number, words_of
from posenorm_core.formats.mediapipe_poses import LANDMARKS, Poses, poses_of
from posenorm_core.formats.source import Source

_LANDMARK_KEYS = (
    "pose_landmarks",
    "poseLandmarks",
    "landmarks",
    "landmark",
    "keypoints",
    "keypoints_2d",
    "pose",
    "poses",
    "people",
    "persons",
)
_FRAME_KEYS = ("frames", "poses", "pose_data", "frames_data", "data", "results", *_LANDMARK_KEYS)
_NUMBER_KEYS = ("frame", "frame_number", "frame_index", "frame_id", "frame_idx", "frame_num", "frameNumber", "index")
_NAME_KEYS = ("name", "landmark_name", "landmark", "joint", "part", "id", "landmark_id", "index", "idx")
_VISIBILITY_KEYS = ("visibility", "confidence", "score", "v", "c")
_FLAT = (2 * LANDMARKS, 3 * LANDMARKS, 4 * LANDMARKS)
_DEEPEST = 4
# A list of points that does not end where it could have more than this is none of other detectors', as Halpe's.
_MOST_OF_OTHERS = 26
_NUMBERED = re.compile(r"\D{0,20}(\d{1,9})")
_NAMED = re.compile(rb'"(?:nose|(?:left|right)_?(?:shoulder|hip))":[\[{]', re.IGNORECASE)
_FLAT_LIST = re.compile(rb"\[([-+.eE\d,]+)\]")


def begins_as_landmarks(head: bytes) -> bool:
    """Whether JSON that begins so may be MediaPipe's landmarks."""
    every = nested_keys(head)
    if not every:
        return False
    compact = b"".join(head.split())
    keys = {key.lower() for some in every.values() for key in some}
    of_landmarks = {"x", "y"} <= keys and not keys.isdisjoint(("z", "visibility", "score", "confidence"))
    if of_landmarks or any("landmark" in key for key in keys) or _NAMED.search(compact):
        return True
    points, whole = listed_points(compact)
    if points == LANDMARKS if whole else _MOST_OF_OTHERS < points < LANDMARKS:
        return True
    return any(found[1].count(b",") + 1 in _FLAT for found in _FLAT_LIST.finditer(compact))


def read_json(source: Source) -> Poses:
    """The poses in the JSON file or files of `source`; raises InputError naming the frame that is no such one."""
    name = only_json(source)
    if name is None:
        files = names_by_frame(source.json_names(), source.path, "file names")
        frames = [
            (number, parsed_json(source.read(file), source.described(file))) for number, file in sorted(files.items())
        ]
        told: Any = frames[0][1]
        path = str(source.path)
    else:
        path = source.described(name)
        told = parsed_json(source.read(name), path)
        frames = _frames(told, path)
    found = [
        (number, -1, _pose(pose, f"{path}: frame {number}"))
        for number, frame in frames
        for pose in _people(frame, f"{path}: frame {number}")
    ]
    return poses_of(found, [number for number, _ in frames], _settings(told, frames), path)


def _frames(told: Any, path: str, depth: int = 0) -> list[tuple[int, Any]]:
    """The frames in what a file tells, each with its number; raises InputError where there are none."""
    if _is_pose(told):
        return [(0, told)]
    if isinstance(told, dict):
        inner = next((told[key] for key in _FRAME_KEYS if isinstance(told.get(key), list | dict)), None)
        if _is_pose(inner):
            return [(0, told)]
        if inner is not None and depth < _DEEPEST:
            return _frames(inner, path, depth + 1)
        numbered = {int(m[1]): told[key] for key in told if (m := _NUMBERED.fullmatch(key)) and _holds(told[key])}
        if numbered:
            return sorted(numbered.items(), key=lambda item: item[0])
    if not isinstance(told, list):
        raise InputError(f"{path}: holds no list of frames with MediaPipe's landmarks")
    numbers = [_own_number(frame) for frame in told]
    if None in numbers:
        return list(enumerate(told))
    return [(number or 0, frame) for number, frame in zip(numbers, told, strict=True)]


def _own_number(frame: Any) -> int | None:
    """The number that a frame tells of itself: 12, "12" or "frame_12"."""
    told = next((frame[key] for key in _NUMBER_KEYS if key in frame), None) if isinstance(frame, dict) else None
    if isinstance(told, float) and told.is_integer():
        told = int(told)
    found = _NUMBERED.fullmatch(str(told)) if isinstance(told, int | str) and not isinstance(told, bool) else None
    return int(found[1]) if found else None


def _settings(told: Any, frames: list[tuple[int, Any]]) -> Mapping[str, Any]:
    """What is said beside the landmarks: in the first frame, in an object of its own, at the top, which counts most."""
    first = frames[0][1] if frames else None
    parts = [first, *(told.values() if isinstance(told, dict) else ()), told]
    return {
        key: value
        for part in parts
        if isinstance(part, dict)
        for key, value in part.items()
        if isinstance(value, int | float | str)
    }


def _people(frame: Any, where: str, depth: int = 0) -> Iterator[Any]:
    """The landmarks of each person in a frame; raises InputError where there are none of MediaPipe's."""
    if frame is None or frame == [] or frame == {}:
        return
    if _is_pose(frame):
        yield frame
        return
    if isinstance(frame, dict) and depth < _DEEPEST:
        inner = next((key for key in _LANDMARK_KEYS if key in frame), None)
        if inner is not None:
            yield from _people(frame[inner], where, depth + 1)
            return
    if not isinstance(frame, list) or depth >= _DEEPEST:
        raise InputError(f"{where}: has no landmarks, a list of 33 with x and y")
    for person in frame:
        yield from _people(person, where, depth + 1)


def _is_pose(held: Any) -> bool:
    """Whether `held` is one person's landmarks in any of the forms."""
    if isinstance(held, dict):
        return any(_is_landmark(held[key]) and landmark_number(words_of(key)) is not None for key in held)
    if not isinstance(held, list) or not held:
        return False
    return _is_landmark(held[0]) or (len(held) in _FLAT and isinstance(held[0], int | float))


def _is_landmark(held: Any) -> bool:
    if isinstance(held, dict):
        return ("x" in held or "X" in held) and ("y" in held or "Y" in held)
    return isinstance(held, list) and 2 <= len(held) <= 5 and isinstance(held[0], int | float)


def _holds(value: Any) -> bool:
    return value is None or (isinstance(value, list | dict) and not _is_landmark(value))


def _pose(told: Any, where: str) -> np.ndarray:
    """One person's landmarks (33, 4): x, y, z, visibility, NaN where not told."""
    if isinstance(told, list) and not _is_landmark(told[0]):
        width = len(told) // LANDMARKS
        told = [told[start : start + width] for start in range(0, len(told), width)]
    named = told.items() if isinstance(told, dict) else [(_own_name(mark), mark) for mark in told]
    if all(name is None for name, _ in named):
        if len(named) != LANDMARKS:
            raise InputError(f"{where}: has {len(named)} landmarks without names; MediaPipe's are {LANDMARKS}")
        named = [(str(number), mark) for number, (_, mark) in enumerate(named)]
    rows: list[Any] = [[None] * 4] * LANDMARKS
    for name, mark in named:
        number = landmark_number(words_of(name or ""))
        if number is not None and number < LANDMARKS and mark is not None:
            rows[number] = _row(mark)
    try:
        return np.array(rows, dtype=np.float64)
    except (ValueError, TypeError, OverflowError):
        raise InputError(f"{where}: a landmark must be plain numbers x, y, z, visibility") from None


def _own_name(landmark: Any) -> str | None:
    """The name or number that a landmark tells of itself."""
    told = next((landmark[key] for key in _NAME_KEYS if key in landmark), None) if isinstance(landmark, dict) else None
    return str(told) if isinstance(told, int | str) else None


def _row(landmark: Any) -> list[Any]:
    """x, y, z and visibility of one landmark, None where not told."""
    if isinstance(landmark, list):
        return [*landmark[:4], None, None, None, None][:4]
    if not isinstance(landmark, dict):
        return [landmark] * 4
    visibility = next((landmark[key] for key in _VISIBILITY_KEYS if key in landmark), None)
    return [landmark.get("x", landmark.get("X")), landmark.get("y", landmark.get("Y")), landmark.get("z"), visibility]
