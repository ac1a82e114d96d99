"""The picture of an alignment as an image of the file: the matrix of distances with the path, below it the curve.

A's time runs to the right, B's upwards; a cell is the darker the more alike the two frames are. The curve is the
distance of A's frames to those of B that answer them. A second comparison draws into the same image.
"""

from typing import Any

import bpy
import numpy as np

from posenorm_core.alignment import Alignment, pose_features
from posenorm_core.correspondence import distances
from posenorm_core.motion import Motion

NAME = "PoseNorm Alignment"
SIDE, CURVE_HEIGHT, GAP = 512, 152, 8  # pixels
# Orange, blue, a light and a dark grey, as sRGB.
PATH, CURVE, GROUND, BETWEEN = (0.835, 0.369, 0.0), (0.0, 0.447, 0.698), (0.95, 0.95, 0.95), (0.2, 0.2, 0.2)
_OURS = "posenorm_alignment"
_HEADROOM = 1.25  # the curve's greatest value is this far below the top
_LEAST = 0.01  # metres at the top of the curve at least, lest rounding errors look like differences


def draw_alignment_image(alignment: Alignment, a: Motion, b: Motion) -> bpy.types.Image:
    """Draws the alignment of `a` and `b`, two frames each at least, and packs the image into the file."""
    pixels = alignment_pixels(alignment, pose_features(a), pose_features(b))
    image = _image(pixels.shape[1], pixels.shape[0])
    opaque = np.ones((*pixels.shape[:2], 4), dtype=np.float32)
    opaque[..., :3] = pixels
    target: Any = image.pixels
    target.foreach_set(opaque.ravel())
    image.update()
    image.pack()
    return image


def alignment_pixels(alignment: Alignment, features_a: np.ndarray, features_b: np.ndarray) -> np.ndarray:
    """The picture (height, width, 3) of sRGB values from 0 to 1, the lowest row first as Blender has it."""
    return np.concatenate(
        [
            _curve_pixels(alignment.distance_per_frame()),
            np.broadcast_to(BETWEEN, (GAP, SIDE, 3)),
            _matrix_pixels(alignment.path, features_a, features_b),
        ]
    )


def pixel_of_frame(frames: np.ndarray, count: int) -> np.ndarray:
    """Which of `SIDE` pixels shows each of the `frames` of a clip of `count`: the first and the last at the ends."""
    return np.asarray(np.rint(frames * (SIDE - 1) / (count - 1)).astype(int))


def _frame_of_pixel(count: int) -> np.ndarray:
    """Which frame (SIDE,) of a clip of `count` each pixel shows."""
    return np.asarray(np.linspace(0, count - 1, SIDE).round().astype(int))


def _matrix_pixels(path: np.ndarray, features_a: np.ndarray, features_b: np.ndarray) -> np.ndarray:
    """The distances (SIDE, SIDE, 3) with the path, three pixels wide, over them."""
    counts = len(features_a), len(features_b)
    shown = distances(features_a[_frame_of_pixel(counts[0])], features_b[_frame_of_pixel(counts[1])]).T
    pixels = np.repeat((shown / max(shown.max(), np.finfo(float).tiny))[..., None], 3, axis=2)
    # As many points from pair to pair that no pixel between them is left out.
    finer = 1 + SIDE // (min(counts) - 1)
    places = np.arange((len(path) - 1) * finer + 1) / finer
    column, row = (
        pixel_of_frame(np.interp(places, np.arange(len(path)), path[:, side]), counts[side]) for side in (0, 1)
    )
    for aside in (-1, 0, 1):
        pixels[row, np.clip(column + aside, 0, SIDE - 1)] = PATH
        pixels[np.clip(row + aside, 0, SIDE - 1), column] = PATH
    return pixels


def _curve_pixels(distance: np.ndarray) -> np.ndarray:
    """The `distance` (N,) of A's frames, metres, as an area (CURVE_HEIGHT, SIDE, 3)."""
    highest = max(float(distance.max()), _LEAST) * _HEADROOM
    heights = np.rint(distance[_frame_of_pixel(len(distance))] / highest * CURVE_HEIGHT)
    below = np.arange(CURVE_HEIGHT)[:, None] < heights
    return np.where(below[..., None], CURVE, GROUND)


def _image(width: int, height: int) -> bpy.types.Image:
    """The image of the comparison before, or a new one; editors that show it go on showing it."""
    images: Any = bpy.data.images
    for image in images:
        if _OURS in image and image.library is None:
            if tuple(image.size) != (width, height):
                image.scale(width, height)
            return image  # type: ignore[no-any-return]
    image = images.new(NAME, width, height)
    image[_OURS] = True
    image.use_fake_user = True
    return image  # type: ignore[no-any-return]
