"""Procrustes alignment undoes every similarity, mirrors nothing, and no other similarity comes nearer."""

import pytest
import torch

from posenorm_core import quaternion
from training.procrustes import aligned


def poses(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, 19, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def moved(points: torch.Tensor, vector: torch.Tensor, scale: float, shift: torch.Tensor) -> torch.Tensor:
    return scale * quaternion.rotate(quaternion.from_rotation_vector(vector), points) + shift


def distance(a: torch.Tensor, b: torch.Tensor) -> float:
    return float((a - b).square().sum())


@pytest.mark.parametrize("scale", [0.01, 1.0, 30.0])
def test_a_turned_scaled_and_shifted_copy_comes_back(scale):
    target = poses(2, 3)
    copy = moved(target, torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64), scale, torch.tensor([3.0, 0.0, -9.0]))
    torch.testing.assert_close(aligned(copy, target), target, rtol=0, atol=1e-9)


def test_nothing_is_mirrored():
    target = poses()
    image = target * torch.tensor([-1.0, 1.0, 1.0])
    brought = aligned(image, target)
    assert distance(brought, target) > 1
    # Three bones from the first joint span a volume, whose sign tells the hands apart.
    assert torch.linalg.det(brought[1:4] - brought[0]) * torch.linalg.det(image[1:4] - image[0]) > 0


@pytest.mark.parametrize("mirrored", [1.0, -1.0])
def test_no_other_similarity_comes_nearer(mirrored):
    target, points = poses(seed=1), poses(seed=2) * torch.tensor([mirrored, 1.0, 1.0])
    best = aligned(points, target)
    middle = best.mean(dim=0)
    for step in (1e-3, 0.1, 2.0):
        for axis in torch.eye(3, dtype=torch.float64):
            for vector, scale, shift in ((axis, 1.0, 0.0), (0 * axis, 1 + step, 0.0), (0 * axis, 1.0, axis)):
                for sign in (step, -step):
                    other = moved(best - middle, sign * vector, scale ** (sign / step), middle + sign * shift)
                    assert distance(other, target) > distance(best, target)


def test_a_batch_is_aligned_frame_by_frame_and_the_target_broadcasts():
    points, target = poses(2, 4), poses(seed=1)
    whole = aligned(points, target)
    for view in range(2):
        for frame in range(4):
            torch.testing.assert_close(whole[view, frame], aligned(points[view, frame], target))


def test_a_point_and_a_line_are_brought_near_without_trouble():
    target = poses()
    on_one_spot = torch.ones(19, 3, dtype=torch.float64)
    torch.testing.assert_close(aligned(on_one_spot, target), target.mean(dim=0).expand(19, 3))
    line = torch.linspace(0, 1, 19, dtype=torch.float64)[:, None] * torch.tensor([1.0, 2.0, 3.0])
    turned = moved(line, torch.tensor([0.0, 1.0, 0.0], dtype=torch.float64), 2.0, torch.zeros(3))
    torch.testing.assert_close(aligned(turned, line), line, rtol=0, atol=1e-9)
