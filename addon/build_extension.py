"""Builds the extension's zip: `python -m addon build`. Not part of the extension itself.

`addon/` becomes the extension's root with the manifest beside its `__init__.py`, and `wheels/` holds what it
imports: the core, built from this clone, and the two helpers as they are on PyPI. All are pure Python, so one
zip serves every platform and every Blender. Blender's own tool packs and validates it.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

from posenorm_core.errors import InputError

CLONE = Path(__file__).resolve().parents[1]
MANIFEST = CLONE / "blender_manifest.toml"
BUNDLED = ("array-api-compat", "pyquaternion")
# What only a clone can use.
_NOT_SHIPPED = ("__main__.py", "build_extension.py", "export_files.py", "retarget_files.py", "__pycache__")


def build_extension(folder: str | Path) -> Path:
    """Writes `posenorm-<version>.zip` into `folder`, which is made if need be, and returns its path.

    Raises InputError where a tool or a wheel is missing or Blender refuses the extension.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    tool = _blender_extension_tool()
    with tempfile.TemporaryDirectory(prefix="posenorm-extension-") as temporary:
        stage = Path(temporary) / "posenorm"
        shutil.copytree(CLONE / "addon", stage, ignore=shutil.ignore_patterns(*_NOT_SHIPPED))
        shutil.copy(CLONE / "LICENSE", stage)
        wheels = stage / "wheels"
        wheels.mkdir()
        _build_core_wheel(Path(temporary) / "core", wheels)
        _fetch_wheels(wheels)
        (stage / MANIFEST.name).write_text(_manifest_with(sorted(wheels.iterdir())), encoding="utf-8")
        packed = folder / f"posenorm-{_version(MANIFEST)}.zip"
        packed.unlink(missing_ok=True)
        _run(tool, "build", "--source-dir", str(stage), "--output-filepath", str(packed.resolve()))
        _run(tool, "validate", str(packed.resolve()))
    return packed


def _blender_extension_tool() -> Path:
    """Blender's script that packs and validates extensions, as it lies in the bpy module; it is not imported."""
    spec = find_spec("bpy")
    root = Path(spec.origin).parent if spec and spec.origin else None
    found = sorted(root.glob("*/scripts/addons_core/bl_pkg/cli/blender_ext.py")) if root else []
    if not found:
        raise InputError("building the extension needs Blender's module bpy: install the extra [blender]")
    return found[0]


def _build_core_wheel(source: Path, wheels: Path) -> None:
    """Builds the core from a copy of the clone, under a version of its own.

    Blender keeps an installed wheel whose version it already has: with the clone's own version a second build
    would install and change nothing.
    """
    source.mkdir()
    shutil.copytree(CLONE / "posenorm_core", source / "posenorm_core", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("README.md", "LICENSE"):
        shutil.copy(CLONE / name, source / name)
    project = CLONE / "pyproject.toml"
    if _version(project) != _version(MANIFEST):
        raise InputError(
            f"{MANIFEST}: its version is {_version(MANIFEST)}, pyproject.toml says {_version(project)}; make them one"
        )
    own = f'version = "{_version(project)}.post{datetime.now(UTC):%Y%m%d%H%M%S%f}"'
    text = re.sub(r'^version = ".*"$', own, project.read_text(encoding="utf-8"), count=1, flags=re.MULTILINE)
    (source / "pyproject.toml").write_text(text, encoding="utf-8")
    _run("-m", "build", "--wheel", "--no-isolation", "--outdir", str(wheels), str(source))


def _fetch_wheels(wheels: Path) -> None:
    """Copies the helpers' wheels, as they are on PyPI, at the versions this project is tested with."""
    cache = CLONE / "build" / "wheels"
    for name in BUNDLED:
        version = _pinned_version(name)
        pattern = f"{name.replace('-', '_')}-{version}-py*-none-any.whl"
        if not list(cache.glob(pattern)):
            options = ("--no-deps", "--only-binary", ":all:", "--disable-pip-version-check", "-q", "-d", str(cache))
            _run("-m", "pip", "download", *options, f"{name}=={version}")
        fetched = list(cache.glob(pattern))
        if not fetched:
            raise InputError(f"{name} {version}: has no pure-Python wheel; pin one that has in constraints.txt")
        shutil.copy(fetched[0], wheels)


def _pinned_version(name: str) -> str:
    """The version of `name` in constraints.txt."""
    constraints = CLONE / "constraints.txt"
    found = re.search(rf"^{re.escape(name)}==(\S+)", constraints.read_text(encoding="utf-8"), flags=re.MULTILINE)
    if found is None:
        raise InputError(f"{constraints}: does not pin {name}; add the line {name}==<version>")
    return found[1]


def _manifest_with(wheels: list[Path]) -> str:
    """The manifest with its list of wheels filled in."""
    listed = "wheels = [\n" + "".join(f'  "./wheels/{wheel.name}",\n' for wheel in wheels) + "]"
    return MANIFEST.read_text(encoding="utf-8").replace("wheels = []", listed)


def _version(file: Path) -> str:
    """The version that a TOML file states on a line of its own."""
    found = re.search(r'^version = "(.*)"$', file.read_text(encoding="utf-8"), flags=re.MULTILINE)
    if found is None:
        raise InputError(f'{file}: has no line version = "…"')
    return found[1]


def _run(*command: str | Path) -> None:
    """Runs this Python with `command`; raises InputError with what it printed where it fails."""
    done = subprocess.run([sys.executable, *map(str, command)], capture_output=True, text=True)
    if done.returncode:
        raise InputError(f"{' '.join(map(str, command))} failed:\n{done.stdout}{done.stderr}".rstrip())
