"""PoseNorm in Blender from the command line, without a window.

python -m addon export MOTION --fbx F --bvh B --glb G --blend L    Blender's files from a motion file, or
                                                                   from every one in a folder to folders
python -m addon retarget MOTION --rig RIG -o OUT                   a motion, or keypoints, onto a character's file; a
                                                                   folder of them to a folder
python -m addon build [-o FOLDER]                                  the extension's zip, into dist/

Both need Blender's module (`pip install bpy` on Python 3.11 or 3.13, the extra [blender]).
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

from posenorm_core.command import exit_code
from posenorm_core.errors import InputError
from posenorm_core.foot_lock import MODES
from posenorm_core.motion import ORIENTATIONS, load_motion
from posenorm_core.retargeting.retarget import RetargetOptions

from .build_extension import build_extension

_KINDS = {"fbx": "F", "bvh": "B", "glb": "G", "blend": "L"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and returns its exit code: 0 done, 2 wrong input or arguments, 130 stopped by Ctrl-C."""
    options = _parse(arguments)
    return exit_code(lambda: options.run(options))


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m addon", description="PoseNorm in Blender, without a window.")
    commands = parser.add_subparsers(dest="command", required=True)
    export = commands.add_parser("export", help="motion files as FBX, BVH, GLB or .blend")
    export.add_argument("motion", type=Path, metavar="MOTION", help="a motion file (.npz), or a folder of them")
    for kind, letter in _KINDS.items():
        export.add_argument(f"--{kind}", type=Path, metavar=letter, help=f"write this .{kind} file, or to this folder")
    export.add_argument(
        "--preset", metavar="NAME", help="what the file is for: unreal, unity (FBX), godot (GLB) or motionbuilder (BVH)"
    )
    export.add_argument("--mannequin", action="store_true", help="with a plain body on the armature")
    export.set_defaults(run=_export)
    _add_retarget(commands.add_parser("retarget", help="motions onto a character"))
    build = commands.add_parser("build", help="the extension to install in Blender")
    build.add_argument("-o", "--output", type=Path, default=Path("dist"), metavar="FOLDER", help="default: dist")
    build.set_defaults(run=_build)
    options = parser.parse_args(arguments)
    if options.command == "export" and not any(getattr(options, kind) for kind in _KINDS):
        export.error("nothing to write: give at least one of " + ", ".join(f"--{kind}" for kind in _KINDS))
    return options


def _add_retarget(parser: argparse.ArgumentParser) -> None:
    """What `retarget` takes."""
    parser.add_argument("motion", type=Path, metavar="MOTION", help="a motion or keypoints, or a folder of clips")
    parser.add_argument(
        "--rig", type=Path, required=True, metavar="RIG", help="the character: .blend, .fbx, .glb, .vrm"
    )
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="OUT", help="a file, or a folder of them")
    parser.add_argument(
        "--bones", type=Path, metavar="JSON", help="which bone is what (default: found by name and shape)"
    )
    parser.add_argument("--orientation", choices=ORIENTATIONS, default="heading", help="of the root (default: heading)")
    parser.add_argument("--fps", type=float, metavar="F", help="the input's frame rate where its format has none")
    parser.add_argument("--person", type=int, metavar="N", help="which of several people (default: the most visible)")
    parser.add_argument("--feet", choices=MODES, default="auto", help="locks feet that stand (default: auto)")
    parser.add_argument("--in-place", action="store_true", help="the hips stay over one place")
    parser.add_argument("--path-scale", type=float, default=1.0, metavar="S", help="of the way over the ground")
    parser.add_argument("--preset", metavar="NAME", help="what the files are for: unreal, unity (FBX) or godot (GLB)")
    parser.add_argument(
        "--kind", choices=("fbx", "glb", "blend"), default="fbx", help="of a folder's files (default: fbx)"
    )
    parser.set_defaults(run=_retarget)


def _retarget(options: argparse.Namespace) -> None:
    if not options.motion.exists():
        raise InputError(f"{options.motion}: there is no such file")
    _require_bpy()
    from .retarget_files import Character, retarget_file, retarget_folder

    character = Character(options.rig, options.bones)
    chosen = {
        "orientation": options.orientation,
        "person": options.person,
        "fps": options.fps,
        "options": RetargetOptions(not options.in_place, options.path_scale, options.feet),
        "preset": options.preset,
    }
    # A folder may be one clip too, an image a file: as many as there are outputs.
    if options.output.suffix:
        try:
            print(retarget_file(options.motion, character, options.output, **chosen))
        except InputError as error:
            advice = "; for a folder of clips give a folder as the output" if options.motion.is_dir() else ""
            raise InputError(f"{error}{advice}") from None
        return
    failures = retarget_folder(
        options.motion, character, options.output, f".{options.kind}", tell=print, progress=_progress(), **chosen
    )
    for why in failures.why.values():
        print(f"failed: {why}", file=sys.stderr)
    if failures.why:
        count = len(failures.why) + failures.done
        raise InputError(f"{len(failures.why)} of {count} clips were not retargeted; the reasons stand above")


def _require_bpy() -> None:
    """Raises InputError where Blender's module is not there."""
    if find_spec("bpy") is None:
        raise InputError(
            "Blender's module bpy is not installed in this Python; install the extra [blender] "
            "(pip install -e '.[blender]') on Python 3.11 or 3.13"
        )


def _export(options: argparse.Namespace) -> None:
    motion = None if options.motion.is_dir() else load_motion(options.motion)
    _require_bpy()  # only now is what imports it
    from .export_files import export_folder, export_motion

    outputs = {kind: getattr(options, kind) for kind in _KINDS if getattr(options, kind)}
    chosen = {"preset": options.preset, "mannequin": options.mannequin}
    if motion is not None:
        export_motion(motion, name=options.motion.stem, **outputs, **chosen)
        return
    result = export_folder(options.motion, outputs, progress=_progress(), **chosen)
    for source, files in result.written.items():
        print(f"{source.name}: {', '.join(map(str, files))}")
    for source, why in result.failed.items():
        print(f"failed: {source.name}: {why}", file=sys.stderr)
    if result.failed:
        count = len(result.failed) + len(result.written)
        raise InputError(f"{len(result.failed)} of {count} motions were not exported; the reasons stand above")


def _progress() -> Callable[[int, int], None] | None:
    """A line that counts the files; None without a terminal."""
    if not sys.stderr.isatty():
        return None

    def show(done: int, total: int) -> None:
        print(f"\r{done} of {total} files", end="\n" if done >= total else "", file=sys.stderr, flush=True)

    return show


def _build(options: argparse.Namespace) -> None:
    print(build_extension(options.output))


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # Blender 4.2's module crashes while Python shuts down after a glTF export, when all files are long written.
    os._exit(code)
