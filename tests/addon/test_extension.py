"""The zip that users get: it holds what it needs, installs in a clean Blender and does the main job there."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from addon.build_extension import build_extension

SCRIPT = """
import sys
# Nothing of the clone: what is not in the zip is not there.
sys.path[:] = [path for path in sys.path if path not in ("", {clone!r})]
import bpy
assert "posenorm_core" not in sys.modules
bpy.ops.extensions.package_install_files(filepath={zip!r}, repo="user_default", enable_on_install=True)
import posenorm_core, array_api_compat, pyquaternion
assert {resources!r} in posenorm_core.__file__, posenorm_core.__file__
preferences = bpy.context.preferences.addons["bl_ext.user_default.posenorm"].preferences
preferences.weights = {weights!r}
bpy.context.scene.posenorm.source = {keypoints!r}
assert bpy.ops.posenorm.normalize() == {{"FINISHED"}}
armature = bpy.context.object
assert len(armature.data.bones) == 19 and armature.name == "waving"
bpy.ops.posenorm.set_orientation(orientation="view")
bpy.ops.posenorm.export_fbx(filepath={out!r} + "/waving.fbx")
bpy.ops.posenorm.export_bvh(filepath={out!r} + "/waving.bvh")
bpy.ops.preferences.addon_disable(module="bl_ext.user_default.posenorm")
assert not hasattr(bpy.types.Scene, "posenorm")
print("ALL DONE")
"""


@pytest.fixture(scope="module")
def extension(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built zip."""
    return build_extension(tmp_path_factory.mktemp("dist"))


def test_it_holds_pure_wheels_and_nothing_of_the_clone(extension: Path) -> None:
    names = set(zipfile.ZipFile(extension).namelist())
    assert {"__init__.py", "blender_manifest.toml", "LICENSE"} <= names
    wheels = [name for name in names if name.endswith(".whl")]
    assert len(wheels) == 3
    assert all(name.endswith("-none-any.whl") for name in wheels)
    assert not {name for name in names if "test" in name or "__main__" in name or "build_extension" in name}
    manifest = zipfile.ZipFile(extension).read("blender_manifest.toml").decode()
    assert all(f'"./{name}"' in manifest for name in wheels)


def test_each_build_has_a_core_of_its_own_version(extension: Path, tmp_path: Path) -> None:
    again = build_extension(tmp_path)
    cores = [
        {name for name in zipfile.ZipFile(path).namelist() if "posenorm_core" in name} for path in (extension, again)
    ]
    assert cores[0].isdisjoint(cores[1])


def test_it_installs_and_normalizes_in_a_clean_blender(
    extension: Path, tmp_path: Path, weights: Path, keypoints_file: Path
) -> None:
    resources, out = tmp_path / "resources", tmp_path / "out"
    out.mkdir()
    script = SCRIPT.format(
        clone=str(Path(__file__).resolve().parents[2]),
        zip=str(extension),
        resources=str(resources),
        weights=str(weights),
        keypoints=str(keypoints_file),
        out=str(out),
    )
    environment = {**os.environ, "BLENDER_USER_RESOURCES": str(resources)}
    environment.pop("PYTHONPATH", None)
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, env=environment)
    assert "ALL DONE" in done.stdout, done.stdout + done.stderr
    assert sorted(path.name for path in out.iterdir()) == ["waving.bvh", "waving.fbx"]
