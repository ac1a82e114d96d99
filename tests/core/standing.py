"""People who stand, and who sit, as rotations: what the tests of the trunk's rest pose share."""

import numpy as np

from posenorm_core import quaternion
from posenorm_core.condition_skeleton import CONDITION_SKELETON, JOINT_COUNT, JOINT_NAMES
from posenorm_core.rest_pose import BodyMotion

THIGHS = [JOINT_NAMES.index(f"{side}_hip") for side in ("right", "left")]
# How far forward one person's trunk is pitched by his calibration, radians.
CROOKED = np.array([0.35, -0.2, 0.1])


def swaying(frames: int = 60, seed: int = 0) -> BodyMotion:
    """Somebody upright who sways a little in every joint."""
    random = np.random.default_rng(seed)
    time = np.arange(frames)[:, None, None] / 30
    vectors = 0.08 * np.sin(
        random.uniform(1, 3, (1, JOINT_COUNT, 3)) * time + random.uniform(0, 6, (1, JOINT_COUNT, 3))
    )
    vectors[:, list(CONDITION_SKELETON.leaves)] = 0
    return BodyMotion(CONDITION_SKELETON.offsets, np.asarray(quaternion.from_rotation_vector(vectors)))


def sitting(frames: int = 60) -> BodyMotion:
    """The same with his thighs level: never upright on his legs."""
    motion = swaying(frames)
    rotations = motion.rotations.copy()
    rotations[:, THIGHS] = quaternion.from_rotation_vector(np.array([-np.pi / 2, 0.0, 0.0]))
    return BodyMotion(motion.offsets, rotations)
