"""The separate Python does its work, is heeded and is ended in every way; what is wrong with it is told in one line."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from addon import process, video_detection
from addon.job import Job
from addon.python_check import check_python
from addon.video_detection import detect_video
from posenorm_core.errors import InputError
from posenorm_core.keypoints import load_keypoints

pytestmark = pytest.mark.skipif(os.name == "nt", reason="its stand-ins for a Python are scripts that name their own")
CLONE = Path(__file__).resolve().parents[2]


@pytest.fixture
def stand_in(tmp_path: Path) -> Callable[[str], Path]:
    """Makes a program that is called as a Python would be, and does this instead."""

    def make(body: str) -> Path:
        program = tmp_path / "a python"
        program.write_text(f"#!{sys.executable} -S\nimport json, os, signal, subprocess, sys, time\n{body}\n")
        program.chmod(0o755)
        return program

    return make


class Detection:
    """A call of `detect_video` with what belongs to it."""

    def __init__(self, folder: Path) -> None:
        """A video that nobody reads, in `folder`."""
        self.video, self.output, self.log = folder / "walk.mp4", folder / "walk.npz", folder / "detect.log"
        self.video.write_bytes(b"")
        self.reports: list[tuple[int, int]] = []

    def run(self, python: Path, report: Any = None) -> str:
        return detect_video(
            python, self.video, 1, self.output, self.log, report or (lambda *told: self.reports.append(told))
        )

    def refused(self, python: Path) -> str:
        """The line that it is refused with; nothing is written then."""
        with pytest.raises(InputError) as caught:
            self.run(python)
        assert not self.output.exists()
        assert not list(self.output.parent.glob(".*")), "half-written files"
        return str(caught.value)


@pytest.fixture
def detection(tmp_path: Path) -> Detection:
    return Detection(tmp_path)


def short_video(path: Path, original: Path, frames: int) -> Path:
    """The first frames of a video."""
    av = pytest.importorskip("av", reason="the extra [video] is not installed")
    with av.open(str(original)) as source, av.open(str(path), "w") as written:
        stream = written.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = 270, 480, "yuv420p"
        for number, frame in zip(range(frames), source.decode(video=0), strict=False):
            small = frame.reformat(270, 480, "yuv420p")
            small.pts, small.time_base = number, Fraction(1, 30)
            written.mux(stream.encode(small))
        written.mux(stream.encode(None))
    return path


def test_a_real_video_gives_what_the_core_gives(tmp_path: Path, shared_data: Path, monkeypatch: Any) -> None:
    pytest.importorskip("mediapipe", reason="MediaPipe is not installed: there is none for this Python")
    from posenorm_core.detection import detect

    folder = tmp_path / "mañana 映像"
    folder.mkdir()
    video = short_video(folder / "one two.mp4", shared_data / "videos" / "balancing_cam01.mp4", 12)
    # What Blender tells its own Python must not reach the other one.
    monkeypatch.setenv("PYTHONHOME", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    reports: list[tuple[int, int]] = []
    output = folder / "out.npz"
    people = detect_video(Path(sys.executable), video, 1, output, tmp_path / "log", lambda *told: reports.append(told))
    found, expected = load_keypoints(output), detect(video).keypoints()
    np.testing.assert_array_equal(found.points, expected.points)
    np.testing.assert_array_equal(found.confidence, expected.confidence)
    assert (found.fps, found.image_size, people) == (30.0, (270.0, 480.0), "")
    assert reports == sorted(reports)
    assert reports[-1][1] == 12


def test_a_video_with_nobody_is_told_in_the_cores_words(tmp_path: Path) -> None:
    pytest.importorskip("mediapipe", reason="MediaPipe is not installed: there is none for this Python")
    from test_video import even, write

    video = write(tmp_path / "numbers.mp4", even(5, 30, 15360), base=15360)
    with pytest.raises(InputError) as caught:
        detect_video(Path(sys.executable), video, 1, tmp_path / "k.npz", tmp_path / "log", lambda *_: None)
    assert str(caught.value) == f"{video}: nobody is seen in any of its 5 frames"
    assert not (tmp_path / "k.npz").exists()
    video.unlink()
    with pytest.raises(InputError, match=r"numbers\.mp4: there is no such file"):
        detect_video(Path(sys.executable), video, 1, tmp_path / "k.npz", tmp_path / "log", lambda *_: None)


def test_the_core_is_lent_and_nothing_beside_it(tmp_path: Path) -> None:
    """The other Python imports the very core of this one, though it has none, and nothing else of that folder."""
    lent = tmp_path / "lent"
    shutil.copytree(CLONE / "posenorm_core", lent / "posenorm_core", ignore=shutil.ignore_patterns("__pycache__"))
    (lent / "json5.py").write_text("")
    probe = "import posenorm_core, importlib.util as i; print(posenorm_core.__file__, i.find_spec('json5'))"
    code = video_detection._DETECT.replace("from posenorm_core.__main__ import main\nsys.exit(main())", probe)
    said: list[str] = []
    words = [code, json.dumps({"posenorm_core": str(lent)}), "detect"]
    assert process.run_python(Path(sys.executable), words, said.append) == 0
    assert said == [f"{lent / 'posenorm_core' / '__init__.py'} None"]
    assert video_detection._lent_folders()["posenorm_core"] == str(CLONE)


def test_progress_is_heeded_and_the_file_is_moved_into_place(
    detection: Detection, stand_in: Any, keypoints_file: Path
) -> None:
    python = stand_in(
        f"""
output = sys.argv[sys.argv.index("-o") + 1]
assert sys.argv[1:3] == ["-B", "-c"] and sys.argv[5:7] == ["detect", {str(detection.video)!r}], sys.argv
for done in (1, 2, 3):
    print("noise" * done, flush=True)
    print("said without an end progress", done, 3, flush=True)
    time.sleep(0.15)
print("people: 1 in 70% of the frames; 2 in 30% of the frames. Person 1 is taken", file=sys.stderr)
import shutil; shutil.copyfile({str(keypoints_file)!r}, output)
"""
    )
    detection.output.write_text("an older result")
    assert detection.run(python) == "1 in 70% of the frames; 2 in 30% of the frames"
    assert detection.reports == sorted(detection.reports)
    assert {(1, 3), (2, 3)} <= set(detection.reports)
    assert detection.output.read_bytes() == keypoints_file.read_bytes()
    assert "noise" in detection.log.read_text()
    assert "progress" not in detection.log.read_text()


CRASHES = {
    "code": ("print('progress 3 10'); sys.exit('Traceback: oh no')", "ended with code 1 and no keypoints after 3 fr"),
    "signal": ("print('progress 3 10', flush=True); os.kill(os.getpid(), 9)", r"crashed \(signal 9\) after 3 frames"),
    "silent": ("print('progress 3 10')", "ended with code 0 and no keypoints after 3 frames"),
    "garbage": ("os.write(1, bytes(range(256)) * 20000)", "did not answer as Python does"),
    "refusal": ("print('error: walk.mp4: nobody is seen'); sys.exit(2)", "^walk.mp4: nobody is seen$"),
    "lie": ("open(sys.argv[sys.argv.index('-o') + 1], 'w').write('x')", r"keypoints\.npz: is no \.npz archive"),
}


@pytest.mark.parametrize("case", list(CRASHES))
def test_a_process_that_fails_is_told_in_one_line(detection: Detection, stand_in: Any, case: str) -> None:
    body, told = CRASHES[case]
    line = detection.refused(stand_in(body))
    assert len(line.splitlines()) == 1
    assert re.search(told, line), line
    if "no keypoints" in line or "crashed" in line:
        assert str(detection.log) in line
    if case == "code":
        assert "oh no" in detection.log.read_text()
    assert detection.log.stat().st_size < 3e6


def is_running(number: int) -> bool:
    """Whether a process runs; one that has ended and waits for its parent does not."""
    try:
        state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def wait_until(happened: Callable[[], bool]) -> bool:
    end = time.monotonic() + 20
    while not happened() and time.monotonic() < end:
        time.sleep(0.02)
    return happened()


HANGS = """
child = subprocess.Popen(["sleep", "1000"])
with open({place!r} + ".part", "w") as file:
    file.write(f"{{os.getpid()}} {{child.pid}}")
os.rename({place!r} + ".part", {place!r})
time.sleep(1000)
"""


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="asks /proc who runs")
@pytest.mark.parametrize("asked", ["detect", "test"])
def test_a_process_that_hangs_is_killed_with_its_children(
    detection: Detection, stand_in: Any, tmp_path: Path, asked: str
) -> None:
    place = tmp_path / "numbers"
    python = stand_in(HANGS.format(place=str(place)))
    if asked == "detect":
        job = Job(lambda report: detection.run(python, report))
    else:
        job = Job(lambda report: check_python(python, lambda: report(0, 1)))
    assert wait_until(place.exists)
    numbers = [int(number) for number in place.read_text().split()]
    assert all(map(is_running, numbers))
    job.cancel()
    assert job.wait(20)
    assert wait_until(lambda: not any(map(is_running, numbers)))
    assert not detection.output.exists()


PARENT = """
import sys
sys.path.insert(0, {clone!r})
from pathlib import Path
from addon.video_detection import detect_video
detect_video(Path({python!r}), Path({video!r}), 1, Path({output!r}), Path({log!r}), lambda *_: None)
"""

# The real words for the other Python are run; only what reads the video hangs.
HANGS_INSIDE = """
sys.path[:0] = {packages!r}
code = sys.argv[3]
sys.argv[:] = ["-c", *sys.argv[4:]]
import posenorm_core.detection
posenorm_core.detection.open_video = lambda path: (os.rename({place!r} + ".part", {place!r}), time.sleep(1000))
with open({place!r} + ".part", "w") as file:
    file.write(str(os.getpid()))
exec(code)
"""


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="asks /proc who runs")
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_the_process_ends_when_blender_does(
    detection: Detection, stand_in: Any, tmp_path: Path, end: signal.Signals
) -> None:
    place = tmp_path / "number"
    packages = [str(CLONE), *(str(Path(find_spec(name).origin).parents[1]) for name in ("numpy", "array_api_compat"))]  # type: ignore[union-attr, arg-type]
    python = stand_in(HANGS_INSIDE.format(place=str(place), packages=packages))
    script = PARENT.format(
        clone=str(CLONE),
        python=str(python),
        video=str(detection.video),
        output=str(detection.output),
        log=str(detection.log),
    )
    parent = subprocess.Popen([sys.executable, "-c", script])
    try:
        assert wait_until(place.exists), detection.log.read_text()
        number = int(place.read_text())
        assert is_running(number)
        parent.send_signal(end)
        parent.wait(20)
        assert wait_until(lambda: not is_running(number))
    finally:
        parent.kill()


def answering(stand_in: Any, **told: Any) -> Path:
    """A Python that answers the test so."""
    good = {
        "version": [3, 11],
        "pip": True,
        "managed": False,
        "numpy": "1.26.4",
        "av": "14.0.1",
        "mediapipe": "0.10.21",
    }
    answer = {name: value for name, value in {**good, **told}.items() if value is not None}
    program: Path = stand_in(f"print('some warning'); print('posenorm-probe ' + {json.dumps(answer)!r})")
    return program


def test_a_python_that_has_all_is_told_so(stand_in: Any) -> None:
    check = check_python(answering(stand_in))
    assert (check.fault, check.remedy) == ("", "")
    words = [finding.words for finding in check.findings]
    assert words == ["Python 3.11", "numpy 1.26.4", "av 14.0.1", "mediapipe 0.10.21"]


MISSING: dict[str, tuple[dict[str, Any], str, str]] = {
    "mediapipe": (
        {"mediapipe": None, "mediapipe fault": "is missing"},
        "mediapipe is missing",
        "{python} -m pip install mediapipe==0.10.21",
    ),
    "old av": ({"av": "12.3.0"}, "av 12.3.0", "{python} -m pip install 'av>=14'"),
    "no model": (
        {"mediapipe fault": "comes without its model"},
        "mediapipe 0.10.21: comes without its model",
        "{python} -m pip install mediapipe==0.10.21",
    ),
    "no pip": (
        {"av": None, "av fault": "is missing", "pip": False},
        "av is missing",
        "{python} -m ensurepip && {python}",
    ),
    "system": ({"av": None, "av fault": "is missing", "managed": True}, "takes no packages", "{python} -m venv /"),
    "too new": ({"version": [3, 13], "mediapipe": None, "mediapipe fault": "is missing"}, "needs 3.11 or 3.12", ""),
    "too old": ({"version": [2, 7], "numpy": None, "av": None, "mediapipe": None}, "needs 3.11 or 3.12", ""),
}


@pytest.mark.parametrize("case", list(MISSING))
def test_what_is_missing_is_told_with_the_command_that_mends_it(stand_in: Any, case: str) -> None:
    told, fault, remedy = MISSING[case]
    python = answering(stand_in, **told)
    check = check_python(python)
    assert fault in check.fault
    expected = remedy.format(python=f"'{python}'")
    assert check.remedy.startswith(expected)
    assert bool(check.remedy) == bool(remedy)


def test_a_real_python_without_packages_is_seen_through(stand_in: Any) -> None:
    check = check_python(stand_in("os.execv(sys.executable, [sys.executable, '-S', *sys.argv[1:]])"))
    assert [finding.fits for finding in check.findings[1:4]] == [False, False, False]
    assert check.findings[1].words == "numpy is missing"


def test_the_real_python_of_these_tests_passes() -> None:
    pytest.importorskip("mediapipe", reason="MediaPipe is not installed: there is none for this Python")
    assert check_python(Path(sys.executable)).fault == ""


def test_what_is_no_python_is_told_so(tmp_path: Path, stand_in: Any) -> None:
    text = tmp_path / "text"
    text.write_text("print(1)")
    cases = {
        text: "cannot be started (Permission denied)",
        tmp_path: "is a folder; choose the program in it",
        tmp_path / "none": "there is no such file",
        stand_in("print('hello'); print('posenorm-probe nonsense'); sys.exit(3)"): "did not answer as Python does",
    }
    for python, words in cases.items():
        check = check_python(python)
        assert words in check.fault
        assert str(python) in check.fault
        assert check.remedy == ""


def test_what_the_other_python_lacks_is_told_where_detection_fails_at_once(detection: Detection, stand_in: Any) -> None:
    answer = {"version": [3, 12], "pip": True, "numpy": "2.0.0", "av": "14.0", "mediapipe fault": "is missing"}
    python = stand_in(
        f"print('posenorm-probe ' + {json.dumps(answer)!r}) if 'detect' not in sys.argv else "
        """(print('error: videos need the extra [video]'), sys.exit(2))"""
    )
    assert "mediapipe is missing" in detection.refused(python)
