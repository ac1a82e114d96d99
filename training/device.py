"""The device that a training runs on."""

import torch

from posenorm_core.errors import InputError


def chosen_device(name: str | None) -> torch.device:
    """The device asked for, else a GPU where there is one."""
    if name is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        return torch.zeros(1, device=name).device
    except (RuntimeError, AssertionError):
        raise InputError(f"--device {name}: is not to be had here; choose cpu") from None
