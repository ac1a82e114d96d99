"""MMPose: all its forms give the same clip, its names tell the joints, and poses in 3D are seen as the camera saw."""

import json
from pathlib import Path

import numpy as np
import pytest
from coco_files import ORDERS, assert_figure, figure, written
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpose_files import landmark
from reading import JSON, refused, sound_or_refused

from posenorm_core.formats import FORMATS, read_clip
from posenorm_core.formats.source import Source


def instance(keypoints: np.ndarray, **more: object) -> dict[str, object]:
    """A person as MMPose lists one."""
    scores = {"keypoint_scores": keypoints[:, 2].tolist()}
    return {"keypoints": keypoints[:, :2].tolist()} | scores | {"bbox": [[0, 0, 9, 9]], "bbox_score": 0.9} | more


def meta_info(names: list[str], dataset: str = "mine") -> dict[str, object]:
    """What the demos tell of the keypoints."""
    return {"dataset_name": dataset, "keypoint_id2name": {str(number): name for number, name in enumerate(names)}}


def walk(order: str, frames: int = 4) -> list[list[dict[str, object]]]:
    """The instances of each frame: the figure, 2 pixels farther right in each."""
    return [[instance(figure(order, (300 + 2 * t, 240)))] for t in range(frames)]


def framed(instances: list, first: int = 0) -> list[dict[str, object]]:
    """Frames as the demos and the inferencer list them."""
    return [{"frame_id": first + t, "instances": people} for t, people in enumerate(instances)]


FORMS = {
    "demo": lambda instances: framed(instances, first=1),
    "inferencer": framed,
    "lists of instances": list,
    "points with scores": lambda instances: [
        [{"keypoints": np.column_stack([one["keypoints"], one["keypoint_scores"]]).tolist()} for one in people]
        for people in instances
    ],
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("order", ["COCO 17", "Halpe 26", "COCO-WholeBody 133", "Human3.6M 17"])
def test_every_landmark_arrives_where_it_is_in_every_form(tmp_path: Path, form: str, order: str) -> None:
    told = FORMS[form](walk(order))
    if order == "Human3.6M 17":  # as many as COCO's: without the name they are those
        told = {"meta_info": {"dataset_name": "h36m"}, "instance_info": told}
    clip = read_clip(written(tmp_path / "clip", told))
    assert (len(clip), clip.format_name) == (4, f"MMPose JSON ({order})")
    assert_figure(clip, order, frame=3, centre=(306, 240))


def test_the_instances_of_one_image_are_one_frame(tmp_path: Path) -> None:
    people = [instance(figure("COCO 17", (x, 240))) for x in (200, 500)]
    for told in (people, {"meta_info": {}, "instance_info": people}):
        clip = read_clip(written(tmp_path / "clip", told))
        assert (len(clip), len(clip.people)) == (1, 2)


def test_a_file_an_image_is_a_frame_each(tmp_path: Path) -> None:
    folder = tmp_path / "predictions"
    folder.mkdir()
    for t, people in enumerate(walk("COCO 17")):
        written(folder / f"image_{t * (t + 1)}.json", people if t else [])
    clip = read_clip(folder)
    assert len(clip) == 13
    assert clip.people[0].frames.tolist() == [2, 6, 12]


@pytest.mark.parametrize("order", ["COCO 17", "Halpe 26"])
def test_the_names_tell_the_joints_in_any_order(tmp_path: Path, order: str) -> None:
    shuffled = np.random.default_rng(2).permutation(len(ORDERS[order]))
    told = {
        "meta_info": meta_info([ORDERS[order][number] for number in shuffled]),
        "instance_info": framed([[instance(figure(order)[shuffled])]] * 2),
    }
    clip = read_clip(written(tmp_path / "clip", told))
    assert clip.format_name == f"MMPose JSON ({len(shuffled)} named keypoints)"
    assert_figure(clip, order)


def test_human36m_is_in_its_order_whatever_its_names(tmp_path: Path) -> None:
    order = "Human3.6M 17"
    turned = {"left": "right", "right": "left"}
    names = ["_".join(turned.get(word, word) for word in name.split("_")) for name in ORDERS[order]]
    told = {"meta_info": meta_info(names, "h36m"), "instance_info": framed(walk(order))}
    assert_figure(read_clip(written(tmp_path / "clip", told)), order, centre=(300, 240))


def test_frames_are_their_ids_and_those_left_out_have_nobody(tmp_path: Path) -> None:
    told = framed(walk("COCO 17", 6), first=3)
    clip = read_clip(written(tmp_path / "clip", [told[number] for number in (4, 0, 1, 5)]))
    assert len(clip) == 6
    assert clip.people[0].frames.tolist() == [0, 1, 4, 5]
    assert clip.people[0].seen_points[:, landmark("pelvis"), 0].tolist() == [300, 302, 308, 310]


def test_frames_with_nobody_count(tmp_path: Path) -> None:
    told = framed([[], *walk("COCO 17"), [], []])
    clip = read_clip(written(tmp_path / "clip", told))
    assert len(clip) == 7
    assert clip.people[0].frames.tolist() == [1, 2, 3, 4]


def test_track_ids_are_identities(tmp_path: Path) -> None:
    instances = [
        [
            instance(figure("COCO 17", (x, 240)), track_id=identity)
            for identity, x in ((0, 200 if t < 10 else 400), (1, 400 if t < 10 else 200))
        ]
        for t in range(20)
    ]
    clip = read_clip(written(tmp_path / "clip", framed(instances)))
    assert [np.ptp(person.seen_points[:, landmark("pelvis"), 0]) for person in clip.people] == [200, 200]


def test_a_score_above_1_is_1(tmp_path: Path) -> None:
    clip = read_clip(written(tmp_path / "clip", framed([[instance(figure("COCO 17", confidence=1.26))]])))
    assert clip.keypoints().confidence.max() == 1


def test_a_pose_in_3d_is_seen_as_the_camera_saw_it(tmp_path: Path) -> None:
    order = "Human3.6M 17"
    flat = figure(order, centre=(0, 0), size=1)
    depth = np.random.default_rng(3).normal(0, 0.3, len(flat))
    # As the demos turn them: x to the image's left, depth, height above the lowest keypoint.
    lifted = np.column_stack([-flat[:, 0], depth, flat[:, 1].max() - flat[:, 1]])
    person = {"keypoints": lifted.tolist(), "keypoint_scores": [0.75] * 17}
    clip = read_clip(written(tmp_path / "clip", framed([[person]] * 2)))
    assert clip.format_name == f"MMPose JSON in 3D ({order})"
    assert_figure(clip, order, centre=(0, -1000 * flat[:, 1].max()), size=1000)


def test_no_other_format_recognises_it(tmp_path: Path) -> None:
    contents = [form(walk(order)) for form in FORMS.values() for order in ("COCO 17", "COCO-WholeBody 133")]
    for content in (*contents, walk("COCO-WholeBody 133")[0]):
        with Source(written(tmp_path / "clip", content)) as source:
            assert sum(known.recognises(source) for known in FORMATS) == 1


GOOD = framed(walk("COCO 17", 3))
_PERSON = GOOD[0]["instances"][0]


def with_person(**more: object) -> list:
    """GOOD, with one person more in a frame more."""
    return [*GOOD, {"frame_id": 3, "instances": [_PERSON | more]}]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (json.dumps(GOOD)[:-500], ["is cut short"]),
        (json.dumps(GOOD).replace("0.75", "NaN"), ["NaN"]),
        (json.dumps(GOOD).replace("0.75", "1e999"), ["inf", "frame 0"]),
        (json.dumps(GOOD).replace("0.75", "-1e8"), ["-1e+08", "frame 0"]),
        ('[{"frame_id": 0, "instances": ' + "[" * 100_000, ["nested too deeply"]),
        ({"meta_info": {}, "instance_info": []}, ["holds no frames"]),
        ({"meta_info": {}}, ["'instance_info' must be a list"]),
        ({"meta_info": {}, "instance_info": {"frame_id": 0}}, ["'instance_info' must be a list"]),
        ([*GOOD, 7], ["frame 3", "list of 'instances'"]),
        ([*GOOD, {"frame_id": 3}], ["frame 3", "list of 'instances'"]),
        ([*GOOD, {"frame_id": 3, "instances": [5]}], ["frame 3", "list of 'instances'"]),
        ([*GOOD, {"frame_id": 10**6, "instances": []}], ["frame_id 1000000"]),
        (with_person(keypoints="12"), ["frame 3", "'keypoints' must be a list"]),
        (with_person(keypoints=[[1, 2], [3]]), ["frame 3", "'keypoints' must be a list"]),
        (with_person(keypoints=[[1, None]] * 17), ["frame 3", "'keypoints' must be a list"]),
        (with_person(keypoints=[1.0] * 34), ["frame 3", "'keypoints' must be a list"]),
        (with_person(keypoints=[[1, 2, 3, 4]] * 17), ["frame 3", "4 numbers a keypoint"]),
        (with_person(keypoint_scores=[[1.0]] * 17), ["frame 3", "'keypoint_scores' must be a list"]),
        (with_person(keypoint_scores=[1.0] * 16), ["frame 3", "17 keypoints and 16"]),
        (with_person(keypoints=[[1, 2, 3]] * 17), ["frame 3", "3D", "2D"]),
        ([{"frame_id": 0, "instances": [{"keypoints": [[1, 2]] * 17}]}], ["frame 0", "lacks the 'keypoint_scores'"]),
        ([*GOOD, framed(walk("Halpe 26", 1), 3)[0]], ["frame 3", "26 keypoints", "17", "one model"]),
        (framed([[instance(np.ones((21, 3)))]]), ["21 keypoints", "can be read"]),
        (framed([[instance(figure("COCO 17", confidence=0))]]), ["nobody is in it"]),
        ({"meta_info": meta_info(ORDERS["COCO 17"]), "instance_info": framed(walk("Halpe 26"))}, ["26 keypoints"]),
    ],
    ids=lambda value: str(value)[-30:],
)
def test_bad_input_is_one_clear_line(tmp_path: Path, content: object, words: list[str]) -> None:
    refused(written(tmp_path / "clip.json", content), *words)


def test_a_folder_of_several_clips_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "predictions"
    folder.mkdir()
    for number in (1, 2):
        written(folder / f"clip_{number}.json", GOOD)
    refused(folder, "clip_1.json", "of several clips")


_INSTANCE = st.fixed_dictionaries(
    {"keypoints": st.just(_PERSON["keypoints"]) | JSON},
    optional={"keypoint_scores": st.just(_PERSON["keypoint_scores"]) | JSON, "track_id": JSON},
)
_FRAME = st.fixed_dictionaries({"frame_id": st.integers(-1, 9) | JSON, "instances": st.lists(_INSTANCE) | JSON})
_META = st.fixed_dictionaries(
    {},
    optional={
        "dataset_name": st.just("h36m") | JSON,
        "keypoint_id2name": st.just(meta_info(ORDERS["COCO 17"])["keypoint_id2name"]) | JSON,
    },
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(meta=_META | JSON, frames=st.lists(_FRAME | st.lists(_INSTANCE, max_size=2) | _INSTANCE, max_size=3) | JSON)
def test_anything_gives_a_clip_or_an_input_error(tmp_path: Path, meta, frames) -> None:
    path = written(tmp_path / "fuzz.json", {"meta_info": meta, "instance_info": frames})
    sound_or_refused(path)


def test_the_real_file(shared_data: Path) -> None:
    clip = read_clip(shared_data / "keypoints" / "mmpose" / "results_164970135.json", 30)
    assert (len(clip), clip.format_name) == (199, "MMPose JSON in 3D (Human3.6M 17)")
    (found,) = clip.people
    assert found.share == 1
    hips = found.seen_points[:, [landmark("right_hip"), landmark("left_hip")], 0]
    assert hips[0, 0] < hips[0, 1]  # at first she faces the camera
    height = found.seen_points[:, landmark("right_ankle"), 1] - found.seen_points[:, landmark("head"), 1]
    assert (height > 800).all()
