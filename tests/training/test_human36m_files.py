"""The files people have of Human3.6M: read as they are, never run, and refused in one line where they are wrong."""

import io
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from human36m_files import SYMMETRY, acted, recordings, seen_by_all, write_files, write_keypoints
from numpy.testing import assert_array_equal

from posenorm_core.errors import InputError
from training.human36m.files import as_long_as, read_keypoints, read_positions

WALK = acted("S1", "walk", 150, 3)
COCO = [[1, 3, 5, 7, 9, 11, 13, 15], [2, 4, 6, 8, 10, 12, 14, 16]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_files(tmp_path_factory.mktemp("h36m"))


def save_3d(folder: Path, held: Any) -> None:
    np.savez_compressed(folder / "data_3d_h36m.npz", positions_3d=held)


def test_positions_come_back_as_they_were_saved_without_the_broken_recording(folder: Path) -> None:
    found, saved = read_positions(folder), recordings()
    assert "Directions" in saved["S11"]
    del saved["S11"]["Directions"]
    assert {s: set(acts) for s, acts in found.items()} == {s: set(acts) for s, acts in saved.items()}
    for subject, acts in saved.items():
        for name, recording in acts.items():
            assert_array_equal(found[subject][name], recording.positions.astype(np.float32))


def test_keypoints_come_back_as_they_were_saved(folder: Path) -> None:
    found = read_keypoints(folder)
    assert "Directions" not in found["S11"]
    for mine, theirs in zip(found["S1"]["Walking 1"], seen_by_all("S1", WALK), strict=True):
        assert_array_equal(mine, theirs)


def test_subjects_without_calibration_are_left_out(folder: Path, tmp_path: Path) -> None:
    points = seen_by_all("S1", WALK)
    write_keypoints(tmp_path, {"S1": {"Walking 1": points}, "S2": {"Walking 1": points}}, "cpn_ft_h36m_dbb")
    assert set(read_keypoints(tmp_path, "cpn_ft_h36m_dbb")) == {"S1"}


def npz(path: Path, content: bytes) -> Path:
    """An archive whose member `a` is an array of one object, by this pickle."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "|O", "fortran_order": False, "shape": ()})
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.npy", header.getvalue() + content)
    return path


def no_file(folder: Path) -> None:
    (folder / "data_2d_h36m_gt.npz").touch()


def cut(folder: Path) -> None:
    save_3d(folder, {"S1": {"Walking 1": WALK.positions}})
    path = folder / "data_3d_h36m.npz"
    path.write_bytes(path.read_bytes()[:5000])


def damaged_inside(folder: Path) -> None:
    save_3d(folder, {"S1": {"Walking 1": WALK.positions}})
    path = folder / "data_3d_h36m.npz"
    content = bytearray(path.read_bytes())
    content[2000:2100] = bytes(100)
    path.write_bytes(content)


def pickle_cut(folder: Path) -> None:
    whole = pickle.dumps(np.array({"S1": {"Walking 1": WALK.positions}}, dtype=object))
    npz(folder / "a.npz", whole[: len(whole) // 2]).rename(folder / "data_3d_h36m.npz")
    with zipfile.ZipFile(folder / "data_3d_h36m.npz") as archive:
        content = archive.read("a.npy")
    with zipfile.ZipFile(folder / "data_3d_h36m.npz", "w") as archive:
        archive.writestr("positions_3d.npy", content)


def of_something_else(folder: Path) -> None:
    np.savez(folder / "data_3d_h36m.npz", rotations=np.zeros(3))


def plain_array(folder: Path) -> None:
    np.savez(folder / "data_3d_h36m.npz", positions_3d=np.zeros((5, 32, 3)))


def a_list(folder: Path) -> None:
    save_3d(folder, {"S1": [WALK.positions]})


def only_strangers(folder: Path) -> None:
    save_3d(folder, {"S2": {"Walking 1": WALK.positions}})


def millimetres(folder: Path) -> None:
    save_3d(folder, {"S1": {"Walking 1": 1000 * WALK.positions}})


def seventeen(folder: Path) -> None:
    save_3d(folder, {"S1": {"Walking 1": WALK.positions[:, :17]}})


def not_finite(folder: Path) -> None:
    save_3d(folder, {"S1": {"Walking 1": np.where(np.arange(150)[:, None, None] == 3, np.nan, WALK.positions)}})


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (no_file, "holds no data_3d_h36m.npz, .* it holds data_2d_h36m_gt.npz"),
        (cut, "is no .npz archive, or is cut short"),
        (damaged_inside, "cut short|no .npz archive"),
        (pickle_cut, "damaged or cut short"),
        (of_something_else, "lacks 'positions_3d'; it holds rotations"),
        (plain_array, "should be a dictionary of subjects"),
        (a_list, "should be a dictionary of subjects"),
        (only_strangers, "holds none of the subjects S1, .* but S2"),
        (millimetres, "S1 Walking 1: its thigh is .* long; positions must be in metres"),
        (seventeen, r"S1 Walking 1: should be numbers of shape \(frames, 32, 3\), is float64 \(150, 17, 3\)"),
        (not_finite, "S1 Walking 1: holds values that are not finite"),
    ],
)
def test_wrong_positions_are_told_in_one_line(tmp_path: Path, spoil: Callable[[Path], None], told: str) -> None:
    spoil(tmp_path)
    with pytest.raises(InputError, match=told) as error:
        read_positions(tmp_path)
    assert str(tmp_path) in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("views", "symmetry", "told"),
    [
        (seen_by_all("S1", WALK), COCO, "its joints are not Human3.6M's 17"),
        (seen_by_all("S1", WALK)[:3], SYMMETRY, "should hold the four cameras' points"),
        ([view[:, :16] for view in seen_by_all("S1", WALK)], SYMMETRY, r"camera 54138969: should be .* \(150, 16, 2\)"),
        ([view[:0] for view in seen_by_all("S1", WALK)], SYMMETRY, "camera 54138969: has no frames"),
    ],
)
def test_wrong_keypoints_are_told_in_one_line(tmp_path: Path, views: Any, symmetry: Any, told: str) -> None:
    write_keypoints(tmp_path, {"S1": {"Walking 1": views}}, symmetry=symmetry)
    with pytest.raises(InputError, match=told) as error:
        read_keypoints(tmp_path)
    assert "data_2d_h36m_gt.npz" in str(error.value)
    assert "\n" not in str(error.value)


def test_detections_run_on_after_the_mocap_but_do_not_end_before_it() -> None:
    points = np.arange(12.0).reshape(3, 2, 2)
    assert_array_equal(as_long_as(points, 2, "file"), points[:2])
    with pytest.raises(InputError, match="file: 3 frames of 2D points for 4 of mocap"):
        as_long_as(points, 4, "file")


def test_no_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere: is no folder"):
        read_positions(tmp_path / "nowhere")
