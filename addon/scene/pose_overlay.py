"""The 2D pose drawn over the video, where a 3D view looks through a camera of ours.

Drawn by a handler that is there only while it is wanted: nothing of it is in the file.
"""

import math
from typing import Any

import bpy
import gpu
import numpy as np
from bpy_extras.view3d_utils import location_3d_to_region_2d
from gpu_extras.batch import batch_for_shader

from posenorm_core.condition_skeleton import PARENTS
from posenorm_core.landmarks import FIXED_TO, LANDMARK_COUNT, LANDMARK_NAMES

from .video_camera import PROPERTY, is_video_camera

_PARENTS = (*PARENTS, *FIXED_TO)
_COLOURS = {"left": (0.0, 0.45, 0.7, 1.0), "right": (0.84, 0.37, 0.0, 1.0), "middle": (1.0, 1.0, 1.0, 1.0)}
_WIDTH, _UNSURE = 3.0, 0.3  # pixels; less sure than this a landmark is drawn pale

_drawing: Any = None


def draw_pose(wanted: bool) -> None:
    """Begins or ends to draw the 2D pose over the video, in every 3D view that looks through a camera of ours."""
    global _drawing
    if wanted and _drawing is None:
        _drawing = bpy.types.SpaceView3D.draw_handler_add(_draw, (), "WINDOW", "POST_PIXEL")
    elif not wanted and _drawing is not None:
        bpy.types.SpaceView3D.draw_handler_remove(_drawing, "WINDOW")
        _drawing = None


def pose_at(camera: bpy.types.Object, frame: float) -> tuple[np.ndarray, np.ndarray]:
    """The 2D pose (24, 2) that `camera` keeps for the scene's `frame`, as shares of the picture from its top left.

    And its confidence (24,), 0 before and after the video.
    """
    kept: Any = camera[PROPERTY]
    number = math.floor((frame - kept["first"]) / kept["step"] + 0.5)
    rows = len(kept["confidence"]) // LANDMARK_COUNT
    if not 0 <= number < rows:
        return np.zeros((LANDMARK_COUNT, 2)), np.zeros(LANDMARK_COUNT)
    span = slice(number * LANDMARK_COUNT, (number + 1) * LANDMARK_COUNT)
    points = np.array(kept["points"][2 * span.start : 2 * span.stop]).reshape(-1, 2)
    return points / np.array(kept["size"]), np.array(kept["confidence"][span])


def limbs(shares: np.ndarray, confidence: np.ndarray, picture: np.ndarray) -> dict[tuple[float, ...], np.ndarray]:
    """The lines (2n, 2) to draw in each colour, in pixels of a region where the `picture` has these corners (2, 2).

    `picture` is its lower left and upper right corner. Each landmark is joined to the nearest one above it that is
    seen: few detectors have a spine, yet there is a trunk.
    """
    low, high = picture
    places = low + shares * [1.0, -1.0] * (high - low) + [0.0, (high - low)[1]]
    lines: dict[tuple[float, ...], list[np.ndarray]] = {}
    for landmark in np.flatnonzero(confidence > 0):
        above = _PARENTS[landmark]
        while above >= 0 and confidence[above] <= 0:
            above = _PARENTS[above]
        if above >= 0:
            side = LANDMARK_NAMES[landmark].partition("_")[0]
            sure = min(confidence[landmark], confidence[above]) >= _UNSURE
            colour = (*_COLOURS.get(side, _COLOURS["middle"])[:3], 1.0 if sure else 0.35)
            lines.setdefault(colour, []).extend((places[landmark], places[above]))
    return {colour: np.array(ends) for colour, ends in lines.items()}


def _draw() -> None:
    """Blender calls this for every 3D view, after all else is drawn."""
    context: Any = bpy.context
    space, scene = context.space_data, context.scene
    camera = space.camera if space.use_local_camera else scene.camera
    if not (scene.posenorm_video.show_pose and context.region_data.view_perspective == "CAMERA"):
        return
    if not is_video_camera(camera):
        return
    corners = [
        location_3d_to_region_2d(context.region, context.region_data, camera.matrix_world @ corner)
        for corner in camera.data.view_frame(scene=scene)
    ]
    if any(corner is None for corner in corners):
        return
    picture = _fitted(np.array(corners), np.array(camera[PROPERTY]["size"]))
    gpu.state.blend_set("ALPHA")
    graphics: Any = gpu  # some stubs know nothing of what it returns
    shader = graphics.shader.from_builtin("POLYLINE_UNIFORM_COLOR")
    shader.uniform_float("viewportSize", graphics.state.viewport_get()[2:])
    shader.uniform_float("lineWidth", _WIDTH * context.preferences.system.ui_scale)
    for colour, ends in limbs(*pose_at(camera, scene.frame_current_final), picture).items():
        shader.uniform_float("color", colour)
        batch_for_shader(shader, "LINES", {"pos": [(*end, 0.0) for end in ends.tolist()]}).draw(shader)
    gpu.state.blend_set("NONE")


def _fitted(corners: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Lower left and upper right corner (2, 2) of a picture of `size` fitted into a frame of these `corners` (n, 2)."""
    low, high = corners.min(axis=0), corners.max(axis=0)
    half = size * np.min((high - low) / size) / 2
    return np.stack([(low + high) / 2 - half, (low + high) / 2 + half])
