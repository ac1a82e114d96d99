"""The total loss of a batch, and the terms it is made of: each is computed only where its weight is not 0."""

from dataclasses import fields, replace

import torch
from torch import nn

from posenorm_core import quaternion
from posenorm_core.condition_skeleton import CONDITION_SKELETON, NON_LEAVES, PARENTS
from posenorm_core.kinematics import forward_kinematics
from posenorm_core.losses import (
    contact_loss,
    direction_loss,
    doubt_loss,
    foot_contact_loss,
    reconstruction_loss,
    rotation_consistency_loss,
    rotation_loss,
)
from posenorm_core.prediction import Prediction
from posenorm_core.torch_network import NormalizerNetwork
from training.baselines.own_bones import body_size
from training.configuration import LossWeights
from training.filming import Batch, feet_in_world, filmed_on

_TURNED = list(NON_LEAVES)


def objective(
    network: NormalizerNetwork, batch: Batch, weights: LossWeights
) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """The weighted sum, and its terms by name (unweighted, detached)."""
    said = network(batch.features)
    positions = forward_kinematics(batch.offsets[:, None], said.rotations, PARENTS)
    terms: dict[str, torch.Tensor] = {}
    if weights.reconstruction:
        terms["reconstruction"] = reconstruction_loss(positions, batch.positions)
    if weights.rotation:
        terms["rotation"] = rotation_loss(said.rotations[:, :, _TURNED], batch.rotations[:, :, _TURNED])
    if weights.foot_contact:
        terms["foot_contact"] = foot_contact_loss(feet_in_world(batch, positions), batch.contacts)
    if weights.cycle or weights.rotation_consistency:
        terms |= _cycle_terms(network, batch, said.rotations, weights)
    if weights.body_consistency:
        terms["body_consistency"] = _body_consistency(network, batch, said.rotations, weights.cycle_share)
    terms |= _ground_terms(said, batch, weights)
    if weights.doubt:
        off = quaternion.geodesic_angle(said.rotations[:, :, _TURNED], batch.rotations[:, :, _TURNED])
        terms["doubt"] = doubt_loss(said.doubt[:, :, _TURNED], off.detach())
    total = sum((getattr(weights, name) * term for name, term in terms.items()), positions.new_zeros(()))
    return total, {name: term.detach() for name, term in terms.items()}


def _ground_terms(said: Prediction, batch: Batch, weights: LossWeights) -> dict[str, torch.Tensor]:
    """What is learned of feet and vertical."""
    terms = {}
    if weights.contact:
        terms["contact"] = contact_loss(said.contacts, batch.contacts)
    if weights.up:
        terms["up"] = direction_loss(said.up, batch.up, batch.upright[:, None])
    return terms


def _first(batch: Batch, share: float) -> Batch:
    """The first `share` of a batch's windows."""
    count = max(1, round(share * len(batch.features)))
    return replace(batch, **{f.name: getattr(batch, f.name)[:count] for f in fields(batch)})


def _body_consistency(network: NormalizerNetwork, batch: Batch, rotations: torch.Tensor, share: float) -> torch.Tensor:
    """The true motion of a part of the batch filmed on its neighbour's body: the rotations must come out the same."""
    part = _first(batch, share)
    again = network(filmed_on(part, part.rotations, part.offsets.roll(1, dims=0))).rotations
    return rotation_loss(again[:, :, _TURNED], rotations[: len(again), :, _TURNED])


def _cycle_terms(
    network: NormalizerNetwork, batch: Batch, rotations: torch.Tensor, weights: LossWeights
) -> dict[str, torch.Tensor]:
    """The cycle branch on a part of the batch: pose the condition skeleton, film, predict again (the paper's)."""
    part = _first(batch, weights.cycle_share)
    rotations = rotations[: len(part.features)]
    condition = rotations.new_tensor(CONDITION_SKELETON.offsets).expand(len(rotations), -1, -1)
    again = network(filmed_on(part, rotations, condition)).rotations
    terms = {}
    if weights.rotation_consistency:
        terms["rotation_consistency"] = rotation_consistency_loss(rotations, again)
    if weights.cycle:
        cycled = forward_kinematics(part.offsets[:, None], again, PARENTS)
        terms["cycle"] = reconstruction_loss(cycled, part.positions)
    return terms


def lifting_objective(lifter: nn.Module, batch: Batch, squared: bool) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """The loss of a position lifter, in units of each body's size, and its name; `squared` as its paper has it."""
    truth = batch.positions / body_size(batch.offsets)[:, None, None, None]
    positions = lifter(batch.features)
    loss = (positions - truth).square().sum(-1).mean() if squared else reconstruction_loss(positions, truth)
    return loss, {"reconstruction": loss.detach()}
