"""OpenPose JSON: every layout maps onto the landmarks, real folders read whole, and bad files say so in one line."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpose_files import FIGURE, LAYOUTS, frame, landmark, person, walking_clip, write_frames
from processor_time import best_time
from reading import JSON, refused, sound_or_refused

from posenorm_core.formats import read_clip
from posenorm_core.formats.openpose_layouts import BODY_25, BODY_25B, COCO_18
from posenorm_core.landmarks import LANDMARK_NAMES

# The order of the keypoints as OpenPose's documentation (BODY_25, COCO) and its training code (BODY_25B) list it.
DOCUMENTED = {
    "BODY_25": "Nose Neck RShoulder RElbow RWrist LShoulder LElbow LWrist MidHip RHip RKnee RAnkle LHip LKnee LAnkle "
    "REye LEye REar LEar LBigToe LSmallToe LHeel RBigToe RSmallToe RHeel",
    "BODY_25B": "Nose LEye REye LEar REar LShoulder RShoulder LElbow RElbow LWrist RWrist LHip RHip LKnee RKnee LAnkle "
    "RAnkle UpperNeck HeadTop LBigToe LSmallToe LHeel RBigToe RSmallToe RHeel",
    "COCO 18": "Nose Neck RShoulder RElbow RWrist LShoulder LElbow LWrist RHip RKnee RAnkle LHip LKnee LAnkle "
    "REye LEye REar LEar",
}


def documented_name(name: str) -> str:
    """What OpenPose calls the landmark `name`."""
    # Neither the spine nor the head's pivot is in any of its layouts.
    middle = {"nose": "Nose", "thorax": "Neck", "pelvis": "MidHip", "head": "HeadTop", "spine": "-", "neck": "-"}
    side, _, part = name.partition("_")
    return middle.get(name) or side[0].upper() + {"toe": "BigToe"}.get(part, part.capitalize())


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
def test_a_layout_is_the_documented_one(layout) -> None:
    order = DOCUMENTED[layout.name].split()
    assert layout.keypoint_count == len(order)
    for name in LANDMARK_NAMES:
        if documented_name(name) in order:
            assert layout.landmarks[name] == order.index(documented_name(name)), name
        elif name in ("pelvis", "thorax"):
            pair = ("RHip", "LHip") if name == "pelvis" else ("RShoulder", "LShoulder")
            assert set(layout.landmarks[name]) == {order.index(end) for end in pair}
        else:
            assert name not in layout.landmarks


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
def test_every_landmark_of_a_layout_arrives_where_it_is(tmp_path: Path, layout) -> None:
    folder = write_frames(tmp_path / "clip", [frame(person(layout, (320, 240), 200, 0.75))] * 2)
    clip = read_clip(folder)
    assert clip.format_name == f"OpenPose JSON ({layout.name})"
    keypoints = clip.keypoints()
    for name in LANDMARK_NAMES:
        seen = keypoints.confidence[0, landmark(name)]
        assert seen == (0.75 if name in layout.landmarks else 0), name
        if seen:
            expected = np.array([320, 240]) + 200 * np.array(FIGURE[name])
            np.testing.assert_allclose(keypoints.points[0, landmark(name)], expected, atol=0.01, err_msg=name)


def test_a_mean_is_as_sure_as_the_least_sure_of_its_parts(tmp_path: Path) -> None:
    flat = person(COCO_18)
    flat[8 * 3 + 2], flat[11 * 3 + 2] = 0.3, 0.6
    unsure = read_clip(write_frames(tmp_path / "a", [frame(flat)])).keypoints()
    assert unsure.confidence[0, landmark("pelvis")] == pytest.approx(0.3)
    flat[8 * 3 : 8 * 3 + 3] = 0, 0, 0
    missing = read_clip(write_frames(tmp_path / "b", [frame(flat)])).keypoints()
    assert missing.confidence[0, landmark("pelvis")] == 0
    assert missing.confidence[0, landmark("left_hip")] == pytest.approx(0.6)


def test_the_two_orders_of_25_keypoints_are_told_apart_in_any_pose(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    for layout in (BODY_25, BODY_25B):
        flat = np.array(person(layout)).reshape(-1, 3)
        flat[:, :2] += rng.normal(0, 12, flat[:, :2].shape)
        flat[rng.random(len(flat)) < 0.2] = 0
        clip = read_clip(write_frames(tmp_path / layout.name, [frame(flat.ravel().tolist())]))
        assert clip.format_name.endswith(f"({layout.name})")


def test_the_key_before_version_1_2_and_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    old = {"version": 0.1, "people": [{"pose_keypoints": person(COCO_18), "face_keypoints": []}]}
    folder = write_frames(tmp_path / "old", ["\ufeff" + json.dumps(old)])
    assert read_clip(folder).keypoints().confidence.max() == pytest.approx(0.8)


@pytest.mark.parametrize(("people", "key"), [("people", "body_parts"), ("bodies", "joints")])
def test_the_keys_of_the_first_versions_are_read(tmp_path: Path, people: str, key: str) -> None:
    old = {"version": 0.1, people: [{key: person(COCO_18)}]}
    assert read_clip(write_frames(tmp_path / "old", [json.dumps(old)])).keypoints().confidence.max() == pytest.approx(
        0.8
    )


@pytest.mark.parametrize("share", [False, True])
def test_one_list_of_frames_is_a_clip_with_the_size_of_its_image(tmp_path: Path, share: bool) -> None:
    frames = []
    for t in range(4):
        flat = np.array(person(COCO_18, (300 + 2 * t, 240))).reshape(-1, 3)
        flat[4, :2] = -10, 200  # a wrist beyond the picture
        flat[:, :2] /= (640, 480) if share else 1
        bodies = [{"pose_keypoints_2d": flat.ravel().tolist()}, {"pose_keypoints_2d": None}]
        frames.append({"people": bodies if t != 2 else [], "canvas_width": 640, "canvas_height": 480})
    (tmp_path / "poses").write_text(json.dumps(frames))
    clip = read_clip(tmp_path / "poses")
    assert (len(clip), clip.image_size) == (4, (640, 480))
    assert clip.people[0].frames.tolist() == [0, 1, 3]
    right_hip = clip.people[0].seen_points[:, landmark("right_hip")]
    np.testing.assert_allclose(right_hip, [(280, 240), (282, 240), (286, 240)], atol=0.01)


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
@pytest.mark.parametrize("size", [(1920, 1080), (1080, 1920)])
@pytest.mark.parametrize("scale", [3, 4])
def test_shares_of_the_image_are_pixels_of_one_of_the_likeliest_size(
    tmp_path: Path, scale: int, size: tuple[int, int], layout
) -> None:
    texts = []
    for t in range(4):
        flat = np.array(person(layout, (400 + 2 * t, 400))).reshape(-1, 3)
        flat[:, :2] /= size
        if scale == 4:
            flat[:, :2] = 2 * flat[:, :2] - 1  # what is missing, too, and then has the confidence 0
        texts.append(frame(flat.ravel().tolist()))
    clip = read_clip(write_frames(tmp_path / "clip", texts))
    assert (clip.image_size, clip.guessed_size, clip.format_name) == ((0, 0), size, f"OpenPose JSON ({layout.name})")
    assert "--video" in clip.warnings[0]
    for name in ("nose", "left_wrist", "right_ankle"):
        expected = np.array([[400 + 2 * t, 400] for t in range(4)]) + 200 * np.array(FIGURE[name])
        np.testing.assert_allclose(clip.people[0].seen_points[:, landmark(name)], expected, atol=0.01, err_msg=name)
    half = clip.in_image((size[0] / 2, size[1] / 2))
    np.testing.assert_allclose(half.people[0].seen_points * 2, clip.people[0].seen_points, rtol=1e-6)


def test_confidence_is_clipped_and_no_confidence_means_missing(tmp_path: Path) -> None:
    flat = person(BODY_25)
    flat[2], flat[5], flat[2 * 3 : 3 * 3] = 1.7, -0.5, [0, 0, 0]
    (found,) = read_clip(write_frames(tmp_path / "clip", [frame(flat)])).people
    confidence = found.seen_confidence[0]
    assert confidence[landmark("nose")] == 1
    assert confidence[landmark("thorax")] == 0
    assert confidence[landmark("right_shoulder")] == 0


@pytest.mark.parametrize(
    "name", ["cam01.{:04d}.json", "20_{:012d}_keypoints.json", "{}.json", "v2_{}_pose2d.json", "a {} (1).JSON"]
)
def test_frames_come_in_the_order_of_their_numbers(tmp_path: Path, name: str) -> None:
    texts = [frame(person(BODY_25, (300 + 2 * t, 240))) for t in range(12)]
    (found,) = read_clip(write_frames(tmp_path / "clip", texts, name)).people
    assert found.frames.tolist() == list(range(12))
    pelvis = found.seen_points[:, landmark("pelvis"), 0]
    np.testing.assert_allclose(pelvis, 300 + 2 * np.arange(12), atol=0.01)


def test_left_out_numbers_and_empty_frames_are_missing_frames(tmp_path: Path) -> None:
    folder = walking_clip(tmp_path / "clip")
    (folder / "clip_000000000004_keypoints.json").unlink()
    (folder / "clip_000000000005_keypoints.json").unlink()
    (folder / "clip_000000000007_keypoints.json").write_text(frame())
    clip = read_clip(folder)
    seen = (clip.keypoints().confidence > 0).any(axis=1)
    assert len(clip) == 12
    assert len(clip.people) == 1
    assert np.flatnonzero(~seen).tolist() == [4, 5, 7]


def test_a_stray_number_is_refused_and_nothing_is_allocated_by_it(tmp_path: Path) -> None:
    folder = walking_clip(tmp_path / "clip")
    (folder / "clip_999999999999_keypoints.json").write_text(frame(person(BODY_25)))
    refused(folder, "clip_999999999999_keypoints.json")


def test_files_that_are_no_frames_by_their_names_are_left_alone(tmp_path: Path) -> None:
    folder = walking_clip(tmp_path / "clip")
    (folder / "calibration.json").write_text('{"camera": 1}')
    (folder / "._clip_000000000003_keypoints.json").write_bytes(b"\0\5\x16\7")
    (folder / "notes.txt").write_text("12")
    assert len(read_clip(folder)) == 12


def test_two_clips_in_one_folder_are_refused(tmp_path: Path) -> None:
    folder = walking_clip(tmp_path / "clip")
    write_frames(folder, [frame(person(BODY_25))], "other_{:012d}_keypoints.json")
    refused(folder, "both frame 0", "one clip alone")


def test_a_zip_reads_as_the_folder_whatever_its_members_are_called(tmp_path: Path) -> None:
    folder = walking_clip(tmp_path / "clip")
    packed = tmp_path / "packed.bin"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in folder.iterdir():
            archive.write(file, f"../../escaped/{file.name}")
        archive.writestr("__MACOSX/escaped/._clip_000000000001_keypoints.json", b"\0\5\x16\7")
    before = sorted(tmp_path.rglob("*"))
    zipped, plain = read_clip(packed).keypoints(), read_clip(folder).keypoints()
    np.testing.assert_array_equal(zipped.points, plain.points)
    assert sorted(tmp_path.rglob("*")) == before
    assert not (tmp_path.parent / "escaped").exists()


def test_one_file_is_a_clip_of_one_frame(tmp_path: Path) -> None:
    file = tmp_path / "whatever.txt"
    file.write_text(frame(person(BODY_25)))
    assert len(read_clip(file)) == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"people": [{"pose_keypoints_2d": [1, 2', ["is cut short"]),
        ("", ["is cut short"]),
        ('{"people": [}]}', ["is damaged", "line 1 column 13"]),
        ("[" * 100_000, ["nested too deeply"]),
        ('{"people": [{"pose_keypoints_2d": [NaN]}]}', ["NaN"]),
        ('{"people": [{"pose_keypoints_2d": [-Infinity]}]}', ["-Infinity"]),
        ('{"people": {}}', ["list 'people'"]),
        ("[]", ["list 'people'"]),
        ('{"people": [7]}', ["pose_keypoints_2d"]),
        ('{"people": [{}]}', ["pose_keypoints_2d"]),
        ('{"people": [{"pose_keypoints_2d": "12"}]}', ["pose_keypoints_2d"]),
        ('{"people": [{"pose_keypoints_2d": [1, "2", 3]}]}', ["plain numbers"]),
        ('{"people": [{"pose_keypoints_2d": [[1, 2, 3]]}]}', ["plain numbers"]),
        ('{"people": [{"pose_keypoints_2d": [1, null, 3]}]}', ["plain numbers"]),
        (frame([0.5] * 45), ["15 keypoints", "18 or 25"]),
        (frame([0.5] * 74), ["74 numbers"]),
        (frame([1e300] * 75), ["1e+300"]),
        (frame([0.5] * 75).replace("0.5", "1e999"), ["inf"]),
        (frame([0.5] * 75).replace("0.5", "9" * 5000), ["digits"]),
        (frame(person(COCO_18)), ["18 keypoints", "25", "one model"]),
    ],
    ids=lambda value: str(value)[:24],
)
def test_one_bad_frame_among_good_ones_is_named(tmp_path: Path, content: str, words: list[str]) -> None:
    folder = walking_clip(tmp_path / "clip")
    (folder / "clip_000000000006_keypoints.json").write_text(content)
    refused(folder, "clip_000000000006_keypoints.json", *words)


def test_a_frame_that_is_no_text_is_named(tmp_path: Path) -> None:
    folder = walking_clip(tmp_path / "clip")
    (folder / "clip_000000000006_keypoints.json").write_bytes(b"\xff\xfe\x00")
    refused(folder, "clip_000000000006_keypoints.json", "no text")


def test_nobody_in_it_is_said(tmp_path: Path) -> None:
    refused(write_frames(tmp_path / "empty", [frame()] * 5), "nobody is in it")
    refused(write_frames(tmp_path / "zeros", [frame([0.0] * 75)] * 5), "nobody is in it")


_PERSON = st.fixed_dictionaries(
    {},
    optional={
        "pose_keypoints_2d": JSON | st.lists(st.floats(-1e4, 1e4), min_size=75, max_size=75) | st.just(person(BODY_25)),
        "pose_keypoints": JSON,
        "person_id": JSON | st.lists(st.integers(-1, 3), max_size=2),
    },
)
_FRAME = st.fixed_dictionaries({"people": st.lists(_PERSON | JSON, max_size=3)}) | JSON


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(frames=st.lists(_FRAME, min_size=1, max_size=3), cut=st.none() | st.integers(0, 60))
def test_anything_gives_a_clip_or_an_input_error(tmp_path: Path, frames: list, cut: int | None) -> None:
    folder = tmp_path / "fuzz"
    folder.mkdir(exist_ok=True)
    for file in folder.iterdir():
        file.unlink()
    write_frames(folder, [json.dumps(content)[:cut] for content in frames])
    sound_or_refused(folder)


def test_files_by_the_thousand_cost_a_few_times_what_their_json_does(tmp_path: Path) -> None:
    folder = walking_clip(tmp_path / "clip", 2000)

    def parse() -> None:
        for file in folder.iterdir():
            json.loads(file.read_bytes())

    assert best_time(lambda: read_clip(folder)) < 15 * best_time(parse)


@pytest.mark.parametrize(
    ("folder", "frames", "layout", "people"),
    [
        ("balancing_cam01", 100, "BODY_25B", 2),
        ("balancing_cam02", 100, "BODY_25B", 2),
        ("two_people_cam01", 100, "BODY_25B", 3),
        ("single_81", 81, "BODY_25", 1),
    ],
)
def test_real_folders(shared_data: Path, folder: str, frames: int, layout: str, people: int) -> None:
    clip = read_clip(shared_data / "keypoints" / "openpose_body25" / folder, fps=60)
    assert (len(clip), clip.format_name, clip.fps) == (frames, f"OpenPose JSON ({layout})", 60)
    assert clip.image_size == (0, 0)
    assert len(clip.people) == people
    for found in clip.people:
        assert found.share >= 0.98
        limbs = [(f"{side}_knee", f"{side}_ankle") for side in ("left", "right")]
        for upper, lower in limbs:  # a shin stays a shin, which another layout's order would not give
            length = np.linalg.norm(
                found.seen_points[:, landmark(upper)] - found.seen_points[:, landmark(lower)], axis=1
            )
            seen = (found.seen_confidence[:, [landmark(upper), landmark(lower)]] > 0).all(axis=1)
            assert length[seen].max() < 3 * np.median(length[seen])
