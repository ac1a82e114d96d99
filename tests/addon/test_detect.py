"""Detect takes a video's 2D pose as the source; what was found before is taken again, and what is wrong is told."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import bpy
import pytest

from addon import preferences, source
from addon.operators import detect as detect_operator
from addon.panels.video import draw_video
from addon.python_check import Finding, PythonCheck
from addon.scene import pose_overlay
from addon.status import status

pytestmark = [
    pytest.mark.usefixtures("addon"),
    pytest.mark.skipif(os.name == "nt", reason="its stand-ins for a Python are scripts that name their own"),
]


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the extension keeps among the user's files is the test's own."""

    def folder(name: str) -> Path:
        place = tmp_path / "own" / name
        place.mkdir(parents=True, exist_ok=True)
        return place

    monkeypatch.setattr(detect_operator, "own_folder", folder)


@pytest.fixture
def video(tmp_path: Path, addon: None) -> Iterator[Path]:
    """A chosen video, that only stand-ins read."""
    folder = tmp_path / "mañana 映像"
    folder.mkdir()
    path = folder / "one two.mp4"
    path.write_bytes(b"a video")
    settings().video = str(path)
    yield path
    status.say("")


@pytest.fixture
def python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keypoints_file: Path) -> Callable[[str], None]:
    """Chooses a stand-in for the Python: it says progress, does this, and finds the keypoints of the fixture."""

    def choose(body: str = "") -> None:
        program = tmp_path / "python"
        program.write_text(
            f"""#!{sys.executable} -S
import shutil, sys
print("progress 1 2", flush=True)
{body}
shutil.copyfile({str(keypoints_file)!r}, sys.argv[sys.argv.index("-o") + 1])
"""
        )
        program.chmod(0o755)
        monkeypatch.setattr(detect_operator, "python_path", lambda _context: program)

    choose()
    return choose


def settings() -> Any:
    return bpy.context.scene.posenorm_video  # type: ignore[union-attr]


def chosen_source() -> str:
    return str(bpy.context.scene.posenorm.source)  # type: ignore[union-attr]


def refused(again: bool = False) -> str:
    """The line that Detect refuses with, in the status bar as in the panel; the source stays."""
    before = chosen_source()
    with pytest.raises(RuntimeError) as caught:
        bpy.ops.posenorm.detect(again=again)
    assert status.is_error
    assert status.text in str(caught.value)
    assert len(status.text.splitlines()) == 1
    assert chosen_source() == before
    return status.text


def no_python(_context: Any) -> Path:
    pytest.fail("detects again")


@pytest.mark.usefixtures("python")
def test_the_keypoints_lie_beside_the_video_and_are_the_source(video: Path, keypoints_file: Path) -> None:
    assert bpy.ops.posenorm.detect() == {"FINISHED"}
    expected = video.with_name("one two.mp4.keypoints.npz")
    assert expected.read_bytes() == keypoints_file.read_bytes()
    assert (chosen_source(), settings().detected) == (str(expected), str(expected))
    clip = source.recall(str(expected))
    assert clip is not None
    assert len(clip) == 40
    assert "40 frames" in status.text
    assert sorted(each.name for each in video.parent.iterdir()) == ["one two.mp4", expected.name]


@pytest.mark.usefixtures("python")
def test_what_was_found_before_is_taken_unless_asked_again(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    choose = detect_operator.python_path
    bpy.ops.posenorm.detect()
    first = settings().detected
    found = Path(first)
    monkeypatch.setattr(detect_operator, "python_path", no_python)
    settings().video = ""
    settings().video = str(video)
    assert settings().detected == "", "what was found in another video"
    bpy.ops.posenorm.detect()
    assert settings().detected == first
    assert "Detect Again" in status.text

    monkeypatch.setattr(detect_operator, "python_path", choose)
    size = found.stat().st_size
    found.write_bytes(b"damaged")
    bpy.ops.posenorm.detect()
    assert found.stat().st_size == size, "what cannot be read does not count"
    os.utime(found, (1, 1))
    bpy.ops.posenorm.detect()
    assert found.stat().st_mtime > 1, "a video that has changed since is another one"
    stamp = found.stat().st_mtime_ns
    bpy.ops.posenorm.detect(again=True)
    assert found.stat().st_mtime_ns > stamp


@pytest.mark.usefixtures("python")
def test_each_person_has_a_file(video: Path) -> None:
    bpy.ops.posenorm.detect()
    settings().person = 2
    bpy.ops.posenorm.detect()
    names = sorted(each.name for each in video.parent.iterdir())
    assert names == ["one two.mp4", "one two.mp4.keypoints.npz", "one two.mp4.person2.keypoints.npz"]


@pytest.mark.usefixtures("python")
def test_where_nothing_can_be_written_the_users_own_folder_takes_it(
    video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.geteuid() == 0:  # who may write everywhere is refused here as others are by the folder
        allowed = detect_operator.require_writable

        def refuse(path: Path) -> None:
            allowed(path if path.parent != video.parent else tmp_path / "none" / path.name)

        monkeypatch.setattr(detect_operator, "require_writable", refuse)
    else:
        video.parent.chmod(0o555)
    assert bpy.ops.posenorm.detect() == {"FINISHED"}
    found = Path(chosen_source())
    assert found.is_relative_to(tmp_path / "own")
    assert [each.name for each in video.parent.iterdir()] == ["one two.mp4"]
    monkeypatch.setattr(detect_operator, "python_path", no_python)
    bpy.ops.posenorm.detect()
    assert chosen_source() == str(found)
    video.parent.chmod(0o755)


def test_without_a_python_it_is_told_where_to_choose_one(video: Path) -> None:
    assert "preferences" in refused()


def test_failures_are_told_and_the_panel_goes_on(video: Path, python: Any) -> None:
    python("print('error: one two.mp4: nobody is seen in any of its 9 frames'); sys.exit(2)")
    assert refused() == "one two.mp4: nobody is seen in any of its 9 frames"
    python("raise SystemError")
    assert "detect.log" in refused()
    python()
    assert bpy.ops.posenorm.detect() == {"FINISHED"}
    assert not status.is_error
    video.unlink()
    assert "there is no such file" in refused(again=True)


def test_buttons_are_greyed_until_they_make_sense(video: Path) -> None:
    detect, show = bpy.ops.posenorm.detect, bpy.ops.posenorm.show_video
    assert detect.poll()
    assert not show.poll(), "there is no 2D pose yet"
    status.advance("Normalizing", 0.5)
    assert not detect.poll()
    assert not bpy.ops.posenorm.test_python.poll()
    status.say("")
    settings().video = ""
    assert not detect.poll()


def test_the_video_is_picked_as_it_is(tmp_path: Path) -> None:
    bpy.ops.posenorm.choose_video(filepath=str(tmp_path / "a b.mov"))
    assert settings().video == str(tmp_path / "a b.mov")


def test_the_test_button_keeps_its_answer_for_that_python(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [PythonCheck((Finding(True, "Python 3.11"),)), PythonCheck((Finding(False, "av is missing"),), "pip …")]
    asked: list[Path] = []

    def check(python: Path, _tick: Any) -> PythonCheck:
        asked.append(python)
        return answers[len(asked) - 1]

    monkeypatch.setattr("addon.operators.check_python.check_python", check)
    monkeypatch.setattr("addon.operators.check_python.python_path", lambda _context: Path("/somewhere/python"))
    assert bpy.ops.posenorm.test_python() == {"FINISHED"}
    assert preferences.test_of("/somewhere/python") is answers[0]
    assert preferences.test_of("/elsewhere/python") is None
    with pytest.raises(RuntimeError, match="av is missing"):
        bpy.ops.posenorm.test_python()
    assert preferences.test_of("/somewhere/python") is answers[1]


class Layout:
    """Stands for a panel's layout, which nothing makes without a window: it keeps what is put into it."""

    def __init__(self) -> None:
        """Empty."""
        self.operators: list[tuple[str, str, Any]] = []
        self.properties: list[str] = []
        self.use_property_split = True

    def row(self, **_: Any) -> "Layout":
        return self

    def prop(self, _data: Any, name: str, **_: Any) -> None:
        self.properties.append(name)

    def operator(self, name: str, text: str = "", **_: Any) -> Any:
        options = type("Options", (), {})()
        self.operators.append((name, text, options))
        return options


@pytest.mark.usefixtures("python", "video")
def test_the_section_offers_to_detect_again_what_is_there() -> None:
    for expected in ("Detect", "Detect Again"):
        layout = Layout()
        draw_video(layout, bpy.context)
        ((text, options),) = [(text, options) for name, text, options in layout.operators if name == "posenorm.detect"]
        assert (text, options.again) == (expected, expected == "Detect Again")
        assert layout.operators[1][:2] == ("preferences.addon_show", "Choose a Python for Video")
        assert {"video", "person", "show_pose"} <= set(layout.properties)
        bpy.ops.posenorm.detect()


def test_the_drawing_is_there_only_while_it_is_wanted(tmp_path: Path) -> None:
    assert pose_overlay._drawing is None
    settings().show_pose = True
    assert pose_overlay._drawing is not None
    settings().show_pose = False
    assert pose_overlay._drawing is None
    settings().show_pose = True
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "with.blend"))
    bpy.ops.wm.read_factory_settings(use_empty=True)
    assert pose_overlay._drawing is None, "the new file does not want it"
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "with.blend"))
    assert pose_overlay._drawing is not None


def test_unregistering_ends_the_drawing() -> None:
    import addon

    settings().show_pose = True
    addon.unregister()
    try:
        assert pose_overlay._drawing is None
        assert not hasattr(bpy.types.Scene, "posenorm_video")
    finally:
        addon.register()
