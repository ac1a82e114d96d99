"""The demo as its user meets it: files that agree with each other, a picture that shows them, one line for mistakes."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("matplotlib")
from matplotlib import image as images
from matplotlib.colors import to_rgb

from demo import contact_sheet
from demo.bone_positions import read_bone_heads
from posenorm_core.builtin_motion import demo_clips
from posenorm_core.bvh import read_bvh
from posenorm_core.condition_skeleton import CONDITION_SKELETON, JOINT_NAMES
from posenorm_core.keypoints import Keypoints, load_keypoints, save_keypoints
from posenorm_core.landmarks import LANDMARK_COUNT, LANDMARK_NAMES
from posenorm_core.motion import load_motion

needs_blender = pytest.mark.skipif(find_spec("bpy") is None, reason="needs Blender's module (the extra [blender])")
_FILES = ("motion.npz", "motion.bvh", "motion.fbx", "motion.blend", "preview.png")


def _run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Runs the demo as `make demo` does."""
    command = [sys.executable, "-m", "demo", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder and the words of one run on a keypoints file of 29.97 frames a second."""
    folder = tmp_path_factory.mktemp("demo")
    clip = demo_clips()[0]
    keypoints = Keypoints(29.97, clip.image_size, clip.points[:40], clip.confidence[:40], {})
    save_keypoints(keypoints, folder / "clip.npz")
    run = _run(folder / "clip.npz", "-o", folder / "out")
    assert run.returncode == 0, run.stderr
    return folder, run.stdout


@needs_blender
def test_every_file_is_there_and_told_of(finished: tuple[Path, str]) -> None:
    """Five files and no others, and the table names each, the frames and the seconds."""
    folder, told = finished
    assert sorted(path.name for path in (folder / "out").iterdir()) == sorted(_FILES)
    assert all(name in told for name in _FILES)
    assert "40 frames" in told
    assert "29.97 frames/s" in told
    assert told.count(" kB") == len(_FILES)


@needs_blender
def test_the_saved_blend_poses_its_bones_as_the_motion_says(finished: tuple[Path, str]) -> None:
    """Bones read back from the .blend stand where forward kinematics of the motion file puts the joints."""
    folder, _ = finished
    motion = load_motion(folder / "out" / "motion.npz")
    frames = np.array([0, 13, 39])
    heads = read_bone_heads(folder / "out" / "motion.blend", frames / motion.fps, JOINT_NAMES)
    x, y, z = np.moveaxis(heads - heads[:, :1], -1, 0)
    expected = motion.positions()[frames]
    np.testing.assert_allclose(np.stack([x, z, -y], axis=-1), expected - expected[:, :1], atol=1e-4)


@needs_blender
def test_the_files_tell_the_same_motion(finished: tuple[Path, str]) -> None:
    """As many frames at the same rate in the BVH as in the motion file and in the keypoints."""
    folder, _ = finished
    motion, bvh = load_motion(folder / "out" / "motion.npz"), read_bvh(folder / "out" / "motion.bvh")
    assert len(motion) == len(bvh.rotations) == len(load_keypoints(folder / "clip.npz"))
    assert bvh.fps == pytest.approx(motion.fps, rel=1e-4)
    assert (folder / "out" / "motion.fbx").read_bytes().startswith(b"Kaydara FBX Binary")


@needs_blender
def test_the_picture_shows_both_rows(finished: tuple[Path, str]) -> None:
    """Both colours are in the upper half and in the lower half of every one of the eight columns."""
    picture = images.imread(finished[0] / "out" / "preview.png")[..., :3]
    for half in np.array_split(picture, 2, axis=0):
        for color in (contact_sheet.LEFT, contact_sheet.RIGHT):
            columns = np.flatnonzero(_of_color(half[60:], color).any(axis=0))
            counts, _ = np.histogram(columns, bins=8, range=(0, picture.shape[1]))
            assert (counts > 5).all()


def test_a_wrong_input_is_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    """Exit code 2 and one line, for what is not there, what is nothing known, and what nobody is in."""
    (tmp_path / "words.json").write_text("{}")
    nobody = Keypoints(30.0, (640.0, 480.0), np.zeros((3, LANDMARK_COUNT, 2)), np.zeros((3, LANDMARK_COUNT)), {})
    save_keypoints(nobody, tmp_path / "nobody.npz")
    for name in ("missing.npz", "words.json", "nobody.npz"):
        run = _run(tmp_path / name, "-o", tmp_path / "out")
        assert run.returncode == 2
        assert name in run.stderr
        assert run.stderr.count("\n") == 1
        assert not (tmp_path / "out").exists()


def test_an_output_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    """Where the folder would have to stand stands a file."""
    (tmp_path / "taken").write_text("")
    run = _run("-o", tmp_path / "taken" / "out")
    assert run.returncode == 2
    assert run.stderr.count("\n") == 1
    assert "taken" in run.stderr


def test_the_armature_is_seen_from_the_front(tmp_path: Path) -> None:
    """In the lower row the subject, facing us, has his left arm on the picture's right, and mirrored on its left."""
    rest = _t_pose_in_blender()
    assert _side_of_left(_sheet(tmp_path, rest)) == "right"
    assert _side_of_left(_sheet(tmp_path, rest * [-1.0, 1.0, 1.0])) == "left"


def test_a_missing_landmark_is_bridged() -> None:
    """Without the spine the thorax hangs on the pelvis, and what is missing has no limb."""
    confidence = np.ones(LANDMARK_COUNT)
    spine, thorax, pelvis = (LANDMARK_NAMES.index(name) for name in ("spine", "thorax", "pelvis"))
    assert (thorax, spine) in contact_sheet._seen_limbs(confidence)
    confidence[spine] = 0
    limbs = contact_sheet._seen_limbs(confidence)
    assert (thorax, pelvis) in limbs
    assert all(spine not in limb for limb in limbs)


def test_a_frame_without_anybody_is_pictured(tmp_path: Path) -> None:
    """An empty frame among others, and a clip of nothing but empty ones, are drawn without complaint."""
    _sheet(tmp_path, _t_pose_in_blender(), seen=[False, True])
    _sheet(tmp_path, _t_pose_in_blender(), seen=[False, False])


def _t_pose_in_blender() -> np.ndarray:
    """The T-pose's joints (19, 3) in Blender's axes."""
    places = np.zeros((len(JOINT_NAMES), 3))
    for joint, parent in enumerate(CONDITION_SKELETON.parents):
        if parent >= 0:
            places[joint] = places[parent] + CONDITION_SKELETON.offsets[joint]
    return np.stack([places[:, 0], -places[:, 2], places[:, 1] + 0.9], axis=-1)


def _sheet(folder: Path, pose: np.ndarray, seen: list[bool] | None = None) -> np.ndarray:
    """A sheet of two frames that stand in `pose` (19, 3), as pixels (height, width, 3)."""
    seen = seen or [True, True]
    rng = np.random.default_rng(1)
    points = rng.uniform(100, 200, (2, LANDMARK_COUNT, 2))
    confidence = np.repeat(np.array(seen, dtype=float)[:, None], LANDMARK_COUNT, axis=1)
    keypoints = Keypoints(30.0, (640.0, 480.0), points, confidence, {})
    contact_sheet.draw_contact_sheet(folder / "sheet.png", keypoints, np.arange(2), np.stack([pose, pose]), "test")
    return np.asarray(images.imread(folder / "sheet.png"))[..., :3]


def _side_of_left(sheet: np.ndarray) -> str:
    """On which side of the first cell of the lower row the colour of the subject's left is."""
    height, width, _ = sheet.shape
    cell = sheet[int(height * 0.55) :, : width // 2]
    columns = [_of_color(cell, color).nonzero()[1].mean() for color in (contact_sheet.LEFT, contact_sheet.RIGHT)]
    return "right" if columns[0] > columns[1] else "left"


def _of_color(picture: np.ndarray, color: str) -> np.ndarray:
    """Where the picture (h, w, 3) is of `color`, nearly."""
    return np.asarray(np.abs(picture - to_rgb(color)).max(axis=-1) < 0.02)
