"""One spelling of the batched mathematics for NumPy and torch.

Every function that trains and also runs in Blender takes its namespace from its argument
(the array API standard, through array-api-compat), so the two can never drift apart.
"""

import contextlib
import functools
import operator
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from array_api_compat import array_namespace, device

# A NumPy array or a torch tensor; shapes are told in the docstrings.
Array = Any

__all__ = ["Array", "array_namespace", "constant_like", "device", "dot", "index_like", "norm", "unit"]


def constant_like(values: Any, like: Array) -> Array:
    """`values` as an array of `like`'s library, floating type and device; not to be written to."""
    if isinstance(like, np.ndarray):
        return np.asarray(values, dtype=like.dtype)
    return _kept(array_namespace(like), _frozen(values), like.dtype, device(like))


def index_like(places: Sequence[int], like: Array) -> Array:
    """`places` as integers on `like`'s device, to index it with; not to be written to."""
    if isinstance(like, np.ndarray):
        return np.asarray(places, dtype=np.int64)
    xp = array_namespace(like)
    return _kept(xp, tuple(places), xp.int64, device(like))


@functools.cache
def _kept(xp: Any, values: Hashable, dtype: Any, where: Any) -> Array:
    """An array made once: sending one to a GPU waits until the GPU has done all it was given before.

    What torch makes in its inference mode no training may use later, and this is kept.
    """
    with xp.inference_mode(False) if hasattr(xp, "inference_mode") else contextlib.nullcontext():
        return xp.asarray(values, dtype=dtype, device=where)


def _frozen(values: Any) -> Hashable:
    """Nested lists, tuples or an array as nested tuples."""
    if isinstance(values, np.ndarray):
        values = values.tolist()
    return tuple(_frozen(value) for value in values) if isinstance(values, list | tuple) else values


def dot(a: Array, b: Array) -> Array:
    """Scalar product over the last axis, which is kept with length 1: (…, n), (…, n) -> (…, 1).

    Written out for vectors and quaternions: NumPy sums an axis so short ten times slower.
    """
    product = a * b
    if product.shape[-1] > 4:
        return array_namespace(product).sum(product, axis=-1, keepdims=True)
    return functools.reduce(operator.add, (product[..., k : k + 1] for k in range(product.shape[-1])))


def norm(a: Array) -> Array:
    """Euclidean length over the last axis, which is kept with length 1: (…, n) -> (…, 1).

    At zero the root has no slope and autograd would give NaN; there the gradient is zero.
    """
    xp = array_namespace(a)
    square = dot(a, a)
    zero = square == 0
    return xp.where(zero, square, xp.sqrt(xp.where(zero, xp.ones_like(square), square)))


def unit(a: Array, smallest: float = 1e-12) -> Array:
    """`a` at length 1 over its last axis; what is shorter than `smallest` is divided by that, never by zero.

    The square is clamped before the root, so that the gradient at zero is finite too.
    """
    xp = array_namespace(a)
    return a / xp.sqrt(xp.clip(dot(a, a), smallest * smallest, None))
