"""What the tests of searching share: a library of clips, and the commands run on it."""

import argparse
import contextlib
import io
from pathlib import Path
from types import ModuleType

from posenorm_core.builtin_motion import builtin_clip
from posenorm_core.command import exit_code
from posenorm_core.motion import save_motion

ACTIONS = ("walk", "kick", "throw")


def write_library(folder: Path) -> Path:
    """A folder of motions of 3 s at 30 frames/s, one of them in a folder below."""
    (folder / "below").mkdir(parents=True)
    for action in ACTIONS:
        write_clip(folder / ("below" if action == "throw" else "") / f"{action}.npz", action)
    return folder


def write_clip(path: Path, action: str, seconds: float = 3.0) -> None:
    """A clip of a built-in action."""
    save_motion(builtin_clip(action, seed=1, seconds=seconds, fps=30.0).motion(), path)


def run(command: ModuleType, *arguments: object) -> tuple[int, str, str]:
    """Runs a command on the arguments: (exit code, stdout, stderr)."""
    parser = argparse.ArgumentParser()
    command.add(parser)
    options = parser.parse_args([str(argument) for argument in arguments])
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = exit_code(lambda: options.command(options))
    return code, out.getvalue(), err.getvalue()
