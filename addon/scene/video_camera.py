"""A camera that looks at the armature as the one that filmed looked at the person, with the video behind.

What filmed is not known; the focal length is taken as in `posenorm_core.root_path`: the picture's diagonal. In the
view frame the armature stands in one place, so the camera is keyed: it moves as the person does in the picture. The
2D pose is drawn over it by a handler, which is there only while it is wanted; the pose is kept with the camera.
"""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from posenorm_core import camera as pinhole
from posenorm_core import quaternion
from posenorm_core.condition_skeleton import CONDITION_SKELETON, JOINT_COUNT
from posenorm_core.errors import InputError
from posenorm_core.keypoints import Keypoints
from posenorm_core.motion import with_orientation

from . import actions
from .armature import rest_positions
from .axes import body_to_blender
from .keyed_motion import own_frame_count, own_frames_of, read_motion
from .timing import scene_fps
from .units import metres_a_unit

PROPERTY = "posenorm_video"
# From the body frame's axes to Blender's, as `axes` has it, and from a camera's axes in Blender to those of vision.
_TO_BLENDER = np.array([0.5**0.5, 0.5**0.5, 0.0, 0.0])
_TO_VISION = np.array([0.0, 1.0, 0.0, 0.0])
_AROUND = 0.25  # seconds to either side over which the person's size is taken
_FAR = 100.0  # metres that the camera sees at least
_ALL_FRAMES = 1_000_000  # the background is never out of its range: before and after, the video stands still


def add_video_camera(
    context: bpy.types.Context,
    video: str | Path,
    keypoints: Keypoints,
    armature: bpy.types.Object | None,
    start_frame: float,
) -> bpy.types.Object:
    """A camera with `video` behind and the pose `keypoints` kept; the one made of this video before is made anew.

    With an `armature` made from the keypoints it looks so that in `view` the armature lies over the person, and the
    video runs with the armature's keys; else from `start_frame` on, at its own speed whatever the scene's is. It
    becomes the scene's camera where there is none. Raises InputError where Blender cannot read the video or the
    armature is of another clip.
    """
    scene: Any = context.scene
    first, step = float(start_frame), scene_fps(scene) / keypoints.fps
    if armature is not None:
        count = own_frame_count(armature)
        if count != len(keypoints):
            raise InputError(
                f"{armature.name}: has {count} frames, the 2D pose {len(keypoints)}: it is not of this video; "
                "select the armature that is, or none"
            )
        own = own_frames_of(armature)
        first, step = own.first, own.step
    path = Path(bpy.path.abspath(str(video)))
    picture, rate = _open(path)
    size = np.array(keypoints.image_size if min(keypoints.image_size) > 0 else picture.size, dtype=np.float64)
    made = _camera_object(scene, path)
    render = scene.render
    frame = np.array([render.resolution_x * render.pixel_aspect_x, render.resolution_y * render.pixel_aspect_y])
    _frame_picture(made.data, size, frame)
    _put_behind(made.data, picture, frame, size, first, rate / (keypoints.fps * step))
    if armature is not None:
        keyed = replace(keypoints, points=keypoints.points[own.part], confidence=keypoints.confidence[own.part])
        _key(made, armature, own.keyed, *_seen_from(armature, keyed, size))
    else:
        _stand_before(made, keypoints, size, metres_a_unit(scene))
    made[PROPERTY] = {
        "video": str(path),
        "first": first,
        "step": step,
        "size": size.tolist(),
        "points": np.ascontiguousarray(keypoints.points, dtype=np.float32).ravel(),
        "confidence": np.ascontiguousarray(keypoints.confidence, dtype=np.float32).ravel(),
    }
    made.data.clip_end = max(made.data.clip_end, _FAR / metres_a_unit(scene))
    scene.camera = scene.camera or made
    return made


def picture_size(video: str | Path) -> tuple[float, float]:
    """Width and height of the video's pictures. Raises InputError where Blender cannot read it."""
    width, height = _open(Path(bpy.path.abspath(str(video))))[0].size
    return float(width), float(height)


def is_video_camera(candidate: Any) -> bool:
    """Whether `candidate`, an object or None, is a camera of ours."""
    return candidate is not None and candidate.type == "CAMERA" and PROPERTY in candidate


def look_through(space: Any, scene: bpy.types.Scene, camera: bpy.types.Object) -> None:
    """Lets a 3D view look through `camera`, without making it the scene's."""
    if scene.camera != camera:
        space.use_local_camera = True
        space.camera = camera
    else:
        space.use_local_camera = False
    space.region_3d.view_perspective = "CAMERA"


def _open(path: Path) -> tuple[Any, float]:
    """The video as Blender's image, and the frames a second at which Blender counts its frames."""
    try:
        clip: Any = bpy.data.movieclips.load(str(path))
        rate = float(clip.fps)
        bpy.data.movieclips.remove(clip)
        # Asked for an existing one, Blender overlooks the videos.
        loaded = (image for image in bpy.data.images if image.source == "MOVIE")
        same = (image for image in loaded if Path(bpy.path.abspath(image.filepath)) == path)
        picture: Any = next(same, None) or bpy.data.images.load(str(path))
    except RuntimeError:
        raise InputError(f"{path}: cannot be read; choose the video again") from None
    if picture.source != "MOVIE" or not (min(picture.size) > 0 and rate > 0):
        if not picture.users:
            bpy.data.images.remove(picture)
        raise InputError(f"{path}: Blender cannot show it; convert it to MP4 (H.264)")
    return picture, rate


def _camera_object(scene: bpy.types.Scene, path: Path) -> bpy.types.Object:
    """The scene's camera of this video without what was made of it before, or a new one."""
    for made in scene.objects:
        if is_video_camera(made) and made[PROPERTY]["video"] == str(path):
            made.animation_data_clear()
            made.data.background_images.clear()
            return made  # type: ignore[no-any-return]
    name = f"Camera of {path.stem}"
    made = bpy.data.objects.new(name, bpy.data.cameras.new(name))
    scene.collection.objects.link(made)
    return made


def _frame_picture(data: Any, size: np.ndarray, frame: np.ndarray) -> None:
    """The angle of view at which a picture of `size`, fitted into the `frame` (2,), is seen as it was filmed."""
    wider = size[0] / size[1] > frame[0] / frame[1]  # than the frame: fitted by its width
    data.sensor_fit = "HORIZONTAL" if wider else "VERTICAL"
    sensor = data.sensor_width if wider else data.sensor_height
    data.lens = float(sensor * np.hypot(*size) / size[0 if wider else 1])


def _put_behind(data: Any, picture: Any, frame: np.ndarray, size: np.ndarray, first: float, speed: float) -> None:
    """Puts the video behind all else, `speed` of its frames to one of the scene's from the scene's frame `first` on."""
    behind = data.background_images.new()
    data.show_background_images = True
    behind.image, behind.alpha, behind.display_depth, behind.frame_method = picture, 1.0, "BACK", "FIT"
    stored = np.array(picture.size, dtype=np.float64)
    if (size[0] > size[1]) != (stored[0] > stored[1]):
        # Before 4.5 Blender shows a video as it is stored; phones store it to be turned clockwise.
        behind.rotation = np.pi / 2
        behind.scale = float(np.min(frame / stored[::-1]) / np.min(frame / stored))
    else:
        picture.display_aspect = (size[0] / size[1] / (stored[0] / stored[1]), 1.0)  # of a pixel that is not square
    begin = math.floor(first)
    user = behind.image_user
    user.frame_start, user.frame_duration = begin, _ALL_FRAMES
    # Blender counts a frame of the video to each of the scene's: what more or less it should be is driven.
    driver = data.driver_add("background_images[0].image_user.frame_offset").driver
    counted = f"floor(max(frame, {begin})) - {begin}"
    driver.expression = f"floor(max(frame - {first!r}, 0) * {speed!r} + 0.5) - ({counted})"


def _seen_from(armature: bpy.types.Object, keypoints: Keypoints, size: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where the camera stands (T, 3) metres and how it is turned (T, 4), seen from the pelvis in the view frame."""
    joints = with_orientation(read_motion(armature), "view").positions()
    seen = keypoints.confidence[:, :JOINT_COUNT] > 0
    pixels = keypoints.points[:, :JOINT_COUNT].astype(np.float64)
    pixels[:, 0] = _between(pixels[:, 0], seen[:, 0], size / 2)
    rays = pinhole.unproject(pixels, np.ones(seen.shape), np.full(2, np.hypot(*size)), size / 2)
    to_view = np.asarray(pinhole.view_rotation(rays[:, 0]))
    rays = np.asarray(quaternion.rotate(to_view[:, None], rays))
    # A joint at (x, y, z) is seen at (x, y) / (distance - z): least squares, as in `root_path.seen_steps`.
    image = rays[..., :2] / np.maximum(-rays[..., 2:], 1e-3)
    level = joints[..., :2] + image * joints[..., 2:]
    sums = (np.stack([image * level, image * image]).sum(axis=-1) * seen).sum(axis=-1)
    window = np.hanning(2 * max(1, round(_AROUND * keypoints.fps)) + 3)
    reach = len(window) // 2
    above, below = (np.convolve(np.pad(row, reach), window, mode="valid") for row in sums)
    known = (above > 0) & (below > 0)
    distance = _between(np.divide(above, below, out=np.ones(len(seen)), where=known)[:, None], known, np.array([3.0]))
    return distance * np.array([0.0, 0.0, 1.0]), to_view


def _between(values: np.ndarray, known: np.ndarray, nothing: np.ndarray) -> np.ndarray:
    """`values` (T, n) where `known` (T,), straight lines between, the ends held; `nothing` (n,) where none is."""
    if not known.any():
        return np.tile(nothing, (len(values), 1))
    frames = np.arange(len(values))
    return np.stack([np.interp(frames, frames[known], column[known]) for column in values.T], axis=1)


def _key(
    made: bpy.types.Object, armature: bpy.types.Object, frames: np.ndarray, places: np.ndarray, turns: np.ndarray
) -> None:
    """Keys the camera at `frames` (T,), given where it stands as seen from the armature's pelvis in the view frame."""
    heights = with_orientation(read_motion(armature), "view").positions()[..., 1]
    places = body_to_blender(places - [0.0, heights.min(), 0.0])
    moved = np.array(armature.matrix_world, dtype=np.float64)
    turn = np.array(armature.matrix_world.to_quaternion(), dtype=np.float64)
    turned = quaternion.multiply(quaternion.multiply(quaternion.multiply(turn, _TO_BLENDER), turns), _TO_VISION)
    made.rotation_mode = "QUATERNION"
    actions.assign_new_action(made, made.name)
    curves: Any = actions.curves_of(made)
    channels = {
        "location": places @ moved[:3, :3].T + moved[:3, 3],
        "rotation_quaternion": np.asarray(quaternion.make_continuous(np.asarray(turned))),
    }
    linear: Any = bpy.types.Keyframe.bl_rna.properties["interpolation"]
    straight = np.full(len(frames), linear.enum_items["LINEAR"].value, dtype=np.int32)
    for path, values in channels.items():
        for index, column in enumerate(values.T):
            curve = curves.new(path, index=index)
            curve.keyframe_points.add(len(frames))
            curve.keyframe_points.foreach_set("co", np.stack([frames, column], axis=1).astype(np.float32).ravel())
            curve.keyframe_points.foreach_set("interpolation", straight)
            curve.update()
    made.update_tag(refresh={"OBJECT", "TIME"})


def _stand_before(made: Any, keypoints: Keypoints, size: np.ndarray, metres: float) -> None:
    """Nobody's place is known: the camera stands where somebody upright would be as tall as the person at most is."""
    body = rest_positions(CONDITION_SKELETON)
    seen = keypoints.confidence > 0
    top, bottom = (
        choose(np.where(seen, keypoints.points[..., 1], np.nan), axis=1) for choose in (np.nanmin, np.nanmax)
    )
    tall = np.percentile((bottom - top)[seen.any(axis=1)], 95) if seen.any() else size[1]
    distance = np.hypot(*size) * np.ptp(body[:, 1]) / max(float(tall), 1.0)
    made.rotation_mode = "QUATERNION"
    made.rotation_quaternion = _TO_BLENDER
    made.location = body_to_blender(np.array([0.0, body[0, 1], distance])) / metres
