"""Bodies as 43 numbers: how a person's bones differ from the condition skeleton's, left as right.

Each bone, and each of the five points fixed to head and feet, may be longer or shorter and point another way. The
numbers are shares of the bone's length, so that all of them are about as large.
"""

import numpy as np

from posenorm_core.condition_skeleton import CONDITION_SKELETON
from posenorm_core.landmarks import FIXED_OFFSETS, LANDMARK_COUNT, MIRROR

_MEAN = np.concatenate([CONDITION_SKELETON.offsets, FIXED_OFFSETS]).astype(np.float32)


def _ways() -> np.ndarray:
    """What one of each number is in offsets (43, 24, 3): a bone and its mirror image, or one in the middle."""
    ways = []
    for bone in range(1, LANDMARK_COUNT):
        mirrored = MIRROR[bone]
        for axis in range(3):
            if mirrored < bone or (mirrored == bone and axis == 0):  # the middle stays in the middle
                continue
            way = np.zeros_like(_MEAN)
            way[mirrored, axis] = -1.0 if axis == 0 else 1.0
            way[bone, axis] = 1.0
            ways.append(way * np.linalg.norm(_MEAN[bone]))
    return np.array(ways)


WAYS = _ways()
SHAPE_SIZE = len(WAYS)


def offsets_of(shape: np.ndarray) -> np.ndarray:
    """Shapes (…, 43) -> from where each landmark hangs on its joint (…, 24, 3) metres; zeros are the condition's."""
    return np.asarray(_MEAN + np.tensordot(shape, WAYS, axes=1).astype(np.float32))
