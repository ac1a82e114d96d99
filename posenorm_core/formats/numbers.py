"""Numbers that came from anywhere, as keypoints: finite, of a size that an image has, with a confidence in 0…1."""

from typing import Any

import numpy as np

from posenorm_core.errors import InputError
from posenorm_core.keypoints import LARGEST_COORDINATE


def plain_numbers(values: Any, name: str, called: str) -> np.ndarray:
    """A parsed list as (n,) float64; raises InputError where what is `called` so is anything but plain numbers."""
    try:
        numbers = np.array(values)
        usable = numbers.ndim == 1 and numbers.dtype.kind in "fiu"
    except (ValueError, OverflowError):
        usable = False
    if not usable:
        raise InputError(f"{name}: {called} must be plain numbers x, y, confidence, …")
    return numbers.astype(np.float64)


def keypoint_triples(values: np.ndarray, name: str) -> np.ndarray:
    """Numbers x, y, confidence, … as (K, 3) float32; raises InputError for what is no pixel and no confidence."""
    if not (np.abs(values) <= LARGEST_COORDINATE).all():
        worst = values[np.argmax(np.abs(values))]
        raise InputError(f"{name}: holds the number {worst:g}, which is no pixel and no confidence")
    keypoints = values.reshape(-1, 3).astype(np.float32)
    np.clip(keypoints[:, 2], 0, 1, out=keypoints[:, 2])
    return keypoints
