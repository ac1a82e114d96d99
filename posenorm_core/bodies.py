"""Bodies drawn at random: people of many sizes and builds, for training and for tests."""

import numpy as np

from posenorm_core.condition_skeleton import CONDITION_SKELETON, JOINT_NAMES, MIRROR, PARENTS
from posenorm_core.errors import InputError
from posenorm_core.skeleton import Skeleton


def random_body(rng: np.random.Generator, spread: float = 0.15) -> Skeleton:
    """The condition skeleton with every bone, and then the whole, longer or shorter by up to `spread`.

    The two sides of the body are alike: a bone and the one opposite share their factor.

    Raises InputError where `spread` is not in 0…0.9.

    >>> body = random_body(np.random.default_rng(1))
    >>> bool(np.isclose(body.bone_lengths[2], body.bone_lengths[5]))
    True
    """
    if not 0 <= spread <= 0.9:
        raise InputError(f"spread is {spread}, it must be between 0 and 0.9")
    factors = rng.uniform(1 - spread, 1 + spread, len(JOINT_NAMES))
    of_pair = [min(joint, opposite) for joint, opposite in enumerate(MIRROR)]
    whole = rng.uniform(1 - spread, 1 + spread)
    return Skeleton(JOINT_NAMES, PARENTS, CONDITION_SKELETON.offsets * (whole * factors[of_pair])[:, None])
