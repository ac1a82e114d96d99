"""How wrong a normalizer is, in the literature's measures, clip by clip and then as a mean over families.

The mean over families, so that hours of one kind of motion do not flatter the figure.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
import torch

from posenorm_core import quaternion
from posenorm_core.condition_skeleton import NON_LEAVES, PARENTS
from posenorm_core.kinematics import forward_kinematics
from training.dataset import MotionData
from training.filming import Batch, film
from training.layouts import visible
from training.windows import windows_at

# Network input (1, T + 2·network_context, 72) -> rotations (1, T, 19, 4).
Predict = Callable[[torch.Tensor], torch.Tensor]


@dataclass(frozen=True)
class Errors:
    """Means over frames: millimetres and degrees."""

    mpjpe: float  # with the subject's own bones, in the view frame, from the pelvis
    rotation: float  # geodesic, over the non-leaf joints without the root
    root: float
    frames: int


def mpjpe(positions: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """Mean per joint position error: (…, J, 3), (…, J, 3) -> () in their unit."""
    return torch.linalg.vector_norm(positions - truth, dim=-1).mean()


def errors_of(rotations: torch.Tensor, batch: Batch) -> Errors:
    """The errors of predicted `rotations` (B, T, 19, 4) on a filmed batch."""
    positions = forward_kinematics(batch.offsets[:, None], rotations, PARENTS)
    angles = quaternion.degrees(quaternion.geodesic_angle(rotations, batch.rotations))
    return Errors(
        mpjpe=1000 * float(mpjpe(positions, batch.positions)),
        rotation=float(angles[..., list(NON_LEAVES[1:])].mean()),
        root=float(angles[..., 0].mean()),
        frames=rotations.shape[0] * rotations.shape[1],
    )


def film_clip(
    data: MotionData, clip: int, context: int, *, seed: int, views: int = 1, longest: int | None = None
) -> Batch:
    """The clip (its first `longest` frames) whole, from `views` fixed random cameras, without a detector's faults."""
    device = data.rotations.device
    rng = torch.Generator(device=device).manual_seed(seed * 1_000_003 + clip)
    frames = int(data.clip_length[clip])
    used = min(frames, longest) if longest else frames
    times = torch.arange(-context, used + context, device=device).clamp(0, used - 1).float()
    which = torch.full((views,), clip, device=device)
    windows = windows_at(data, which, data.clip_start[which], times.expand(views, -1), data.clip_length[which])
    return film(windows, context, None, rng)


def hidden_as(layout: str, batch: Batch) -> torch.Tensor:
    """The batch's features as a detector of `layout` would give them: what it lacks is zero."""
    keep = torch.tensor(visible(layout), device=batch.features.device).repeat_interleave(3)
    return torch.where(keep, batch.features, torch.zeros_like(batch.features))


def evaluate(
    predict: Predict,
    data: MotionData,
    context: int,
    *,
    layout: str = "all",
    seed: int = 0,
    views: int = 1,
    longest: int | None = None,
) -> dict[str, Errors]:
    """Errors of each clip by its name, seen through `layout`."""
    result = {}
    with torch.no_grad():
        for clip in range(data.clip_count):
            batch = film_clip(data, clip, context, seed=seed, views=views, longest=longest)
            result[str(data.clip_name[clip])] = errors_of(predict(hidden_as(layout, batch)), batch)
    return result


def by_family(errors: dict[str, Errors], data: MotionData) -> dict[str, Errors]:
    """Frame-weighted means of each family's clips."""
    family_of = dict(zip(data.clip_name.tolist(), data.clip_family.tolist(), strict=True))
    grouped: dict[str, list[Errors]] = {}
    for name, value in errors.items():
        grouped.setdefault(family_of[name], []).append(value)
    return {family: _mean(values, [v.frames for v in values]) for family, values in sorted(grouped.items())}


def over_families(errors: dict[str, Errors]) -> Errors:
    """The plain mean of the families' errors: every family counts the same."""
    return _mean(list(errors.values()), [1] * len(errors))


def _mean(values: list[Errors], weights: list[int]) -> Errors:
    rows = np.array([[v.mpjpe, v.rotation, v.root] for v in values])
    means = np.average(rows, axis=0, weights=weights)
    return Errors(float(means[0]), float(means[1]), float(means[2]), frames=sum(v.frames for v in values))


def as_scalars(errors: Errors, prefix: str) -> dict[str, float]:
    """The figures by name, for logs."""
    return {f"{prefix}/{name}": value for name, value in asdict(errors).items() if name != "frames"}
