"""E_Q in NumPy: what runs in Blender and on the command line. Equal to the torch network to 1e-5.

A convolution over frames is one matrix product: the frames it sees are laid side by side.
"""

from functools import partial
from itertools import islice

import numpy as np

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
    each = 2 + 2 * weights.architecture.refining_blocks
    tells = [partial(_refinement, list(islice(layers, each))) for _ in range(weights.architecture.refinements)]
    return as_prediction(output, within, weights.architecture, hidden, tells)


def _refinement(layers: list[Layer], hidden: np.ndarray, seen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """See `refinement.Tell`."""
    enter, *blocks, leave = layers
    x = _rectified(_convolution(np.concatenate([seen.astype(np.float32), hidden], axis=1), *enter, dilation=1))
    for first, second in zip(blocks[::2], blocks[1::2], strict=True):
        inner = _rectified(_convolution(x, *first, dilation=1))
        x = x + _rectified(_convolution(inner, *second, dilation=1))
    return x, _convolution(x, *leave, dilation=1)


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
