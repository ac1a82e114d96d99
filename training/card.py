"""What a weights file says of its training."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from training.configuration import Configuration
from training.features.configuration import FeatureConfiguration

# Options of `data` that name a file.
_FILES = ("path", "normalizer")


def training_card(configuration: Configuration | FeatureConfiguration, steps: int) -> dict[str, Any]:
    """The configuration and the steps taken; files by their names: our folders are nothing to who gets the weights."""
    described = asdict(configuration)
    for name in _FILES:
        if name in described["data"]:
            described["data"][name] = Path(described["data"][name]).name
    return {"configuration": described, "steps": steps}
