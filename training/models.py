"""The models that are trained side by side: the normalizer, those that listen by attention, and position lifters.

One harness trains and scores them all: here is how each is built, what it is taught by and how it is asked.
"""

import torch
from torch import nn

from posenorm_core.condition_skeleton import PARENTS
from posenorm_core.kinematics import forward_kinematics
from posenorm_core.network_input import INPUT_CONTEXT
from posenorm_core.prediction import Prediction, averaged_with_mirror
from posenorm_core.torch_network import NormalizerNetwork
from training.answer import Answer, Predict
from training.attention import LandmarkAttention, TimeAttention
from training.baselines.martinez import Martinez
from training.baselines.own_bones import body_size
from training.baselines.semgcn import SemGcn
from training.baselines.videopose3d import VideoPose3D
from training.configuration import Configuration
from training.filming import Batch
from training.objective import lifting_objective, objective

NORMALIZERS: dict[str, type[NormalizerNetwork]] = {
    "normalizer": NormalizerNetwork,
    "time_attention": TimeAttention,
    "landmark_attention": LandmarkAttention,
}
LIFTERS: dict[str, type[nn.Module]] = {"martinez": Martinez, "semgcn": SemGcn, "videopose3d": VideoPose3D}
# Whose papers take the squared distance; the other's takes the distance.
_SQUARED = ("martinez", "semgcn")


def build_model(configuration: Configuration) -> nn.Module:
    """A model with fresh weights; a lifter has its published size and dropout."""
    if configuration.model in LIFTERS:
        return LIFTERS[configuration.model]()
    course = configuration.optimization
    return NORMALIZERS[configuration.model](configuration.network, course.dropout, course.detail)


def clip_context(model: nn.Module) -> int:
    """Frames of 2D input that `model` needs on either side of an output frame, the sliding size's included."""
    return int(model.context) + INPUT_CONTEXT  # type: ignore[arg-type]


def loss_of(
    model: nn.Module,
    batch: Batch,
    configuration: Configuration,
    parts: int = 1,
    twist_limits: torch.Tensor | None = None,
) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """The total loss of `model` on a batch of `parts` and its terms by name; see `training.objective`."""
    if isinstance(model, NormalizerNetwork):
        return objective(model, batch, configuration.losses, parts, twist_limits)
    return lifting_objective(model, batch, squared=configuration.model in _SQUARED)


def answering(model: nn.Module, mirror: bool = False) -> Predict:
    """How a trained model is asked; with `mirror` a normalizer's answer is averaged over the mirrored input."""

    def normalizer(features: torch.Tensor, offsets: torch.Tensor) -> Answer:
        return as_answer(averaged_with_mirror(model, features) if mirror else model(features), offsets)

    def lifter(features: torch.Tensor, offsets: torch.Tensor) -> Answer:
        return Answer(model(features) * body_size(offsets)[:, None, None, None])

    return normalizer if isinstance(model, NormalizerNetwork) else lifter


def as_answer(prediction: Prediction, offsets: torch.Tensor) -> Answer:
    """What is predicted (B, T), posed on the bodies `offsets` (B, 19, 3)."""
    positions = forward_kinematics(offsets[:, None], prediction.rotations, PARENTS)
    return Answer(positions, *prediction.parts())
