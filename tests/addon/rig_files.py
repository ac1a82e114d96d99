"""Rigs to retarget onto: the character files of the shared data, MPFB's bone lists, Rigify's rigs."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from addon.scene.rig import rig_of
from posenorm_core.retargeting.rig import Rig

# Rigify leaves Blender's module unable to end (4.5 waits for ever, 4.2 crashes): it is let loose in a process of its
# own, which stops where it stands.
_GENERATE = """
import os, sys, bpy  # before what is Blender's own
import addon_utils
bpy.ops.wm.read_factory_settings(use_empty=True)
addon_utils.enable("rigify", default_set=True)
bpy.ops.object.armature_human_metarig_add()
bpy.ops.object.mode_set(mode="POSE")
bpy.ops.pose.rigify_generate()
bpy.ops.object.mode_set(mode="OBJECT")
bpy.ops.wm.save_as_mainfile(filepath=sys.argv[1])
sys.stdout.flush()
os._exit(0)
"""


def open_character(path: Path, folder: Path) -> bpy.types.Object:
    """The armature of a .glb, .vrm, .fbx or .blend, imported as a user would."""
    before = set(bpy.data.objects)
    if path.suffix == ".blend":
        bpy.ops.wm.open_mainfile(filepath=str(path))
        before = set()
    elif path.suffix == ".fbx":
        bpy.ops.import_scene.fbx(filepath=str(path))
    else:
        copied = folder / f"{path.stem}.glb"  # a VRM is a GLB by another name
        copied.write_bytes(path.read_bytes())
        bpy.ops.import_scene.gltf(filepath=str(copied))
    (armature,) = (thing for thing in bpy.data.objects if thing.type == "ARMATURE" and thing not in before)
    return armature


def mpfb_armature(path: Path) -> bpy.types.Object:
    """The armature of one of MPFB's bone lists, in the proportions of its default body."""
    content = json.loads(path.read_text(encoding="utf-8"))
    bones: dict[str, Any] = content.get("bones", content)
    armature = bpy.data.objects.new(path.stem, bpy.data.armatures.new(path.stem))
    bpy.context.scene.collection.objects.link(armature)
    bpy.context.view_layer.objects.active = armature
    bpy.ops.object.mode_set(mode="EDIT")
    edit = armature.data.edit_bones
    for name, bone in bones.items():
        made = edit.new(name)
        made.head, made.tail = (bone[end]["default_position"] for end in ("head", "tail"))
        if made.length < 1e-4:  # Blender drops a bone without a length
            made.tail = made.head + made.vector.__class__((0.0, 0.0, 1e-3))
    for name, bone in bones.items():
        if bone["parent"]:
            edit[name].parent = edit[bone["parent"]]
    bpy.ops.object.mode_set(mode="OBJECT")
    return armature


def rigify_file(folder: Path) -> Path:
    """A .blend with Rigify's human metarig ("metarig") and the rig generated from it ("rig")."""
    path = folder / "rigify.blend"
    command = [sys.executable, "-c", _GENERATE, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert path.exists(), done.stderr[-2000:]
    return path


def without_names(armature: bpy.types.Object) -> tuple[Rig, dict[str, str]]:
    """The rig with its bones named "Bone.001" and so on, in an order of its own; and the true names by those."""
    rig = rig_of(armature)
    names = tuple(f"Bone.{number:03d}" for number in np.random.default_rng(7).permutation(len(rig.bone_names)))
    blind = Rig(rig.name, names, rig.parents, rig.heads, rig.tails, rig.rotations, rig.turns_with_parent, rig.moves)
    return blind, dict(zip(names, rig.bone_names, strict=True))
