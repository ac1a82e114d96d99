"""E_Q in NumPy: what runs in Blender and on the command line. Equal to the torch network to 1e-5.

A convolution over frames is one matrix product: the frames it sees are laid side by side.
"""

from collections.abc import Iterator

import numpy as np

from posenorm_core.architecture import REFINING_BLOCKS
from posenorm_core.prediction import Prediction, as_prediction
from posenorm_core.weights import Layer, Weights


def predict(weights: Weights, features: np.ndarray) -> Prediction:
    """Network input (T + 2·network_context, 72) -> what the network says of T frames."""
    features = features.astype(np.float32)
    layers = iter(weights.layers)
    hidden = _rectified(_convolution(features, *next(layers), dilation=1))
    for dilation in weights.architecture.dilations:
        inner = _rectified(_convolution(hidden, *next(layers), dilation=dilation))
        inner = _rectified(_convolution(inner, *next(layers), dilation=1))
        inner += hidden[dilation : len(hidden) - dilation]
        hidden = inner
    output = _convolution(hidden, *next(layers), dilation=1)
    context = weights.architecture.network_context
    within = features[context : len(features) - context]
    return as_prediction(output, within, weights.architecture, lambda seen: _refinement(hidden, seen, layers))


def _refinement(hidden: np.ndarray, seen: np.ndarray, layers: Iterator[Layer]) -> np.ndarray:
    """The numbers of the second network, of what the first had `hidden` (T, width) and what its draft's joints see."""
    x = _rectified(_convolution(np.concatenate([seen.astype(np.float32), hidden], axis=1), *next(layers), dilation=1))
    for _ in range(REFINING_BLOCKS):
        inner = _rectified(_convolution(x, *next(layers), dilation=1))
        x = x + _rectified(_convolution(inner, *next(layers), dilation=1))
    return _convolution(x, *next(layers), dilation=1)


def _convolution(x: np.ndarray, weight: np.ndarray, bias: np.ndarray, dilation: int) -> np.ndarray:
    """(T, in) through weight (K, in, out) without padding -> (T − (K−1)·dilation, out)."""
    kernel, inputs, outputs = weight.shape
    length = len(x) - (kernel - 1) * dilation
    if kernel > 1:
        x = np.concatenate([x[k * dilation : k * dilation + length] for k in range(kernel)], axis=1)
    result: np.ndarray = x @ weight.reshape(kernel * inputs, outputs)
    result += bias
    return result


def _rectified(x: np.ndarray) -> np.ndarray:
    """max(x, 0), in place."""
    np.maximum(x, 0, out=x)
    return x
