"""The weights file of E_P: an `.npz` (no pickle) of named arrays in half precision, and how they were trained."""

import functools
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from posenorm_core.embedding.architecture import EmbeddingArchitecture
from posenorm_core.embedding.network import parameter_shapes
from posenorm_core.errors import InputError
from posenorm_core.files import load_archive, require, save_archive

FORMAT, VERSION = "posenorm-embedding", 1
SHIPPED = Path(__file__).parents[1] / "weights" / "embedding.npz"


@dataclass(frozen=True)
class EmbeddingWeights:
    """E_P's parameters by name, float32, and where they come from."""

    architecture: EmbeddingArchitecture
    parameters: Mapping[str, np.ndarray]
    card: dict[str, Any]
    name: str
    digest: str

    @property
    def parameter_count(self) -> int:
        """How many numbers there are."""
        return sum(values.size for values in self.parameters.values())


def save_embedding(
    path: str | Path, architecture: EmbeddingArchitecture, parameters: Mapping[str, np.ndarray], card: dict[str, Any]
) -> None:
    """Writes the weights file aside and renames it."""
    described = {"architecture": json.dumps(asdict(architecture)), "card": json.dumps(card)}
    arrays = {f"parameter_{name}": values.astype(np.float16) for name, values in parameters.items()}
    save_archive(path, {"format": FORMAT, "version": VERSION, **described, **arrays})


def load_embedding(path: str | Path | None = None) -> EmbeddingWeights:
    """Reads a weights file, the shipped one by default; raises InputError naming what is wrong with it."""
    return _shipped() if path is None else _read(Path(path))


@functools.cache
def _shipped() -> EmbeddingWeights:
    return _read(SHIPPED)


def _read(path: Path) -> EmbeddingWeights:
    arrays = load_archive(path, FORMAT, VERSION)
    try:
        described = json.loads(str(arrays["architecture"]))
        architecture = EmbeddingArchitecture(**described | {"dilations": tuple(described["dilations"])})
        card = dict(json.loads(str(arrays["card"])))
    except (KeyError, TypeError, ValueError, RecursionError, InputError) as error:
        raise InputError(f"{path}: its description of the network cannot be read ({error!s:.100})") from None
    shapes = parameter_shapes(architecture)
    require(arrays, path, **{f"parameter_{name}": shape for name, shape in shapes.items()})
    with np.errstate(over="ignore", invalid="ignore"):  # what comes of damaged numbers is refused below
        parameters = {name: arrays[f"parameter_{name}"].astype(np.float32) for name in shapes}
    if not all(np.isfinite(values).all() for values in parameters.values()):
        raise InputError(f"{path}: holds weights that are not finite; the file is damaged")
    return EmbeddingWeights(
        architecture, parameters, card, path.stem, hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    )
