"""AlphaPose's results, and COCO's list of results, of which they are a kind: a list of people over the whole clip.

Each is an `image_id`, flat x, y, confidence triples `keypoints` and, from AlphaPose, a `box` and the tracked
identity `idx`. `image_id` is the name of the frame's image or a number; frames not listed are frames with nobody.
For a video AlphaPose calls them 0.jpg, 1.jpg, … and the first frame is 0; else it is the first listed. With
`--format open` and `cmu` the file is an object that has a frame of OpenPose's for each image.

A confidence is the peak of a heatmap that was trained to peak at 1: more than 1 says no more than 1, and becomes
it. (`output.md` tells of 0 to 6, of the models of 2018.) Frame rate and image size the format does not tell.
"""

from typing import Any

from posenorm_core.clip import Clip
from posenorm_core.errors import InputError
from posenorm_core.formats.coco_layouts import COCO_LAYOUTS
from posenorm_core.formats.coco_person import image_id_of, person_numbers
from posenorm_core.formats.detection_list import Detection, clip_of_detections, identity_of
from posenorm_core.formats.frame_names import frames_of_images
from posenorm_core.formats.json_head import nested_keys, only_json
from posenorm_core.formats.json_text import parsed_json
from posenorm_core.formats.layout import Layout
from posenorm_core.formats.numbers import keypoint_triples
from posenorm_core.formats.openpose import people_of_frame
from posenorm_core.formats.openpose_layouts import COCO_18
from posenorm_core.formats.source import Source

DESCRIPTION = "AlphaPose results JSON (COCO 17, Halpe 26 or 136, COCO-WholeBody 133; list, open or cmu), COCO results"

# In the form of OpenPose its own Neck is the middle of the shoulders, and of a Halpe model the top of the head,
# which the same place of the list then holds.
_OPENPOSE_FORM = Layout("COCO 18", 18, {**COCO_18.landmarks, "thorax": (2, 5)})


def recognises(source: Source) -> bool:
    """Whether `source` is one list of people, each with `image_id` and `keypoints`, or OpenPose's frames by image.

    A list with nothing in it is what AlphaPose writes where it found nobody.
    """
    name = only_json(source)
    head = next(source.heads([name])) if name is not None else b""
    keys = nested_keys(head)
    by_image = keys.get("{{", set())
    return (
        {"image_id", "keypoints"} <= keys.get("[{", set())
        or ("version" in by_image and not by_image.isdisjoint(("people", "bodies")))
        or b"".join(head.split()) == b"[]"
    )


def read(source: Source, fps: float | None) -> Clip:
    """Reads the people of `source`; `fps` is what the user says the rate is.

    Raises InputError naming the entry that is no detected person, or is one of another set of keypoints.
    """
    name = only_json(source) or ""
    path = source.described(name)
    told = parsed_json(source.read(name), path)
    if not told:
        raise InputError(f"{path}: is empty: the detector found nobody")
    if isinstance(told, dict):
        frames, frame_count = frames_of_images(told, path)
        people = [
            person
            for image_id, frame in told.items()
            for person in people_of_frame(frames[image_id], frame, f"{path}: image {image_id!r:.100}")
        ]
        return clip_of_detections(source.path, "AlphaPose JSON", people, [_OPENPOSE_FORM], frame_count, fps)
    image_ids = [image_id_of(entry, "image_id", f"{path}: entry {number}") for number, entry in enumerate(told)]
    frames, frame_count = frames_of_images(image_ids, path)
    people = [
        _person(entry, frames[str(image_id)], f"{path}: entry {number}")
        for number, (entry, image_id) in enumerate(zip(told, image_ids, strict=True))
    ]
    # The one place that tells the two kinds of list apart, and it decides over nothing but what it is called.
    named = any(isinstance(image_id, str) for image_id in image_ids)
    detector = "AlphaPose JSON" if named or {"box", "idx"} & told[0].keys() else "COCO results"
    return clip_of_detections(source.path, detector, _with_real_identities(people), COCO_LAYOUTS, frame_count, fps)


def _person(entry: dict[str, Any], frame: int, where: str) -> Detection:
    keypoints = keypoint_triples(person_numbers(entry, where), where)
    return Detection(frame, identity_of(entry.get("idx")), keypoints, where)


def _with_real_identities(people: list[Detection]) -> list[Detection]:
    """`people` without identities where everybody is 0: so AlphaPose marks them without its tracker."""
    if any(person.identity > 0 for person in people):
        return people
    return [person._replace(identity=-1) for person in people]
