"""Procrustes alignment: poses brought onto others as well as turning, scaling and shifting can.

Batched over any leading axes. Source: Umeyama, Least-Squares Estimation of Transformation Parameters Between Two
Point Patterns, 1991.
"""

import torch

# Squared metres below which points have no extent that could be scaled.
_NO_EXTENT = 1e-12


def aligned(points: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """`points` (…, J, 3) turned, scaled and shifted to the least squared distance from `target` (…, J, 3).

    Never mirrored. Leading axes broadcast; points that all stand on one spot go to the target's middle.
    """
    middle = target.mean(dim=-2, keepdim=True)
    centred = points - points.mean(dim=-2, keepdim=True)
    u, singular, vh = torch.linalg.svd(centred.mT @ (target - middle))
    # Where the best orthogonal matrix is a reflection, the best rotation turns the weakest axis over.
    handedness = torch.sign(torch.linalg.det(u) * torch.linalg.det(vh))
    signs = torch.stack([torch.ones_like(handedness), torch.ones_like(handedness), handedness], dim=-1)
    extent = centred.square().sum(dim=(-2, -1)).clamp(min=_NO_EXTENT)
    scale = (singular * signs).sum(dim=-1) / extent
    return scale[..., None, None] * (centred @ ((u * signs[..., None, :]) @ vh)) + middle
