"""What ships, asked as the models that are trained here are: weights in the NumPy runtime, clean landmarks in."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import torch

from posenorm_core.foreshortening import with_depth_from_lengths
from posenorm_core.network import predict
from posenorm_core.network_input import landmarks_of
from posenorm_core.picture_fit import covering_picture
from posenorm_core.prediction import Prediction, averaged_with_mirror
from posenorm_core.weights import Weights
from training.answer import Answer, Predict
from training.models import as_answer


def predictor(weights: Weights, exact: bool = False) -> Predict:
    """What `normalize` says of clean landmarks, with the NumPy runtime, as the one form models are scored in.

    `exact` is what it is told of them.
    """
    in_picture: Callable[..., np.ndarray] = covering_picture if exact else with_depth_from_lengths

    def as_normalized(features: np.ndarray) -> Prediction:
        said = averaged_with_mirror(partial(predict, weights), features)
        context = (len(features) - len(said.rotations)) // 2
        seen = landmarks_of(features[context : len(features) - context])
        return replace(said, rotations=in_picture(said.rotations, said.doubt, seen[..., :2], seen[..., 2]))

    def ask(features: torch.Tensor, offsets: torch.Tensor) -> Answer:
        views = [as_normalized(view).parts() for view in features.numpy()]
        whole = Prediction(*(torch.from_numpy(np.stack(part)) for part in zip(*views, strict=True)))
        return as_answer(whole, offsets)

    return ask
