"""A character from a file: its armature, meshes and whatever else it came with, into the open scene."""

import contextlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy

from posenorm_core.errors import InputError


def load_character(context: bpy.types.Context, path: str | Path) -> bpy.types.Object:
    """Brings the character in the file at `path` into the scene and returns its armature.

    Of several armatures it is the one that moves most meshes, then the one with most bones. Raises InputError where
    the file is missing, of no kind that is read, damaged, or holds no armature.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: there is no such file")
    read = _READERS.get(path.suffix.lower())
    if read is None:
        raise InputError(f"{path}: is no character that can be read; it should be one of {', '.join(_READERS)}")
    before = set(bpy.data.objects)
    told = io.StringIO()  # importers print page after page
    try:
        with contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
            read(context, str(path))
    except Exception as error:  # Blender's importers raise anything: what they say is all that can be told
        reason = " ".join(str(error).partition("Location:")[0].split())[-200:]
        raise InputError(f"{path}: Blender cannot read it ({reason})") from None
    created = [each for each in bpy.data.objects if each not in before]
    armatures = [each for each in created if each.type == "ARMATURE"]
    if not armatures:
        raise InputError(f"{path}: holds no armature")
    return max(armatures, key=lambda each: (len(meshes_of(each)), len(each.data.bones)))  # type: ignore[union-attr]


def meshes_of(armature: bpy.types.Object) -> list[bpy.types.Object]:
    """The meshes that the armature moves."""
    return [
        each
        for each in bpy.data.objects
        if each.type == "MESH"
        and (each.parent == armature or any(getattr(m, "object", None) == armature for m in each.modifiers))
    ]


def _append_blend(context: bpy.types.Context, path: str) -> None:
    """The armatures of a .blend with all that belongs to them, copied."""
    libraries: Any = bpy.data.libraries  # the stubs know nothing of what `load` returns
    with libraries.load(path) as (found, wanted):
        wanted.objects = list(found.objects)
    scene: Any = context.scene
    for each in wanted.objects:
        if each is not None and each.type in ("ARMATURE", "MESH", "EMPTY"):
            scene.collection.objects.link(each)
        elif each is not None:
            bpy.data.objects.remove(each)


def _import_fbx(_context: bpy.types.Context, path: str) -> None:
    bpy.ops.import_scene.fbx(filepath=path, anim_offset=0.0)


def _import_gltf(_context: bpy.types.Context, path: str) -> None:
    """Without the sphere that the importer makes to show bones as, which nobody wants to export."""
    bpy.ops.import_scene.gltf(filepath=path, disable_bone_shape=True)


def _import_bvh(_context: bpy.types.Context, path: str) -> None:
    bpy.ops.import_anim.bvh(filepath=path)


_READERS: dict[str, Callable[[bpy.types.Context, str], None]] = {
    ".blend": _append_blend,
    ".fbx": _import_fbx,
    ".glb": _import_gltf,
    ".gltf": _import_gltf,
    ".vrm": _import_gltf,
    ".bvh": _import_bvh,
}
