"""PoseNorm in Blender from the command line, without a window.

python -m addon export MOTION --fbx F --bvh B --glb G --blend L    Blender's files from a motion file
python -m addon build [-o FOLDER]                                  the extension's zip, into dist/

Both need Blender's module (`pip install bpy` on Python 3.11 or 3.13, the extra [blender]).
"""

import argparse
import os
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from posenorm_core.command import exit_code
from posenorm_core.errors import InputError
from posenorm_core.motion import load_motion

from .build_extension import build_extension

_KINDS = {"fbx": "F", "bvh": "B", "glb": "G", "blend": "L"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and returns its exit code: 0 done, 2 wrong input or arguments, 130 stopped by Ctrl-C."""
    options = _parse(arguments)
    return exit_code(lambda: options.run(options))


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m addon", description="PoseNorm in Blender, without a window.")
    commands = parser.add_subparsers(dest="command", required=True)
    export = commands.add_parser("export", help="a motion file as FBX, BVH, GLB or .blend")
    export.add_argument("motion", type=Path, metavar="MOTION", help="a motion file (.npz)")
    for kind, letter in _KINDS.items():
        export.add_argument(f"--{kind}", type=Path, metavar=letter, help=f"write this .{kind} file")
    export.set_defaults(run=_export)
    build = commands.add_parser("build", help="the extension to install in Blender")
    build.add_argument("-o", "--output", type=Path, default=Path("dist"), metavar="FOLDER", help="default: dist")
    build.set_defaults(run=_build)
    options = parser.parse_args(arguments)
    if options.command == "export" and not any(getattr(options, kind) for kind in _KINDS):
        export.error("nothing to write: give at least one of " + ", ".join(f"--{kind}" for kind in _KINDS))
    return options


def _export(options: argparse.Namespace) -> None:
    motion = load_motion(options.motion)
    if find_spec("bpy") is None:
        raise InputError(
            "Blender's module bpy is not installed in this Python; install the extra [blender] "
            "(pip install -e '.[blender]') on Python 3.11 or 3.13"
        )
    # Only now: it imports bpy.
    from .batch import export_motion

    export_motion(motion, **{kind: getattr(options, kind) for kind in _KINDS}, name=options.motion.stem)


def _build(options: argparse.Namespace) -> None:
    print(build_extension(options.output))


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # Blender 4.2's module crashes while Python shuts down after a glTF export, when all files are long written.
    os._exit(code)
