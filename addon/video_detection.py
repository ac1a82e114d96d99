"""Detection in a Python outside Blender, which has neither a decoder nor a detector of its own. No Blender in here.

The Python is one that the user has chosen. It runs the very core that runs here, which is lent to it, so that it needs
nothing but what `[video]` names. Its progress is heeded, what else it says is kept in a log.
"""

import json
import re
import shutil
import tempfile
from importlib.util import find_spec
from pathlib import Path

from posenorm_core.errors import InputError
from posenorm_core.files import write_aside
from posenorm_core.keypoints import load_keypoints

from .job import Report
from .process import run_python
from .python_check import check_python

_LARGEST_LOG = 1_000_000  # characters: who prints without end fills no disk
_LENT = ("posenorm_core", "array_api_compat")

# What the other Python runs: the command line of the core, from the folders that the first argument names. No more of
# those folders is lent, for they may hold other packages, made for another Python.
_DETECT = """
import importlib.machinery, json, os, signal, sys, threading

def end_with_blender():
    os.read(0, 1)
    if hasattr(os, "killpg"):
        os.killpg(os.getpgrp(), signal.SIGKILL)
    os._exit(1)

class Lent:
    @staticmethod
    def find_spec(name, path=None, target=None):
        return importlib.machinery.PathFinder.find_spec(name, [folders[name]]) if name in folders else None

folders = json.loads(sys.argv.pop(1))
threading.Thread(target=end_with_blender, daemon=True).start()
sys.meta_path.insert(0, Lent)
from posenorm_core.__main__ import main
sys.exit(main())
"""


def detect_video(python: Path, video: Path, person: int, output: Path, log: Path, report: Report) -> str:
    """Lets `python` find a person's 2D pose in `video` and writes the keypoints file `output`, whole or not at all.

    Person 1 is the most visible. Returns who was seen, in a line, empty where it was one. `report` gets (done, total)
    frames, ten times a second at least; what it raises stops the process and passes through. Raises InputError, with
    the place of the `log` where that tells more, if there are no keypoints.
    """
    told = _Told(log, report)
    with tempfile.TemporaryDirectory(prefix="posenorm-", ignore_cleanup_errors=True) as folder:
        found = Path(folder) / "keypoints.npz"
        words = ["detect", str(video.absolute()), "-o", str(found), "--person", str(person), "--progress-lines"]
        code = run_python(python, [_DETECT, json.dumps(_lent_folders()), *words], told.heed, told.tick)
        if code == 2 and told.error and "[video]" not in told.error:
            raise InputError(told.error)
        if code or not found.is_file():
            fault = "" if told.done else check_python(python, told.tick).fault
            raise InputError(fault or f"{video}: {python} {_ending(code)} after {told.done} frames; its log: {log}")
        load_keypoints(found)
        told.tick()
        with write_aside(output) as aside:
            shutil.copyfile(found, aside)
    return told.people


class _Told:
    """What the process has said so far: its progress, its last error; all else goes to the log."""

    def __init__(self, log: Path, report: Report) -> None:
        self._log, self._report, self._left = log, report, _LARGEST_LOG
        self.done, self.total, self.error, self.people = 0, 1, "", ""
        log.write_text("", encoding="utf-8")

    def tick(self) -> None:
        self._report(self.done, self.total)

    def heed(self, line: str) -> None:
        if progress := re.search(r"progress (\d+) (\d+)$", line):
            self.done, self.total = int(progress[1]), int(progress[2])
            return
        if line.startswith("error: "):
            self.error = line.removeprefix("error: ")
        if line.startswith("people: "):
            self.people = line.removeprefix("people: ").partition(". ")[0]
        if self._left > 0:
            self._left -= len(line)
            with self._log.open("a", encoding="utf-8") as log:
                log.write(line + "\n")


def _lent_folders() -> dict[str, str]:
    """Each package that is lent, and the folder that it was imported from here."""
    specs = {name: find_spec(name) for name in _LENT}
    return {name: str(Path(spec.origin).parents[1]) for name, spec in specs.items() if spec and spec.origin}


def _ending(code: int) -> str:
    """How a process ended that did not do its work."""
    return f"crashed (signal {-code})" if code < 0 else f"ended with code {code} and no keypoints"
