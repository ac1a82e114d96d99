"""COCO's annotations of keypoints, and COCO-WholeBody's: one JSON object with `images` and `annotations`.

Every image is a frame, in the order of the numbers in their file names, else of their ids: also where the images
have nothing to do with each other, as in COCO itself. A keypoint has a visibility in place of a confidence: 0 is
missing, 1 (labelled, but hidden) becomes 0.5, and 2 becomes 1; other numbers are a detector's confidences. Which
keypoints they are the category's names tell, else their number. `track_id` (PoseTrack) is the identity. The image
size is known where all images have the same; the frame rate the format does not tell.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from posenorm_core.clip import Clip
from posenorm_core.errors import InputError
from posenorm_core.formats.coco_layouts import COCO_LAYOUTS, named_layout
from posenorm_core.formats.coco_person import image_id_of, person_numbers
from posenorm_core.formats.detection_list import Detection, clip_of_detections, common_image_size, identity_of
from posenorm_core.formats.frame_names import differing_numbers, frames_of_images
from posenorm_core.formats.json_head import nested_keys, only_json
from posenorm_core.formats.json_text import parsed_json
from posenorm_core.formats.layout import Layout
from posenorm_core.formats.numbers import keypoint_triples
from posenorm_core.formats.source import Source

DESCRIPTION = "COCO keypoints JSON (17, or COCO-WholeBody)"

_VISIBLE = 2
# COCO-WholeBody's categories name the body's keypoints alone.
_FOOT_NAMES = tuple(f"{side}_{part}" for side in ("left", "right") for part in ("big_toe", "small_toe", "heel"))


def recognises(source: Source) -> bool:
    """Whether `source` is one JSON object that begins as COCO's: with images, annotations, or what precedes them."""
    name = only_json(source)
    outermost = nested_keys(next(source.heads([name]))).get("{", set()) if name is not None else set()
    return not outermost.isdisjoint(("images", "annotations")) or {"info", "licenses"} <= outermost


def read(source: Source, fps: float | None) -> Clip:
    """Reads the annotated people of `source`; `fps` is what the user says the rate is.

    Raises InputError naming the annotation or the image that is none of COCO's keypoints.
    """
    name = only_json(source) or ""
    path = source.described(name)
    told = parsed_json(source.read(name), path)
    images, annotations, categories = (_objects(told, key, path) for key in ("images", "annotations", "categories"))
    entries = {f"{path}: annotation {number}": entry for number, entry in enumerate(annotations)}
    entries = {where: entry for where, entry in entries.items() if "keypoints" in entry}
    if not entries:
        raise InputError(f"{path}: none of its {len(annotations)} annotations has 'keypoints'")
    image_ids = [image_id_of(entry, "image_id", where) for where, entry in entries.items()]
    frames, frame_count = _frames_of(images, path) if images else frames_of_images(image_ids, path)
    people = []
    for (where, entry), image_id, keypoints in zip(entries.items(), image_ids, _keypoints(entries), strict=True):
        if str(image_id) not in frames:
            raise InputError(f"{where}: is of image {image_id!r:.100}, which is not among the 'images'")
        people.append(Detection(frames[str(image_id)], identity_of(entry.get("track_id")), keypoints, where))
    size = common_image_size((image.get("width"), image.get("height")) for image in images)
    layouts = _layouts(categories, len(people[0].keypoints))
    return clip_of_detections(source.path, "COCO JSON", people, layouts, frame_count, fps, size)


def _objects(told: dict[str, Any], key: str, path: str) -> list[dict[str, Any]]:
    """The list of objects under `key`, empty where there is none; raises InputError where it is something else."""
    listed = told.get(key, [])
    if not isinstance(listed, list) or not all(isinstance(entry, dict) for entry in listed):
        raise InputError(f"{path}: its '{key}' must be a list of objects")
    return listed


def _frames_of(images: list[dict[str, Any]], path: str) -> tuple[dict[str, int], int]:
    """The frame of each of `images` by its id as text, and how many there are."""
    ids = [str(image_id_of(image, "id", f"{path}: image {number}")) for number, image in enumerate(images)]
    if len(set(ids)) < len(ids):
        raise InputError(f"{path}: two of its 'images' have the same 'id'")
    numbers = differing_numbers([str(image.get("file_name")) for image in images]) or differing_numbers(ids)
    order = np.argsort(numbers, kind="stable").tolist() if numbers else range(len(ids))
    return {ids[place]: frame for frame, place in enumerate(order)}, len(ids)


def _keypoints(entries: dict[str, dict[str, Any]]) -> list[np.ndarray]:
    """The keypoints (K, 3) of each of `entries`, which are by the names that messages call them."""
    numbers = [person_numbers(entry, where) for where, entry in entries.items()]
    if all(np.isin(values[2::3], (0, 1, _VISIBLE)).all() for values in numbers):
        for values in numbers:
            values[2::3] /= _VISIBLE
    return [keypoint_triples(values, where) for where, values in zip(entries, numbers, strict=True)]


def _layouts(categories: list[dict[str, Any]], count: int) -> Sequence[Layout]:
    """The layout of the first of `categories` that names as many keypoints; else all of COCO's."""
    for category in categories:
        names = category.get("keypoints")
        if isinstance(names, list) and all(isinstance(name, str) for name in names):
            told = [*names, *_FOOT_NAMES] if count - len(names) == len(_FOOT_NAMES) else names
            layout = named_layout(told)
            if layout is not None and layout.keypoint_count == count:
                return [layout]
    return COCO_LAYOUTS
