"""Training passes through every singular point sooner or later: no gradient there may be NaN or infinite."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from strategies import SINGULAR_QUATERNIONS

from posenorm_core import quaternion
from posenorm_core.arrays import norm, unit

torch = pytest.importorskip("torch")

ZEROS = np.zeros((2, 3))
DEGENERATE_6D = np.array([[0.0] * 6, [1.0, 0, 0, 0, 0, 0], [1.0, 2, 3, 1, 2, 3], [1.0, 2, 3, -1, -2, -3]])
# Singular values well apart; the second of them with a determinant below 0.
STRETCHED_9D = np.array(
    [[3.0, 0, 0, 0, 2, 0, 0, 0, 1], [3, 0.1, 0, 0, 2, 0, 0.2, 0, -1], [1, 0, 2, 0, 0, 0.5, 3, 9, 1]]
)
UNITS = np.concatenate([np.eye(3), -np.eye(3)])

CALLS: dict[str, tuple[Callable[..., Any], np.ndarray]] = {
    "norm of zero": (norm, ZEROS),
    "unit of zero": (unit, ZEROS),
    "normalize of zero": (quaternion.normalize, np.zeros((2, 4))),
    "geodesic angle to itself": (lambda q: quaternion.geodesic_angle(q, q.detach()), SINGULAR_QUATERNIONS),
    "geodesic angle to its negative": (lambda q: quaternion.geodesic_angle(-q.detach(), q), SINGULAR_QUATERNIONS),
    "geodesic angle from nothing": (
        lambda q: quaternion.geodesic_angle(quaternion.identity_like(q), q),
        SINGULAR_QUATERNIONS,
    ),
    "from rotation vector": (quaternion.from_rotation_vector, np.concatenate([ZEROS, 1e-9 * UNITS, np.pi * UNITS])),
    "to rotation vector": (quaternion.to_rotation_vector, SINGULAR_QUATERNIONS),
    "slerp to itself": (lambda q: quaternion.slerp(q, q.detach(), 0.5), SINGULAR_QUATERNIONS),
    "between equal": (lambda u: quaternion.between(u, u.detach()), UNITS),
    "between opposite": (lambda u: quaternion.between(u, -u.detach()), UNITS),
    "between zero": (lambda u: quaternion.between(u, u.detach()), ZEROS),
    "swing": (lambda q: quaternion.swing_twist(q, torch.tensor([1, 0, 0]).to(q))[0], SINGULAR_QUATERNIONS),
    "twist": (lambda q: quaternion.swing_twist(q, torch.tensor([0, 1, 0]).to(q))[1], SINGULAR_QUATERNIONS),
    "matrix and back": (lambda q: quaternion.from_matrix(quaternion.to_matrix(q)), SINGULAR_QUATERNIONS),
    "6D and back": (lambda q: quaternion.from_6d(quaternion.to_6d(q)), SINGULAR_QUATERNIONS),
    "6D degenerate": (quaternion.from_6d, DEGENERATE_6D),
    "9D stretched": (quaternion.from_9d, STRETCHED_9D),
}


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("name", CALLS)
def test_gradients_are_finite(name: str, precision: str) -> None:
    """Of a sum in which every component counts differently, so that nothing cancels."""
    call, values = CALLS[name]
    x = torch.tensor(values, dtype=getattr(torch, precision), requires_grad=True)
    y = call(x)
    weights = torch.arange(1, y.numel() + 1, dtype=y.dtype).reshape(y.shape)
    (y * weights).sum().backward()
    assert torch.isfinite(y).all()
    assert torch.isfinite(x.grad).all()


def test_the_geodesic_loss_pulls_at_unit_strength() -> None:
    """Away from the singular points the gradient is the true one: turning about the axis changes the angle 1 to 1."""
    angle = torch.tensor([1e-6, 1e-3, 1.0, 3.0], dtype=torch.float64, requires_grad=True)
    axis = torch.tensor([0.0, 0.6, 0.8], dtype=torch.float64).expand(4, 3)
    turned = quaternion.from_axis_angle(axis, angle)
    quaternion.geodesic_angle(quaternion.identity_like(turned.detach()), turned).sum().backward()
    np.testing.assert_allclose(angle.grad, np.ones(4), atol=1e-9)


SIZES = {
    quaternion.from_rotation_vector: 3,
    quaternion.from_6d: 6,
    quaternion.from_9d: 9,
    quaternion.normalize: 4,
}


@pytest.mark.parametrize(("call", "size"), SIZES.items(), ids=lambda value: getattr(value, "__name__", None))
def test_gradients_are_true(call: Callable[..., Any], size: int) -> None:
    """Against finite differences, at random points and near zero."""
    points = np.random.default_rng(2).normal(size=(5, size))
    if call is quaternion.from_rotation_vector:
        points = np.concatenate([points, np.zeros((1, 3)), np.full((1, 3), 2e-5)])
    assert torch.autograd.gradcheck(call, torch.tensor(points, requires_grad=True))
