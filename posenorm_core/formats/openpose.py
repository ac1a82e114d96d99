"""OpenPose: one JSON file a frame (`--write_json`), in a folder, in a zip, or a single one.

The frame is the number in the file's name; numbers that are left out are frames in which nobody was found.
Each file lists the people of its frame as flat x, y, confidence triples (`pose_keypoints_2d`, before version 1.2
`pose_keypoints`), mostly without identity. Frame rate and image size the format does not tell.
"""

import json
import re
from pathlib import PurePosixPath
from typing import Any, NoReturn

import numpy as np

from posenorm_core.clip import Clip
from posenorm_core.errors import InputError
from posenorm_core.formats.layout import Layout, likeliest_layout, to_landmarks
from posenorm_core.formats.openpose_layouts import OPENPOSE_LAYOUTS
from posenorm_core.formats.source import Source
from posenorm_core.keypoints import LARGEST_COORDINATE
from posenorm_core.people import Detections, find_people

DESCRIPTION = "OpenPose JSON (BODY_25, BODY_25B or COCO 18; a folder, a zip of it, or one file)"

_KEYS = ("pose_keypoints_2d", "pose_keypoints")
_COUNTS = tuple(sorted({layout.keypoint_count for layout in OPENPOSE_LAYOUTS}))
# More frames than this for those that are there, and one of the numbers belongs to something else.
_MOST_FRAMES_A_FILE, _FRAMES_ALWAYS_FINE = 10, 1000
_LARGEST_IDENTITY = 2**31


def recognises(source: Source) -> bool:
    """Whether a file of `source` begins as OpenPose's do: an object that tells of people."""
    names = [source.names[0]] if source.kind == "file" else source.json_names()
    return any(
        head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"{") and b'"people"' in head for head in source.heads(names)
    )


def read(source: Source, fps: float | None) -> Clip:
    """Reads the frames of `source`; `fps` is what the user says the rate is.

    Raises InputError naming the file that is no frame of OpenPose's, or is one of another set of keypoints.
    """
    numbered = frame_numbers(source)
    first = min(numbered)
    frame_count = max(numbered) - first + 1
    frames: list[int] = []
    people: list[np.ndarray] = []
    identities: list[int] = []
    shape_told_by = ""
    for number in sorted(numbered):
        name = source.described(numbered[number])
        for identity, keypoints in _people_of_frame(source.read(numbered[number]), name):
            if people and len(keypoints) != len(people[0]):
                raise InputError(
                    f"{name}: has people of {len(keypoints)} keypoints, {shape_told_by} of {len(people[0])}; "
                    "one clip must come from one model"
                )
            shape_told_by = shape_told_by or name
            frames.append(number - first)
            people.append(keypoints)
            identities.append(identity)
    if not people:
        return Clip(str(source.path), "OpenPose JSON", fps, (0.0, 0.0), frame_count, ())
    raw = np.stack(people)
    layout = _layout_of(raw)
    points, confidence = to_landmarks(layout, raw[..., :2], raw[..., 2])
    found = Detections(np.array(frames), points, confidence, np.array(identities))
    described = f"OpenPose JSON ({layout.name})"
    return Clip(str(source.path), described, fps, (0.0, 0.0), frame_count, find_people(found, frame_count, fps))


def frame_numbers(source: Source) -> dict[int, str]:
    """The files of `source` by their frame: the last number in their names in which they all differ.

    Raises InputError where names carry no such number, or one lies far from all others.
    """
    if source.kind == "file":
        return {0: source.names[0]}
    names = source.json_names()
    groups = {name: re.findall(r"\d{1,18}", PurePosixPath(name).stem) for name in names}
    if len(names) == 1:
        return {0: names[0]}
    names = [name for name in names if groups[name]]
    if not names:
        raise InputError(f"{source.path}: its file names carry no frame numbers, such as clip_000000000012.json")
    for place in range(1, max(len(group) for group in groups.values()) + 1):
        numbered = {int(groups[name][-place]): name for name in names if len(groups[name]) >= place}
        if len(numbered) == len(names):
            return _without_wide_gaps(numbered, source)
    first_of: dict[int, str] = {}
    for name in names:
        number = int(groups[name][-1])
        if number in first_of:
            both = f"{first_of[number]} and {name} are both frame {number}"
            raise InputError(f"{source.path}: {both}; give the frames of one clip alone")
        first_of[number] = name
    raise AssertionError("names whose last numbers all differ were returned above")


def _without_wide_gaps(numbered: dict[int, str], source: Source) -> dict[int, str]:
    """`numbered` as it is; raises InputError where so few files spread over so many frames that one is a stray."""
    numbers = np.array(sorted(numbered))
    if numbers[-1] - numbers[0] < _FRAMES_ALWAYS_FINE + _MOST_FRAMES_A_FILE * len(numbers):
        return numbered
    widest = int(np.argmax(np.diff(numbers)))
    # The smaller side of the gap is the odd one.
    stray = int(numbers[widest + 1] if widest + 1 > len(numbers) / 2 else numbers[widest])
    raise InputError(
        f"{source.path}: {len(numbers)} files run from frame {numbers[0]} to {numbers[-1]}; "
        f"take out what does not belong to the clip, such as {numbered[stray]}"
    )


def _people_of_frame(content: bytes, name: str) -> list[tuple[int, np.ndarray]]:
    """The identity (-1: none told) and keypoints (K, 3) of each person in a file called `name`."""
    frame = _parsed(content, name)
    people = frame.get("people") if isinstance(frame, dict) else None
    if not isinstance(people, list):
        raise InputError(f"{name}: is no frame of OpenPose's, which is JSON with a list 'people'")
    found = []
    for person in people:
        flat = next((person[key] for key in _KEYS if key in person), None) if isinstance(person, dict) else None
        if not isinstance(flat, list):
            raise InputError(f"{name}: a person lacks the list '{_KEYS[0]}'")
        if flat:  # OpenPose writes an empty list for somebody of whom it has only the hands or the face
            found.append((_identity(person.get("person_id")), _keypoints(flat, name)))
    return found


def _parsed(content: bytes, name: str) -> Any:
    try:
        return _DECODER.decode(content.decode("utf-8-sig"))
    except json.JSONDecodeError as error:
        whole = "is cut short" if error.pos >= len(error.doc.rstrip()) - 1 else "is damaged"
        raise InputError(f"{name}: {whole}: no valid JSON at line {error.lineno} column {error.colno}") from None
    except UnicodeDecodeError:
        raise InputError(f"{name}: is no text, so no JSON") from None
    except RecursionError:
        raise InputError(f"{name}: is nested too deeply for keypoints") from None
    except ValueError as error:  # NaN and the like, and integers of thousands of digits
        raise InputError(f"{name}: holds {error}") from None


def _refuse_constant(constant: str) -> NoReturn:
    raise ValueError(f"{constant}, which is no number; write 0 with confidence 0 for what is missing")


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)


def _keypoints(flat: list[Any], name: str) -> np.ndarray:
    """The list x, y, confidence, … as (K, 3); raises InputError for what is none of OpenPose's."""
    try:
        values = np.array(flat)
        usable = values.ndim == 1 and values.dtype.kind in "fiu"
    except (ValueError, OverflowError):
        usable = False
    if not usable:
        raise InputError(f"{name}: '{_KEYS[0]}' must be plain numbers x, y, confidence, …")
    values = values.astype(np.float64)
    if len(values) % 3 or len(values) // 3 not in _COUNTS:
        raise InputError(
            f"{name}: has {len(values)} numbers a person, which is {len(values) / 3:g} keypoints; "
            f"{' or '.join(str(count) for count in _COUNTS)} keypoints can be read ({DESCRIPTION})"
        )
    if not (np.abs(values) <= LARGEST_COORDINATE).all():
        worst = values[np.argmax(np.abs(values))]
        raise InputError(f"{name}: holds the number {worst:g}, which is no pixel and no confidence")
    keypoints = values.reshape(-1, 3).astype(np.float32)
    np.clip(keypoints[:, 2], 0, 1, out=keypoints[:, 2])
    return keypoints


def _identity(person_id: Any) -> int:
    """`person_id` as OpenPose writes it ([-1], [3], or not at all) as a number, -1 for none."""
    if isinstance(person_id, list) and len(person_id) == 1:
        person_id = person_id[0]
    return person_id if isinstance(person_id, int) and 0 <= person_id < _LARGEST_IDENTITY else -1


def _layout_of(raw: np.ndarray) -> Layout:
    """The layout of people (D, K, 3), whose number of keypoints is one of the known."""
    candidates = [layout for layout in OPENPOSE_LAYOUTS if layout.keypoint_count == raw.shape[1]]
    return likeliest_layout(candidates, raw[..., :2], raw[..., 2])
