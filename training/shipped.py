"""What ships, asked as the models that are trained here are: weights in the NumPy runtime, clean landmarks in."""

from dataclasses import replace
from functools import partial

import numpy as np
import torch

from posenorm_core.foreshortening import with_depth_from_lengths
from posenorm_core.network import predict
from posenorm_core.network_input import landmarks_of
from posenorm_core.prediction import Prediction, averaged_with_mirror
from posenorm_core.weights import Weights
from training.answer import Answer, Predict
from training.models import as_answer


def predictor(weights: Weights) -> Predict:
    """What `normalize` says of clean landmarks, with the NumPy runtime, as the one form models are scored in."""

    def ask(features: torch.Tensor, offsets: torch.Tensor) -> Answer:
        views = [_as_normalized(weights, view).parts() for view in features.numpy()]
        whole = Prediction(*(torch.from_numpy(np.stack(part)) for part in zip(*views, strict=True)))
        return as_answer(whole, offsets)

    return ask


def _as_normalized(weights: Weights, features: np.ndarray) -> Prediction:
    """What is said of the input (T', 72): averaged with its mirror image, its limbs as deep as their lengths tell."""
    said = averaged_with_mirror(partial(predict, weights), features)
    context = (len(features) - len(said.rotations)) // 2
    seen = landmarks_of(features[context : len(features) - context])
    return replace(said, rotations=with_depth_from_lengths(said.rotations, said.doubt, seen[..., :2], seen[..., 2]))
