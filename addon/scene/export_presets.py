"""Export presets: what each program wants of a file, as data.

Why each value is so stands in its preset's `why`, for the person who reads the panel's tooltip or this table.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy

from posenorm_core.errors import InputError

from .export import FbxForm, export_bvh, export_fbx, export_glb


@dataclass(frozen=True)
class ExportPreset:
    """One program's file: `name` for the command line, `label` and `why` for people."""

    name: str
    label: str
    suffix: str
    why: str
    fbx: FbxForm | None = None

    def named(self, path: str) -> str:
        """`path` with this preset's suffix instead of another's; what else has a dot in it is part of the name."""
        suffix = Path(path).suffix.lower()
        return path[: len(path) - len(suffix)] + self.suffix if suffix in _WRITERS else path + self.suffix

    def write(self, context: bpy.types.Context, armature: bpy.types.Object, path: str | Path) -> None:
        """Writes `armature` to `path`. Raises InputError where it cannot, or the path's suffix is another's."""
        if Path(path).suffix.lower() != self.suffix:
            raise InputError(f"{path}: {self.label} takes {self.suffix} files; give a name that ends so")
        _WRITERS[self.suffix](context, armature, path, **({"form": self.fbx} if self.fbx else {}))


_WRITERS: dict[str, Callable[..., Any]] = {".fbx": export_fbx, ".glb": export_glb, ".bvh": export_bvh}

PRESETS = {
    preset.name: preset
    for preset in (
        ExportPreset(
            "unreal",
            "Unreal (FBX)",
            ".fbx",
            "Centimetres, because Unreal takes a file's numbers for them unless told otherwise; Z up and -Y front, "
            "which it need not convert, so that the root bone is not turned; the armature's node is called Armature, "
            "which Unreal skips, so that no extra root bone appears",
            FbxForm(forward="Y", up="Z", centimetres=True, armature_name="Armature"),
        ),
        ExportPreset(
            "unity",
            "Unity (FBX)",
            ".fbx",
            "Metres that the file says are metres, so that Unity's Convert Units leaves scale 1; Y up and Z front in "
            "bones and meshes themselves, so that no object is turned and Bake Axis Conversion has nothing to do",
            FbxForm(forward="-Z", up="Y"),
        ),
        ExportPreset(
            "godot",
            "Godot / glTF (GLB)",
            ".glb",
            "Metres and Y up, as glTF prescribes; one file with mesh, skin and animation, sampled at the clip's own "
            "frames, because glTF has seconds and no frame rate",
        ),
        ExportPreset(
            "motionbuilder",
            "MotionBuilder (BVH)",
            ".bvh",
            "Centimetres and Y up, as MotionBuilder takes BVH; six channels for the bone that carries the body and "
            "three for the others; the rest pose without any turn, so that it can be characterized as it is",
        ),
    )
}


def preset_called(name: str) -> ExportPreset:
    """The preset of that name; raises InputError where there is none."""
    if name not in PRESETS:
        raise InputError(f"'{name}': is no export preset; choose one of {', '.join(PRESETS)}")
    return PRESETS[name]
