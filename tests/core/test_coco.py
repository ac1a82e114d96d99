"""COCO annotations: visibility becomes confidence, every image a frame, and the feet of COCO-WholeBody are read."""

import json
from pathlib import Path

import numpy as np
import pytest
from coco_files import FEET, ORDERS, assert_figure, figure, written
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpose_files import landmark
from reading import JSON, refused, sound_or_refused

from posenorm_core.formats import FORMATS, read_clip
from posenorm_core.formats.coco_layouts import COCO_17, COCO_WHOLEBODY_133, HALPE_26, HALPE_136, HUMAN36M_17
from posenorm_core.formats.source import Source


def image(number: int | str, **more: object) -> dict[str, object]:
    """An image as COCO lists one."""
    return {"id": number, "file_name": f"{number!s:0>12}.jpg", "width": 640, "height": 480} | more


def annotation(image_id: object, keypoints: np.ndarray, **more: object) -> dict[str, object]:
    """A person as COCO annotates one."""
    flat = [float(number) for number in keypoints.ravel()]
    return {"id": 1, "image_id": image_id, "category_id": 1, "iscrowd": 0, "keypoints": flat} | more


def coco(images: list, annotations: list, **more: object) -> dict[str, object]:
    """The object of a whole file."""
    return {"info": {"description": "test"}, "licenses": [], "images": images, "annotations": annotations} | more


def detected(images: list[int], order: str = "COCO 17") -> dict[str, object]:
    """The figure, 2 pixels farther right in each of `images`, with a detector's confidences."""
    people = [annotation(number, figure(order, (300 + 2 * t, 240))) for t, number in enumerate(images)]
    return coco([image(number) for number in images], people)


# What COCO-17 and its kin document, against the tables: left and right as well as every joint.
@pytest.mark.parametrize("layout", [COCO_17, HALPE_26, COCO_WHOLEBODY_133, HALPE_136, HUMAN36M_17])
def test_a_layout_is_the_documented_one(layout) -> None:
    order = ORDERS[layout.name]
    assert layout.keypoint_count == len(order)
    human36m = {"pelvis": "root", "left_ankle": "left_foot", "right_ankle": "right_foot", "neck": "neck_base"}
    called = human36m if layout is HUMAN36M_17 else {"left_toe": "left_big_toe", "right_toe": "right_big_toe"}
    for name, numbers in layout.landmarks.items():
        if isinstance(numbers, int):
            assert order[numbers] == called.get(name, name)
        else:
            part = {"thorax": "shoulder", "pelvis": "hip"}[name]
            assert [order[number] for number in numbers] == [f"left_{part}", f"right_{part}"]


@pytest.mark.parametrize("order", ["COCO 17", "Halpe 26", "COCO-WholeBody 133"])
def test_every_landmark_of_a_layout_arrives_where_it_is(tmp_path: Path, order: str) -> None:
    told = coco([image(4), image(5)], [annotation(4, figure(order)), annotation(5, figure(order))])
    clip = read_clip(written(tmp_path / "clip", told))
    assert clip.format_name == f"COCO JSON ({order})"
    assert_figure(clip, order, frame=1)


def test_the_feet_of_coco_wholebody_are_in_a_list_of_their_own(tmp_path: Path) -> None:
    whole = figure("COCO-WholeBody 133")
    apart = annotation(4, whole[:17], foot_kpts=whole[17:23].ravel().tolist(), face_kpts=[0.0] * 204)
    category = {"id": 1, "name": "person", "keypoints": ORDERS["COCO 17"]}
    for categories in ([category], []):
        told = coco([image(4)], [apart], categories=categories)
        assert_figure(read_clip(written(tmp_path / "clip", told)), "COCO-WholeBody 133")
    assert ORDERS["COCO-WholeBody 133"][17:23] == FEET.split()


def test_the_names_of_the_category_tell_the_order(tmp_path: Path) -> None:
    order = ORDERS["Human3.6M 17"]
    shuffled = np.random.default_rng(1).permutation(17)
    category = {"id": 1, "name": "person", "keypoints": [ORDERS["COCO 17"][number] for number in shuffled]}
    told = coco([image(1)], [annotation(1, figure("COCO 17")[shuffled])], categories=[category])
    assert_figure(read_clip(written(tmp_path / "clip", told)), "COCO 17")
    assert len(order) == 17


def test_visibility_is_half_and_whole_confidence(tmp_path: Path) -> None:
    keypoints = figure("COCO 17", confidence=2)
    keypoints[0, 2], keypoints[9, 2] = 1, 0
    confidence = (
        read_clip(written(tmp_path / "clip", coco([image(1)], [annotation(1, keypoints)]))).keypoints().confidence
    )
    seen = {name: confidence[0, landmark(name)] for name in ("nose", "left_wrist", "left_elbow", "pelvis", "head")}
    assert seen == {"nose": 0.5, "left_wrist": 0, "left_elbow": 1, "pelvis": 1, "head": 0}


@pytest.mark.parametrize(
    ("images", "order"),
    [
        ([image(7), image(3), image(5)], [1, 2, 0]),
        ([image(1, file_name="f_30.png"), image(2, file_name="f_10.png"), image(3, file_name="f_20.png")], [1, 2, 0]),
        ([image(30, file_name="c"), image(10, file_name="a"), image(20, file_name="b")], [1, 2, 0]),
        ([image("c", file_name="x"), image("b", file_name="y"), image("a", file_name="z")], [0, 1, 2]),
        ([image(785), image(397133), image(40083)], [0, 2, 1]),
    ],
)
def test_every_image_is_a_frame_in_the_order_of_their_numbers(tmp_path: Path, images: list, order: list[int]) -> None:
    people = [annotation(told["id"], figure("COCO 17", (300 + 2 * t, 240))) for t, told in enumerate(images)]
    clip = read_clip(written(tmp_path / "clip", coco(images, people)))
    nose = clip.keypoints().points[:, landmark("nose"), 0]
    assert nose.tolist() == [300 + 2 * t for t in order]


def test_images_with_nobody_are_frames_too(tmp_path: Path) -> None:
    told = detected([1, 2, 3, 4, 5])
    told["annotations"] = [told["annotations"][number] for number in (1, 3)]
    clip = read_clip(written(tmp_path / "clip", told))
    assert len(clip) == 5
    assert clip.people[0].frames.tolist() == [1, 3]


def test_without_images_the_frames_are_the_numbers_that_people_have(tmp_path: Path) -> None:
    told = detected([3, 4, 6])
    del told["images"]
    assert read_clip(written(tmp_path / "clip", told)).people[0].frames.tolist() == [0, 1, 3]


def test_the_image_size_is_told_where_all_have_the_same(tmp_path: Path) -> None:
    told = detected([1, 2, 3])
    assert read_clip(written(tmp_path / "clip", told)).image_size == (640, 480)
    told["images"][1]["width"] = 800
    assert read_clip(written(tmp_path / "clip", told)).image_size == (0, 0)
    for size in ("640", None, -640, 1e300):
        told["images"] = [entry | {"width": size} for entry in told["images"]]
        assert read_clip(written(tmp_path / "clip", told)).image_size == (0, 0)


def test_track_ids_are_identities(tmp_path: Path) -> None:
    people = [
        annotation(t, figure("COCO 17", (x, 240)), track_id=identity)
        for t in range(20)
        for identity, x in ((0, 200 if t < 10 else 400), (1, 400 if t < 10 else 200))
    ]
    clip = read_clip(written(tmp_path / "clip", coco([image(t) for t in range(20)], people)))
    assert [np.ptp(person.seen_points[:, landmark("pelvis"), 0]) for person in clip.people] == [200, 200]


def test_no_other_format_recognises_it(tmp_path: Path) -> None:
    long_info = detected([1]) | {"info": {"description": "x" * 2000}, "licenses": [{"name": "y" * 5000}]}
    for content in (detected([1]), long_info, {"annotations": [], "images": []}):
        with Source(written(tmp_path / "clip", content)) as source:
            assert sum(known.recognises(source) for known in FORMATS) == 1


GOOD = detected([0, 1, 2])
_PEOPLE = GOOD["annotations"]


def with_person(**more: object) -> dict[str, object]:
    """GOOD, with one person more."""
    return GOOD | {"annotations": [*_PEOPLE, _PEOPLE[0] | more]}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (json.dumps(GOOD)[:-500], ["is cut short"]),
        (json.dumps(GOOD).replace("0.75", "NaN"), ["NaN"]),
        (json.dumps(GOOD).replace("0.75", "1e999"), ["inf"]),
        (json.dumps(GOOD).replace("0.75", "-1e8"), ["-1e+08", "annotation 0"]),
        ('{"images": ' + "[" * 100_000, ["nested too deeply"]),
        (GOOD | {"annotations": []}, ["none of its 0 annotations"]),
        (GOOD | {"annotations": [{"image_id": 0, "bbox": [0, 0, 1, 1]}]}, ["none of its 1 annotations", "keypoints"]),
        (GOOD | {"annotations": {}}, ["'annotations' must be a list"]),
        (GOOD | {"images": [3]}, ["'images' must be a list of objects"]),
        (GOOD | {"categories": "person"}, ["'categories' must be a list"]),
        (GOOD | {"images": [image(0), image(0)]}, ["same 'id'"]),
        (GOOD | {"images": [{}]}, ["image 0", "'id'"]),
        (with_person(image_id=9), ["annotation 3", "image 9", "not among the 'images'"]),
        (with_person(image_id=[1]), ["annotation 3", "image_id"]),
        (with_person(keypoints=None), ["annotation 3", "plain numbers"]),
        (with_person(keypoints=["1", 2, 3]), ["annotation 3", "plain numbers"]),
        (with_person(keypoints=[1, 2, 3, 4]), ["annotation 3", "no triples"]),
        (with_person(foot_kpts=[1, "2", 3]), ["annotation 3", "foot_kpts"]),
        (with_person(keypoints=[1.0] * 78), ["annotation 3", "26 keypoints", "17", "one model"]),
        (coco([image(1)], [annotation(1, figure("COCO 17", confidence=0))]), ["nobody is in it"]),
        (coco([image(1)], [annotation(1, np.ones((14, 3)))]), ["14 keypoints", "17 or 23"]),
    ],
    ids=lambda value: str(value)[-30:],
)
def test_bad_input_is_one_clear_line(tmp_path: Path, content: object, words: list[str]) -> None:
    refused(written(tmp_path / "clip.json", content), *words)


_IMAGE = st.fixed_dictionaries({}, optional={"id": st.integers(0, 3) | JSON, "file_name": JSON, "width": JSON})
_ANNOTATION = st.fixed_dictionaries(
    {},
    optional={
        "image_id": st.integers(0, 3) | JSON,
        "keypoints": st.just(_PEOPLE[0]["keypoints"]) | JSON,
        "track_id": JSON,
        "foot_kpts": JSON,
    },
)
_CATEGORY = st.fixed_dictionaries({}, optional={"name": JSON, "keypoints": st.just(ORDERS["COCO 17"]) | JSON})


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    images=st.lists(_IMAGE, max_size=3) | JSON,
    people=st.lists(_ANNOTATION, max_size=3) | JSON,
    categories=st.lists(_CATEGORY, max_size=2) | JSON,
)
def test_anything_gives_a_clip_or_an_input_error(tmp_path: Path, images, people, categories) -> None:
    path = written(tmp_path / "fuzz.json", {"images": images, "annotations": people, "categories": categories})
    sound_or_refused(path)


@pytest.mark.parametrize(("name", "feet"), [("test_coco.json", False), ("test_coco_wholebody.json", True)])
def test_real_files(shared_data: Path, name: str, feet: bool) -> None:
    clip = read_clip(shared_data / "keypoints" / "coco" / name)
    assert (len(clip), clip.image_size, clip.fps) == (4, (0, 0), None)
    # The first image shows one skier, all of whose body is annotated.
    (skier,) = [person for person in clip.people if person.frames[0] == 0]
    points, confidence = skier.seen_points[0], skier.seen_confidence[0]
    assert points[landmark("nose")].tolist() == [367, 81]
    assert points[landmark("right_ankle")].tolist() == [396, 341]
    assert points[landmark("pelvis")].tolist() == [(424 + 393) / 2, (203 + 214) / 2]
    assert (confidence[[landmark("left_toe"), landmark("right_heel")]] > 0).tolist() == [feet, feet]
    if feet:  # each toe is nearer to its own ankle than to the other's
        for side, other in (("left", "right"), ("right", "left")):
            toe = points[landmark(f"{side}_toe")]
            own, others = (np.linalg.norm(toe - points[landmark(f"{end}_ankle")]) for end in (side, other))
            assert own < others
