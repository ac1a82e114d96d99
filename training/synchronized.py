"""Layers that do in several processes what they would do in one that had the whole batch.

Window k of process r is window k · processes + r of the whole batch. Torch's own synchronized batch normalization
does not run on CPUs. Parameters and their names stay, so checkpoints and export know nothing of this.
"""

from typing import Any

import torch
from torch import distributed, nn

from training.distributed import rank, world_size


def synchronize(model: nn.Module) -> None:
    """Turns every batch normalization and dropout of `model` into one over all processes."""
    for module in model.modules():
        if type(module) in _SYNCHRONIZED:
            module.__class__ = _SYNCHRONIZED[type(module)]


class SynchronizedBatchNorm(nn.BatchNorm1d):
    """Batch normalization of rows (N, C) by the mean and variance of all processes' rows, N being the same in each."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """See the class."""
        if not self.training:
            return super().forward(input)
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        assert self.momentum is not None
        rows = input.float()
        # In two passes: the mean of squares less the squared mean would lose digits.
        mean = _mean_of_all(rows.mean(dim=0))
        centred = rows - mean
        variance = _mean_of_all(centred.square().mean(dim=0))
        with torch.no_grad():
            count = len(rows) * world_size()
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance * (count / (count - 1)), self.momentum)
            self.num_batches_tracked.add_(1)
        normalized = centred * torch.rsqrt(variance + self.eps) * self.weight + self.bias
        return normalized.to(input.dtype)


class SynchronizedDropout(nn.Dropout):
    """Dropout that draws for the whole batch in every process, from one seed, and takes its own windows' share.

    That is what one process would draw where the first axis is that of the windows, as it is in the normalizer.
    """

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """See the class."""
        everyone = input.new_ones(len(input) * world_size(), *input.shape[1:])
        return input * super().forward(everyone)[rank() :: world_size()]


_SYNCHRONIZED: dict[type[nn.Module], type[nn.Module]] = {
    nn.BatchNorm1d: SynchronizedBatchNorm,
    nn.Dropout: SynchronizedDropout,
}


def _mean_of_all(values: torch.Tensor) -> torch.Tensor:
    """The mean over the processes, with its gradient."""
    total: torch.Tensor = _SumOfAll.apply(values)
    return total / world_size()


class _SumOfAll(torch.autograd.Function):
    """The sum over the processes; what depends on it in any of them is in its gradient."""

    @staticmethod
    def forward(ctx: Any, values: torch.Tensor) -> torch.Tensor:
        total = values.clone()
        distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:
        total = gradient.clone(memory_format=torch.contiguous_format)
        distributed.all_reduce(total)
        return total
