"""Runs the add-on's tests on several Blender versions, each in an environment of its own inside the clone.

Usage: `python tools/test_blenders.py 4.2 5.0 5.2`. A version whose Python is not on this machine is skipped and
said so at the end; the exit code is 1 where a test or a set-up failed.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

from environment import ROOT, MissingPythonError, SetUpError, set_up


def test_on(version: str) -> str:
    """Runs tests/addon on Blender `version`: 'passed', 'FAILED …' or 'skipped: …'."""
    try:
        python = set_up(f"blender-{version}")
    except MissingPythonError as error:
        return f"skipped: {error}"
    except SetUpError as error:
        return f"FAILED: {error}"
    print(f"== Blender {version}", flush=True)
    run = subprocess.run([str(python), "-m", "pytest", "-q", "tests/addon"], cwd=ROOT, stdin=subprocess.DEVNULL)
    return f"FAILED (pytest ended with {run.returncode})" if run.returncode else "passed"


def main(versions: Sequence[str]) -> int:
    """Tests every version, then tells each one's outcome; 1 where one failed."""
    outcomes = {version: test_on(version) for version in versions}
    print()
    for version, outcome in outcomes.items():
        print(f"Blender {version}: {outcome}")
    return int(any(outcome.startswith("FAILED") for outcome in outcomes.values()))


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
