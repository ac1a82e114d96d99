"""The demo's two clips: jumping jacks by two bodies, from two views, at two speeds."""

import numpy as np

from posenorm_core.bodies import random_body
from posenorm_core.builtin_motion.clip import builtin_clip
from posenorm_core.keypoints import Keypoints
from posenorm_core.synthetic_view import film

_FPS = 30.0


def demo_clips() -> tuple[Keypoints, Keypoints]:
    """The same action twice: once from the front by one body, once faster, from the side, by another.

    >>> first, second = demo_clips()
    >>> len(first), len(second)
    (150, 120)
    """
    small, tall = (random_body(np.random.default_rng(seed), spread=0.12) for seed in (4, 9))
    slow = builtin_clip("jumping_jack", seconds=5.0, fps=_FPS, speed=0.85, skeleton=small)
    fast = builtin_clip("jumping_jack", seconds=4.0, fps=_FPS, speed=1.15, skeleton=tall)
    front = film(
        slow.rotations,
        slow.root_position,
        slow.skeleton,
        azimuth=np.deg2rad(20.0),
        elevation=np.deg2rad(5.0),
        distance=4.5,
        focal_length=1350.0,
        fps=_FPS,
    )
    side = film(
        fast.rotations,
        fast.root_position,
        fast.skeleton,
        azimuth=np.deg2rad(-55.0),
        elevation=np.deg2rad(18.0),
        distance=5.5,
        focal_length=1450.0,
        fps=_FPS,
    )
    return front, side
