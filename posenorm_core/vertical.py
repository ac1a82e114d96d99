"""The vertical of a clip whose camera stands still: one direction in the view frame, from noisy ones a frame.

First a robust middle of what the network says, frame by frame; then the feet correct it: where both stand, the
line from sole to sole is level.
"""

import numpy as np

from posenorm_core.arrays import unit
from posenorm_core.root_path import Body, standing_feet

_IMAGE_UP = np.array([0.0, 1.0, 0.0])
_ROUNDS = 30
# Radians: nearer than this to the middle every frame counts alike.
_NEAR = 0.01
# Metres squared: how far the soles must be apart, in the root mean square over the clip (0.3 m), to count as
# much as the frames do.
_TRUST = 0.1


def clip_vertical(up: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """The direction (3,) to which `up` (T, 3) is nearest in the weighted sum of chords: their geometric median.

    Frames that are far off pull no more than those that are near (Weiszfeld's algorithm on the sphere).
    `weight` (T,) is not negative. What is not finite does not count; the image's up where nothing is left.

    >>> clip_vertical(np.array([[0.0, 1.0, 0.0], [0.0, 2.0, 0.0], [1.0, 0.0, 0.0]]), np.ones(3)).round(3).tolist()
    [0.0, 1.0, 0.0]
    """
    usable = np.isfinite(up).all(axis=1) & np.isfinite(weight) & (np.abs(up).sum(axis=1) > 0)
    directions = np.asarray(unit(np.where(usable[:, None], up, _IMAGE_UP).astype(np.float64)))
    counts = np.where(usable, weight, 0.0)
    middle = (counts[:, None] * directions).sum(axis=0)
    if np.linalg.norm(middle) <= 1e-9 * counts.sum():
        return _IMAGE_UP.copy()
    for _ in range(_ROUNDS):
        near = np.maximum(np.linalg.norm(directions - np.asarray(unit(middle)), axis=1), _NEAR)
        middle = ((counts / near)[:, None] * directions).sum(axis=0)
    return np.asarray(unit(middle))


def levelled_by_feet(vertical: np.ndarray, body: Body, contacts: np.ndarray, fps: float) -> np.ndarray:
    """`vertical` (3,) turned (3,) so that the soles of feet that stand together are about level.

    The v with the least mean of (v · d)² + _TRUST |v - vertical|² over the frames, d being the vector between the
    soles where both feet stand. One who stands with his feet together changes next to nothing.

    Args:
        vertical: unit, in the frame of the body.
        body: in the view frame.
        contacts: (T, 2) probability that the right and the left foot stand; NaN where not known.
        fps: frames a second.
    """
    height = body.soles @ vertical
    lower = (height == height.min(axis=2, keepdims=True))[..., None]
    ends = (body.soles * lower).sum(axis=2) / lower.sum(axis=2)
    apart = (ends[:, 0] - ends[:, 1]) * np.sqrt(standing_feet(contacts, fps).prod(axis=1))[:, None]
    spread = apart.T @ apart / max(len(apart), 1)
    return np.asarray(unit(np.linalg.solve(spread + _TRUST * np.eye(3), _TRUST * vertical)))
