"""How wrong a motion's ground is: its vertical, its contacts, and the path of its root.

The path is measured as the literature does (the root translation error of WHAM, Shin et al., 2024): the mean
distance from the true path, in percent of the distance travelled, here in the horizontal and without scaling.
"""

import numpy as np

from posenorm_core import quaternion
from posenorm_core.motion import oriented_root
from posenorm_core.root_path import posed_body, root_path

_UP = np.array([0.0, 1.0, 0.0])


def up_error_degrees(up: np.ndarray, truth: np.ndarray) -> float:
    """The mean angle between verticals (…, 3) and (…, 3), which broadcast: one of a clip, and one of each frame.

    >>> up_error_degrees(np.array([0.0, 1.0, 0.0]), np.array([[0.0, 1.0, 0.0], [0.0, 1.0, 1.0]]))
    22.5
    """
    up, truth = np.broadcast_arrays(up, truth)
    across = np.linalg.norm(np.cross(up, truth), axis=-1)
    return float(np.degrees(np.arctan2(across, (up * truth).sum(axis=-1))).mean())


def contact_f1(contacts: np.ndarray, truth: np.ndarray) -> float:
    """F1 of "the foot stands", probability above a half, both feet counted together: (…, 2), (…, 2) -> 0…1.

    Several clips are measured as one, end to end. 1 where no foot stands and none is said to.
    """
    said, stands = np.asarray(contacts) > 0.5, np.asarray(truth) > 0.5
    wrong = int((said != stands).sum())
    right = int((said & stands).sum())
    return 2 * right / (2 * right + wrong) if right + wrong else 1.0


def distance_travelled(path: np.ndarray) -> float:
    """Metres along the horizontal of a path (T, 3), sway and all."""
    return float(np.linalg.norm(np.diff(path[:, [0, 2]], axis=0), axis=1).sum())


def root_path_error(path: np.ndarray, truth: np.ndarray) -> float:
    """Percent of the distance travelled that `path` (T, 3) is off `truth` (T, 3) in the mean over the frames.

    Horizontal. Both start at one place, and `path` is turned about the vertical there to where it fits best, since
    nobody knows where north is. NaN where the truth does not move.
    """
    travelled = distance_travelled(truth)
    if not travelled > 0:
        return float("nan")
    here, there = (_plane(p - p[:1]) for p in (path, truth))
    turn = np.vdot(here, there)
    turned = here * (turn / np.abs(turn) if np.abs(turn) > 0 else 1.0)
    return float(100 * np.abs(turned - there).mean() / travelled)


def true_heading_path(
    rotations: np.ndarray, root_position: np.ndarray, offsets: np.ndarray, contacts: np.ndarray, fps: float
) -> np.ndarray:
    """The path (T, 3) in `heading` of one who truly moves along `root_position` (T, 3) in a world with +Y up.

    The path of feet that stand ideally, and on top of it how the true one departs from that in the world, turned
    as the heading is. `rotations` (T, 19, 4) with the root's in the world, `contacts` (T, 2) the true ones.
    """
    unturned = rotations.copy()
    unturned[:, 0] = oriented_root(rotations[:, 0], _UP, "heading")
    turn = quaternion.multiply(unturned[:, 0], quaternion.inverse(rotations[:, 0])).astype(np.float64)
    ideal, in_world = (root_path(posed_body(r, offsets), contacts, fps) for r in (unturned, rotations))
    departure = np.diff(root_position - in_world, axis=0)
    steps = (quaternion.rotate(turn[1:], departure) + quaternion.rotate(turn[:-1], departure)) / 2
    path = ideal.copy()
    path[1:] += np.cumsum(steps, axis=0)
    path[:, 1] = root_position[:, 1]
    return path


def _plane(path: np.ndarray) -> np.ndarray:
    """The horizontal of (T, 3) as complex numbers (T,)."""
    return np.asarray(path[:, 0] + 1j * path[:, 2])
