"""The two array libraries in both precisions, and how closely results must agree in each."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from posenorm_core.arrays import Array


@dataclass(frozen=True)
class Library:
    """One of NumPy and torch at one precision."""

    name: str
    dtype: str
    tolerance: float  # what a handful of operations on numbers near 1 may lose

    def array(self, values: Any) -> Array:
        """`values` as this library's array of this precision."""
        if self.name == "numpy":
            return np.asarray(values, dtype=self.dtype)
        torch = pytest.importorskip("torch")
        return torch.tensor(np.asarray(values), dtype=getattr(torch, self.dtype))

    def numbers(self, array: Array) -> np.ndarray:
        """The result as float64 NumPy, once it is known to have kept library and precision."""
        kept = array.dtype.name if self.name == "numpy" else str(array.dtype).removeprefix("torch.")
        assert kept == self.dtype
        assert isinstance(array, np.ndarray | np.generic) == (self.name == "numpy")
        return np.asarray(array, dtype=np.float64)


LIBRARIES = (
    Library("numpy", "float64", 1e-12),
    Library("numpy", "float32", 3e-6),
    Library("torch", "float64", 1e-12),
    Library("torch", "float32", 3e-6),
)


def assert_close(found: np.ndarray, expected: np.ndarray, tolerance: float) -> None:
    """Every number within `tolerance`, the shapes being equal."""
    assert np.shape(found) == np.shape(expected)
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance)


def assert_same_rotation(found: np.ndarray, expected: np.ndarray, tolerance: float) -> None:
    """Quaternions (…, 4) within `tolerance` but for the sign of each."""
    assert found.shape == expected.shape
    sign = np.where(np.sum(found * expected, axis=-1, keepdims=True) < 0, -1.0, 1.0)
    np.testing.assert_allclose(sign * found, expected, rtol=0, atol=tolerance)
