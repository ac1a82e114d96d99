"""COCO's 17 keypoints or Human3.6M's 17 joints: as many, in different orders, and files often name the wrong one.

The shortest limbs (`layout.likeliest_layout`) do not tell them apart: read as Human3.6M's, the legs of COCO's lie in
its face. What does is the trunk of Human3.6M's, where number 8 lies between the shoulders 11 and 14, and 7 between 8
and the pelvis 0; in COCO these are elbows, far from there.
"""

from collections.abc import Sequence

import numpy as np

from posenorm_core.formats.coco_layouts import COCO_17, HUMAN36M_17
from posenorm_core.formats.detection_list import Detection
from posenorm_core.formats.layout import Layout

_PELVIS, _SPINE, _THORAX, _SHOULDERS = 0, 7, 8, [11, 14]
# How far the two lie from where a trunk has them, beside the mean distance of all 17 from their middle. Of 322 filmed
# clips with a detector's noise, Human3.6M's had 0.08 to 0.49, and COCO's 0.9 to 3.8.
_NO_TRUNK = 0.67


def layout_of_seventeen(detections: Sequence[Detection], otherwise: Layout) -> Layout:
    """The one of the two that `detections` have; `otherwise` where nobody is seen whole enough, or they are not 17."""
    seventeen = [detection.keypoints for detection in detections if len(detection.keypoints) == 17]
    if not seventeen:
        return otherwise
    keypoints = np.stack(seventeen).astype(np.float64)
    return _layout(keypoints[..., :2], keypoints[..., 2] > 0) or otherwise


def _layout(points: np.ndarray, seen: np.ndarray) -> Layout | None:
    """The layout of `points` (N, 17, 2), of which some are `seen` (N, 17); None where that cannot be told."""
    needed = seen[:, [_PELVIS, _SPINE, _THORAX, *_SHOULDERS]].all(axis=1)
    people, counted = points[needed], seen[needed][..., None]
    count = np.maximum(counted.sum(axis=1), 1)
    middle = (people * counted).sum(axis=1) / count
    spread = (np.linalg.norm(people - middle[:, None], axis=2) * counted[..., 0]).sum(axis=1) / count[:, 0]
    thorax = people[:, _THORAX] - people[:, _SHOULDERS].mean(axis=1)
    spine = people[:, _SPINE] - people[:, [_PELVIS, _THORAX]].mean(axis=1)
    off = np.linalg.norm(thorax, axis=1) + np.linalg.norm(spine, axis=1)
    whole = spread > 0
    if not whole.any():
        return None
    return HUMAN36M_17 if np.median(off[whole] / spread[whole]) < _NO_TRUNK else COCO_17
