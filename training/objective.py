"""The total loss of a batch, and the terms it is made of: each is computed only where its weight is not 0.

A batch may be made of parts (`optimization.parts`): window k is then of part k % parts. Its loss is the mean of the
parts', and windows of different parts have nothing to do with each other, so that it does not matter which parts
are computed together.
"""

from collections.abc import Callable, Sequence
from dataclasses import fields, replace

import torch
from torch import nn

from posenorm_core import quaternion
from posenorm_core.arrays import constant_like, index_like
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
from posenorm_core.network_input import landmarks_of
from posenorm_core.prediction import Prediction
from posenorm_core.refinement import Draft
from posenorm_core.torch_network import NormalizerNetwork
from training.baselines.own_bones import body_size
from training.configuration import LossWeights
from training.filming import Batch, feet_in_world, filmed_on
from training.twist import twist_limit_loss

# Below this a window shows nothing whose size could be told; metres².
_TINY = 1e-6


def objective(
    network: NormalizerNetwork,
    batch: Batch,
    weights: LossWeights,
    parts: int = 1,
    twist_limits: torch.Tensor | None = None,
) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """The weighted sum, and its terms by name (unweighted, detached); `twist_limits` (13, 2) as its loss needs them."""
    said = network(batch.features)
    positions = forward_kinematics(batch.offsets[:, None], said.rotations, PARENTS)
    terms: dict[str, torch.Tensor] = {}
    if weights.reconstruction:
        terms["reconstruction"] = reconstruction_loss(positions, batch.positions)
    if weights.rotation:
        terms["rotation"] = rotation_loss(_turned(said.rotations), _turned(batch.rotations))
    if weights.twist_limit:
        assert twist_limits is not None
        terms["twist_limit"] = twist_limit_loss(said.rotations, twist_limits)
    if weights.foot_contact:
        terms["foot_contact"] = _by_part(foot_contact_loss, parts, feet_in_world(batch, positions), batch.contacts)
    if weights.cycle or weights.rotation_consistency:
        terms |= _cycle_terms(network, batch, said.rotations, weights, parts)
    if weights.body_consistency:
        terms["body_consistency"] = _body_consistency(network, batch, said.rotations, weights.cycle_share, parts)
    terms |= _draft_terms(said.drafts, batch, weights) | _ground_terms(said, batch, weights, parts)
    if weights.doubt:
        off = quaternion.geodesic_angle(_turned(said.rotations), _turned(batch.rotations))
        terms["doubt"] = doubt_loss(_turned(said.doubt), off.detach())
    total = sum((getattr(weights, name) * term for name, term in terms.items()), positions.new_zeros(()))
    return total, {name: term.detach() for name, term in terms.items()}


def _turned(values: torch.Tensor) -> torch.Tensor:
    """What is said of the joints that turn: (B, T, 19, …) -> (B, T, 14, …)."""
    return values[:, :, index_like(NON_LEAVES, values)]


def _draft_terms(drafts: Sequence[Draft], batch: Batch, weights: LossWeights) -> dict[str, torch.Tensor]:
    """What the networks learn that tell drafts, each its own; summed over the drafts."""
    terms: dict[str, torch.Tensor] = {}
    if drafts and weights.draft:
        truth = _turned(batch.rotations)
        terms["draft"] = torch.stack([rotation_loss(_turned(draft.rotations), truth) for draft in drafts]).sum()
    if drafts and weights.places:
        places = in_units_of_input(batch)
        terms["places"] = torch.stack([reconstruction_loss(draft.places, places) for draft in drafts]).sum()
    return terms


def in_units_of_input(batch: Batch) -> torch.Tensor:
    """The true landmarks (B, T, 24, 3), each window as large as it is seen: there x and y fit the input best."""
    frames = batch.landmarks.shape[1]
    context = (batch.features.shape[1] - frames) // 2
    seen = landmarks_of(batch.features[:, context : context + frames])
    flat = batch.landmarks[..., :2] * seen[..., 2:]
    size = (flat * seen[..., :2]).sum(dim=(1, 2, 3)) / flat.square().sum(dim=(1, 2, 3)).clamp(min=_TINY)
    return batch.landmarks * size[:, None, None, None]


def _ground_terms(said: Prediction, batch: Batch, weights: LossWeights, parts: int) -> dict[str, torch.Tensor]:
    """What is learned of feet and vertical."""
    terms = {}
    if weights.contact:
        terms["contact"] = contact_loss(said.contacts, batch.contacts)
    if weights.up:
        terms["up"] = _by_part(direction_loss, parts, said.up, batch.up, batch.upright[:, None])
    return terms


def _by_part(loss: Callable[..., torch.Tensor], parts: int, *values: torch.Tensor) -> torch.Tensor:
    """The mean over the parts of a loss that is itself a ratio, which the whole batch's is not the mean of."""
    return torch.stack([loss(*(value[k::parts] for value in values)) for k in range(parts)]).mean()


def _first(batch: Batch, share: float, parts: int) -> Batch:
    """The first `share` of each part's windows."""
    count = parts * max(1, round(share * len(batch.features) / parts))
    return replace(batch, **{f.name: getattr(batch, f.name)[:count] for f in fields(batch)})


def _body_consistency(
    network: NormalizerNetwork, batch: Batch, rotations: torch.Tensor, share: float, parts: int
) -> torch.Tensor:
    """The true motion of some of the batch filmed on its neighbour's body: the rotations must come out the same."""
    some = _first(batch, share, parts)
    again = network(filmed_on(some, some.rotations, some.offsets.roll(parts, dims=0))).rotations
    return rotation_loss(_turned(again), _turned(rotations[: len(again)]))


def _cycle_terms(
    network: NormalizerNetwork, batch: Batch, rotations: torch.Tensor, weights: LossWeights, parts: int
) -> dict[str, torch.Tensor]:
    """The cycle branch on some of the batch: pose the condition skeleton, film, predict again (the paper's)."""
    some = _first(batch, weights.cycle_share, parts)
    rotations = rotations[: len(some.features)]
    condition = constant_like(CONDITION_SKELETON.offsets, rotations).expand(len(rotations), -1, -1)
    again = network(filmed_on(some, rotations, condition)).rotations
    terms = {}
    if weights.rotation_consistency:
        terms["rotation_consistency"] = rotation_consistency_loss(rotations, again)
    if weights.cycle:
        cycled = forward_kinematics(some.offsets[:, None], again, PARENTS)
        terms["cycle"] = reconstruction_loss(cycled, some.positions)
    return terms


def lifting_objective(lifter: nn.Module, batch: Batch, squared: bool) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """The loss of a position lifter, in units of each body's size, and its name; `squared` as its paper has it."""
    truth = batch.positions / body_size(batch.offsets)[:, None, None, None]
    positions = lifter(batch.features)
    loss = (positions - truth).square().sum(-1).mean() if squared else reconstruction_loss(positions, truth)
    return loss, {"reconstruction": loss.detach()}
