"""Human3.6M's 17 joints in 2D as plain numbers: (frames, 17, 2 or 3) in a `.npy`, an `.npz`, or the lists of a JSON.

So the demos of MHFormer, MotionAGFormer, PoseFormerV2 and their kin save what they lift to 3D (`keypoints.npz`, with
an axis of people before the frames). Two numbers are pixels, the third a confidence; 3D positions, which have the
same shape, are told by their values and refused. COCO has 17 keypoints too: the body decides. In JSON a frame
without anybody is null or an empty list.
"""

import re
from io import BytesIO
from typing import Any

import numpy as np

from posenorm_core.clip import Clip
from posenorm_core.errors import InputError
from posenorm_core.formats.coco_layouts import HUMAN36M_17
from posenorm_core.formats.detection_list import clip_of_detections
from posenorm_core.formats.json_text import parsed_json
from posenorm_core.formats.keypoint_arrays import detections_of_array, listed_points
from posenorm_core.formats.seventeen_keypoints import layout_of_seventeen
from posenorm_core.formats.source import Source
from posenorm_core.npy import npy_header, read_npy

DESCRIPTION = "Human3.6M's 17 joints in 2D (.npy, .npz or JSON, an array of frames x 17 x 2 or 3)"

_JOINTS = 17
# JSON that is lists in lists from its beginning; the first frames may be without anybody.
_LISTS = re.compile(rb"(?:\xef\xbb\xbf)?\s*\[\s*(?:(?:null|\[\s*\])\s*,\s*)*\[\s*\[")


def recognises(source: Source) -> bool:
    """Whether `source` is, or holds, an array (…, 17, 2 or 3), or a JSON list of frames of 17 points."""
    head = next(source.heads(source.names)) if source.kind == "file" else b""
    return bool(_array_names(source)) or (_LISTS.match(head) is not None and listed_points(head) == (_JOINTS, True))


def read(source: Source, fps: float | None) -> Clip:
    """Reads the keypoints of `source`; `fps` is what the user says the rate is.

    Raises InputError where there are several such arrays, they are 3D positions, or are no pixels.
    """
    names = _array_names(source)
    if len(names) > 1:
        raise InputError(f"{source.path}: holds several arrays of 17 points ({', '.join(names)}); keep the 2D one")
    name = names[0] if names else source.names[0]
    content = source.read(name)
    if names:
        values = read_npy(content, source.described(name))
        people = values if values.ndim == 4 else values[None]
    else:
        people = _listed(parsed_json(content, source.described(name)), source.described(name))[None]
    detections = [
        detection
        for number, person in enumerate(people)
        for detection in detections_of_array(person, source.described(name), identity=number)
    ]
    layout = layout_of_seventeen(detections, HUMAN36M_17)
    return clip_of_detections(source.path, "array of keypoints", detections, [layout], people.shape[1], fps)


def _array_names(source: Source) -> list[str]:
    """The names of the arrays (frames, 17, 2 or 3) and (people, frames, 17, 2 or 3) in `source`."""
    names = [] if source.kind == "folder" else source.names
    if source.kind == "zip":
        names = [name for name in names if name.endswith(".npy")]
    return [name for name, head in zip(names, source.heads(names), strict=True) if _is_of_joints(head)]


def _is_of_joints(head: bytes) -> bool:
    header = npy_header(BytesIO(head))
    if header is None:
        return False
    shape, dtype, _ = header
    return dtype.kind in "fiu" and len(shape) in (3, 4) and shape[-2] == _JOINTS and shape[-1] in (2, 3)


def _listed(frames: Any, name: str) -> np.ndarray:
    """A list of frames, each of 17 lists of numbers, as (T, 17, 2 or 3), NaN where a frame is null or empty."""
    arrays = [_frame(frame, number, name) for number, frame in enumerate(frames)]
    columns = {array.shape[1] for array in arrays if array is not None}
    if len(columns) != 1:
        raise InputError(f"{name}: has points of {' and of '.join(map(str, sorted(columns))) or 'no'} numbers")
    missing = np.full((_JOINTS, *columns), np.nan)
    return np.stack([missing if array is None else array for array in arrays])


def _frame(frame: Any, number: int, name: str) -> np.ndarray | None:
    if frame is None or frame == []:
        return None
    try:
        points = np.array(frame)
        usable = points.dtype.kind in "fiu" and points.shape in ((_JOINTS, 2), (_JOINTS, 3))
    except (ValueError, OverflowError):
        usable = False
    if not usable:
        raise InputError(f"{name}: frame {number} is no list of 17 points of 2 or 3 plain numbers")
    return points.astype(np.float64)
