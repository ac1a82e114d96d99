"""`python -m posenorm_core normalize`: what it writes, what it says, and how it refuses.

Every refusal is exit code 2 and one line on stderr, with nothing left behind; the network here is a small one
of random weights, which rotates as well as any.
"""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from openpose_files import frame, person, walking_clip, write_frames
from processor_time import best_time

from posenorm_core import __main__ as command_line
from posenorm_core.architecture import Architecture
from posenorm_core.bvh import read_bvh
from posenorm_core.cleaning import GENTLE
from posenorm_core.commands import normalize as normalize_command
from posenorm_core.condition_skeleton import CONDITION_SKELETON, JOINT_NAMES, PARENTS
from posenorm_core.foot_lock import lock_motion_feet
from posenorm_core.formats import read_clip
from posenorm_core.formats.openpose_layouts import BODY_25
from posenorm_core.keypoints import Keypoints, save_keypoints
from posenorm_core.motion import load_motion
from posenorm_core.normalizer import normalize
from posenorm_core.quaternion import geodesic_angle
from posenorm_core.skeleton import Skeleton, save_skeleton
from posenorm_core.video import open_video
from posenorm_core.weights import SHIPPED, layer_shapes, save_weights


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small network of random weights."""
    path = tmp_path_factory.mktemp("weights") / "small.npz"
    rng = np.random.default_rng(1)
    architecture = Architecture(width=8, dilations=(3,))
    shapes = layer_shapes(architecture)
    layers = [(rng.normal(0, 0.3, shape), rng.normal(0, 0.1, shape[-1])) for shape in shapes]
    save_weights(path, architecture, layers, {})
    return path


@pytest.fixture
def run(weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Runs `normalize` on the arguments given, into out.npz where they name no output: (exit code, stdout, stderr)."""

    def run_normalize(*arguments: object) -> tuple[int, str, str]:
        words = [str(argument) for argument in arguments]
        words += [] if "-o" in words else ["-o", str(tmp_path / "out.npz")]
        words += [] if "--weights" in words else ["--weights", str(weights)]
        try:
            code = command_line.main(["normalize", *words])
        except SystemExit as end:  # argparse's way to refuse
            code = int(end.code or 0)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run_normalize


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """A folder of somebody walking to the right."""
    return walking_clip(tmp_path / "clip")


def test_the_motion_written_is_the_one_that_normalize_returns(run, clip: Path, tmp_path: Path, weights: Path) -> None:
    code, out, err = run(clip, "--fps", 24, "--orientation", "view")
    assert (code, err) == (0, "")
    assert out.count("\n") == 1
    for words in ("BODY_25", "person 1 of 1", "12 frames at 24 frames/s", str(tmp_path / "out.npz")):
        assert words in out
    written = load_motion(tmp_path / "out.npz")
    expected = normalize(read_clip(clip, 24).keypoints(), orientation="view", weights=weights)
    np.testing.assert_array_equal(written.rotations, expected.rotations)
    assert (written.fps, written.orientation, written.source) == (24, "view", expected.source)


def test_a_bvh_holds_the_same_motion(run, clip: Path, tmp_path: Path) -> None:
    for name in ("out.bvh", "out.npz"):
        assert run(clip, "--fps", 24, "--orientation", "view", "-o", tmp_path / name)[0] == 0
    written, motion = read_bvh(tmp_path / "out.bvh"), load_motion(tmp_path / "out.npz")
    assert written.fps == pytest.approx(24, abs=1e-3)
    columns = [written.joint_names.index(name) for name in JOINT_NAMES]
    assert geodesic_angle(written.rotations[:, columns], motion.rotations.astype(float)).max() < 1e-4


def test_unknown_rates_are_warned_of_and_known_ones_stand(run, clip: Path, tmp_path: Path) -> None:
    code, _, err = run(clip)
    assert code == 0
    assert err.startswith("warning: ")
    assert "30" in err
    assert "--fps" in err
    assert load_motion(tmp_path / "out.npz").fps == 30
    save_keypoints(read_clip(clip, 25).keypoints(), tmp_path / "k.npz")
    assert run(tmp_path / "k.npz")[2] == ""
    code, _, err = run(tmp_path / "k.npz", "--fps", 50)
    assert code == 0
    assert "25" in err
    assert load_motion(tmp_path / "out.npz").fps == 25


def test_positions_are_those_of_the_motion_written(run, clip: Path, tmp_path: Path) -> None:
    assert run(clip, "--fps", 30, "--positions", tmp_path / "p.npz")[0] == 0
    motion = load_motion(tmp_path / "out.npz")
    with np.load(tmp_path / "p.npz", allow_pickle=False) as saved:
        assert saved["positions"].shape == (12, 19, 3)
        np.testing.assert_allclose(saved["positions"], motion.positions(), atol=1e-5)
    assert motion.orientation == "unified"


def test_the_person_asked_for_is_the_one_written(run, tmp_path: Path) -> None:
    figures = [frame(person(BODY_25, (100, 240), 200, 0.9), person(BODY_25, (500, 240), 100, 0.4))] * 5
    folder = write_frames(tmp_path / "two", figures)
    shown = {}
    for number in (None, 1, 2):
        code, out, _ = run(folder, "--fps", 30, *(["--person", number] if number else []))
        assert code == 0
        assert f"person {number or 1} of 2" in out
        shown[number] = float(load_motion(tmp_path / "out.npz").confidence.max())
    # No surer than the detector, and nearly as sure where the joint is plain to see.
    assert shown[None] == shown[1]
    assert 0.8 < shown[1] <= 0.9
    assert 0.3 < shown[2] <= 0.4


def test_another_body_is_the_one_posed(run, clip: Path, tmp_path: Path) -> None:
    body = Skeleton(JOINT_NAMES, PARENTS, CONDITION_SKELETON.offsets * 2)
    save_skeleton(body, tmp_path / "body.json")
    assert run(clip, "--fps", 30, "--skeleton", tmp_path / "body.json")[0] == 0
    np.testing.assert_allclose(load_motion(tmp_path / "out.npz").skeleton.offsets, body.offsets)


def test_one_frame_works(run, tmp_path: Path) -> None:
    assert run(walking_clip(tmp_path / "one", 1), "--fps", 25)[0] == 0
    assert len(load_motion(tmp_path / "out.npz")) == 1


def test_keypoints_take_the_rate_and_the_size_of_their_video(run, clip: Path, tmp_path: Path) -> None:
    pytest.importorskip("av", reason="the extra [video] is not installed")
    from test_video import even
    from test_video import write as write_video

    video = write_video(tmp_path / "v.mp4", even(12, 25, 12800), base=12800, rate=25)
    code, out, err = run(clip, "--video", video, "--preview", tmp_path / "p.mp4")
    assert (code, err) == (0, "")
    assert "12 frames at 25 frames/s" in out
    assert (tmp_path / "p.mp4").stat().st_size > 1000
    longer = write_video(tmp_path / "long.mp4", even(30, 25, 12800), base=12800, rate=25)
    code, _, err = run(clip, "--video", longer, "--fps", 24)
    assert code == 0
    assert "has 12 frames" in err
    assert load_motion(tmp_path / "out.npz").fps == 24
    assert_refused(run(video, "--video", longer), "is a video itself; leave --video out")
    assert_refused(run(video, "--exact"), "is not exact; leave --exact out")
    assert_refused(run(clip, "--video", tmp_path / "none.mp4"), "there is no such file")


def test_shares_have_their_places_in_the_video_they_are_of(run, tmp_path: Path) -> None:
    pytest.importorskip("av", reason="the extra [video] is not installed")
    from test_video import even
    from test_video import write as write_video

    video = write_video(tmp_path / "v.mp4", even(12, 25, 12800), base=12800, rate=25)
    width, height = open_video(video).size
    texts = {}
    for name, size in (("pixels", (1, 1)), ("shares", (width, height))):
        flats = [np.array(person(BODY_25, (width / 2 + t, height / 2), 0.4 * height)).reshape(-1, 3) for t in range(12)]
        texts[name] = [frame((flat / (*size, 1)).ravel().tolist()) for flat in flats]
    motions = []
    for name in texts:
        code, _, err = run(write_frames(tmp_path / name, texts[name]), "--video", video)
        assert (code, err) == (0, "")
        motions.append(load_motion(tmp_path / "out.npz"))
    assert geodesic_angle(*(motion.rotations.astype(float) for motion in motions)).max() < 1e-3


def test_a_motion_tells_what_made_it_and_what_of_the_options_was_not_used(
    run, clip: Path, tmp_path: Path, weights: Path
) -> None:
    for options, made in (([], (GENTLE, False)), (["--smooth", 0.25], (0.25, False)), (["--exact"], (0, True))):
        assert run(clip, "--fps", 30, *options)[0] == 0
        assert load_motion(tmp_path / "out.npz").source["options"] == dict(zip(("smooth", "exact"), made, strict=True))
    again = tmp_path / "again.npz"
    code, _, err = run(tmp_path / "out.npz", "-o", again, "--exact", "--weights", weights)
    assert code == 0
    assert [line.split(";")[-1] for line in err.splitlines()] == [" --exact is not used", " --weights is not used"]
    assert load_motion(again).source["options"] == {"smooth": 0, "exact": True}


def test_progress_is_shown_to_a_terminal_only(run, clip: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert "normalizing" not in run(clip, "--fps", 30)[2]
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert re.search(r"\rnormalizing: 12 of 12 frames, \d+ frames/s +\n", run(clip, "--fps", 30)[2])


def _cut(clip: Path) -> None:
    file = clip / "clip_000000000006_keypoints.json"
    file.write_text(file.read_text()[:300])


def _joints(clip: Path) -> None:
    write_frames(clip, [frame([0.5] * 45)] * 12)


def _nobody(clip: Path) -> None:
    write_frames(clip, [frame([0.0] * 75)] * 12)


def _nan(clip: Path) -> None:
    file = clip / "clip_000000000006_keypoints.json"
    file.write_text(file.read_text().replace("0.8", "NaN", 1))


def _no_json(clip: Path) -> None:
    for file in clip.iterdir():
        file.rename(file.with_suffix(".txt"))


SPOILT: dict[str, tuple[Callable[[Path], None], str]] = {
    "cut in the middle": (_cut, "clip_000000000006_keypoints.json: is cut short"),
    "another joint count": (_joints, "15 keypoints"),
    "all confidences 0": (_nobody, "nobody is in it"),
    "NaN": (_nan, "NaN"),
    "no JSON": (_no_json, "holds no keypoints known here"),
}


def assert_refused(result: tuple[int, str, str], words: str) -> None:
    """Exit code 2, nothing on stdout and one line on stderr that has `words`."""
    code, out, err = result
    assert (code, out) == (2, "")
    *warnings, line = err.splitlines()
    assert line.startswith("error: ")
    assert words in line
    assert all(warning.startswith("warning: ") for warning in warnings)


@pytest.mark.parametrize("case", SPOILT)
def test_spoilt_input_is_refused_and_nothing_is_left(run, clip: Path, tmp_path: Path, case: str) -> None:
    spoil, words = SPOILT[case]
    spoil(clip)
    assert_refused(run(clip, "--positions", tmp_path / "p.npz"), words)
    assert list(tmp_path.iterdir()) == [clip]


REFUSED: dict[str, tuple[Callable[[Path], list[object]], str]] = {
    "person too high": (lambda folder: ["--person", 2], "there is no person 2; it holds one person"),
    "person 0": (lambda folder: ["--person", 0], "there is no person 0"),
    "fps 0": (lambda folder: ["--fps", 0], "frame rate 0"),
    "fps negative": (lambda folder: ["--fps", -25], "frame rate -25"),
    "fps nan": (lambda folder: ["--fps", "nan"], "frame rate nan"),
    "fps 1e9": (lambda folder: ["--fps", 1e9], "between 1 and 1000"),
    "weights missing": (lambda folder: ["--weights", folder / "w.npz"], "w.npz"),
    "weights of another version": (lambda folder: ["--weights", folder / "old.npz"], "posenorm-weights version 9"),
    "weights that are text": (lambda folder: ["--weights", folder / "text.npz"], "text.npz"),
    "skeleton that is no skeleton": (lambda folder: ["--skeleton", folder / "text.npz"], "text.npz"),
    "output of another kind": (lambda folder: ["-o", folder / "out.fbx"], "must end in .npz or .bvh"),
    "output in no folder": (lambda folder: ["-o", folder / "missing" / "out.npz"], "cannot write there"),
    "output below a file": (lambda folder: ["-o", folder / "text.npz" / "out.npz"], "cannot write there"),
    "output over an input": (lambda at: ["-o", at / "old.npz", "--weights", at / "old.npz"], "another name"),
    "one person's output over an input": (
        lambda at: ["-o", at / "old.npz", "--person", "all", "--weights", at / "old-1.npz"], "another name"
    ),
    "a part of what is no video": (lambda at: ["--start", 1], "this is none"),
    "an end of what is no video": (lambda at: ["--end", 1], "this is none"),
    "positions of another kind": (lambda folder: ["--positions", folder / "p.csv"], "must end in .npz"),
    "positions in no folder": (lambda folder: ["--positions", folder / "missing" / "p.npz"], "cannot write there"),
    "positions over the output": (lambda folder: ["--positions", folder / "out.npz"], "another name"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_wrong_arguments_are_refused_and_nothing_is_left(run, clip: Path, tmp_path: Path, case: str) -> None:
    arguments, words = REFUSED[case]
    (tmp_path / "text.npz").write_text("no archive")
    for name in ("old.npz", "old-1.npz"):
        np.savez(tmp_path / name, format="posenorm-weights", version=9)
    before = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    assert_refused(run(clip, *arguments(tmp_path)), words)
    assert {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()} == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--orientation", "sideways"], "invalid choice: 'sideways'"),
        (["--person", "two"], "'two' must be a person's number, or all"),
        (["--fps", "fast"], "invalid float value: 'fast'"),
        (["--nosuch"], "--nosuch"),
    ],
)
def test_arguments_that_do_not_parse_end_with_2(run, clip: Path, arguments: list[str], words: str) -> None:
    code, _, errors = run(clip, *arguments)
    assert code == 2
    assert words in errors


def test_failing_while_writing_keeps_the_old_file(
    run, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "out.npz").write_text("the old one")
    monkeypatch.setattr(np, "savez_compressed", _disk_full)
    assert_refused(run(clip, "--fps", 30), "out.npz: cannot be written (No space left on device)")
    assert (tmp_path / "out.npz").read_text() == "the old one"
    assert sorted(tmp_path.iterdir()) == [clip, tmp_path / "out.npz"]


def test_all_people_are_written_each_to_a_file_of_his_own(run, tmp_path: Path) -> None:
    two = [frame(person(BODY_25, (150 + 5 * k, 240), 200), person(BODY_25, (900, 240), 200)) for k in range(12)]
    folder = write_frames(tmp_path / "two", two)
    code, out, err = run(folder, "--fps", 30, "--person", "all", "--positions", tmp_path / "p.npz")
    assert code == 0, err
    assert "people: 1 in 100% of the frames" in err
    assert out.count("\n") == 2
    written = {file.name for file in tmp_path.glob("*.npz")}
    assert written == {"out-1.npz", "out-2.npz", "p-1.npz", "p-2.npz"}
    assert load_motion(tmp_path / "out-2.npz").source["person"] == 2


def test_a_person_who_is_not_there_is_not_told_to_be_taken(run, tmp_path: Path) -> None:
    two = [frame(person(BODY_25, (150, 240), 200), person(BODY_25, (900, 240), 200))] * 5
    folder = write_frames(tmp_path / "two", two)
    assert_refused(run(folder, "--person", 3), "there is no person 3; it holds 2 people, 1 to 2")


def test_a_second_persons_output_is_no_input_either(run, tmp_path: Path, weights: Path) -> None:
    two = [frame(person(BODY_25, (150, 240), 200), person(BODY_25, (900, 240), 200))] * 5
    folder, own = write_frames(tmp_path / "two", two), tmp_path / "w-2.npz"
    own.write_bytes(weights.read_bytes())
    code, _, err = run(folder, "--fps", 30, "--person", "all", "--weights", own, "-o", tmp_path / "w.npz")
    assert code == 2
    assert "w-2.npz: is to be read and written" in err
    assert own.read_bytes() == weights.read_bytes()
    assert not (tmp_path / "w-1.npz").exists()


def test_smoothing_is_the_callers_choice(run, clip: Path, tmp_path: Path) -> None:
    assert run(clip, "--fps", 30, "--smooth", 0)[0] == 0
    rough = load_motion(tmp_path / "out.npz").rotations
    assert run(clip, "--fps", 30)[0] == 0
    assert np.abs(load_motion(tmp_path / "out.npz").rotations - rough).max() > 1e-6
    assert_refused(run(clip, "--smooth", 2), "smoothing strength 2: must be between 0")


def test_exact_landmarks_are_the_callers_word(run, clip: Path, tmp_path: Path) -> None:
    assert run(clip, "--fps", 30, "--exact")[0] == 0
    told = load_motion(tmp_path / "out.npz").rotations
    assert run(clip, "--fps", 30, "--smooth", 0)[0] == 0
    assert geodesic_angle(told, load_motion(tmp_path / "out.npz").rotations).max() > 0.01
    code, _, err = run(clip, "--exact", "--smooth", 0.2)
    assert code == 2
    assert "not allowed with argument --exact" in err


def test_feet_are_locked_when_asked(run, clip: Path, tmp_path: Path) -> None:
    plain, locked = tmp_path / "plain.npz", tmp_path / "locked.npz"
    for path, more in ((plain, []), (locked, ["--feet", "always"])):
        assert run(clip, "--fps", 30, "-o", path, "--orientation", "heading", "--weights", SHIPPED, *more)[0] == 0
    expected = lock_motion_feet(load_motion(plain), "always")
    np.testing.assert_allclose(load_motion(locked).rotations, expected.rotations, atol=1e-6)
    assert not np.allclose(load_motion(locked).root_position, load_motion(plain).root_position)


def _disk_full(*_: object, **__: object) -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("where", ["motion_of", "read_any", "save_positions"])
def test_ctrl_c_ends_with_130_and_leaves_no_half_file(
    run, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(normalize_command, where, interrupt)
    code, out, err = run(clip, "--fps", 30, "--positions", tmp_path / "p.npz")
    assert (code, out, err.count("\n")) == (130, "", 1)
    left = {file.name for file in tmp_path.iterdir()} - {"clip"}
    assert left == ({"out.npz"} if where == "save_positions" else set())
    if left:
        assert len(load_motion(tmp_path / "out.npz")) == 12


# Writes half of the output, says so, and waits to be interrupted.
_INTERRUPTED_WHILE_WRITING = """
import signal, sys, time
import numpy as np
from posenorm_core.__main__ import main

# A shell starts what it puts in the background with the signal ignored, and the tests may be there.
signal.signal(signal.SIGINT, signal.default_int_handler)

def write_half(file, **arrays):
    file.write(b"half")
    file.flush()
    print("writing", flush=True)
    time.sleep(60)

np.savez_compressed = write_half
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT to send")
def test_a_real_interrupt_while_writing_leaves_nothing(clip: Path, tmp_path: Path, weights: Path) -> None:
    words = ["normalize", clip, "--fps", "30", "-o", tmp_path / "out.npz", "--weights", weights]
    process = subprocess.Popen(
        [sys.executable, "-c", _INTERRUPTED_WHILE_WRITING, *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "writing\n"
    assert len(list(tmp_path.iterdir())) == 2
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, "stopped; nothing was left half-written\n")
    assert list(tmp_path.iterdir()) == [clip]


_TELLS_MUCH = """
import sys
from posenorm_core.command import exit_code
sys.exit(exit_code(lambda: [print("a line", k) for k in range(100_000)]))
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows tells it in other ways")
def test_a_reader_that_has_enough_ends_it_without_a_word() -> None:
    """As `head` does, before the end or, of a short output, while the interpreter flushes what is left of it."""
    for script in (_TELLS_MUCH, _TELLS_MUCH.replace("100_000", "1")):
        reading, writing = os.pipe()
        os.close(reading)
        process = subprocess.run(
            [sys.executable, "-c", script], stdout=writing, stderr=subprocess.PIPE, cwd=Path(__file__).parents[2]
        )
        os.close(writing)
        assert (process.returncode, process.stderr) == (141, b"")


def test_what_the_terminal_has_no_letter_for_is_told_by_another(tmp_path: Path) -> None:
    script = "import sys; from posenorm_core.command import exit_code; sys.exit(exit_code(lambda: print('舞 5°')))"
    process = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    assert (process.returncode, process.stdout.split(), process.stderr) == (0, [b"?", b"5?"], b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
def test_output_that_cannot_be_written_is_told_in_a_line() -> None:
    with Path("/dev/full").open("wb") as full:
        process = subprocess.run(
            [sys.executable, "-c", _TELLS_MUCH.replace("100_000", "1")],
            stdout=full,
            stderr=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
    assert process.returncode == 2
    assert process.stderr.startswith(b"error: ")
    assert process.stderr.count(b"\n") == 1


def test_a_hundred_thousand_frames_cost_about_ten_times_what_ten_thousand_do(run, tmp_path: Path) -> None:
    def normalized(frames: int) -> None:
        points = np.cumsum(np.random.default_rng(0).normal(size=(frames, 24, 2)), axis=0)
        save_keypoints(Keypoints(29.97, (0, 0), points, np.ones((frames, 24)), {}), tmp_path / "k.npz")
        assert run(tmp_path / "k.npz")[0] == 0
        assert len(load_motion(tmp_path / "out.npz")) == frames

    few = best_time(lambda: normalized(10_000), rounds=1)
    assert best_time(lambda: normalized(100_000), rounds=1) < 20 * few


def test_a_real_folder(run, shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "keypoints" / "openpose_body25" / "balancing_cam01"
    code, out, _ = run(folder, "--fps", 60)
    assert code == 0
    assert "BODY_25B" in out
    motion = load_motion(tmp_path / "out.npz")
    assert (len(motion), motion.fps) == (100, 60)
    assert np.isfinite(motion.rotations).all()
