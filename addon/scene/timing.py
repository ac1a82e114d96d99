"""Time: a clip's own frames in a scene's frame rate. The scene's rate is read here and never changed.

Key k stands at start + k · scene_fps / clip_fps, fractions included: 29.97 is not 30.
"""

import bpy
import numpy as np


def scene_fps(scene: bpy.types.Scene) -> float:
    """The frames per second at which `scene` plays."""
    return float(scene.render.fps / scene.render.fps_base)


def set_scene_fps(scene: bpy.types.Scene, fps: float) -> None:
    """Makes `scene` play at `fps`, as Blender says it: a whole number over a base near 1. For scenes of our own."""
    scene.render.fps = max(1, round(fps))
    scene.render.fps_base = scene.render.fps / fps


def key_frames(count: int, clip_fps: float, start: float, scene: bpy.types.Scene) -> np.ndarray:
    """The scene's frames (count,) at which the frames of a clip of `clip_fps` fall, the first at `start`."""
    return start + np.arange(count) * (scene_fps(scene) / clip_fps)
