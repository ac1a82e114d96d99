"""Weights files: what was saved comes back, and one line for whatever is wrong with a file."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from posenorm_core.architecture import Architecture
from posenorm_core.errors import InputError
from posenorm_core.weights import layer_shapes, load_weights, save_weights

SMALL = Architecture(width=4, dilations=(1,))


def saved(path: Path, **changes: Any) -> Path:
    """A small network's file, but for these arrays."""
    rng = np.random.default_rng(0)
    layers = [(rng.normal(size=shape), rng.normal(size=shape[2:])) for shape in layer_shapes(SMALL)]
    save_weights(path, SMALL, layers, {"steps": 3}, "float32")
    with np.load(path) as archive:
        arrays = {name: archive[name] for name in archive.files}
    np.savez(path, **(arrays | changes))
    return path


def test_what_was_saved_comes_back(tmp_path: Path) -> None:
    weights = load_weights(saved(tmp_path / "w.npz"))
    assert (weights.architecture, weights.card, weights.name) == (SMALL, {"steps": 3}, "w")
    first = np.random.default_rng(0).normal(size=layer_shapes(SMALL)[0])
    np.testing.assert_array_equal(weights.layers[0][0], first.astype(np.float32))


@pytest.mark.parametrize(("told", "refinements"), [({}, 0), ({"refined": False}, 0), ({"refined": True}, 1)])
def test_files_of_before_tell_the_pose_once_or_twice(tmp_path: Path, told: dict[str, Any], refinements: int) -> None:
    of_before = Architecture(width=4, dilations=(1,), refinements=refinements, refining_blocks=3)
    layers = [(np.ones(shape), np.ones(shape[2:])) for shape in layer_shapes(of_before)]
    save_weights(tmp_path / "w.npz", of_before, layers, {})
    with np.load(tmp_path / "w.npz") as archive:
        arrays = {name: archive[name] for name in archive.files}
    described = json.loads(str(arrays["architecture"]))
    del described["refinements"], described["refining_blocks"]
    np.savez(tmp_path / "w.npz", **(arrays | {"architecture": json.dumps(described | told)}))
    assert load_weights(tmp_path / "w.npz").architecture == of_before


FIRST = np.zeros(layer_shapes(SMALL)[0])
BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "another shape": ({"layer_0_weight": FIRST[:1]}, "layer 0 does not fit"),
    "complex numbers": ({"layer_0_weight": FIRST.astype("c8")}, "w.npz"),
    "whole numbers": ({"layer_0_weight": FIRST.astype(int)}, "should be fractions"),
    "texts": ({"layer_0_weight": FIRST.astype(str)}, "should be fractions"),
    "numbers beyond single precision": ({"layer_0_weight": FIRST + 1e300}, "not finite"),
    "nan": ({"layer_2_bias": np.full(4, np.nan)}, "layer 2 holds values that are not finite"),
    "a card that is a list": ({"card": "[1]"}, "description"),
    "a card without end": ({"card": "[" * 100_000}, "description"),
    "one and a half refinements": ({"architecture": '{"refinements": 1.5}'}, "refinements 1.5"),
    "an architecture of a number": ({"architecture": "3"}, "description"),
    "an architecture of nothing": ({"architecture": "{"}, "description"),
    "an architecture of long words": ({"architecture": json.dumps({"x" * 3000: 1})}, "description"),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("case", BROKEN)
def test_what_is_wrong_is_said_in_one_line(tmp_path: Path, case: str) -> None:
    changes, words = BROKEN[case]
    with pytest.raises(InputError) as caught:
        load_weights(saved(tmp_path / "w.npz", **changes))
    message = str(caught.value)
    assert message.startswith(str(tmp_path / "w.npz"))
    assert words in message
    assert "\n" not in message
    assert len(message) < 400
