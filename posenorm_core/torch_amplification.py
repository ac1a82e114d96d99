"""What is small in the picture and tells much, made larger before a network sees it."""

import numpy as np
import torch

from posenorm_core.landmarks import LANDMARK_COUNT, LANDMARK_NAMES

# Points that stand close together and tell a turn by how they stand to each other.
_DETAILS = (("nose", "left_ear", "right_ear"), ("right_toe", "right_heel"), ("left_toe", "left_heel"))


def amplification(detail: float, axes: int = 2) -> torch.Tensor:
    """The matrix (72, 72) that makes `detail` times larger how far each point of a group is from the group's mean.

    It is for three numbers a landmark, of which the first `axes` are of its place.

    A head's turn is some centimetres between nose and ears, on a body of two metres: seen as it is, a network
    takes very long to read it. The matrix is symmetric and can be inverted; 1 changes nothing.
    """
    matrix = torch.eye(3 * LANDMARK_COUNT)
    for group in _DETAILS:
        for axis in range(axes):
            places = [3 * LANDMARK_NAMES.index(name) + axis for name in group]
            spread = torch.eye(len(group)) - 1 / len(group)
            matrix[np.ix_(places, places)] += (detail - 1) * spread
    return matrix
