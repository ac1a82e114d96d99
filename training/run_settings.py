"""The settings of a run as its result file tells them, and whether they are those that its row has now.

Files of before tell the learning rate and the number of parameters, later ones the whole configuration: what a file
tells is compared. The configuration is told and no digest of it, so that an option that is added later, which by
default does nothing, leaves every run as it is.
"""

import functools
from dataclasses import replace
from typing import Any

from posenorm_core.errors import InputError
from training.card import training_card
from training.configuration import Configuration, from_mapping
from training.models import build_model


def told_settings(configuration: Configuration, steps: int) -> dict[str, Any]:
    """What a result file tells of them."""
    return {"learning_rate": configuration.optimization.learning_rate, **training_card(configuration, steps)}


def of_settings(content: dict[str, Any], configuration: Configuration) -> bool:
    """Whether a result file's `content` is of a training with `configuration`, as far as it tells."""
    course = configuration.optimization
    if content["steps"] != course.steps or content.get("learning_rate", course.learning_rate) != course.learning_rate:
        return False
    if "configuration" not in content:
        return "parameters" not in content or content["parameters"] == _parameters(configuration)
    try:
        return same_training(from_mapping(content["configuration"]), configuration)
    except (InputError, AttributeError):  # it has an option that there is no more, or is none
        return False


def same_training(told: Configuration, configuration: Configuration) -> bool:
    """Whether both train the same: the same data set elsewhere is the same."""
    return replace(told, data=replace(told.data, path=configuration.data.path)) == configuration


@functools.cache
def _parameters(configuration: Configuration) -> int:
    return sum(parameter.numel() for parameter in build_model(configuration).parameters())
