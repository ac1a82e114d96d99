"""MMPose: what its demos and its inferencer write of a video, or of each of a folder's images.

The demos write an object with `meta_info`, which names the keypoints, and `instance_info`, a list of frames; the
inferencer the list of frames alone (a frame is `frame_id` and `instances`), lists of instances alone, or one such
list a file. An instance is `keypoints` (x, y each) and `keypoint_scores`, which above 1 say no more than 1; in the
versions before 1.0 x, y, score each. Without names the number of keypoints tells what they are.

The demos that lift poses to 3D write these alone, in metres: x to the image's left, depth, height. They are read as
the camera saw them from afar, a metre as 1000 pixels. Frame rate and image size the format does not tell.
"""

import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from posenorm_core.clip import Clip
from posenorm_core.errors import InputError
from posenorm_core.formats.coco_layouts import COCO_LAYOUTS, COCO_WHOLEBODY_133, HUMAN36M_17, named_layout
from posenorm_core.formats.detection_list import Detection, clip_of_detections, identity_of
from posenorm_core.formats.frame_names import names_by_frame, without_wide_gaps
from posenorm_core.formats.json_head import nested_keys, only_json
from posenorm_core.formats.json_text import parsed_json
from posenorm_core.formats.layout import Layout
from posenorm_core.formats.numbers import keypoint_triples
from posenorm_core.formats.source import Source

DESCRIPTION = "MMPose JSON (demo or inferencer; COCO 17, Halpe 26, COCO-WholeBody 133, Human3.6M 17)"

# What keypoints without names are: a detector's 17 are COCO's, those of what lifts to 3 dimensions Human3.6M's.
_UNNAMED = {2: COCO_LAYOUTS, 3: (HUMAN36M_17, COCO_WHOLEBODY_133)}
_PIXELS_A_METRE = 1000
# Of a whole body the scores come so late in an instance that its head has not even their name.
_LISTED_POINTS = re.compile(rb'"keypoints"\s*:\s*\[\s*\[')

# The number of a frame from 0, its instances, and the name by which a message calls it.
_Frame = tuple[int, list[Any], str]


def recognises(source: Source) -> bool:
    """Whether a file of `source` begins as one of MMPose's."""
    names = [source.names[0]] if source.kind == "file" else source.json_names()
    return any(_begins_as_predictions(head) for head in source.heads(names))


def read(source: Source, fps: float | None) -> Clip:
    """Reads the instances of `source`; `fps` is what the user says the rate is.

    Raises InputError naming the frame that is none of MMPose's, or is one of another set of keypoints.
    """
    name = only_json(source)
    named = None
    if name is None:
        frames = _frames_of_files(source)
    else:
        path = source.described(name)
        told = parsed_json(source.read(name), path)
        if isinstance(told, dict):
            named = _named_layout(told.get("meta_info"))
            told = told.get("instance_info")
        frames = _frames_of_list(told, path)
    people = []
    dimensions: dict[int, str] = {}
    frame_count = 0
    for number, instances, where in frames:
        for instance in instances:
            keypoints, dimension = _keypoints(instance, where)
            dimensions.setdefault(dimension, where)
            people.append(Detection(number, identity_of(instance.get("track_id")), keypoints, where))
        frame_count = number + 1
    if len(dimensions) > 1:
        raise InputError(f"{dimensions[3]}: has poses in 3D, {dimensions[2]} in 2D; give either")
    dimension = max(dimensions, default=2)
    layouts = _UNNAMED[dimension] if named is None else [named]
    detector = "MMPose JSON" if dimension == 2 else "MMPose JSON in 3D"
    return clip_of_detections(source.path, detector, people, layouts, frame_count, fps)


def _begins_as_predictions(head: bytes) -> bool:
    if not any(key in head for key in (b'"meta_info"', b'"instance_info"', b'"instances"', b'"keypoints"')):
        return False
    keys = nested_keys(head)
    listed = keys.get("[{", set())
    return (
        not keys.get("{", set()).isdisjoint(("meta_info", "instance_info"))
        or {"frame_id", "instances"} <= listed
        or (
            _LISTED_POINTS.search(head) is not None
            and (("keypoints" in listed and "image_id" not in listed) or "keypoints" in keys.get("[[{", ()))
        )
    )


def _named_layout(meta_info: Any) -> Layout | None:
    """The layout whose keypoints `meta_info` names; None where it names none."""
    meta_info = meta_info if isinstance(meta_info, dict) else {}
    if meta_info.get("dataset_name") == "h36m":  # its names have been left for right in some versions, its order never
        return HUMAN36M_17
    told = meta_info.get("keypoint_id2name")
    told = told if isinstance(told, dict) else {}
    return named_layout([str(told.get(str(number))) for number in range(len(told))])


def _frames_of_files(source: Source) -> Iterator[_Frame]:
    """A frame a file, in the order of the numbers in their names."""
    numbered = names_by_frame(source.json_names(), source.path, "files")
    first = min(numbered)
    for number in sorted(numbered):
        path = source.described(numbered[number])
        instances = parsed_json(source.read(numbered[number]), path)
        if not isinstance(instances, list) or any(not _is_instance(instance) for instance in instances):
            raise InputError(f"{path}: is no list of MMPose's instances; of several clips give the file of one")
        yield number - first, instances, path


def _frames_of_list(listed: Any, path: str) -> Iterator[_Frame]:
    """The frames of one file: as the inferencer lists them, as lists of instances, or the instances of one frame."""
    if not isinstance(listed, list):
        raise InputError(f"{path}: its 'instance_info' must be a list of frames")
    if listed and all(_is_instance(entry) for entry in listed):
        yield 0, listed, path
        return
    numbers = [identity_of(entry.get("frame_id")) if isinstance(entry, dict) else -1 for entry in listed]
    if listed and min(numbers) >= 0 and len(set(numbers)) == len(numbers):
        without_wide_gaps({number: f"frame_id {number}" for number in numbers}, path, "frames")
        places = sorted((number - min(numbers), place) for place, number in enumerate(numbers))
    else:
        places = [(place, place) for place in range(len(listed))]
    for number, place in places:
        entry, where = listed[place], f"{path}: frame {place}"
        instances = entry.get("instances") if isinstance(entry, dict) else entry
        if not isinstance(instances, list) or not all(_is_instance(instance) for instance in instances):
            raise InputError(f"{where}: must have a list of 'instances', each with 'keypoints'")
        yield number, instances, where


def _is_instance(told: Any) -> bool:
    return isinstance(told, dict) and "keypoints" in told


def _keypoints(instance: dict[str, Any], where: str) -> tuple[np.ndarray, int]:
    """The keypoints (K, 3) of one person, and whether they were told in 2 or 3 dimensions."""
    points = _numbers(instance["keypoints"], 2, where, "'keypoints' must be a list of x, y or x, y, z of each")
    if points.shape[1] not in (2, 3):
        raise InputError(f"{where}: has {points.shape[1]} numbers a keypoint; x, y or x, y, z can be read")
    if "keypoint_scores" in instance:
        scores = _numbers(instance["keypoint_scores"], 1, where, "'keypoint_scores' must be a list of numbers")
        dimension = points.shape[1]
    elif points.shape[1] == 3:
        scores, dimension = points[:, 2], 2
    else:
        raise InputError(f"{where}: lacks the 'keypoint_scores' of its keypoints")
    if len(scores) != len(points):
        raise InputError(f"{where}: has {len(points)} keypoints and {len(scores)} 'keypoint_scores'")
    with np.errstate(over="ignore"):  # what is no number any more is refused with the triples
        seen = -_PIXELS_A_METRE * points[:, [0, 2]] if dimension == 3 else points[:, :2]
    return keypoint_triples(np.column_stack([seen, scores]).ravel(), where), dimension


def _numbers(values: Any, dimensions: int, where: str, wanted: str) -> np.ndarray:
    """A list, or a list of equal lists, of plain numbers as float64; raises InputError otherwise."""
    try:
        numbers = np.array(values)
        usable = numbers.ndim == dimensions and numbers.dtype.kind in "fiu"
    except (ValueError, OverflowError):
        usable = False
    if not usable:
        raise InputError(f"{where}: {wanted}")
    return numbers.astype(np.float64)
