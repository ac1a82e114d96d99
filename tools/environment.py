"""Makes the virtual environments that the Makefile uses, inside the clone, and runs Python in them.

Usage: `python tools/environment.py NAME [arguments of python …]`, with one of the names in ENVIRONMENTS.
The set-up is done once: a stamp remembers what was installed for, and a second call goes straight on.
Any Python 3.8 or newer runs this file; it looks for the Python that Blender's module exists for, in the order
of the variable PYTHON, python3.11, python3.13, python3, and those of pyenv.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
SUPPORTED = ("3.11", "3.13")
_PROBE = "import sys, ensurepip; print('%d.%d' % sys.version_info[:2]); print(sys.executable)"


class Environment(NamedTuple):
    """A folder in the clone, the Pythons it may have, what pip installs, and type stubs kept apart from it."""

    folder: str
    pythons: tuple[str, ...]
    requirements: tuple[str, ...]
    stubs: tuple[str, ...] = ()


# Stubs of two Blender versions cannot stand in one environment: each goes to a folder of its own.
ENVIRONMENTS = {
    "demo": Environment(".venv", SUPPORTED, ("-e", ".[plot,blender]")),
    "extension": Environment(".venv", SUPPORTED, ("-e", ".[blender,package]")),
    "test": Environment(
        ".venv",
        SUPPORTED,
        ("-e", ".[plot,search,cluster,blender,training,video,test,check,package]"),
        ("fake-bpy-module-4.2", "fake-bpy-module-latest"),
    ),
    "blender-4.2": Environment(".venv-blender-4.2", ("3.11",), ("-e", ".[plot,test,package]", "bpy==4.2.23")),
    "blender-5.0": Environment(".venv-blender-5.0", ("3.11",), ("-e", ".[plot,test,package]", "bpy==5.0.1")),
    "blender-5.2": Environment(".venv-blender-5.2", ("3.13",), ("-e", ".[plot,test,package]", "bpy==5.2.3")),
}


class SetUpError(Exception):
    """What stands in the way of the set-up, in one line for the person who must act."""


class MissingPythonError(SetUpError):
    """None of the Pythons that the environment may have is on this machine."""


def candidates(pythons: Sequence[str]) -> Iterator[list[str]]:
    """The commands that may start one of `pythons`, best first; the variable PYTHON, where set, stands alone."""
    if os.environ.get("PYTHON"):
        yield [os.environ["PYTHON"]]
        return
    for version in pythons:
        yield ["python" + version]
    yield ["python3"]
    yield [sys.executable]
    for version in pythons:
        yield ["py", "-" + version]
        pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
        for found in sorted(pyenv.glob(f"versions/{version}.*/bin/python{version}")):
            yield [str(found)]


def probe(command: Sequence[str]) -> tuple[str, str] | None:
    """(version, path) of the Python that `command` starts; None where there is none or it makes no environments."""
    try:
        run = subprocess.run([*command, "-c", _PROBE], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    except OSError:
        return None
    # A pyenv shim of a version that is not active starts and fails.
    if run.returncode:
        return None
    version, path = run.stdout.split("\n")[:2]
    return version, path


def choose_python(pythons: Sequence[str]) -> tuple[str, str]:
    """(version, path) of the first candidate that is one of `pythons`.

    Raises MissingPythonError, which says what to install.
    """
    for command in candidates(pythons):
        found = probe(command)
        if found and found[0] in pythons:
            return found
    wanted = " or ".join(pythons)
    if os.environ.get("PYTHON"):
        raise MissingPythonError(
            f"PYTHON={os.environ['PYTHON']} is not a Python {wanted} with venv; name one that is, or leave PYTHON out"
        )
    raise MissingPythonError(
        f"no Python {wanted} with venv was found; Blender's module exists for no other: install python{pythons[0]} "
        f"(on Debian and Ubuntu python{pythons[0]}-venv too) or name one by PYTHON=/path/to/python{pythons[0]}"
    )


def python_of(folder: Path) -> Path:
    """Where the Python of the environment in `folder` is."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def fingerprint(environment: Environment) -> str:
    """What an environment depends on, as one hash: pins, extras, and where the clone stands."""
    content = repr((environment, str(ROOT))).encode()
    for name in ("pyproject.toml", "constraints.txt"):
        content += (ROOT / name).read_bytes()
    return hashlib.sha256(content).hexdigest()


def set_up(name: str) -> Path:
    """Makes or renews the environment called `name` where needed and returns its Python.

    Raises SetUpError where no fitting Python is found or pip fails.
    """
    environment = ENVIRONMENTS[name]
    folder = ROOT / environment.folder
    stamp = folder / f".ready-{name}"
    python = python_of(folder)
    wanted_pythons = environment.pythons
    if os.environ.get("PYTHON"):
        wanted_pythons = (choose_python(environment.pythons)[0],)
    current = probe([str(python)])
    if current is None or current[0] not in wanted_pythons:
        _, base = choose_python(environment.pythons)
        print(f"Making {environment.folder} with {base}", flush=True)
        _run([base, "-m", "venv", "--clear", str(folder)])
    wanted = fingerprint(environment)
    if not stamp.is_file() or stamp.read_text() != wanted:
        _install(python, environment)
        stamp.write_text(wanted)
    return python


def _install(python: Path, environment: Environment) -> None:
    """Installs what `environment` names, at the versions of constraints.txt."""
    print(f"Installing into {environment.folder}: {' '.join(environment.requirements)} (once)", flush=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-c", "constraints.txt"]
    _run([*pip, *environment.requirements])
    for package in environment.stubs:
        target = ROOT / environment.folder / "stubs" / package
        shutil.rmtree(target, ignore_errors=True)
        _run([*pip, "--no-deps", "--target", str(target), package])


def _run(command: Sequence[str]) -> None:
    """Runs a step of the set-up in the clone; raises SetUpError where it fails (its own words stand above)."""
    if subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL).returncode:
        raise SetUpError(f"the set-up stopped at: {' '.join(command)}")


def main(arguments: Sequence[str]) -> int:
    """Sets up and runs; 2 where a Python is missing, 1 where the set-up fails, else what Python returns."""
    if not arguments or arguments[0] not in ENVIRONMENTS:
        print(f"usage: environment.py {{{','.join(ENVIRONMENTS)}}} [arguments of python …]", file=sys.stderr)
        return 2
    try:
        python = set_up(arguments[0])
    except SetUpError as error:
        print(error, file=sys.stderr)
        return 2 if isinstance(error, MissingPythonError) else 1
    if len(arguments) == 1:
        return 0
    return subprocess.run([str(python), *arguments[1:]]).returncode


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
