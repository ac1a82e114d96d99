"""MediaPipe's 33 landmarks: one walk written in all the ways people write it is one clip, in true proportions."""

import csv
import io
import json
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpose_files import FIGURE, landmark
from reading import JSON, refused, sound_or_refused

from posenorm_core.__main__ import main
from posenorm_core.formats import read_clip
from posenorm_core.formats.mediapipe_layout import MEDIAPIPE_33, MEDIAPIPE_NAMES
from posenorm_core.landmarks import LANDMARK_NAMES

# The order in which MediaPipe's documentation of the pose landmarker lists them.
DOCUMENTED = (
    "nose, left eye (inner), left eye, left eye (outer), right eye (inner), right eye, right eye (outer), left ear, "
    "right ear, mouth (left), mouth (right), left shoulder, right shoulder, left elbow, right elbow, left wrist, "
    "right wrist, left pinky, right pinky, left index, right index, left thumb, right thumb, left hip, right hip, "
    "left knee, right knee, left ankle, right ankle, left heel, right heel, left foot index, right foot index"
)
NAMES = [name.replace("(", "").replace(")", "").replace(" ", "_") for name in DOCUMENTED.split(", ")]
FRAMES, LOST = 8, 3  # nobody is found in frame LOST
WIDTH, HEIGHT = 1280, 720
SIZE = {"width": WIDTH, "height": HEIGHT}

Pose = list[tuple[float, float, float, float]]


def pixel(name: str, frame: int) -> np.ndarray:
    """Where the figure has the documented landmark `name`, walking to the right."""
    place = FIGURE.get(name.replace("foot_index", "toe"), FIGURE["nose"])
    return np.array([600 + 4 * frame, 350]) + 250 * np.array(place)


def walk(scale: tuple[float, float] = (WIDTH, HEIGHT)) -> list[Pose]:
    """The landmarks x, y, z, visibility of each frame, in shares of an image of this size; none in frame LOST."""
    poses: list[Pose] = []
    for frame in range(FRAMES):
        points = [pixel(name, frame) / scale for name in NAMES]
        poses.append([(x, y, 0.1 * (n % 3 - 1), 0.75) for n, (x, y) in enumerate(points)] if frame != LOST else [])
    return poses


def assert_walk(clip: Any, frames: int = FRAMES, confidence: float = 0.75, scale: float = 1) -> None:
    """Every landmark that MediaPipe has is where the figure has it, in pixels."""
    assert len(clip) == frames
    keypoints = clip.keypoints()
    assert clip.people[0].frames.tolist() == [frame for frame in range(frames) if frame != LOST]
    for name in LANDMARK_NAMES:
        seen = keypoints.confidence[:, landmark(name)]
        if name in ("spine", "neck", "head"):
            assert not seen.any()
            continue
        for frame in clip.people[0].frames:
            assert seen[frame] == pytest.approx(confidence), name
            where = scale * pixel(name, frame) if name not in ("pelvis", "thorax") else None
            if where is None:
                part = "hip" if name == "pelvis" else "shoulder"
                where = scale * (pixel(f"left_{part}", frame) + pixel(f"right_{part}", frame)) / 2
            np.testing.assert_allclose(keypoints.points[frame, landmark(name)], where, atol=0.05, err_msg=name)


def test_the_order_is_the_documented_one() -> None:
    assert list(MEDIAPIPE_NAMES) == NAMES
    for name, number in MEDIAPIPE_33.landmarks.items():
        pair = {"pelvis": "hip", "thorax": "shoulder"}.get(name)
        told = [NAMES[n] for n in ([number] if isinstance(number, int) else number)]
        assert told == ([f"left_{pair}", f"right_{pair}"] if pair else [name.replace("toe", "foot_index")])


def dots(pose: Pose) -> list[dict[str, float]]:
    return [dict(zip(("x", "y", "z", "visibility"), mark, strict=True)) for mark in pose]


def flat(pose: Pose) -> list[float]:
    return [value for mark in pose for value in mark]


def named(pose: Pose) -> dict[str, Any]:
    return {name.upper(): mark for name, mark in zip(NAMES, dots(pose), strict=False)}


def frames_of(make: Callable[[Pose], Any], **keys: str) -> list[dict[str, Any]]:
    """A list of objects with the frame's number and its landmarks, without the frame in which nobody is."""
    number, marks = keys.get("number", "frame"), keys.get("marks", "landmarks")
    return [{number: frame, marks: make(pose)} for frame, pose in enumerate(walk()) if pose]


def shuffled(pose: Pose) -> list[dict[str, Any]]:
    return [{"name": name, **mark} for name, mark in reversed(list(zip(NAMES, dots(pose), strict=True)))]


JSON_FORMS: dict[str, Any] = {
    "a list of frames of objects": lambda: SIZE | {"frames": [dots(pose) for pose in walk()]},
    "numbered frames": lambda: {"fps": 25, **SIZE, "frames": frames_of(dots)},
    "frame_number and pose_landmarks": lambda: (
        SIZE | {"data": frames_of(dots, number="frame_number", marks="pose_landmarks")}
    ),
    "frame_id and keypoints in lists": lambda: {"video_info": SIZE, "frames": frames_of(list, number="frame_id")},
    "the size in each frame": lambda: [frame | SIZE for frame in frames_of(dots)],
    "an object by number": lambda: SIZE | {str(frame): dots(pose) for frame, pose in enumerate(walk())},
    "an object by frame_number": lambda: (
        {"img_width": WIDTH, "img_height": HEIGHT}
        | {f"frame_{frame}": [value for mark in pose for value in mark] for frame, pose in enumerate(walk())}
    ),
    "landmarks by name": lambda: SIZE | {"frames": frames_of(named)},
    "names and numbers in lists": lambda: (
        SIZE | {"frames": frames_of(lambda pose: dict(zip(NAMES, pose, strict=True)), marks="keypoints")}
    ),
    "a name in each landmark": lambda: SIZE | {"frames": frames_of(shuffled)},
    "a number in each landmark": lambda: (
        SIZE | {"frames": frames_of(lambda pose: [{"id": n, **mark} for n, mark in enumerate(dots(pose))])}
    ),
    "a list of people": lambda: (
        SIZE | {"frames": [{"pose_landmarks": [dots(pose)] if pose else []} for pose in walk()]}
    ),
    "null for nobody": lambda: SIZE | {"landmarks": [dots(pose) or None for pose in walk()]},
    "protobuf's own": lambda: (
        SIZE | {"frames": [{"poseLandmarks": {"landmark": dots(pose)}} if pose else {} for pose in walk()]}
    ),
    "bare numbers": lambda: {
        "metadata": SIZE,
        "poses": [[value for mark in pose for value in mark] for pose in walk()],
    },
    "pixels": lambda: [list(pose) for pose in walk((1, 1))],
    "zeros for nobody": lambda: [list(pose) or [(0, 0, 0, 0)] * 33 for pose in walk((1, 1))],
}


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("form", JSON_FORMS)
def test_every_json_is_the_same_walk(tmp_path: Path, form: str, indent: int | None) -> None:
    (tmp_path / "clip").write_text(json.dumps(JSON_FORMS[form](), indent=indent))
    clip = read_clip(tmp_path / "clip")
    assert clip.format_name == "MediaPipe (33 landmarks)"
    assert clip.fps == (25 if form == "numbered frames" else None)
    assert clip.image_size == ((0, 0) if form in ("pixels", "zeros for nobody") else (WIDTH, HEIGHT))
    assert not clip.warnings
    assert_walk(clip)


def test_one_file_a_frame(tmp_path: Path) -> None:
    folder = tmp_path / "clip"
    folder.mkdir()
    for frame, pose in enumerate(walk()):
        (folder / f"v2_frame_{frame:05}.json").write_text(json.dumps({"landmarks": dots(pose), **SIZE}))
    assert_walk(read_clip(folder))
    with zipfile.ZipFile(tmp_path / "packed", "w") as archive:
        for file in folder.iterdir():
            archive.write(file, file.name)
    assert_walk(read_clip(tmp_path / "packed"))


def wide(title: Callable[[int, str], str], axes: str = "xyzv", scale: tuple[float, float] = (1, 1)) -> list[list[Any]]:
    """A table with a row a frame and these titles, in which nobody has empty cells."""
    titles = ["frame", *(title(number, axis) for number in range(33) for axis in axes)]
    places = ["xyzv".index(axis) for axis in axes]
    cells = [[mark[p] for mark in pose for p in places] or [""] * 33 * len(axes) for pose in walk(scale)]
    return [titles, *([frame, *row] for frame, row in enumerate(cells))]


def long(mark: Callable[[int], Any], *titles: str) -> list[list[Any]]:
    """A table with a row a landmark."""
    rows = [[frame, mark(n), *values] for frame, pose in enumerate(walk((1, 1))) for n, values in enumerate(pose)]
    return [list(titles or ("frame", "landmark", "x", "y", "z", "visibility")), *rows]


WORDS = {"x": "x", "y": "y", "z": "z", "v": "visibility"}
CSV_FORMS: dict[str, Any] = {
    "x0, y0": lambda: wide(lambda n, axis: f"{axis}{n}"),
    "x1 to x33": lambda: wide(lambda n, axis: f"{axis}{n + 1}"),
    "x_0": lambda: wide(lambda n, axis: f"{WORDS[axis]}_{n}"),
    "0_x": lambda: wide(lambda n, axis: f"{n}_{WORDS[axis]}"),
    "landmark_0_x": lambda: wide(lambda n, axis: f"landmark_{n}_{WORDS[axis]}"),
    "NOSE_x": lambda: wide(lambda n, axis: f"{NAMES[n].upper()}_{WORDS[axis]}"),
    "nose_x": lambda: wide(lambda n, axis: f"{NAMES[n]}_{WORDS[axis]}"),
    "leftEyeInnerX": lambda: wide(lambda n, axis: f"{NAMES[n].title().replace('_', '')}{axis.upper()}"),
    "x, y and visibility": lambda: wide(lambda n, axis: f"{NAMES[n]}.{axis}", "xyv"),
    "without titles": lambda: [row[1:] for row in wide(lambda n, axis: "")[1:]],
    "numbers for titles": lambda: [["", *range(132)], *wide(lambda n, axis: "")[1:]],
    "long by number": lambda: long(lambda n: n),
    "long by name": lambda: long(lambda n: f"PoseLandmark.{NAMES[n].upper()}"),
    "long with a number and a name": lambda: [
        [*row[:2], NAMES[row[1]] if t else "landmark_name", *row[2:]]
        for t, row in enumerate(long(lambda n: n, "frame_id", "landmark_id", "x", "y", "z", "visibility"))
    ],
}


def table(path: Path, rows: list[list[Any]], delimiter: str = ",") -> Path:
    """`rows` as the CSV file `path`."""
    with path.open("w", newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)
    return path


@pytest.mark.parametrize("form", CSV_FORMS)
def test_every_csv_is_the_same_walk(tmp_path: Path, form: str) -> None:
    rows = CSV_FORMS[form]()
    clip = read_clip(table(tmp_path / "clip", rows))
    assert (clip.format_name, clip.fps, clip.warnings) == ("MediaPipe (33 landmarks)", None, ())
    assert_walk(clip)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_settings_stand_in_columns(tmp_path: Path, delimiter: str) -> None:
    rows = wide(lambda n, axis: f"{NAMES[n]}_{axis}", scale=(WIDTH, HEIGHT))
    told = [["image_width", "image_height", "fps"], *[[WIDTH, HEIGHT, 50.0]] * FRAMES]
    clip = read_clip(table(tmp_path / "clip", [row + more for row, more in zip(rows, told, strict=True)], delimiter))
    assert (clip.image_size, clip.fps, clip.warnings) == ((WIDTH, HEIGHT), 50, ())
    assert_walk(clip)


def test_numbers_of_both_hands_and_the_face_behind_the_pose_are_left_alone(tmp_path: Path) -> None:
    rows = wide(lambda n, axis: f"{axis}{n + 1}")
    more = [f"{axis}{n + 1}" for n in range(33, 75) for axis in "xyzv"]
    rows = [rows[0] + more, *(row + [5] * len(more) for row in rows[1:])]
    assert_walk(read_clip(table(tmp_path / "clip", rows)))


@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (1080, 1920)])
def test_a_size_that_is_not_told_is_taken_by_the_body_and_warned_of(
    tmp_path: Path, width: int, height: int, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "clip").write_text(json.dumps([dots(pose) for pose in walk((width, height))]))
    clip = read_clip(tmp_path / "clip")
    assert clip.image_size == (0, 0)
    (warning,) = clip.warnings
    assert f"{width} x {height} is taken" in warning
    assert "--video" in warning
    assert_walk(clip)
    larger = clip.in_image((2 * width, 2 * height))
    assert (larger.image_size, larger.warnings) == ((2 * width, 2 * height), ())
    assert_walk(larger, scale=2)
    assert main(["normalize", str(tmp_path / "clip"), "-o", str(tmp_path / "out.npz"), "--fps", "30"]) == 0
    assert capsys.readouterr().err.splitlines() == [f"warning: {warning}"]


def test_without_visibility_all_is_sure_and_triples_may_have_it_third(tmp_path: Path) -> None:
    for third, sure in ((2, 1), (3, 0.75)):
        poses = [[(mark[0], mark[1], mark[third]) for mark in pose] for pose in walk((1, 1))]
        (tmp_path / "clip").write_text(json.dumps(poses))
        assert_walk(read_clip(tmp_path / "clip"), confidence=sure)


def test_two_people_are_followed(tmp_path: Path) -> None:
    beside = [[(x + 300, y, z, 0.5) for x, y, z, _ in pose] for pose in walk((1, 1))]
    both = [[second, first] for first, second in zip(walk((1, 1)), beside, strict=True)]
    (tmp_path / "clip").write_text(json.dumps([[list(pose) for pose in frame if pose] for frame in both]))
    clip = read_clip(tmp_path / "clip")
    assert len(clip.people) == 2
    assert_walk(clip)
    rows = [
        [frame, number, n, *mark]
        for frame, people in enumerate(both)
        for number, pose in enumerate(people)
        for n, mark in enumerate(pose)
    ]
    for titles in ("frame,person_id,landmark,x,y,z,visibility", "frame,-,landmark,x,y,z,visibility"):
        clip = read_clip(table(tmp_path / "table", [titles.split(","), *rows]))
        assert len(clip.people) == 2
        assert_walk(clip)


def test_world_landmarks_are_refused(tmp_path: Path) -> None:
    middle = (pixel("left_hip", 0) + pixel("right_hip", 0)) / 2
    world = [[((x - middle[0]) / 300, (y - middle[1]) / 300, z, v) for x, y, z, v in walk((1, 1))[0]]] * FRAMES
    (tmp_path / "clip").write_text(json.dumps([dots(pose) for pose in world]))
    refused(tmp_path / "clip", "world landmarks", "pose_landmarks")
    both = [
        {"pose_world_landmarks": dots(w), "pose_landmarks": dots(p)} for w, p in zip(world, walk((1, 1)), strict=True)
    ]
    (tmp_path / "clip").write_text(json.dumps(both))
    assert_walk(read_clip(tmp_path / "clip"))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda frames: frames[2]["landmarks"].pop(), ["frame 2: has 32 landmarks", "33"]),
        (lambda frames: frames[2]["landmarks"][4].update(x="left"), ["frame 2", "plain numbers"]),
        (lambda frames: frames[2]["landmarks"][4].update(x=[1]), ["frame 2", "plain numbers"]),
        (lambda frames: frames[2]["landmarks"][4].update(x=10**400), ["frame 2", "plain numbers"]),
        (lambda frames: frames[2]["landmarks"][4].update(x=1e300), ["1e+300"]),
        (lambda frames: frames[2]["landmarks"][4].update(x=float("nan")), ["NaN"]),
        (lambda frames: frames[2].update(landmarks="none"), ["frame 2: has no landmarks"]),
        (lambda frames: frames[2].pop("landmarks"), ["frame 2: has no landmarks"]),
        (lambda frames: frames[2].update(frame=10**8), ["100000000", "one clip"]),
        (lambda frames: [frame.update(landmarks=[]) for frame in frames], ["nobody is in it"]),
    ],
)
def test_a_bad_frame_is_named(tmp_path: Path, spoil: Any, words: list[str]) -> None:
    frames = frames_of(dots)
    spoil(frames)
    (tmp_path / "clip").write_text(json.dumps({"landmark_model": "full", "frames": frames}))
    refused(tmp_path / "clip", *words)


def test_json_cut_short_is_told(tmp_path: Path) -> None:
    (tmp_path / "clip").write_text(json.dumps(frames_of(dots))[:-100])
    refused(tmp_path / "clip", "is cut short")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda rows: rows[5].__setitem__(3, "left"), ["line 6", "left", "plain numbers"]),
        (lambda rows: rows[5].__setitem__(0, "x"), ["line 6", "'x' is no number of a frame"]),
        (lambda rows: rows[5].__setitem__(0, "1.5"), ["line 6", "'1.5' is no number of a frame"]),
        (lambda rows: rows[5].__setitem__(0, 10**8), ["100000000", "one clip"]),
        (lambda rows: rows[5].__setitem__(2, "inf"), ["inf"]),
        (lambda rows: rows[8].pop(), ["line 9 has 132 of 133 cells", "cut short"]),
        (lambda rows: rows.__delitem__(slice(1, None)), ["no frames"]),
        (lambda rows: [row.__setitem__(slice(1, None), ["nan"] * 132) for row in rows[1:]], ["nobody is in it"]),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, spoil: Any, words: list[str]) -> None:
    rows = wide(lambda n, axis: f"{axis}{n}")
    spoil(rows)
    refused(table(tmp_path / "clip", rows), *words)


def test_frames_that_are_not_told_apart_are_no_crowd(tmp_path: Path) -> None:
    rows = [["landmark", "x", "y"], *([0, 5, 5] for _ in range(2000))]
    refused(table(tmp_path / "clip", rows), "line 1002", "more than 1000 people")


def test_a_table_takes_less_memory_than_ten_times_its_file(tmp_path: Path) -> None:
    titles, *rows = long(lambda n: n)
    path = table(tmp_path / "clip", [titles, *([row[0] + FRAMES * k, *row[1:]] for k in range(40) for row in rows)])
    read_clip(path)
    tracemalloc.start()
    read_clip(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10 * path.stat().st_size


def test_a_landmark_of_another_model_is_named(tmp_path: Path) -> None:
    rows = long(lambda n: n)
    rows[40][1] = "LEFT_ANTENNA"
    refused(table(tmp_path / "clip", rows), "line 41", "LEFT_ANTENNA")


def test_a_table_of_something_else_is_no_landmarks(tmp_path: Path) -> None:
    for text in ("time,x,y\n1,2,3\n", "name,age\nx,4\n", "x1,y1\n1,2\n", "1,2,3\n", "\x00\x01,", '"'):
        (tmp_path / "clip").write_text(text)
        refused(tmp_path / "clip", "holds no keypoints known here")


def spoilt(data: st.DataObject, held: Any, depth: int) -> Any:
    """`held` with one value in it, `depth` lists or objects deep, replaced by anything."""
    if depth == 0 or not isinstance(held, dict | list | tuple) or not held:
        return data.draw(JSON)
    if isinstance(held, dict):
        key = data.draw(st.sampled_from(sorted(held)))
        return held | {key: spoilt(data, held[key], depth - 1)}
    place = data.draw(st.integers(0, len(held) - 1))
    return [spoilt(data, item, depth - 1) if number == place else item for number, item in enumerate(held)]


TEXTS = {form: make() for form, make in JSON_FORMS.items()}
TABLES = {form: make() for form, make in CSV_FORMS.items()}


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_anything_gives_a_clip_or_an_input_error(tmp_path: Path, data: st.DataObject) -> None:
    if data.draw(st.booleans()):
        told = TEXTS[data.draw(st.sampled_from(sorted(TEXTS)))]
        text = json.dumps(spoilt(data, told, data.draw(st.integers(1, 5))))
    else:
        file = io.StringIO()
        csv.writer(file).writerows(spoilt(data, TABLES[data.draw(st.sampled_from(sorted(TABLES)))], 2))
        text = file.getvalue()
    (tmp_path / "clip").write_text(text[: data.draw(st.none() | st.integers(0, len(text)))], errors="replace")
    sound_or_refused(tmp_path / "clip")
