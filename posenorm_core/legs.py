"""The two legs of any skeleton, and the soles they stand on: flat, tilted, and rolling over heel and ball.

Arrays are (T, 2, …): right leg, left leg. Frames are upright, +Y up.
"""

from dataclasses import dataclass

import numpy as np

from posenorm_core import quaternion
from posenorm_core.along_time import eased, evened, highest
from posenorm_core.condition_skeleton import JOINT_NAMES
from posenorm_core.kinematics import pose_skeleton
from posenorm_core.root_path import BALL_HEIGHT
from posenorm_core.skeleton import Skeleton

_Y = np.array([0.0, 1.0, 0.0])
# The heel is behind the ankle by this share of how far the ball is before it (as in `landmarks`).
_HEEL = 0.05 / 0.138
# Metres: a foot stands on its ball unless the heel is lower by more than the first; by the second, on the heel alone.
_ROLLING = (0.01, 0.03)
# Radians: a sole tilted less than the first is flat, one tilted more than the second is meant to be tilted.
_TILT = np.radians((4.0, 20.0))
_HEEL_LIFT = 0.1  # seconds before a heel is lifted that the sole is let go


@dataclass(frozen=True)
class Legs:
    """The joints of the right leg and of the left, and how high ankle and ball are above the sole in the rest pose."""

    hips: tuple[int, int]
    knees: tuple[int, int]
    ankles: tuple[int, int]
    toes: tuple[int, int] | None  # the balls of the feet; None where the skeleton ends at the ankles
    ankle_height: float
    toe_height: float

    @property
    def joints(self) -> tuple[list[int], list[int], list[int]]:
        """Hips, knees and ankles as indices."""
        return list(self.hips), list(self.knees), list(self.ankles)

    @property
    def sole_height(self) -> float:
        """Metres from the points of `sole_points` down to the floor that they stand on."""
        return self.ankle_height if self.toes is None else self.toe_height


def legs_of_condition_skeleton(skeleton: Skeleton) -> Legs:
    """The legs of a skeleton with the condition skeleton's joints."""
    hips, knees, ankles, toes = (
        (JOINT_NAMES.index(f"right_{part}"), JOINT_NAMES.index(f"left_{part}"))
        for part in ("hip", "knee", "ankle", "toe")
    )
    drop = -float(skeleton.offsets[list(toes), 1].mean())
    return Legs(hips, knees, ankles, toes, drop + BALL_HEIGHT, BALL_HEIGHT)


def sole_points(skeleton: Skeleton, legs: Legs, posed: np.ndarray, turned: np.ndarray) -> np.ndarray:
    """From each ankle to ball and heel (T, 2, 2, 3), equally high when the foot is flat; zero without a toe.

    `posed` (T, J, 3) and `turned` (T, J, 4) are the joints' positions and global rotations.
    """
    ankles = posed[:, list(legs.ankles)]
    if legs.toes is None:
        return np.zeros((*ankles.shape[:2], 2, 3))
    rest = np.zeros((len(skeleton.parents), 4))
    rest[:, 0] = 1
    positions, _ = pose_skeleton(skeleton.offsets, rest, skeleton.parents)
    heels = -_HEEL * (positions[list(legs.toes)] - positions[list(legs.ankles)])
    heels[:, 1] = legs.toe_height - legs.ankle_height
    behind = quaternion.rotate(turned[:, list(legs.ankles)], np.broadcast_to(heels, ankles.shape))
    return np.stack([posed[:, list(legs.toes)] - ankles, behind], axis=2)


def levelling(upright: np.ndarray, fps: float) -> np.ndarray:
    """The turn (T, 2, 3) that makes soles with the normals `upright` (T, 2, 3) flat, but for those meant to be tilted.

    It ends before a heel is lifted: pressed down in the last moment it would stretch the leg.
    """
    turn = quaternion.to_rotation_vector(quaternion.between(upright, _Y))
    reach = round(_HEEL_LIFT * fps)
    tilt = highest(np.linalg.norm(turn, axis=-1), reach)
    share = evened(1 - eased((tilt - _TILT[0]) / (_TILT[1] - _TILT[0])), reach)
    return np.asarray(turn * share[..., None])


def rolled(points: np.ndarray) -> np.ndarray:
    """The ankles' way (T, 2, 3) over feet that roll without sliding, up to a constant.

    `points` (T, 2, 2, 3) are ball and heel as seen from the ankle. A flat foot swivels about its ball.
    """
    higher = points[:, :, 0, 1] - points[:, :, 1, 1]
    heel = eased((higher - _ROLLING[0]) / (_ROLLING[1] - _ROLLING[0]))
    share = np.stack([1 - heel, heel], axis=-1)[..., None]
    steps = ((share[1:] + share[:-1]) / 2 * np.diff(points, axis=0)).sum(axis=2)
    return np.concatenate([np.zeros_like(points[:1, :, 0]), -np.cumsum(steps, axis=0)])
