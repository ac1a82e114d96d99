"""The format is found from the content, not from the name, and what is none of them is told what can be read."""

import json
import shutil
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from openpose_files import walking_clip

from posenorm_core.errors import InputError
from posenorm_core.formats import FORMATS, read_clip
from posenorm_core.keypoints import save_keypoints


def test_a_name_says_nothing(tmp_path: Path) -> None:
    clip = read_clip(walking_clip(tmp_path / "frames.npz"))
    assert clip.format_name.startswith("OpenPose JSON")
    save_keypoints(clip.keypoints(), tmp_path / "keypoints.npz")
    shutil.move(tmp_path / "keypoints.npz", tmp_path / "frames.json")
    assert read_clip(tmp_path / "frames.json").format_name == "PoseNorm keypoints"


@pytest.mark.parametrize("fps", [None, 23.976])
def test_a_rate_that_the_format_lacks_is_the_one_given(tmp_path: Path, fps: float | None) -> None:
    clip = read_clip(walking_clip(tmp_path / "clip"), fps)
    assert clip.fps == fps
    assert clip.keypoints().fps == (fps or 30)


@pytest.mark.parametrize("fps", [0.0, -25.0, float("nan"), 1e9])
def test_a_rate_that_no_video_has_is_refused(tmp_path: Path, fps: float) -> None:
    with pytest.raises(InputError, match=r"frame rate .* between"):
        read_clip(walking_clip(tmp_path / "clip"), fps)


@pytest.mark.parametrize("person", [0, -1, 2, 99])
def test_a_person_who_is_not_there_is_refused(tmp_path: Path, person: int) -> None:
    folder = walking_clip(tmp_path / "clip")
    with pytest.raises(InputError, match=f"no person {person}; it holds one person"):
        read_clip(folder).keypoints(person)


def _folder_without_json(path: Path) -> None:
    path.mkdir()
    (path / "frame_0001.png").write_bytes(b"\x89PNG")


def _empty_zip(path: Path) -> None:
    zipfile.ZipFile(path, "w").close()


def _zip_of_text(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")


def _cut_zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a_0001.json", '{"people": []}' * 100)
    path.write_bytes(path.read_bytes()[:200])


def _damaged_member(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a_0001.json", '{"people": []}' * 100)
    content = bytearray(path.read_bytes())
    content[42:60] = b"\xff" * 18
    path.write_bytes(content)


def _zip_bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a_0001.json", b'{"people": [' + b" " * (65 * 2**20))


def _zip_of_lzma(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("a_0001.json", '{"people": []}' * 100)


def _brackets(path: Path) -> None:
    path.write_text('{"people": [' + "[]," * 300_000 + "[]]}")


UNREADABLE = {
    "folder without JSON": (_folder_without_json, "holds no keypoints known here"),
    "empty folder": (Path.mkdir, "empty folder"),
    "empty zip": (_empty_zip, "empty zip"),
    "zip of something else": (_zip_of_text, "holds no keypoints known here"),
    "zip cut short": (_cut_zip, "begins as a zip or .npz archive and has no end; it is cut short"),
    "zip with a damaged member": (_damaged_member, "cannot be unpacked"),
    "zip that unpacks to too much": (_zip_bomb, "unpacks to more than 20 times its size"),
    "zip packed by LZMA": (_zip_of_lzma, "stored, deflated"),
    "brackets without numbers": (_brackets, "hardly more than brackets"),
    "empty file": (Path.touch, "holds no keypoints known here"),
    "no file": (lambda path: None, "no such file"),
    "picture": (lambda path: path.write_bytes(b"\x89PNG" * 1000), "holds no keypoints known here"),
    "JSON of something else": (lambda path: path.write_text('{"frames": 3}'), "holds no keypoints known here"),
    "npz of something else": (lambda path: np.savez(path.open("wb"), a=np.zeros(3)), "holds no keypoints known here"),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_what_cannot_be_read_says_why_and_what_can(tmp_path: Path, case: str) -> None:
    make, words = UNREADABLE[case]
    path = tmp_path / "input"
    make(path)
    with pytest.raises(InputError) as caught:
        read_clip(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert message.count(str(path)) == 1
    assert words in message
    assert "\n" not in message
    if "known here" in words:
        assert all(known.description in message for known in FORMATS)


def test_reading_takes_no_more_than_twenty_times_the_file(tmp_path: Path) -> None:
    path = tmp_path / "clip.json"
    frames = json.loads(f"[{(walking_clip(tmp_path / 'clip') / 'clip_000000000000_keypoints.json').read_text()}]") * 100
    path.write_text(json.dumps(frames))
    read_clip(path)
    tracemalloc.start()
    read_clip(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20 * path.stat().st_size
