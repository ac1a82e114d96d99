"""The evaluation command: figures of what ships, by family, in a table and in a file."""

import json
import sys

import pytest
import torch

from posenorm_core.architecture import Architecture
from posenorm_core.torch_network import NormalizerNetwork
from posenorm_core.weights import load_weights, save_weights
from training import evaluate, metrics
from training.dataset import builtin_data


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """An untrained network: its figures are bad, and they are figures."""
    torch.manual_seed(0)
    architecture = Architecture(width=8, dilations=(2,))
    path = tmp_path_factory.mktemp("weights") / "w.npz"
    save_weights(path, architecture, NormalizerNetwork(architecture).folded_layers(), {})
    return path


def test_what_is_measured_is_the_runtime_with_its_mirror_image(weights):
    loaded = load_weights(weights)
    data = builtin_data(0.2, seed=1, seconds_a_clip=1.0)
    batch = metrics.film_clip(data, 0, loaded.architecture.context, seed=0, views=2)
    rotations = evaluate.predictor(loaded)(batch.features)
    assert rotations.shape == batch.rotations.shape
    figures = evaluate.normalizer_figures(loaded, data)
    assert set(figures) == {"builtin", "mean"}
    assert figures["mean"].frames == evaluate._VIEWS * int(data.clip_length.sum())
    assert figures["mean"].mpjpe > 50


def test_the_command_writes_the_same_figures_that_it_prints(weights, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(evaluate, "builtin_data", lambda minutes, seed: builtin_data(0.1, seed, 1.0))
    out = tmp_path / "figures.json"
    arguments = ["evaluate", "normalizer", "--weights", str(weights), "--layout", "coco17", "-o", str(out)]
    monkeypatch.setattr(sys, "argv", arguments)
    assert evaluate.main() == 0
    mean = json.loads(out.read_text())["coco17"]["mean"]
    assert f"| mean | {mean['mpjpe']:.1f} | {mean['rotation']:.2f} |" in capsys.readouterr().out


def test_wrong_input_is_one_line(weights, tmp_path, monkeypatch, capsys):
    broken = tmp_path / "data.npz"
    broken.write_bytes(b"no archive")
    monkeypatch.setattr(sys, "argv", ["evaluate", "normalizer", "--weights", str(weights), "--data", str(broken)])
    assert evaluate.main() == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
