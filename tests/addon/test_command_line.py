"""`python -m addon export` writes each file it is asked for; mistakes end with 2, one line, and nothing written."""

import subprocess
import sys
from pathlib import Path

import bpy
import numpy as np
import pytest
from motions import random_motion

from addon.scene.keyed_motion import read_motion
from posenorm_core.bvh import read_bvh
from posenorm_core.motion import Motion, save_motion

CLONE = Path(__file__).resolve().parents[2]


def run(*arguments: str | Path, python: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """Runs the command line in a process of its own."""
    command = [sys.executable, *python, "-m", "addon", *map(str, arguments)]
    return subprocess.run(command, cwd=CLONE, capture_output=True, text=True)


@pytest.fixture
def motion(tmp_path: Path) -> Motion:
    """A motion at 29.97 in the file walk.npz."""
    made = random_motion(frames=25, fps=29.97)
    save_motion(made, tmp_path / "walk.npz")
    return made


def test_all_files_are_written(tmp_path: Path, motion: Motion) -> None:
    files = {kind: tmp_path / f"out.{kind}" for kind in ("fbx", "bvh", "glb", "blend")}
    done = run("export", tmp_path / "walk.npz", *(word for kind, path in files.items() for word in (f"--{kind}", path)))
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["walk.npz", *(p.name for p in files.values())])
    assert read_bvh(files["bvh"]).fps == pytest.approx(29.97, abs=1e-4)
    assert files["glb"].read_bytes()[:4] == b"glTF"
    bpy.ops.wm.open_mainfile(filepath=str(files["blend"]))
    scene = bpy.context.scene
    assert scene.render.fps / scene.render.fps_base == pytest.approx(29.97, abs=1e-4)
    assert (scene.frame_start, scene.frame_end) == (1, 25)
    found = read_motion(bpy.data.objects["walk"])
    np.testing.assert_allclose(np.abs(np.sum(found.rotations * motion.rotations, axis=2)), 1, atol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["export", "absent.npz", "--bvh", "out.bvh"], "absent.npz"),
        (["export", "walk.npz", "--bvh", "nowhere/out.bvh"], "nowhere"),
        (["export", "walk.npz", "--fbx", "nowhere/out.fbx"], "nowhere"),
        (["export", "walk.npz"], "nothing to write"),
    ],
)
@pytest.mark.usefixtures("motion")
def test_mistakes_end_with_2_and_leave_nothing(tmp_path: Path, arguments: list[str], words: str) -> None:
    placed = [str(tmp_path / word) if "." in word else word for word in arguments]
    done = run(*placed)
    assert done.returncode == 2
    assert words in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["walk.npz"]


@pytest.mark.usefixtures("motion")
def test_a_python_without_blender_is_told_what_to_install(tmp_path: Path) -> None:
    without = (
        "import importlib.util, runpy, sys; find = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda name, *rest: None if name == 'bpy' else find(name, *rest)\n"
        "sys.modules['bpy'] = None\n"
        "sys.argv[0] = 'addon'; runpy.run_module('addon', run_name='__main__')\n"
    )
    command = [sys.executable, "-c", without, "export", str(tmp_path / "walk.npz"), "--fbx", str(tmp_path / "out.fbx")]
    done = subprocess.run(command, cwd=CLONE, capture_output=True, text=True)
    assert done.returncode == 2
    assert "bpy is not installed" in done.stderr
    assert len(done.stderr.splitlines()) == 1
