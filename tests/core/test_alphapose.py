"""AlphaPose and COCO results: every layout arrives on the landmarks, identities and missing frames are kept."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from coco_files import assert_figure, figure, written
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpose_files import landmark
from reading import JSON, refused, sound_or_refused

from posenorm_core.errors import InputError
from posenorm_core.formats import FORMATS, read_clip
from posenorm_core.formats.source import Source

ALPHAPOSE_ORDERS = ("COCO 17", "Halpe 26", "COCO-WholeBody 133", "Halpe 136")


def entry(image_id: str | int, keypoints: np.ndarray, **more: object) -> dict[str, object]:
    """One person as AlphaPose lists him."""
    flat = [float(number) for number in keypoints.ravel()]
    return {"image_id": image_id, "category_id": 1, "keypoints": flat, "score": 2.9} | more


def walk(image_ids: list[str | int], order: str = "Halpe 26", **more: object) -> list[dict[str, object]]:
    """The figure, 2 pixels farther right in each of `image_ids`."""
    return [entry(image, figure(order, (300 + 2 * t, 240)), **more) for t, image in enumerate(image_ids)]


@pytest.mark.parametrize("order", ALPHAPOSE_ORDERS)
def test_every_landmark_of_a_layout_arrives_where_it_is(tmp_path: Path, order: str) -> None:
    told = [entry(f"{t}.jpg", figure(order), box=[0, 0, 9, 9], idx=[0.0]) for t in range(2)]
    clip = read_clip(written(tmp_path / "clip", told))
    assert clip.format_name == f"AlphaPose JSON ({order})"
    assert_figure(clip, order, frame=1)


@pytest.mark.parametrize("form", ["open", "cmu"])
@pytest.mark.parametrize("order", ["COCO 17", "Halpe 26"])
def test_the_forms_open_and_cmu_are_read(tmp_path: Path, form: str, order: str) -> None:
    # As AlphaPose writes them: its 17th keypoint stands where OpenPose's Neck does, which with COCO's 17 it appends.
    keypoints = figure(order)
    neck = keypoints[5:7].mean(axis=0)
    keypoints = np.vstack([keypoints, neck])
    order_of_openpose = [0, 17, 6, 8, 10, 5, 7, 9, 12, 14, 16, 11, 13, 15, 2, 1, 4, 3]
    flat = [float(number) for number in keypoints[order_of_openpose].ravel()]
    person = {"pose_keypoints_2d": flat} if form == "open" else {"joints": flat}
    frame = {"version": "AlphaPose v0.3", {"open": "people", "cmu": "bodies"}[form]: [person]}
    clip = read_clip(written(tmp_path / "clip", {f"{t}.jpg": frame for t in (10, 9, 12)}))
    assert clip.format_name == "AlphaPose JSON (COCO 18)"
    assert_figure(clip, "COCO 17", frame=12)
    assert clip.people[0].frames.tolist() == [9, 10, 12]


@pytest.mark.parametrize(
    ("image_ids", "frames"),
    [
        (["0.jpg", "1.jpg", "3.jpg", "10.jpg"], [0, 1, 3, 10]),
        (["3.jpg", "4.jpg", "5.jpg", "7.jpg"], [3, 4, 5, 7]),
        (["frame_000012.png", "frame_000013.png", "frame_000015.png"], [0, 1, 3]),
        (["cam1/a_2_0007_1080.jpg", "cam1/a_2_0008_1080.jpg"], [0, 1]),
        ([12, 13, 15], [0, 1, 3]),
        ([7.0, 8.0, 9.0], [0, 1, 2]),
        (["10.jpg", "9.jpg", "8.jpg"], [8, 9, 10]),
        (["photo.jpg"], [0]),
    ],
)
def test_frames_are_the_numbers_of_their_images(tmp_path: Path, image_ids: list, frames: list[int]) -> None:
    clip = read_clip(written(tmp_path / "clip", walk(image_ids)))
    assert clip.people[0].frames.tolist() == frames
    assert len(clip) == frames[-1] + 1


def test_the_tracked_identity_tells_people_apart_who_swap_places(tmp_path: Path) -> None:
    told = []
    for t in range(20):
        for identity, x in ((4, 200 if t < 10 else 400), (7, 400 if t < 10 else 200)):
            told.append(entry(f"{t}.jpg", figure("COCO 17", (x, 240)), idx=[float(identity)] if t % 2 else identity))
    clip = read_clip(written(tmp_path / "clip", told))
    assert sorted(person.seen_points[0, landmark("pelvis"), 0] for person in clip.people) == [200, 400]
    assert all(np.ptp(person.seen_points[:, landmark("pelvis"), 0]) == 200 for person in clip.people)


def test_everybody_called_0_is_followed_instead(tmp_path: Path) -> None:
    told = walk([f"{t}.jpg" for t in range(20)], idx=[0.0])
    for t in range(100, 120):
        told.append(entry(f"{t}.jpg", figure("Halpe 26", (900, 240)), idx=[0.0]))
    assert len(read_clip(written(tmp_path / "clip", told)).people) == 2
    tracked = [person | {"idx": [3.0]} for person in told]
    assert len(read_clip(written(tmp_path / "tracked", tracked)).people) == 1


def test_confidence_above_1_is_1_and_below_0_is_missing(tmp_path: Path) -> None:
    keypoints = figure("COCO 17")
    keypoints[0, 2], keypoints[9, 2] = 5.7, -0.4
    confidence = read_clip(written(tmp_path / "clip", [entry("0.jpg", keypoints)])).keypoints().confidence[0]
    assert confidence[landmark("nose")] == 1
    assert confidence[landmark("left_wrist")] == 0


def test_a_results_list_of_coco_is_read_with_the_feet_of_coco_wholebody(tmp_path: Path) -> None:
    whole = figure("COCO-WholeBody 133")
    told = [entry(t, whole[:17], foot_kpts=whole[17:23].ravel().tolist()) for t in (5, 6)]
    clip = read_clip(written(tmp_path / "clip", told))
    assert clip.format_name == "COCO results (COCO-WholeBody body and feet)"
    assert_figure(clip, "COCO-WholeBody 133")
    plain = read_clip(written(tmp_path / "plain", [entry(5, whole[:17])]))
    assert_figure(plain, "COCO 17")


def test_results_of_unrelated_images_of_a_data_set_are_a_frame_each(tmp_path: Path) -> None:
    clip = read_clip(written(tmp_path / "clip", walk([196141, 785, 40083, 397133])))
    assert clip.people[0].frames.tolist() == [0, 1, 2, 3]
    assert clip.people[0].seen_points[:, landmark("nose"), 0].tolist() == [302, 304, 300, 306]


def test_one_file_in_a_folder_is_that_file(tmp_path: Path) -> None:
    (tmp_path / "res").mkdir()
    written(tmp_path / "res" / "alphapose-results.json", walk(["0.jpg", "1.jpg"]))
    assert len(read_clip(tmp_path / "res")) == 2


def test_no_other_format_recognises_it(tmp_path: Path) -> None:
    frame = {"version": "AlphaPose v0.3", "people": [{"pose_keypoints_2d": [0.5] * 54}]}
    paired = [walk([0])[0] | {"keypoints": [[1, 2, 3]]}]
    for content in (walk(["0.jpg"]), [], {"0.jpg": frame}, walk([0], "COCO-WholeBody 133"), paired):
        with Source(written(tmp_path / "clip", content)) as source:
            assert sum(known.recognises(source) for known in FORMATS) == 1


GOOD = walk(["0.jpg", "1.jpg", "2.jpg"], "COCO 17")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (json.dumps(GOOD)[:-400], ["is cut short"]),
        ("[]", ["found nobody"]),
        (json.dumps(GOOD).replace("0.75", "NaN"), ["NaN"]),
        (json.dumps(GOOD).replace("0.75", "1e999"), ["inf"]),
        (json.dumps(GOOD).replace("0.75", "-1e8"), ["-1e+08", "entry 0"]),
        ('[{"image_id": 1, "keypoints": ' + "[" * 100_000, ["nested too deeply"]),
        ([*GOOD, 7], ["entry 3", "image_id"]),
        ([*GOOD, {"image_id": 4}], ["entry 3", "keypoints"]),
        ([*GOOD, {"keypoints": [1, 2, 3]}], ["entry 3", "image_id"]),
        ([*GOOD, GOOD[0] | {"image_id": None}], ["entry 3", "image_id"]),
        ([*GOOD, GOOD[0] | {"image_id": -3}], ["entry 3", "image_id"]),
        ([*GOOD, GOOD[0] | {"image_id": True}], ["entry 3", "image_id"]),
        ([*GOOD, GOOD[0] | {"keypoints": "12"}], ["entry 3", "plain numbers"]),
        ([*GOOD, GOOD[0] | {"keypoints": [[1, 2, 3]]}], ["entry 3", "plain numbers"]),
        ([*GOOD, GOOD[0] | {"keypoints": [1, 2, None]}], ["entry 3", "plain numbers"]),
        ([*GOOD, GOOD[0] | {"keypoints": [1, 2, 3, 4]}], ["entry 3", "no triples"]),
        ([*GOOD, *walk(["3.jpg"])], ["entry 3", "26 keypoints", "17", "one model"]),
        ([GOOD[0] | {"keypoints": [1.0] * 42}], ["14 keypoints", "17 or 23 or 26 or 133 or 136"]),
        ([*GOOD, GOOD[0] | {"image_id": "99999999.jpg"}], ["99999999.jpg"]),
        ([*GOOD, GOOD[0] | {"image_id": "last.jpg"}], ["last.jpg"]),
        ([GOOD[0] | {"image_id": "a.jpg"}, GOOD[0] | {"image_id": "b.jpg"}], ["frame numbers"]),
        ([GOOD[0] | {"image_id": "a\n1.jpg"}, GOOD[0] | {"image_id": "b\n1.jpg"}], ["both frame 1"]),
        ([GOOD[0] | {"image_id": "a_1.jpg"}, GOOD[0] | {"image_id": "b_1.jpg"}], ["both frame 1"]),
        ([entry("0.jpg", figure("COCO 17", confidence=0))], ["nobody is in it"]),
        ({"0.jpg": {"version": "1", "people": [{"pose_keypoints_2d": [1, 2]}]}}, ["0.jpg", "2 numbers"]),
        ({"0.jpg": {"version": "1", "people": []}, "1.jpg": 3}, ["1.jpg", "list 'people'"]),
    ],
    ids=lambda value: str(value)[:30],
)
def test_bad_input_is_one_clear_line(tmp_path: Path, content: object, words: list[str]) -> None:
    refused(written(tmp_path / "clip.json", content), *words)


@pytest.mark.parametrize(
    "image_ids", [["1.jpg", "x" * 5000], ["b_1.jpg", f"{'a' * 5000}_1.jpg"], ["1.jpg", f"9999999_{'a' * 5000}.jpg"]]
)
def test_a_name_without_end_is_told_by_its_beginning(tmp_path: Path, image_ids: list) -> None:
    with pytest.raises(InputError) as caught:
        read_clip(written(tmp_path / "clip", walk(image_ids)))
    assert len(str(caught.value)) < 600


_ENTRY = st.fixed_dictionaries(
    {
        "image_id": st.integers(-2, 9) | st.sampled_from(["0.jpg", "1.jpg", "a", ""]) | JSON,
        "keypoints": st.just(GOOD[0]["keypoints"]) | st.lists(st.floats(-1e4, 1e4), min_size=51, max_size=51) | JSON,
    },
    optional={"idx": JSON | st.lists(st.integers(-1, 3), max_size=2), "foot_kpts": JSON},
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told=st.lists(_ENTRY | JSON, min_size=1, max_size=3), cut=st.none() | st.integers(0, 200))
def test_anything_gives_a_clip_or_an_input_error(tmp_path: Path, told: list, cut: int | None) -> None:
    path = written(tmp_path / "fuzz.json", json.dumps(told)[:cut])
    sound_or_refused(path)


def test_the_real_file(shared_data: Path) -> None:
    clip = read_clip(shared_data / "keypoints" / "alphapose" / "motionbert_example1_alphapose-results.json", 25)
    assert (len(clip), clip.format_name, clip.fps) == (44, "AlphaPose JSON (Halpe 26)", 25)
    (found,) = clip.people
    assert found.share == 1
    points = {
        name: found.seen_points[:, landmark(name)]
        for name in ("head", "nose", "thorax", "pelvis", "left_knee", "left_ankle")
    }
    # He stands facing the camera: from head to ankle downwards, his left at the image's right.
    assert all((points[upper][:, 1] < points[lower][:, 1]).all() for upper, lower in pairwise(points))
    left, right = (found.seen_points[:, landmark(f"{side}_shoulder"), 0] for side in ("left", "right"))
    assert (left > right).all()
