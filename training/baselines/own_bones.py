"""What a position lifter says, brought to a body it was not told: its size, or its own bones.

A picture does not show how tall somebody is. The lifters answer on a body as large as the condition skeleton, and
are scored with the subject's own bones like the normalizer: the directions are theirs, the lengths the subject's.
"""

import torch

from posenorm_core import arrays
from posenorm_core.condition_skeleton import CONDITION_SKELETON, PARENTS

# A bone shorter than this points nowhere; metres.
_NO_LENGTH = 1e-9


def body_size(offsets: torch.Tensor) -> torch.Tensor:
    """How large bodies of `offsets` (…, 19, 3) are (…): the sum of their bones, the condition skeleton's being 1."""
    lengths = torch.linalg.vector_norm(offsets[..., 1:, :], dim=-1)
    return lengths.sum(dim=-1) / float(CONDITION_SKELETON.bone_lengths.sum())


def with_bones_of(positions: torch.Tensor, offsets: torch.Tensor) -> torch.Tensor:
    """Joint `positions` (…, 19, 3), every bone made as long as the body's of `offsets` (…, 19, 3), pelvis at zero.

    Laid from the pelvis outwards. A bone without length has no direction and takes the T-pose's. Leading axes
    broadcast.
    """
    parents = list(PARENTS[1:])
    bones = positions[..., 1:, :] - positions[..., parents, :]
    own = offsets[..., 1:, :]
    length = arrays.norm(bones)
    bones = torch.where(length > _NO_LENGTH, arrays.unit(bones) * arrays.norm(own), own)
    laid = [torch.zeros_like(bones[..., 0, :])]
    for joint, parent in enumerate(parents, start=1):
        laid.append(laid[parent] + bones[..., joint - 1, :])
    return torch.stack(laid, dim=-2)
