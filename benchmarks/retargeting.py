"""How fast and how exactly motions go onto characters, beside Blender's own constraints and bake.

`python -m benchmarks.retargeting MOTION CHARACTER [CHARACTER ...] [--frames N] [--baked N]`. For each character: the
bones that were found, how far its limbs point elsewhere than the motion's as Blender evaluates them, and the seconds
for N frames (the motion over and over), read from the armature and keyed. The peer: a Copy Rotation in the world for
each bone and `nla.bake`, with the meshes hidden and shown; it does less, for it reconciles no rest poses.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.timing import seconds
from posenorm_core import quaternion
from posenorm_core.command import exit_code
from posenorm_core.motion import Motion, load_motion, with_orientation
from posenorm_core.retargeting.mapping import BoneMapping
from posenorm_core.retargeting.parts import END_OF, TURNED_BY
from posenorm_core.retargeting.preset import choose_mapping
from posenorm_core.retargeting.rest_alignment import align_rest
from posenorm_core.retargeting.retarget import RetargetOptions
from training.tables import Column, markdown

_LIMBS = ("upper_arm", "forearm", "thigh", "shin")
_ROUNDS = 3
_LOOKED_AT = 60  # frames whose limbs are looked at
_COLUMNS = {
    "name": Column("character"),
    "bones": Column("bones", 0),
    "median": Column("limbs off, median °", 3),
    "most": Column("most °", 3),
    "seconds": Column("seconds", 2),
    "hidden": Column("bake: times as long, meshes hidden", 1),
    "shown": Column("shown", 1),
}


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description="Retargeting beside Blender's own bake.")
    parser.add_argument("motion", type=Path)
    parser.add_argument("characters", type=Path, nargs="+")
    parser.add_argument("--frames", type=int, default=10_000, help="retargeted (default: 10,000)")
    parser.add_argument("--baked", type=int, default=500, help="frames baked by Blender (default: 500)")
    options = parser.parse_args()
    motion = with_orientation(load_motion(options.motion), "heading")
    rows = []
    for path in options.characters:
        row = {"name": path.name, **measured(path, motion, options.frames, options.baked)}
        rows.append([row[name] for name in _COLUMNS])
        print(f"{path.name} done", file=sys.stderr, flush=True)
    print(markdown(list(_COLUMNS.values()), rows))


def measured(path: Path, motion: Motion, frames: int, baked: int) -> dict[str, float]:
    """The row of one character."""
    import bpy

    from addon.scene.character_file import load_character, meshes_of
    from addon.scene.keyed_motion import add_motion, read_motion
    from addon.scene.retarget import Placement, retarget_onto
    from addon.scene.rig import rig_of
    from addon.scene.timing import set_scene_fps

    bpy.ops.wm.read_factory_settings(use_empty=True)
    context: Any = bpy.context
    set_scene_fps(context.scene, motion.fps)
    character: Any = load_character(context, path)
    mapping = choose_mapping(rig_of(character))
    options = RetargetOptions(feet="off")

    def onto(source: Any) -> None:
        retarget_onto(context, character, read_motion(source), mapping, options, Placement("motion", 1))

    onto(add_motion(context, motion, "looked at", 1))
    off = limbs_off(context, character, mapping, motion)
    source = add_motion(context, repeated(motion, frames), "long", 1)
    taken = min(seconds(lambda: onto(source)) for _ in range(_ROUNDS))
    bake = {}
    for name, hidden in (("hidden", True), ("shown", False)):
        for mesh in meshes_of(character):
            mesh.hide_viewport = hidden
        bake[name] = seconds(lambda: constrain_and_bake(context, character, mapping, source, baked)) / baked
    return {
        "bones": sum(len(names) for names in mapping.bones.values()),
        "median": float(np.median(off)),
        "most": float(off.max()),
        "seconds": taken,
        **{name: each * frames / taken for name, each in bake.items()},
    }


def repeated(motion: Motion, frames: int) -> Motion:
    """The motion over and over, so many frames of it."""
    at = np.arange(frames) % len(motion)
    arrays = ("rotations", "view_root", "root_position", "contacts", "confidence")
    return replace(motion, **{name: getattr(motion, name)[at] for name in arrays})


def limbs_off(context: Any, character: Any, mapping: BoneMapping, motion: Motion) -> np.ndarray:
    """By how many degrees each limb, in frames over the whole clip, points elsewhere than the motion's."""
    from addon.scene.rig import rig_of

    axes = align_rest(rig_of(character), mapping).axes
    joints = motion.skeleton.joint_names
    limbs = [f"{side}_{part}" for side in ("left", "right") for part in _LIMBS]
    limbs = [part for part in limbs if part in mapping.bones and END_OF[part] in mapping.bones]
    found, wanted = [], []
    for frame in np.unique(np.linspace(0, len(motion) - 1, _LOOKED_AT).round().astype(int)):
        context.scene.frame_set(int(frame) + 1)
        bones = character.pose.bones
        positions = motion.positions()[frame]
        for part in limbs:
            joint = joints.index(TURNED_BY[part])
            along = positions[motion.skeleton.parents.index(joint)] - positions[joint]
            wanted.append(quaternion.rotate(axes, along))
            found.append(np.subtract(bones[mapping.bone(END_OF[part])].head, bones[mapping.bone(part)].head))
    lines = [np.array(each) / np.linalg.norm(each, axis=1, keepdims=True) for each in (found, wanted)]
    return np.degrees(np.arccos(np.clip((lines[0] * lines[1]).sum(axis=1), -1, 1)))


def constrain_and_bake(context: Any, character: Any, mapping: BoneMapping, source: Any, frames: int) -> None:
    """What add-ons do: constraints from bone to bone, evaluated frame by frame and baked; then taken away."""
    import bpy

    for part, names in mapping.bones.items():
        if part in TURNED_BY:
            constraint = character.pose.bones[names[-1]].constraints.new("COPY_ROTATION")
            constraint.target, constraint.subtarget = source, TURNED_BY[part]
    for each in context.view_layer.objects:
        each.select_set(each == character)
    context.view_layer.objects.active = character
    bpy.ops.object.mode_set(mode="POSE")
    bpy.ops.nla.bake(
        frame_start=1,
        frame_end=frames,
        only_selected=False,
        visual_keying=True,
        clear_constraints=True,
        use_current_action=False,
        bake_types={"POSE"},
    )
    bpy.ops.object.mode_set(mode="OBJECT")


if __name__ == "__main__":
    sys.exit(exit_code(main))
