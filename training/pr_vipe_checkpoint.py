"""Pr-VIPE's checkpoints, and what the model in one makes of a clip."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from posenorm_core.cleaning import cleaned
from posenorm_core.keypoints import Keypoints
from training.baselines.pr_vipe import Gaussians, PrVipe, normalized_landmarks
from training.state_files import load_state, save_state

FORMAT, VERSION = "pr-vipe-checkpoint", 1
_AVERAGED = "module."


def save_content(content: dict[str, Any], path: Path) -> None:
    """Writes a training's state; the one before stays until the new one is whole on the disk."""
    save_state(path, FORMAT, VERSION, content)


def load_content(path: Path) -> dict[str, Any]:
    """A training's state; raises InputError where the file holds none, or is damaged. Runs no code from it."""
    return load_state(path, FORMAT, VERSION)


def load_pr_vipe(path: Path) -> PrVipe:
    """The averaged model of a checkpoint; raises InputError where the file holds none, or is damaged."""
    average, model = load_content(path)["average"], PrVipe()
    model.load_state_dict({k.removeprefix(_AVERAGED): v for k, v in average.items() if k.startswith(_AVERAGED)})
    return model.eval()


def embedded(model: nn.Module, clip: Keypoints) -> Gaussians:
    """What a Pr-VIPE makes of each of the clip's T frames, cleaned as `normalize` cleans its own."""
    points = torch.from_numpy(cleaned(clip).points.astype(np.float32))
    with torch.no_grad():
        said: Gaussians = model.eval()(normalized_landmarks(points))
    return said
