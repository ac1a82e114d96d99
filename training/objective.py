"""The total loss of a batch, and the terms it is made of: each is computed only where its weight is not 0."""

from dataclasses import fields, replace

import torch

from posenorm_core.condition_skeleton import CONDITION_SKELETON, NON_LEAVES, PARENTS
from posenorm_core.kinematics import forward_kinematics
from posenorm_core.losses import (
    foot_contact_loss,
    reconstruction_loss,
    rotation_consistency_loss,
    rotation_loss,
)
from posenorm_core.torch_network import NormalizerNetwork
from training.configuration import LossWeights
from training.filming import Batch, feet_in_world, filmed_on


def objective(
    network: NormalizerNetwork, batch: Batch, weights: LossWeights
) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """The weighted sum, and its terms by name (unweighted, detached)."""
    rotations = network(batch.features)
    positions = forward_kinematics(batch.offsets[:, None], rotations, PARENTS)
    terms: dict[str, torch.Tensor] = {}
    if weights.reconstruction:
        terms["reconstruction"] = reconstruction_loss(positions, batch.positions)
    if weights.rotation:
        turned = list(NON_LEAVES)
        terms["rotation"] = rotation_loss(rotations[:, :, turned], batch.rotations[:, :, turned])
    if weights.foot_contact:
        terms["foot_contact"] = foot_contact_loss(feet_in_world(batch, positions), batch.contacts)
    if weights.cycle or weights.rotation_consistency:
        terms |= _cycle_terms(network, batch, rotations, weights)
    total = sum((getattr(weights, name) * term for name, term in terms.items()), rotations.new_zeros(()))
    return total, {name: term.detach() for name, term in terms.items()}


def _cycle_terms(
    network: NormalizerNetwork, batch: Batch, rotations: torch.Tensor, weights: LossWeights
) -> dict[str, torch.Tensor]:
    """The cycle branch on the first `cycle_share` of the batch: pose the condition skeleton, film, predict again."""
    count = max(1, round(weights.cycle_share * len(rotations)))
    part = replace(batch, **{f.name: getattr(batch, f.name)[:count] for f in fields(batch)})
    condition = rotations.new_tensor(CONDITION_SKELETON.offsets)
    again = network(filmed_on(part, rotations[:count], condition))
    terms = {}
    if weights.rotation_consistency:
        terms["rotation_consistency"] = rotation_consistency_loss(rotations[:count], again)
    if weights.cycle:
        cycled = forward_kinematics(part.offsets[:, None], again, PARENTS)
        terms["cycle"] = reconstruction_loss(cycled, part.positions)
    return terms
