"""Reads pose-bone positions out of a saved .blend file, in a process of its own.

`python -m demo.bone_positions BLEND OUT.json SECONDS…` opens the file as a user would and evaluates the armature
that many seconds after the first key of its action. What comes back is thus what was saved, not what was meant.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np


def read_bone_heads(blend: str | Path, seconds: Iterable[float], bone_names: Sequence[str]) -> np.ndarray:
    """Where the heads of `bone_names` (B) are in the world, at `seconds` (N) from the first key: (N, B, 3) metres.

    Raises RuntimeError where Blender cannot tell, with its own last words.
    """
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "heads.json"
        command = [sys.executable, "-m", "demo.bone_positions", str(blend), str(answer), *map(str, seconds)]
        run = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if not answer.is_file():
            raise RuntimeError(f"{blend}: the armature could not be read back: {run.stderr.strip()[-500:]}")
        heads = json.loads(answer.read_text(encoding="utf-8"))
    return np.array([[moment[name] for name in bone_names] for moment in heads])


def _evaluate(blend: str, seconds: Iterable[float]) -> list[dict[str, list[float]]]:
    """For each of `seconds`, every pose bone's head in the world."""
    import bpy

    bpy.ops.wm.open_mainfile(filepath=blend)
    # Any: not every stub of Blender knows that these are never None here.
    scene: Any = bpy.context.scene
    armature: Any = next(thing for thing in scene.objects if thing.type == "ARMATURE")
    first_key = armature.animation_data.action.frame_range[0]
    frames_per_second = scene.render.fps / scene.render.fps_base
    heads = []
    for second in seconds:
        frame = first_key + second * frames_per_second
        scene.frame_set(int(frame // 1), subframe=frame % 1)
        evaluated = armature.evaluated_get(bpy.context.evaluated_depsgraph_get())
        world = evaluated.matrix_world
        heads.append({bone.name: list(world @ bone.head) for bone in evaluated.pose.bones})
    return heads


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(json.dumps(_evaluate(sys.argv[1], [float(second) for second in sys.argv[3:]])))
    # Some of Blender's modules end the interpreter with a fault; the answer is written, so leave without them.
    os._exit(0)
