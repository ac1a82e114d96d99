"""What stands under a pose: the vertical of the clip, and the path of the root over the floor.

From what the network says of each frame and from the picture; `vertical` and `root_path` are the two halves.
"""

import numpy as np

from posenorm_core import quaternion
from posenorm_core.keypoints import Keypoints
from posenorm_core.motion import oriented_root
from posenorm_core.prediction import Prediction
from posenorm_core.root_path import posed_body, root_path, seen_steps
from posenorm_core.vertical import clip_vertical, levelled_by_feet


def vertical_and_path(said: Prediction, keypoints: Keypoints, offsets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The vertical (3,) in the view frame and the root's path (T, 3) in the heading frame, metres.

    `said` is told at the keypoints' own T frames; `offsets` (19, 3) is the body that is posed.
    """
    contacts, fps = said.contacts, keypoints.fps
    seen = (keypoints.confidence > 0).mean(axis=1)
    body, view_root = posed_body(said.rotations, offsets), said.rotations[:, 0].astype(np.float64)
    up = levelled_by_feet(clip_vertical(said.up, seen), body, contacts, fps)
    upright_root = oriented_root(view_root, up, "heading")
    steps = seen_steps(body, view_root, upright_root, keypoints.points, keypoints.confidence, keypoints.image_size, fps)
    upright = body.turned(quaternion.multiply(upright_root, quaternion.inverse(view_root)))
    return up, root_path(upright, contacts, fps, steps)
