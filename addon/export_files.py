"""Motions to files, without a window: what `python -m addon export` does, as functions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import bpy

from posenorm_core.errors import InputError
from posenorm_core.files import require_writable
from posenorm_core.motion import Motion, load_motion

from .scene.export import export_bvh, export_fbx, export_glb, save_blend
from .scene.export_presets import ExportPreset, preset_called
from .scene.keyed_motion import add_motion
from .scene.mannequin import add_mannequin
from .scene.timing import set_scene_fps

KINDS = ("fbx", "bvh", "glb", "blend")


def export_motion(
    motion: Motion,
    *,
    fbx: str | Path | None = None,
    bvh: str | Path | None = None,
    glb: str | Path | None = None,
    blend: str | Path | None = None,
    name: str = "motion",
    preset: str | None = None,
    mannequin: bool = False,
) -> bpy.types.Object:
    """Builds the keyed armature called `name` in a new, empty file and writes each file that is asked for.

    The scene plays at the motion's own rate and as long as the motion. The file that was open is closed unsaved.

    Args:
        motion: on the condition skeleton's joints, where a mannequin is asked for.
        fbx: where to write an FBX file, if one is wanted.
        bvh: the same for BVH.
        glb: the same for GLB.
        blend: the same for Blender's own.
        name: of armature and action.
        preset: one of `export_presets.PRESETS`, for the file of its kind.
        mannequin: whether the armature gets one.

    Returns:
        The armature.

    Raises InputError where a file cannot be written, or the preset is none or one for a kind that is not asked for.
    """
    paths = {kind: Path(path) for kind, path in zip(KINDS, (fbx, bvh, glb, blend), strict=True) if path is not None}
    chosen = _preset_for(preset, paths)
    for path in paths.values():
        require_writable(path)
    bpy.ops.wm.read_factory_settings(use_empty=True)
    context = bpy.context
    scene: Any = context.scene
    set_scene_fps(scene, motion.fps)
    armature = add_motion(context, motion, name, start_frame=1)
    scene.frame_start, scene.frame_end = 1, max(len(motion), 1)
    scene.frame_set(1)
    if mannequin:
        add_mannequin(context, armature)
    for kind, path in paths.items():
        _write(context, armature, kind, path, chosen)
    return armature


@dataclass
class BatchResult:
    """What became of each motion file: where it was written to, or why it was not."""

    written: dict[Path, list[Path]] = field(default_factory=dict)
    failed: dict[Path, str] = field(default_factory=dict)


def export_folder(
    folder: str | Path,
    outputs: Mapping[str, str | Path],
    *,
    preset: str | None = None,
    mannequin: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> BatchResult:
    """Exports every motion file (.npz) of `folder` under its own name; a file that fails does not stop the others.

    Args:
        folder: of motion files.
        outputs: kind ("fbx", "bvh", "glb" or "blend") -> the folder for these; made where it is missing.
        preset: as `export_motion` takes it.
        mannequin: whether the armatures get one.
        progress: told (files done, files).

    Raises InputError where the folder holds no .npz, or an output folder cannot be made.
    """
    motions = sorted(path for path in Path(folder).iterdir() if path.suffix.lower() == ".npz")
    if not motions:
        raise InputError(f"{folder}: holds no motion file (.npz)")
    _preset_for(preset, outputs)
    for place in outputs.values():
        make_folder(Path(place))
    result = BatchResult()
    for number, path in enumerate(motions):
        targets = {kind: Path(place) / f"{path.stem}.{kind}" for kind, place in outputs.items()}
        try:
            export_motion(load_motion(path), name=path.stem, preset=preset, mannequin=mannequin, **targets)
            result.written[path] = list(targets.values())
        except InputError as error:
            result.failed[path] = str(error)
        if progress is not None:
            progress(number + 1, len(motions))
    return result


def _preset_for(name: str | None, kinds: Mapping[str, Any]) -> ExportPreset | None:
    """The preset; its kind of file must be among those asked for."""
    if name is None:
        return None
    preset = preset_called(name)
    if preset.suffix.removeprefix(".") not in kinds:
        raise InputError(f"preset {name}: is for {preset.suffix} files; ask for one by --{preset.suffix[1:]}")
    return preset


def _write(
    context: bpy.types.Context, armature: bpy.types.Object, kind: str, path: Path, preset: ExportPreset | None
) -> None:
    """Writes one file, by the preset if it is for such files."""
    if kind == "blend":
        save_blend(context, path)
    elif preset is not None and preset.suffix == f".{kind}":
        preset.write(context, armature, path)
    else:
        {"fbx": export_fbx, "bvh": export_bvh, "glb": export_glb}[kind](context, armature, path)


def make_folder(path: Path) -> Path:
    """The folder, made with those above it. Raises InputError where it cannot be."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{path}: no such folder can be made ({error.strerror}); choose another") from None
    return path
