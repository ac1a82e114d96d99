"""Whether a Python outside Blender has what detection needs, and the command that installs what is missing."""

import contextlib
import json
import re
import shlex
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from posenorm_core.errors import InputError

from .process import WINDOWS, run_python

# What the other Python is asked first, in words that any Python of the last years understands.
_MARK = "posenorm-probe "
_PROBE = """
import json, sys
told = {"version": list(sys.version_info[:2])}
if sys.version_info >= (3, 8):
    import importlib, importlib.util, os, sysconfig
    told["pip"] = importlib.util.find_spec("pip") is not None
    told["managed"] = sys.prefix == sys.base_prefix and os.path.exists(
        os.path.join(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED"))
    for name in ("numpy", "av", "mediapipe"):
        try:
            module = importlib.import_module(name)
            told[name] = str(module.__version__)
            model = "modules/pose_landmark/pose_landmark_full.tflite"
            if name == "mediapipe" and not os.path.exists(os.path.join(os.path.dirname(module.__file__), model)):
                told[name + " fault"] = "comes without its model"
        except Exception as error:
            told[name + " fault"] = "is missing" if isinstance(error, ModuleNotFoundError) else "fails: %s" % error
print("posenorm-probe " + json.dumps(told))
"""
# The Pythons that MediaPipe with its model exists for, and of each package the oldest version and pip's words for it.
_VERSIONS = ((3, 11), (3, 12))
_NEEDED = {
    "numpy": ((1, 26), "numpy>=1.26,<2"),
    "av": ((14,), "av>=14"),
    "mediapipe": ((0, 10), "mediapipe==0.10.21"),
}
# Where a virtual environment is proposed to those whose system lends its Python but forbids to install.
_OWN = Path.home() / "posenorm-video"


@dataclass(frozen=True)
class Finding:
    """One thing that detection needs: whether it is there, in words."""

    fits: bool
    words: str


@dataclass(frozen=True)
class PythonCheck:
    """What a Python has of what detection needs, and the command that installs the rest, empty where none can."""

    findings: tuple[Finding, ...]
    remedy: str = ""

    @property
    def fault(self) -> str:
        """All that is wrong in one line, empty where nothing is."""
        return "; ".join(finding.words for finding in self.findings if not finding.fits)


def check_python(python: Path, tick: Callable[[], None] = lambda: None) -> PythonCheck:
    """Asks `python` for what detection needs; takes seconds, for MediaPipe is really imported.

    `tick` is called ten times a second; what it raises stops the process and passes through.
    """
    told: dict[str, Any] = {}

    def heed(line: str) -> None:
        with contextlib.suppress(ValueError):
            told.update(json.loads(line.partition(_MARK)[2]))

    try:
        run_python(python, [_PROBE], heed, tick)
    except InputError as error:
        return PythonCheck((Finding(False, str(error)),))
    if "version" not in told:
        return PythonCheck((Finding(False, f"{python}: did not answer as Python does; choose a Python program"),))
    return _judged(python, told)


def _judged(python: Path, told: dict[str, Any]) -> PythonCheck:
    """What the probe's answer means, and the command that installs what is missing."""
    version = tuple(told["version"])
    findings = [Finding(_VERSIONS[0] <= version, f"Python {_dotted(version)}")]
    missing = []
    for name, (oldest, requirement) in _NEEDED.items():
        found, fault = told.get(name, ""), told.get(f"{name} fault", "")
        numbers = tuple(int(number) for number in re.findall(r"\d+", found)[:2])
        fits = bool(found) and not fault and numbers >= oldest
        findings.append(Finding(fits, f"{name} {found}{': ' if found and fault else ''}{fault}"))
        if not fits:
            missing.append(requirement)
    if missing and not _VERSIONS[0] <= version <= _VERSIONS[1]:
        wanted = " or ".join(map(_dotted, _VERSIONS))
        findings[0] = Finding(False, f"Python {_dotted(version)}: MediaPipe needs {wanted}; choose one of these")
        return PythonCheck(tuple(findings))
    if missing and told.get("managed"):
        words = f"The system's, which takes no packages: make one of your own and choose {_OWN / 'bin/python'}"
        findings.append(Finding(False, words))
    return PythonCheck(tuple(findings), _mending(python, told, missing) if missing else "")


def _mending(python: Path, told: dict[str, Any], missing: list[str]) -> str:
    """The command that installs what is `missing`; where pip may not, into a virtual environment of its own."""
    quoted = subprocess.list2cmdline if WINDOWS else shlex.join
    install = quoted(["-m", "pip", "install", *missing])
    if told.get("managed"):
        place = _OWN
        return (
            f"{quoted([str(python), '-m', 'venv', str(place)])} && {quoted([str(place / 'bin' / 'python')])} {install}"
        )
    with_pip = "" if told.get("pip") else f"{quoted([str(python), '-m', 'ensurepip'])} && "
    return f"{with_pip}{quoted([str(python)])} {install}"


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
