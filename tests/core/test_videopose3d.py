"""VideoPose3D's `.npz`: read without running its pickle, in the layout it has, whatever its metadata say."""

import io
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from coco_files import assert_figure, figure
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reading import Runs, refused, sound_or_refused

from posenorm_core.formats import read_clip

# As VideoPose3D's data_utils.py suggests them.
METADATA: dict[str, dict[str, Any]] = {
    "COCO 17": {
        "layout_name": "coco",
        "num_joints": 17,
        "keypoints_symmetry": [[1, 3, 5, 7, 9, 11, 13, 15], [2, 4, 6, 8, 10, 12, 14, 16]],
    },
    "Human3.6M 17": {
        "layout_name": "h36m",
        "num_joints": 17,
        "keypoints_symmetry": [[4, 5, 6, 11, 12, 13], [1, 2, 3, 14, 15, 16]],
    },
}


def walk(layout: str, frames: int = 6) -> np.ndarray:
    """(T, 17, 3): the figure, 2 pixels farther right in each frame; eyes stand by the nose."""
    keypoints = np.stack([figure(layout, (300 + 2 * t, 240)) for t in range(frames)])
    if layout == "COCO 17":
        keypoints[:, 1:3] = keypoints[:, :1] + [3, -3, 0]
    return keypoints.astype(np.float32)


def custom(path: Path, values: Any, layout: str = "COCO 17", video: Any = None) -> Path:
    """What `prepare_data_2d_custom.py` writes of a video called `me`."""
    metadata = METADATA[layout] | ({"video_metadata": {"me": video}} if video else {})
    positions: Any = {"me": {"custom": [values]}}
    np.savez_compressed(path, positions_2d=positions, metadata=metadata)
    return path


@pytest.mark.parametrize("named", METADATA)
@pytest.mark.parametrize("layout", METADATA)
def test_the_layout_is_what_the_body_says_not_what_the_metadata_do(tmp_path: Path, layout: str, named: str) -> None:
    clip = read_clip(custom(tmp_path / "a.npz", walk(layout), named, {"w": 640, "h": 480}))
    assert (clip.format_name, clip.image_size, clip.fps, len(clip)) == (f"VideoPose3D ({layout})", (640, 480), None, 6)
    assert_figure(clip, layout, centre=(300, 240))
    assert_figure(clip, layout, frame=5, centre=(310, 240))


def test_points_without_confidence_are_sure_and_those_not_found_missing(tmp_path: Path) -> None:
    values = walk("COCO 17")[..., :2].copy()
    values[2] = np.nan
    values[3] = 0
    clip = read_clip(custom(tmp_path / "a.npz", values))
    assert clip.people[0].frames.tolist() == [0, 1, 4, 5]
    assert set(np.unique(clip.keypoints().confidence[0])) == {0, 1}


def test_peaks_of_heat_maps_are_no_confidence(tmp_path: Path) -> None:
    values = walk("COCO 17")
    values[..., 2] *= 0.05
    clip = read_clip(custom(tmp_path / "a.npz", values))
    assert set(np.unique(clip.keypoints().confidence[0])) == {0, 1}


def nested(path: Path, positions: Any) -> Path:
    np.savez(path, positions_2d=np.array(positions, dtype=object), metadata=METADATA["COCO 17"])
    return path


def test_lists_of_uneven_depth_are_refused(tmp_path: Path) -> None:
    refused(nested(tmp_path / "a.npz", {"S1": [[1, 2], [3, [4]]]}), "'positions_2d/S1/0", "is no array of keypoints")


@pytest.mark.parametrize(
    "positions",
    [
        {"S1": {"Walking 1": walk("COCO 17")[None]}},
        {"S1": {"Walking 1": walk("COCO 17")}},
        {"S1": {"Walking 1": (walk("COCO 17"),)}},
    ],
    ids=["cameras an axis", "no cameras", "a tuple"],
)
def test_other_nestings_of_one_clip(tmp_path: Path, positions: Any) -> None:
    assert_figure(read_clip(nested(tmp_path / "a.npz", positions)), "COCO 17", centre=(300, 240))


def test_several_clips_are_named_and_one_saved_as_told_is_read(tmp_path: Path) -> None:
    path = nested(
        tmp_path / "a.npz", {"S1": {"Sitting": [walk("COCO 17")] * 4}, "S5": {"Walking 1": [walk("COCO 17")]}}
    )
    refused(path, "holds 5 clips (S1/Sitting/0, ", "['positions_2d'].item()['S1']['Sitting'][0])")
    np.save(tmp_path / "one.npy", np.load(path, allow_pickle=True)["positions_2d"].item()["S1"]["Sitting"][0])
    assert_figure(read_clip(tmp_path / "one.npy"), "COCO 17", centre=(300, 240))


def test_what_a_pickle_would_run_is_not_run(tmp_path: Path) -> None:
    path = nested(tmp_path / "a.npz", {"S1": {"Walking": [Runs(tmp_path / "made")]}})
    refused(path, "mkdir")
    assert not (tmp_path / "made").exists()
    metadata: Any = {"layout_name": Runs(tmp_path / "made")}
    np.savez(tmp_path / "b.npz", positions_2d=np.array({"a": [walk("COCO 17")]}, dtype=object), metadata=metadata)
    refused(tmp_path / "b.npz", "mkdir")
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    ("positions", "told"),
    [
        ({}, "no array of keypoints"),
        ([], "no array of keypoints"),
        (7, "no array of keypoints"),
        ({"S1": {"Walking": "nothing"}}, "S1/Walking' is no array of keypoints"),
        ({"S1": {"Walking": [np.zeros((6, 17))]}}, "S1/Walking/0' is no array of keypoints"),
        ({"S1": {"Walking": [np.array(["a"] * 6)]}}, "no array of keypoints"),
        ({"S1": {"Walking": [walk("COCO 17")[:, :16]]}}, "16 keypoints"),
        ({"S1": {"Walking": [walk("COCO 17") / 640]}}, "pixels"),
        ({"S1": {"Walking": [walk("COCO 17") * [1, 1, 400]]}}, "3D positions"),
        ({"S1": {"Walking": [np.full((6, 17, 2), np.inf)]}}, "inf"),
        ({"S1": {"Walking": [np.full((6, 17, 2), 1e30)]}}, "1e+30"),
        ({"S1": {"Walking": [np.full((6, 17, 2), np.nan)]}}, "nobody is in it"),
        ({"S1": {"Walking": [np.zeros((6, 17, 2))]}}, "nobody is in it"),
        ({"S1": {"Walking": [np.zeros((0, 17, 2))]}}, "no frames"),
        ({"S1": {"Walking": [np.zeros((6, 17, 5))]}}, "(6, 17, 5)"),
    ],
    ids=lambda value: str(value).replace("\n", "")[:40],
)
def test_what_is_no_clip_is_told_in_one_line(tmp_path: Path, positions: Any, told: str) -> None:
    path = tmp_path / "a.npz"
    held = np.empty((), dtype=object)
    held[()] = positions
    np.savez(path, positions_2d=held)
    refused(path, told)


def test_positions_in_3d_are_refused(tmp_path: Path) -> None:
    positions: Any = {"S1": {"Walking": np.zeros((5, 32, 3))}}
    np.savez(tmp_path / "data_3d_h36m.npz", positions_3d=positions)
    refused(tmp_path / "data_3d_h36m.npz", "3D positions")


def _npz(path: Path, pickled: bytes) -> Path:
    """The archive whose `positions_2d` is an object by this pickle."""
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": "|O", "fortran_order": False, "shape": ()})
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("positions_2d.npy", file.getvalue() + pickled)
    return path


def test_lists_that_hold_one_list_over_and_over_take_no_time(tmp_path: Path) -> None:
    held: Any = {"x": [walk("COCO 17")]}
    for _ in range(60):
        held = {"x": held, "y": held}
    refused(_npz(tmp_path / "a.npz", pickle.dumps(np.array(held, dtype=object))), "no array of keypoints")
    crowd = [walk("COCO 17")] * 3000
    many = {str(number): crowd for number in range(3000)}
    refused(_npz(tmp_path / "b.npz", pickle.dumps(np.array(many, dtype=object))), "holds 10000 clips")


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_pickle_gives_a_clip_or_an_input_error(tmp_path: Path, data: st.DataObject) -> None:
    protocol = data.draw(st.integers(2, 5))
    whole = pickle.dumps(np.array({"me": {"custom": [walk("COCO 17", 2)]}}, dtype=object), protocol)
    content = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    _npz(tmp_path / "a.npz", bytes(content[: data.draw(st.none() | st.integers(0, len(content)))]))
    sound_or_refused(tmp_path / "a.npz")


@pytest.mark.parametrize("name", ["data_2d_detections.npz", "data_2d_detections_scater.npz"])
def test_real_files_say_human36m_and_are_coco(shared_data: Path, name: str) -> None:
    clip = read_clip(shared_data / "keypoints" / "videopose3d" / name, fps=50)
    assert (clip.format_name, len(clip), clip.fps) == ("VideoPose3D (COCO 17)", 591, 50)
    assert len(clip.people) == 1
    assert clip.people[0].share > 0.99
    assert clip.people[0].seen_confidence.max() == 1  # the file's own scores are at most 0.04


def test_the_real_output_in_3d_is_refused(shared_data: Path) -> None:
    refused(shared_data / "keypoints" / "videopose3d" / "out_3D_vp3d.npz", "3D positions", "2D keypoints")
