"""The weights file of E_Q: an `.npz` (no pickle) of convolutions with their normalization folded in.

Arrays: `layer_k_weight` (kernel, inputs, outputs) and `layer_k_bias` (outputs,), half precision, in the order
the network runs; `architecture` and `card` (how it was trained, its figures) as JSON strings.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from posenorm_core.architecture import KERNEL, Architecture, architecture_of_file
from posenorm_core.errors import InputError
from posenorm_core.files import load_archive, save_archive
from posenorm_core.network_input import INPUT_SIZE
from posenorm_core.prediction import output_size
from posenorm_core.refinement import REFINEMENT_INPUT, numbers_size

FORMAT, VERSION = "posenorm-weights", 3
SHIPPED = Path(__file__).parent / "weights" / "normalizer.npz"
# A convolution's weight (K, in, out) and bias (out,).
Layer = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Weights:
    """The layers in running order, float32, and where they come from."""

    architecture: Architecture
    layers: tuple[Layer, ...]
    card: dict[str, Any]
    name: str
    digest: str

    @property
    def parameter_count(self) -> int:
        """How many numbers the layers hold."""
        return sum(weight.size + bias.size for weight, bias in self.layers)


def layer_shapes(architecture: Architecture) -> list[tuple[int, int, int]]:
    """(kernel, inputs, outputs) of every convolution in running order: the network's, then those that refine."""
    width = architecture.width
    shapes = [(KERNEL, INPUT_SIZE, width)]
    for _ in architecture.dilations:
        shapes += [(KERNEL, width, width), (1, width, width)]
    shapes.append((1, width, output_size(architecture)))
    for k in range(architecture.refinements):
        shapes.append((1, REFINEMENT_INPUT + width, width))
        shapes += [(1, width, width)] * (2 * architecture.refining_blocks)
        shapes.append((1, width, numbers_size(architecture.head, last=k == architecture.refinements - 1)))
    return shapes


def save_weights(
    path: str | Path,
    architecture: Architecture,
    layers: list[Layer],
    card: dict[str, Any],
    precision: str = "float16",
) -> None:
    """Writes the weights file aside and renames it."""
    arrays: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "architecture": json.dumps(asdict(architecture)),
        "card": json.dumps(card),
    }
    for k, (weight, bias) in enumerate(layers):
        arrays[f"layer_{k}_weight"] = weight.astype(precision)
        arrays[f"layer_{k}_bias"] = bias.astype(precision)
    save_archive(path, arrays)


def load_weights(path: str | Path | None = None) -> Weights:
    """Reads a weights file, the shipped one by default; raises InputError naming what is wrong with it."""
    path = Path(path) if path is not None else SHIPPED
    arrays = load_archive(path, FORMAT, VERSION)
    try:
        architecture = architecture_of_file(json.loads(str(arrays["architecture"])))
        card = dict(json.loads(str(arrays["card"])))
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: its description of the network cannot be read ({error!s:.100})") from None
    layers = [_layer(arrays, k, shape, path) for k, shape in enumerate(layer_shapes(architecture))]
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    return Weights(architecture, tuple(layers), card, path.stem, digest)


def _layer(arrays: dict[str, np.ndarray], k: int, shape: tuple[int, int, int], path: Path) -> Layer:
    """The k-th layer in float32, checked against the shape the architecture asks for."""
    weight, bias = arrays.get(f"layer_{k}_weight"), arrays.get(f"layer_{k}_bias")
    if weight is None or bias is None or weight.shape != shape or bias.shape != shape[2:]:
        raise InputError(f"{path}: layer {k} does not fit the network it describes; the file is damaged")
    if weight.dtype.kind != "f" or bias.dtype.kind != "f":
        raise InputError(f"{path}: layer {k} should be fractions, is {weight.dtype} and {bias.dtype}")
    with np.errstate(over="ignore", invalid="ignore"):  # what comes of damaged numbers is refused below
        weight, bias = weight.astype(np.float32), bias.astype(np.float32)
    if not (np.isfinite(weight).all() and np.isfinite(bias).all()):
        raise InputError(f"{path}: layer {k} holds values that are not finite; the file is damaged")
    return weight, bias
