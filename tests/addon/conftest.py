"""What the add-on's tests share: Blender's module with a clean file, the add-on, and inputs to give it."""

import atexit
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from posenorm_core.architecture import Architecture
from posenorm_core.keypoints import Keypoints, save_keypoints
from posenorm_core.landmarks import LANDMARK_COUNT
from posenorm_core.weights import layer_shapes, save_weights

if find_spec("bpy") is None:  # the extra [blender] is not installed
    collect_ignore_glob = ["test_*.py"]

# Before bpy is imported: nothing of the user's Blender is read or written.
_RESOURCES = tempfile.mkdtemp(prefix="posenorm-blender-")
os.environ["BLENDER_USER_RESOURCES"] = _RESOURCES
atexit.register(shutil.rmtree, _RESOURCES, ignore_errors=True)


@pytest.fixture(autouse=True)
def empty_file() -> None:
    """Every test starts in an empty file at 24 frames/s."""
    import bpy

    bpy.ops.wm.read_factory_settings(use_empty=True)


@pytest.fixture
def addon() -> Iterator[None]:
    """The add-on, registered as from a clone."""
    import addon as package

    package.register()
    yield
    package.unregister()


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """A tiny weights file with random numbers: for what does not depend on what was learnt."""
    rng = np.random.default_rng(3)
    architecture = Architecture(width=8, dilations=(1,))
    layers = [(rng.normal(0, 0.2, shape), rng.normal(0, 0.1, shape[2])) for shape in layer_shapes(architecture)]
    path = tmp_path / "tiny_weights.npz"
    save_weights(path, architecture, layers, {"name": "tiny"})
    return path


@pytest.fixture
def keypoints_file(tmp_path: Path) -> Path:
    """Forty frames at 29.97 of a person made of moving random points."""
    rng = np.random.default_rng(5)
    points = rng.uniform(100, 500, (1, LANDMARK_COUNT, 2)) + 20 * np.sin(np.arange(40) / 5)[:, None, None]
    confidence = np.ones((40, LANDMARK_COUNT))
    path = tmp_path / "waving.npz"
    save_keypoints(Keypoints(29.97, (640.0, 480.0), points, confidence, {}), path)
    return path


def pytest_unconfigure(config: pytest.Config) -> None:
    """Blender 4.2's module crashes while Python shuts down after a glTF export, when all is tested and told."""
    bpy: Any = sys.modules.get("bpy")
    if bpy is not None and bpy.app.version < (4, 3) and not hasattr(config, "workerinput"):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(int(getattr(config, "posenorm_exit_status", 0)))


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """What the tests came to, for `pytest_unconfigure`."""
    session.config.posenorm_exit_status = exitstatus  # type: ignore[attr-defined]
