"""OpenPose: one JSON file a frame (`--write_json`), in a folder, in a zip, or a single one; or a list of frames.

The frame is the number in the file's name; numbers that are left out are frames in which nobody was found.
Each file lists the people of its frame as flat x, y, confidence triples, mostly without identity. What the lists
are called has changed: `people` with `pose_keypoints_2d`, before version 1.2 `pose_keypoints`, before 1.0
`body_parts`, and in the CMU demo before that `bodies` with `joints` (release notes). ControlNet's tools write a
clip as one list of frames with the size of the image, the keypoints in pixels or as shares of it; so are those of
OpenPose's own `--keypoint_scale` 3 (0…1) and 4 (-1…1). Frame rate, and else the image size, the format does not tell.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from posenorm_core.clip import Clip
from posenorm_core.errors import InputError
from posenorm_core.formats.detection_list import (
    Detection,
    clip_of_detections,
    common_image_size,
    identity_of,
    readable_counts,
)
from posenorm_core.formats.frame_names import names_by_frame
from posenorm_core.formats.json_head import nested_keys
from posenorm_core.formats.json_text import parsed_json
from posenorm_core.formats.numbers import keypoint_triples, plain_numbers
from posenorm_core.formats.openpose_layouts import OPENPOSE_LAYOUTS
from posenorm_core.formats.source import Source

DESCRIPTION = "OpenPose JSON (BODY_25, BODY_25B or COCO 18; a folder, a zip of it, or one file)"

_LISTS = ("people", "bodies")
_KEYS = ("pose_keypoints_2d", "pose_keypoints", "body_parts", "joints")
# No person is a pixel large; rounding may leave the image by a little.
_LARGEST_SHARE = 1.001
_COUNTS = tuple(layout.keypoint_count for layout in OPENPOSE_LAYOUTS)


def recognises(source: Source) -> bool:
    """Whether a file of `source` begins as OpenPose's do: an object that tells of people, or a list of such."""
    names = [source.names[0]] if source.kind == "file" else source.json_names()
    return any(_begins_as_frames(head) for head in source.heads(names))


def read(source: Source, fps: float | None) -> Clip:
    """Reads the frames of `source`; `fps` is what the user says the rate is.

    Raises InputError naming the file that is no frame of OpenPose's, or is one of another set of keypoints.
    """
    detections: list[Detection] = []
    sizes: list[tuple[Any, Any]] = []
    frame_count = 0
    for number, frame, name in _frames(source):
        detections += people_of_frame(number, frame, name)
        sizes.append((frame.get("canvas_width"), frame.get("canvas_height")))
        frame_count = number + 1
    image_size = common_image_size(sizes)
    lowest, highest = _range(detections)
    # OpenPose finds nothing outside of the image, and tells no size; ControlNet's tools do both.
    tells_size = image_size[0] > 0
    in_shares = highest <= _LARGEST_SHARE and (tells_size or lowest >= -_LARGEST_SHARE)
    if in_shares and lowest < 0 and not tells_size:
        halved = np.array([0.5, 0.5, 1.0]), np.array([0.5, 0.5, 0.0])
        detections = [each._replace(keypoints=each.keypoints * halved[0] + halved[1]) for each in detections]
    return clip_of_detections(
        source.path, "OpenPose JSON", detections, OPENPOSE_LAYOUTS, frame_count, fps, image_size, in_shares=in_shares
    )


def people_of_frame(number: int, frame: Any, name: str) -> list[Detection]:
    """The people of frame `number`, which the file called `name` tells; raises InputError where it is no frame."""
    people = next((frame[key] for key in _LISTS if key in frame), None) if isinstance(frame, dict) else None
    if not isinstance(people, list):
        raise InputError(f"{name}: is no frame of OpenPose's, which is JSON with a list 'people'")
    found = []
    for person in people:
        key = next((key for key in _KEYS if key in person), None) if isinstance(person, dict) else None
        # Somebody of whom there are only the hands or the face has an empty list, from ControlNet's tools none.
        flat = [] if key and person[key] is None else person.get(key) if key else None
        if not isinstance(flat, list):
            raise InputError(f"{name}: a person lacks the list '{_KEYS[0]}'")
        if flat:
            found.append(Detection(number, identity_of(person.get("person_id")), _keypoints(flat, name), name))
    return found


def _range(detections: list[Detection]) -> tuple[float, float]:
    """The least and the greatest coordinate that was found; no share of an image where none was."""
    found = [each.keypoints[each.keypoints[:, 2] > 0, :2] for each in detections]
    found = [points for points in found if len(points)]
    return (min(p.min() for p in found), max(p.max() for p in found)) if found else (0.0, np.inf)


def _begins_as_frames(head: bytes) -> bool:
    if not any(f'"{key}"'.encode() in head for key in _LISTS):  # the cheap question first: folders have many files
        return False
    keys = nested_keys(head)
    return any(key in keys.get(nesting, ()) for nesting in ("{", "[{") for key in _LISTS)


def _frames(source: Source) -> Iterator[tuple[int, Any, str]]:
    """Each frame's number from 0, what its JSON holds, and the name by which a message calls it."""
    if source.kind == "file":
        name = source.described(source.names[0])
        told = parsed_json(source.read(source.names[0]), name)
        listed = told if isinstance(told, list) and told else [told]
        yield from ((number, frame, name) for number, frame in enumerate(listed))
        return
    numbered = names_by_frame(source.json_names(), source.path, "files")
    first = min(numbered)
    for number in sorted(numbered):
        name = source.described(numbered[number])
        yield number - first, parsed_json(source.read(numbered[number]), name), name


def _keypoints(flat: list[Any], name: str) -> np.ndarray:
    """The list x, y, confidence, … as (K, 3); raises InputError for what is none of OpenPose's."""
    values = plain_numbers(flat, name, f"'{_KEYS[0]}'")
    if len(values) % 3 or len(values) // 3 not in _COUNTS:
        raise InputError(
            f"{name}: has {len(values)} numbers a person, which is {len(values) / 3:g} keypoints; "
            f"{readable_counts(OPENPOSE_LAYOUTS)} can be read ({DESCRIPTION})"
        )
    return keypoint_triples(values, name)
