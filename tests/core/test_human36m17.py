"""Human3.6M's 17 joints as bare arrays: in 2D, in pixels, in the right order, or refused in one line."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from coco_files import assert_figure, figure
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reading import refused, sound_or_refused

from posenorm_core.builtin_motion import ACTIONS, builtin_clip
from posenorm_core.condition_skeleton import JOINT_NAMES
from posenorm_core.formats import read_clip
from posenorm_core.landmarks import LANDMARK_NAMES
from posenorm_core.synthetic_view import film


def walk(layout: str = "Human3.6M 17", frames: int = 6) -> np.ndarray:
    """(T, 17, 3): the figure, 2 pixels farther right in each frame."""
    return np.stack([figure(layout, (300 + 2 * t, 240)) for t in range(frames)]).astype(np.float32)


def save_npy(path: Path, values: np.ndarray) -> None:
    np.save(path.open("wb"), values)


def save_npz(path: Path, values: np.ndarray) -> None:
    np.savez_compressed(path.open("wb"), reconstruction=values, valid_frames=np.arange(len(values)))


def save_json(path: Path, values: np.ndarray) -> None:
    path.write_text(json.dumps(values.tolist(), indent=1))


@pytest.mark.parametrize("save", [save_npy, save_npz, save_json])
def test_an_array_is_read_whatever_it_is_called(tmp_path: Path, save: Any) -> None:
    save(tmp_path / "input", walk())
    clip = read_clip(tmp_path / "input", 25)
    assert (clip.format_name, clip.fps, len(clip)) == ("array of keypoints (Human3.6M 17)", 25, 6)
    assert_figure(clip, "Human3.6M 17", centre=(300, 240))
    assert_figure(clip, "Human3.6M 17", frame=5, centre=(310, 240))


@pytest.mark.parametrize("save", [save_npy, save_npz, save_json])
def test_cocos_17_are_told_by_the_body(tmp_path: Path, save: Any) -> None:
    values = walk("COCO 17")
    values[:, 1:3] = values[:, :1] + [3, -3, 0]
    save(tmp_path / "input", values)
    assert_figure(read_clip(tmp_path / "input"), "COCO 17", centre=(300, 240))


@pytest.mark.parametrize("action", ACTIONS)
def test_filmed_motion_is_told_from_cocos_in_any_view(tmp_path: Path, action: str) -> None:
    clip = builtin_clip(action, 3, seconds=1.0)
    rng = np.random.default_rng(5)
    where: dict[str, Any] = {"azimuth": rng.uniform(-3, 3), "elevation": 0.3, "distance": 5, "focal_length": 1000}
    seen = film(clip.rotations, clip.root_position, clip.skeleton, fps=30, **where)
    names = ["nose", "nose", "nose", "left_ear", "right_ear"]
    names += [
        f"{s}_{part}" for part in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle") for s in ("left", "right")
    ]
    for layout, order in (("Human3.6M 17", JOINT_NAMES[:17]), ("COCO 17", names)):
        points = seen.points[:, [LANDMARK_NAMES.index(name) for name in order]]
        save_npy(tmp_path / "input", points + rng.normal(0, 5, points.shape))
        assert read_clip(tmp_path / "input").format_name.endswith(f"({layout})")


def test_an_axis_of_people_before_the_frames(tmp_path: Path) -> None:
    save_npz(tmp_path / "input", np.stack([walk(), walk() + np.float32([200, 0, -0.25])]))
    first, second = read_clip(tmp_path / "input").people
    assert (first.seen_points[0, 0, 0], second.seen_points[0, 0, 0]) == (300, 500)


def test_points_without_confidence_are_sure_and_those_not_found_missing(tmp_path: Path) -> None:
    values = walk()[..., :2].copy()
    values[2], values[3] = np.nan, 0
    save_npy(tmp_path / "input", values)
    assert read_clip(tmp_path / "input").people[0].frames.tolist() == [0, 1, 4, 5]
    listed = [None, [], *walk().tolist()]
    (tmp_path / "input").write_text(json.dumps(listed))
    clip = read_clip(tmp_path / "input")
    assert (len(clip), clip.people[0].frames.tolist()) == (8, [2, 3, 4, 5, 6, 7])


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (walk() - [320, 240, 0] + [0, 0, 900], "3D positions"),
        ((walk() - [320, 240, 0.75]) / [200, 200, 1], "pixels"),
        (walk()[..., :2] / 640, "pixels"),
        (np.full((5, 17, 2), 1e9), "1e+09"),
        (np.full((5, 17, 2), -np.inf), "inf"),
        (np.full((5, 17, 3), np.nan), "nobody is in it"),
        (np.zeros((0, 17, 2)), "no frames"),
        (np.zeros((5, 18, 2)), "holds no keypoints known here"),
        (np.zeros((5, 17, 2), dtype=complex), "holds no keypoints known here"),
        (np.array([[{}] * 17] * 5), "holds no keypoints known here"),
    ],
    ids=lambda value: str(value)[:30].replace("\n", ""),
)
def test_what_is_no_2d_is_told_in_one_line(tmp_path: Path, values: np.ndarray, told: str) -> None:
    save_npy(tmp_path / "input", values)
    refused(tmp_path / "input", told)


def test_two_arrays_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", points_2d=walk(), points_3d=walk())
    refused(tmp_path / "a.npz", "points_2d.npy, points_3d.npy")


def test_a_file_cut_short_is_told(tmp_path: Path) -> None:
    save_npy(tmp_path / "input", walk())
    content = (tmp_path / "input").read_bytes()
    (tmp_path / "input").write_bytes(content[:-8])
    refused(tmp_path / "input", "cut short")
    (tmp_path / "input").write_bytes(content.replace(b"(6, 17, 3)", b"(6666666666, 17, 3)"[:10]))
    refused(tmp_path / "input", "holds no keypoints known here")


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda frames: frames[2].pop(), "frame 2 is no list of 17 points"),
        (lambda frames: frames[2][3].pop(), "frame 2 is no list of 17 points"),
        (lambda frames: frames[2].__setitem__(3, ["a", "b", "c"]), "frame 2 is no list of 17 points"),
        (lambda frames: frames[2].__setitem__(3, [True, 1, 1]), None),
        (lambda frames: frames[2][3].__setitem__(0, 10**30), "frame 2 is no list of 17 points"),
        (lambda frames: frames[2][3].__setitem__(0, None), "frame 2 is no list of 17 points"),
        (lambda frames: frames.append({"a": 1}), "frame 6 is no list of 17 points"),
        (lambda frames: frames.append([[1, 2]] * 17), "has points of 2 and of 3 numbers"),
    ],
)
def test_lists_of_something_else_are_told_in_one_line(tmp_path: Path, spoil: Any, told: str | None) -> None:
    frames = walk().tolist()
    spoil(frames)
    (tmp_path / "input").write_text(json.dumps(frames))
    if told:
        refused(tmp_path / "input", told)
    else:
        assert len(read_clip(tmp_path / "input")) == 6


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_anything_gives_a_clip_or_an_input_error(tmp_path: Path, data: st.DataObject) -> None:
    save = data.draw(st.sampled_from([save_npy, save_npz, save_json]))
    save(tmp_path / "input", walk(frames=2))
    content = bytearray((tmp_path / "input").read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    (tmp_path / "input").write_bytes(content[: data.draw(st.none() | st.integers(0, len(content)))])
    sound_or_refused(tmp_path / "input")
