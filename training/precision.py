"""Mixed precision: matrix products in bfloat16 where the hardware has it; `benchmarks/training.py` measures the gain.

Weights, losses, forward kinematics and the network's last layer stay in full precision.
"""

import torch
from torch import nn


def mixed_precision(device: torch.device, wanted: bool) -> torch.autocast:
    """The context in which a training step runs the network."""
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=wanted and has_bfloat16(device))


def in_full_precision(layer: nn.Module, values: torch.Tensor) -> torch.Tensor:
    """What `layer` gives of `values` in its weights' own precision: a last layer's millimetres are none in bfloat16."""
    with torch.autocast(values.device.type, enabled=False):
        result: torch.Tensor = layer(values.to(next(layer.parameters()).dtype))
    return result


def has_bfloat16(device: torch.device) -> bool:
    """Whether `device` multiplies in bfloat16 itself; where it is emulated it costs more than it saves."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type == "cpu":
        capabilities = torch.cpu.get_capabilities()
        return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))
    return False
