"""What several of the training's tests need."""

from pathlib import Path

import pytest
import torch

from posenorm_core.architecture import Architecture
from posenorm_core.torch_network import NormalizerNetwork
from posenorm_core.weights import save_weights


@pytest.fixture(scope="session")
def untrained_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The weights file of an untrained network: its figures are bad, and they are figures."""
    torch.manual_seed(0)
    architecture = Architecture(width=8, dilations=(2,))
    path = tmp_path_factory.mktemp("weights") / "w.npz"
    save_weights(path, architecture, NormalizerNetwork(architecture).folded_layers(), {})
    return path
