"""A motion filmed: the 24 landmarks of a moving body as a camera that stands still sees them.

The camera looks at where the pelvis is on the average. Azimuth 0 sees from the front one who faces +Z, a
quarter turn from his left; elevation is the camera's height above, distance in metres, angles in radians.
"""

from typing import Any

import numpy as np

from posenorm_core import camera, quaternion
from posenorm_core.arrays import unit
from posenorm_core.errors import InputError
from posenorm_core.keypoints import Keypoints
from posenorm_core.kinematics import pose_skeleton
from posenorm_core.landmarks import fixed_point_offsets, landmark_positions
from posenorm_core.skeleton import Skeleton


def film(
    rotations: np.ndarray,
    root_position: np.ndarray,
    skeleton: Skeleton,
    *,
    azimuth: float,
    elevation: float,
    distance: float,
    focal_length: float,
    image_size: tuple[float, float] = (1280.0, 720.0),
    fps: float,
    roll: float = 0.0,
) -> Keypoints:
    """The landmarks of `rotations` (T, 19, 4) and `root_position` (T, 3) in the pixels of a pinhole camera.

    `focal_length` is in pixels, the principal point the middle of the image. What falls outside the image or
    behind the camera has confidence 0, the rest 1.

    Raises InputError where the distance or the focal length is not above 0.

    >>> from posenorm_core.builtin_motion import builtin_clip
    >>> clip = builtin_clip("wave")
    >>> seen = film(clip.rotations, clip.root_position, clip.skeleton, azimuth=0.3, elevation=0.1,
    ...             distance=4.0, focal_length=1000.0, fps=clip.fps)
    >>> seen.points.shape, float(seen.confidence.min())
    ((120, 24, 2), 1.0)
    """
    if not (distance > 0 and focal_length > 0):
        raise InputError(f"distance {distance} and focal length {focal_length} must be above 0")
    turn, position = camera_pose(root_position, azimuth=azimuth, elevation=elevation, distance=distance, roll=roll)
    positions, turned = pose_skeleton(skeleton.offsets, rotations.astype(np.float64), skeleton.parents)
    points = landmark_positions(positions, turned, fixed_point_offsets(skeleton.offsets)) + root_position[:, None]
    seen = camera.world_to_camera(points, turn, position)
    size = np.asarray(image_size, dtype=np.float64)
    pixels = camera.project(seen, np.full(2, float(focal_length)), size / 2)
    inside = ((pixels >= 0) & (pixels < size)).all(axis=-1) & (seen[..., 2] > camera.NEAREST)
    view = {"azimuth": azimuth, "elevation": elevation, "distance": distance, "focal_length": focal_length}
    source: dict[str, Any] = {"filmed": {**view, "roll": roll}}
    return Keypoints(float(fps), (float(size[0]), float(size[1])), pixels, inside.astype(np.float64), source)


def true_view_root(
    rotations: np.ndarray,
    root_position: np.ndarray,
    *,
    azimuth: float,
    elevation: float,
    distance: float,
    roll: float = 0.0,
) -> np.ndarray:
    """The root's rotation (T, 4) in the view frame of that camera: what a motion's `view_root` should be.

    >>> facing = np.array([[[1.0, 0.0, 0.0, 0.0]]])
    >>> np.abs(true_view_root(facing, np.zeros((1, 3)), azimuth=0.0, elevation=0.0, distance=3.0)).round(6).tolist()
    [[1.0, 0.0, 0.0, 0.0]]
    """
    turn, position = camera_pose(root_position, azimuth=azimuth, elevation=elevation, distance=distance, roll=roll)
    to_view = camera.view_rotation(camera.world_to_camera(root_position.astype(np.float64), turn, position))
    seen = quaternion.multiply(quaternion.inverse(turn), rotations[:, 0].astype(np.float64))
    return np.asarray(quaternion.make_continuous(unit(quaternion.multiply(to_view, seen))))


def camera_pose(
    root_position: np.ndarray, *, azimuth: float, elevation: float, distance: float, roll: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """How the camera is turned (4,) and where it stands (3,), to look at the mean of `root_position` (T, 3)."""
    target = root_position.astype(np.float64).mean(axis=0)
    level = np.cos(elevation)
    towards = np.array([np.sin(azimuth) * level, np.sin(elevation), np.cos(azimuth) * level])
    position = target + distance * towards
    return np.asarray(camera.look_at(position, target, np.asarray(float(roll)))), position
