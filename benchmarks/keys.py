"""How long it takes to key a motion in Blender: the add-on's bulk writing beside `keyframe_insert`.

`python -m benchmarks.keys`, in an environment with Blender's module: 1,000 frames of 19 bones with quaternions.
"""

import sys
import time
from typing import Any

import bpy
import numpy as np

from addon.scene.actions import assign_new_action, write_curve
from addon.scene.armature import create_armature
from posenorm_core.arrays import unit
from posenorm_core.command import exit_code
from posenorm_core.condition_skeleton import CONDITION_SKELETON, JOINT_NAMES

_FRAMES = 1000
_ROUNDS = 3


def main() -> None:
    """Measures and prints."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    rotations = unit(np.random.default_rng(0).normal(size=(_FRAMES, len(JOINT_NAMES), 4)))
    in_bulk = min(_seconds_in_bulk(rotations) for _ in range(_ROUNDS))
    one_by_one = _seconds_one_by_one(rotations)
    print(f"Blender {bpy.app.version_string}, {_FRAMES} frames x {len(JOINT_NAMES)} bones")
    print(f"bulk writing:     {in_bulk:.3f} s")
    print(f"keyframe_insert:  {one_by_one:.3f} s ({one_by_one / in_bulk:.0f} times as long)")


def _new_armature() -> Any:
    """An armature of the condition skeleton with an empty action."""
    armature = create_armature(bpy.context, CONDITION_SKELETON, "benchmark")
    assign_new_action(armature, "benchmark")
    return armature


def _seconds_in_bulk(rotations: np.ndarray) -> float:
    """As the add-on keys it."""
    armature = _new_armature()
    frames = np.arange(1.0, 1.0 + len(rotations))
    begun = time.perf_counter()
    for joint, name in enumerate(JOINT_NAMES):
        write_curve(armature, name, "rotation_quaternion", frames, rotations[:, joint])
    return time.perf_counter() - begun


def _seconds_one_by_one(rotations: np.ndarray) -> float:
    """As scripts mostly key it: set the bone, insert a key, frame by frame."""
    armature = _new_armature()
    begun = time.perf_counter()
    for frame, pose in enumerate(rotations, start=1):
        for joint, name in enumerate(JOINT_NAMES):
            bone = armature.pose.bones[name]
            bone.rotation_quaternion = pose[joint]
            bone.keyframe_insert("rotation_quaternion", frame=frame)
    return time.perf_counter() - begun


if __name__ == "__main__":
    sys.exit(exit_code(main))
