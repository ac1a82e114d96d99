"""Pinhole cameras and the view frame.

Camera frame as in computer vision: x to the image's right, y down, z forward; pixels from the top left.
View frame (DESIGN.md): z runs from the subject's pelvis to the camera along the ray through the pelvis, y is
the image's up made perpendicular to it, x the image's right. A subject upright and facing the camera has root
rotation (1, 0, 0, 0) in it wherever he stands in the image. Written once for NumPy and torch.
"""

from posenorm_core import quaternion
from posenorm_core.arrays import Array, array_namespace, constant_like, dot, unit

# Nothing nearer to the camera's plane than this (metres) is projected: it would come out behind or infinite.
NEAREST = 0.05


def world_to_camera(points: Array, rotation: Array, position: Array) -> Array:
    """World `points` (…, 3) in the frame of a camera at `position` (…, 3).

    `rotation` (…, 4) takes camera axes to world axes (active: it is how the camera is turned).
    """
    return quaternion.rotate(quaternion.inverse(rotation), points - position)


def camera_to_world(points: Array, rotation: Array, position: Array) -> Array:
    """The inverse of `world_to_camera`."""
    return quaternion.rotate(rotation, points) + position


def project(points: Array, focal_length: Array, principal_point: Array) -> Array:
    """Points (…, 3) in the camera frame -> pixels (…, 2).

    `focal_length` and `principal_point` (…, 2) are in pixels. Points less than NEAREST in front of the camera
    are projected from that distance.
    """
    xp = array_namespace(points)
    depth = xp.clip(points[..., 2:], NEAREST, None)
    return points[..., :2] / depth * focal_length + principal_point


def unproject(pixels: Array, depth: Array, focal_length: Array, principal_point: Array) -> Array:
    """Pixels (…, 2) at `depth` (…,) metres along the optical axis -> points (…, 3) in the camera frame."""
    xp = array_namespace(pixels)
    flat = (pixels - principal_point) / focal_length
    return xp.concat([flat * depth[..., None], depth[..., None]], axis=-1)


def view_rotation(pelvis: Array) -> Array:
    """The rotation (…, 4) that takes camera-frame vectors into the view frame of a subject.

    `pelvis` (…, 3) is in the camera frame. Looking straight along the image's up is the one direction where
    the frame is not determined; the result is finite there.
    """
    xp = array_namespace(pelvis)
    z = -unit(pelvis)
    image_up = constant_like([0.0, -1.0, 0.0], pelvis) + pelvis * 0
    y = unit(image_up - dot(image_up, z) * z)
    return quaternion.from_matrix(xp.stack([xp.linalg.cross(y, z), y, z], axis=-2))


def look_at(position: Array, target: Array, roll: Array) -> Array:
    """How a camera at `position` (…, 3) is turned (…, 4) to see `target` (…, 3) in the middle of its image.

    World up is +Y; `roll` (…,) radians turns the camera about its own axis afterwards.
    """
    xp = array_namespace(position)
    forward = unit(target - position)
    world_up = constant_like([0.0, 1.0, 0.0], forward) + forward * 0
    right = unit(xp.linalg.cross(forward, world_up))
    down = xp.linalg.cross(forward, right)
    upright = quaternion.from_matrix(xp.stack([right, down, forward], axis=-1))
    axis = constant_like([0.0, 0.0, 1.0], forward) + forward * 0
    return quaternion.multiply(upright, quaternion.from_axis_angle(axis, roll))
