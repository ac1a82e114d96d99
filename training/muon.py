"""The optimizer Muon (Jordan et al. 2024): steps for the matrices between hidden features, made orthogonal.

As torch's own, but for the precision of its products: torch always makes them in bfloat16, which processors that do not
have it emulate, at many times the price of all else in a training step. Here they are in bfloat16 only where the
hardware has that.
"""

from collections.abc import Iterable

import torch
from torch.optim import Optimizer

from training.precision import has_bfloat16

_MOMENTUM = 0.95
# Jordan's quintic iteration: its slope at zero is as large as can be, and after five rounds all singular values are
# near 1.
_A, _B, _C = 3.4445, -4.7750, 2.0315
_ROUNDS = 5
_TINY = 1e-7
# A step's root mean square is then as AdamW's, whatever the matrix's shape, so that both have one learning rate.
_AS_ADAMW = 0.2


class Muon(Optimizer):
    """Of matrices (outputs, inputs); `lr` means to it what it means to AdamW (Liu et al. 2025)."""

    def __init__(self, matrices: Iterable[torch.Tensor], lr: float, weight_decay: float) -> None:
        """`weight_decay` is decoupled, as AdamW's."""
        super().__init__(matrices, {"lr": lr, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self) -> None:  # type: ignore[override]  # nothing here steps by a closure
        """Moves every matrix that has a gradient."""
        for group in self.param_groups:
            for matrix in group["params"]:
                if matrix.grad is not None:
                    self._move(matrix, matrix.grad, group["lr"], group["weight_decay"])

    def _move(self, matrix: torch.Tensor, gradient: torch.Tensor, rate: float, decay: float) -> None:
        state = self.state[matrix]
        if not state:
            state["momentum_buffer"] = torch.zeros_like(matrix)
        momentum = state["momentum_buffer"]
        momentum.lerp_(gradient, 1 - _MOMENTUM)
        direction = orthogonal(gradient.lerp(momentum, _MOMENTUM))
        matrix.mul_(1 - rate * decay)
        matrix.add_(direction, alpha=-rate * _AS_ADAMW * max(matrix.shape) ** 0.5)


def orthogonal(matrix: torch.Tensor) -> torch.Tensor:
    """(m, n) with the same singular vectors, and all singular values near 1."""
    flat = matrix.T if matrix.shape[0] > matrix.shape[1] else matrix
    x = flat / flat.norm().clamp(min=_TINY)
    x = x.bfloat16() if has_bfloat16(matrix.device) else x
    for _ in range(_ROUNDS):
        gram = x @ x.T
        x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=_B, alpha=_C), x, beta=_A)
    x = x.to(matrix.dtype)
    return x.T if flat is not matrix else x
