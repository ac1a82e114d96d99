"""`python -m demo [INPUT]`: the whole way from keypoints to a keyed armature, into out/demo/.

Without INPUT the built-in clip is taken. Ends with a table of frames, seconds a stage, and files.
Exit codes: 0 done; 2 where INPUT is wrong, told in one line; 130 stopped by Ctrl-C.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from demo.stages import Report, run_demo
from posenorm_core.command import exit_code

_FOLDER = Path("out/demo")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the demo and returns its exit code."""
    parser = argparse.ArgumentParser(prog="demo", description="Normalizes a clip and builds its armature in Blender.")
    parser.add_argument("keypoints", nargs="?", type=Path, metavar="INPUT", help="keypoints (default: a built-in clip)")
    parser.add_argument("-o", "--output", type=Path, default=_FOLDER, metavar="FOLDER", help="default: out/demo")
    options = parser.parse_args(arguments)
    return exit_code(lambda: _run(options))


def _run(options: argparse.Namespace) -> None:
    report = run_demo(options.keypoints, options.output)
    if report.warning:
        print(f"warning: {report.warning}", file=sys.stderr)
    print(_table(report))


def _table(report: Report) -> str:
    """The report as a short table."""
    rows = [(report.clip_name, f"{report.frames} frames"), ("", f"{report.fps:.4g} frames/s")]
    rows += [(name, f"{seconds:.2f} s") for name, seconds in report.seconds.items()]
    rows.append(("together", f"{sum(report.seconds.values()):.2f} s"))
    rows += [(str(path), f"{path.stat().st_size / 1000:,.0f} kB") for path in report.files]
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:<{width}}  {value:>14}" for name, value in rows)


if __name__ == "__main__":
    sys.exit(main())
