"""A posed body as a camera draws it, and how its landmarks there move as joints turn and bones grow.

Turns are small ones about the axes of the view frame, one of each joint with all that hangs on it. In single
precision: a derivative is good for one step of an iteration.
"""

from dataclasses import dataclass

import numpy as np

from posenorm_core import quaternion
from posenorm_core.arrays import unit
from posenorm_core.body_shape import SHAPE_SIZE, WAYS
from posenorm_core.camera import view_rotation
from posenorm_core.condition_skeleton import JOINT_COUNT, NON_LEAVES, PARENTS
from posenorm_core.kinematics import pose_skeleton
from posenorm_core.landmarks import BONE_BEGINS, LANDMARK_COUNT, landmark_positions

# Metres from a usual camera to the pelvis, and how near to any camera a landmark may come.
_DISTANCE, _NEAREST = 4.0, 0.5
# The joint that each landmark hangs on; the pelvis hangs on nothing.
_HANGS_ON = (0, *BONE_BEGINS)


def _way(landmark: int) -> list[int]:
    """The bones from the pelvis to `landmark`, by where they end."""
    return [*_way(_HANGS_ON[landmark]), landmark] if landmark else []


# Each landmark with each bone on its way, and with each joint that turns one of these.
_MOVED, _BONE = np.array([(end, bone) for end in range(LANDMARK_COUNT) for bone in _way(end)]).T
_CARRIED, _JOINT = np.array(
    [(end, joint) for end in range(LANDMARK_COUNT) for joint in sorted({_HANGS_ON[bone] for bone in _way(end)})]
).T
_TURN = np.array([NON_LEAVES.index(joint) for joint in _JOINT])

# Numbers of a pose's derivative: three of each joint that turns, then how near the body is.
POSE_SIZE = 3 * len(NON_LEAVES) + 1
CAMERA_SIZE = 3


@dataclass(frozen=True)
class DrawnBody:
    """T frames, in metres beside the pelvis."""

    turned: np.ndarray  # (T, 19, 4) global rotations, view frame
    landmarks: np.ndarray  # (T, 24, 3) view frame
    camera: np.ndarray  # (T, CAMERA_SIZE), see `drawn_body`
    points: np.ndarray  # (T, 24, 2) as drawn, y up
    drawing: np.ndarray  # (T, 24, 2, 3) the derivative of each point by its landmark's place

    def by_pose(self) -> np.ndarray:
        """The derivative of the points by the pose (T, 48, POSE_SIZE)."""
        frames, drawing = len(self.points), self.drawing
        turns = np.zeros((frames, LANDMARK_COUNT, 2, len(NON_LEAVES), 3), np.float32)
        arms = self.landmarks[:, _CARRIED] - self.landmarks[:, _JOINT]
        # A turn ω moves what is at r by ω × r; along a direction d that is ω · (r × d).
        turns[:, _CARRIED, :, _TURN] = np.moveaxis(np.cross(arms[:, :, None], drawing[:, _CARRIED]), 1, 0)
        rows = (frames, 2 * LANDMARK_COUNT, -1)
        return np.concatenate([turns.reshape(rows), self.points.reshape(rows)], axis=2)

    def by_shape(self) -> np.ndarray:
        """The derivative of the points by the body's shape (T, 48, SHAPE_SIZE), see `body_shape`."""
        frames, drawing = len(self.points), self.drawing
        axes = quaternion.to_matrix(self.turned)[:, [_HANGS_ON[bone] for bone in _BONE]]
        bones = np.zeros((frames, LANDMARK_COUNT, 2, LANDMARK_COUNT, 3), np.float32)
        bones[:, _MOVED, :, _BONE] = np.moveaxis(drawing[:, _MOVED] @ axes, 1, 0)
        return np.asarray(bones.reshape(frames, 2 * LANDMARK_COUNT, -1) @ WAYS.reshape(SHAPE_SIZE, -1).T)

    def by_camera(self) -> np.ndarray:
        """The derivative of the points by the camera (T, 48, CAMERA_SIZE)."""
        step, columns = np.float32(1e-2), []
        for number in range(CAMERA_SIZE):
            other = self.camera.copy()
            other[:, number] += step
            columns.append((_seen(self.landmarks, other)[0] - self.points) / step)
        return np.asarray(np.stack(columns, axis=-1).reshape(len(self.points), 2 * LANDMARK_COUNT, CAMERA_SIZE))


def drawn_body(rotations: np.ndarray, offsets: np.ndarray, camera: np.ndarray) -> DrawnBody:
    """Local rotations (T, 19, 4), the root's in the view frame, on bodies of offsets (T, 24, 3), before a `camera`.

    That is (T, CAMERA_SIZE): the logarithm of how many times as far off as usual it is, and how far to the right and
    above where it looks it sees the pelvis (tangents).
    """
    positions, turned = pose_skeleton(offsets[:, :JOINT_COUNT], rotations, PARENTS)
    landmarks = landmark_positions(positions, turned, offsets[:, JOINT_COUNT:])
    return DrawnBody(turned, landmarks, camera, *_seen(landmarks, camera))


def _seen(landmarks: np.ndarray, camera: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The landmarks (T, 24, 3) as drawn (T, 24, 2), and the derivative (T, 24, 2, 3) of each point by its place."""
    farther, right, above = camera.T.astype(np.float32)
    distance = _DISTANCE * np.exp(farther)
    pelvis = unit(np.stack([right, -above, np.ones_like(right)], axis=-1)) * distance[:, None]
    axes = np.asarray(quaternion.to_matrix(quaternion.inverse(view_rotation(pelvis)))).astype(np.float32)
    within = landmarks @ np.swapaxes(axes, 1, 2) + pelvis[:, None]
    depth = np.maximum(within[..., 2], _NEAREST)
    ray = within[..., :2] / depth[..., None]
    # The image's y runs down, ours up.
    scale = distance[:, None, None] * np.array([1.0, -1.0], np.float32)
    points = (ray - (pelvis[:, :2] / pelvis[:, 2:])[:, None]) * scale
    rows = axes[:, None, :2] - ray[..., None] * axes[:, None, 2:]
    return points, rows * (scale / depth[..., None])[..., None]
