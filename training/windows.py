"""Windows of motion drawn at random: which clip, where, how fast, and how several are made into one.

A window is L frames of rotations, root path and contacts, (B, L, …). Beyond a clip's ends its first or last
frame is held, which is what inference does with a whole clip's ends.
"""

from dataclasses import dataclass

import numpy as np
import torch

from posenorm_core import quaternion
from posenorm_core.arrays import index_like
from posenorm_core.condition_skeleton import JOINT_COUNT, JOINT_NAMES, MIRROR
from posenorm_core.errors import InputError
from posenorm_core.mirror import mirrored_directions, mirrored_feet, mirrored_points, mirrored_rotations
from training.configuration import Augmentation
from training.dataset import BUILTIN_FAMILY, MotionData
from training.pose_prior import JOINTS, PosePrior

_UPPER = [j for j, name in enumerate(JOINT_NAMES) if not any(s in name for s in ("hip", "knee", "ankle", "toe"))][1:]
# What hangs on the trunk and stands on no floor: each may come from another clip.
_HANGING = tuple(
    [JOINT_NAMES.index(name) for name in names]
    for names in (("neck",), ("left_shoulder", "left_elbow"), ("right_shoulder", "right_elbow"))
)
_LEG = [JOINT_NAMES.index("right_knee"), JOINT_NAMES.index("right_ankle")]
# For each joint itself or its mirror image, the same for both.
_ONE_SIDE = [min(joint, other) for joint, other in enumerate(MIRROR)]


@dataclass(frozen=True)
class Windows:
    """B windows of L frames, root in a Y-up world; `offsets` (B, 19, 3) is each window's body."""

    rotations: torch.Tensor  # (B, L, 19, 4)
    root_position: torch.Tensor  # (B, L, 3)
    contacts: torch.Tensor  # (B, L, 2)
    offsets: torch.Tensor  # (B, 19, 3)
    upright: torch.Tensor  # (B,) false where the whole body was turned any way: there is no vertical then

    def to(self, device: torch.device) -> "Windows":
        """The same on another device, to which they are copied while the caller goes on."""
        if device == self.offsets.device:
            return self
        return Windows(**{name: value.pin_memory().to(device, non_blocking=True) for name, value in vars(self).items()})


def clip_probabilities(
    data: MotionData,
    family_power: float,
    builtin_share: float,
    parts: int = 1,
    running_rarity: torch.Tensor | None = None,
) -> torch.Tensor:
    """(parts, C) probability of each clip in each part of a batch, which draws from a share of the clips of its own.

    Families by their length to `family_power`, clips within by their length, or by their frames' rarity (see
    `training.rarity`). Raises InputError where there are more parts than clips.
    """
    if parts > data.clip_count:
        raise InputError(f"optimization.parts = {parts}, but the training data have {data.clip_count} clips; lower it")
    shares = _shares(data.clip_family, parts)
    within = data.clip_length if running_rarity is None else running_rarity[data.clip_start].diff()
    weights = within.cpu().double().numpy()
    rows = [_probabilities(data, weights, family_power, builtin_share, shares == part) for part in range(parts)]
    return torch.from_numpy(np.stack(rows)).to(data.rotations.device)


def _shares(families: np.ndarray, parts: int) -> np.ndarray:
    """(C,) which part each clip belongs to: dealt out family by family, so that each part has some of each."""
    shares = np.empty(len(families), dtype=np.int64)
    shares[np.argsort(families, kind="stable")] = np.arange(len(families)) % parts
    return shares


def _probabilities(
    data: MotionData, within: np.ndarray, family_power: float, builtin_share: float, share: np.ndarray
) -> np.ndarray:
    """(C,) probability of each clip, of those where `share` (C,) is true; in a family by the weights `within` (C,)."""
    lengths = data.clip_length.cpu().double().numpy()
    weights = np.zeros(data.clip_count)
    for family in np.unique(data.clip_family[share]):
        members = (data.clip_family == family) & share
        weights[members] = within[members] / within[members].sum() * lengths[members].sum() ** family_power
    builtin = data.clip_family == BUILTIN_FAMILY
    if weights[builtin].any() and weights[~builtin].any():
        weights[builtin] *= builtin_share / weights[builtin].sum()
        weights[~builtin] *= (1 - builtin_share) / weights[~builtin].sum()
    return weights / weights.sum()


def draw_windows(
    data: MotionData,
    probabilities: torch.Tensor,
    batch: int,
    length: int,
    tempo: float,
    rng: torch.Generator,
    running_rarity: torch.Tensor | None = None,
) -> Windows:
    """`batch` windows of `length` frames of clips drawn with `probabilities` (C,).

    Each is played at e^U[−tempo, tempo] times its speed. Its middle falls anywhere in the clip, or by the frames'
    rarity.
    """
    device = data.rotations.device
    clips = torch.multinomial(probabilities, batch, replacement=True, generator=rng)
    speed = torch.exp(tempo * (2 * torch.rand(batch, generator=rng, device=device) - 1))
    start, frames = data.clip_start[clips], data.clip_length[clips]
    if running_rarity is None:
        middle = torch.rand(batch, generator=rng, device=device) * frames
    else:
        middle = _rare_middle(running_rarity, start, frames, rng)
    times = middle[:, None] + speed[:, None] * (torch.arange(length, device=device) - length / 2)
    times = torch.minimum(times.clamp(min=0), (frames - 1)[:, None].to(times.dtype))
    return windows_at(data, clips, start, times, frames)


def _rare_middle(
    running: torch.Tensor, start: torch.Tensor, frames: torch.Tensor, rng: torch.Generator
) -> torch.Tensor:
    """A time (B,) in each of the clips that begin at `start` (B,), by what their `frames` (B,) weigh."""
    share = torch.rand(len(start), generator=rng, device=start.device, dtype=running.dtype)
    drawn = torch.lerp(running[start], running[start + frames], share)
    frame = torch.searchsorted(running, drawn, right=True) - 1
    frame = torch.minimum(torch.maximum(frame, start), start + frames - 1)
    within = (drawn - running[frame]) / (running[frame + 1] - running[frame])
    return ((frame - start) + within).float()


def windows_at(
    data: MotionData, clips: torch.Tensor, start: torch.Tensor, times: torch.Tensor, frames: torch.Tensor
) -> Windows:
    """Clips (B,) read at fractional frame `times` (B, L); neighbours are blended, quaternions by nlerp."""
    before = times.floor().long()
    fraction = (times - before).to(data.rotations.dtype)
    after = torch.minimum(before + 1, (frames - 1)[:, None])
    first, second = start[:, None] + before, start[:, None] + after
    q = torch.lerp(data.rotations[first], data.rotations[second], fraction[..., None, None])
    # Between two frames a foot stands where it stands in both; on a frame, where it does there.
    standing = torch.minimum(data.contacts[first], data.contacts[second])
    return Windows(
        rotations=quaternion.normalize(q),
        root_position=torch.lerp(data.root_position[first], data.root_position[second], fraction[..., None]),
        contacts=torch.where(fraction[..., None] > 0, standing, data.contacts[first]),
        offsets=data.clip_offsets[clips],
        upright=torch.ones(len(clips), dtype=torch.bool, device=clips.device),
    )


def augmented(windows: Windows, options: Augmentation, rng: torch.Generator, prior: PosePrior | None = None) -> Windows:
    """Other poses and other bodies from the same motion; see `Augmentation` for each step."""
    windows = recombined(windows, _chosen(windows, options.recombine, rng), rng)
    if options.exchange:
        windows = exchanged(windows, options.exchange, rng)
    if prior is not None:
        windows = departed(windows, _chosen(windows, options.prior, rng), prior, rng)
    windows = mirrored(windows, _chosen(windows, options.mirror, rng))
    windows = perturbed(windows, _chosen(windows, options.perturb, rng), options.perturb_degrees, rng)
    windows = tilted(windows, _chosen(windows, options.tilt, rng), rng)
    return rescaled(windows, options.bone_range, rng)


def recombined(windows: Windows, chosen: torch.Tensor, rng: torch.Generator) -> Windows:
    """The chosen (B,) windows get the upper body of another; legs, root path and contacts stay together."""
    other = torch.randperm(len(chosen), generator=rng, device=chosen.device)
    rotations, upper = windows.rotations.clone(), index_like(_UPPER, windows.rotations)
    swapped = windows.rotations[other][:, :, upper]
    rotations[:, :, upper] = torch.where(chosen[:, None, None, None], swapped, rotations[:, :, upper])
    return _with(windows, rotations=rotations)


def exchanged(windows: Windows, share: float, rng: torch.Generator) -> Windows:
    """Each arm and each head of about `share` of the windows is that of another window."""
    rotations = windows.rotations.clone()
    for part in _HANGING:
        chosen = _chosen(windows, share, rng)[:, None, None, None]
        other = torch.randperm(len(chosen), generator=rng, device=chosen.device)
        joints = index_like(part, rotations)
        rotations[:, :, joints] = torch.where(chosen, windows.rotations[other][:, :, joints], rotations[:, :, joints])
    return _with(windows, rotations=rotations)


def mirrored(windows: Windows, chosen: torch.Tensor) -> Windows:
    """The chosen (B,) windows seen in a mirror: left and right exchanged, x turned over."""
    pick = chosen[:, None, None]
    return Windows(
        torch.where(pick[..., None], mirrored_rotations(windows.rotations), windows.rotations),
        torch.where(pick, mirrored_directions(windows.root_position), windows.root_position),
        torch.where(pick, mirrored_feet(windows.contacts), windows.contacts),
        torch.where(pick, mirrored_points(windows.offsets), windows.offsets),
        windows.upright,
    )


def perturbed(windows: Windows, chosen: torch.Tensor, degrees: float, rng: torch.Generator) -> Windows:
    """Smooth random turns, of `degrees` in the mean, on every joint of the chosen (B,) windows but the root."""
    batch, length = windows.rotations.shape[:2]
    device = windows.rotations.device
    # A constant and a slow wave a joint and axis: the pose moves off the recorded ones and stays smooth.
    shape = (batch, 1, len(JOINTS), 3)
    time = torch.arange(length, device=device)[None, :, None, None] / 30.0
    rate, phase, height, level = (torch.rand(shape, generator=rng, device=device) for _ in range(4))
    wave = (2 * height - 1) * torch.sin(2 * torch.pi * (phase + (0.1 + 0.9 * rate) * time)) + (2 * level - 1)
    return _turned(windows, chosen, wave * (degrees * torch.pi / 180))


def departed(windows: Windows, chosen: torch.Tensor, prior: PosePrior, rng: torch.Generator) -> Windows:
    """The chosen (B,) windows, every joint but the root moved along a path of `prior`: slowly, and all together."""
    return _turned(windows, chosen, prior.paths(len(chosen), windows.rotations.shape[1], rng))


def _turned(windows: Windows, chosen: torch.Tensor, vectors: torch.Tensor) -> Windows:
    """The joints of the chosen (B,) windows turned by rotation vectors (B, L, 13, 3) in their own frames."""
    rotations, joints = windows.rotations.clone(), index_like(JOINTS, windows.rotations)
    turned = quaternion.multiply(rotations[:, :, joints], quaternion.from_rotation_vector(vectors))
    rotations[:, :, joints] = torch.where(chosen[:, None, None, None], turned, rotations[:, :, joints])
    return _with(windows, rotations=rotations)


def tilted(windows: Windows, chosen: torch.Tensor, rng: torch.Generator) -> Windows:
    """The chosen (B,) windows turned any way as a whole; nothing stands on a floor then."""
    whole = quaternion.normalize(torch.randn(len(chosen), 4, generator=rng, device=chosen.device))
    whole = torch.where(chosen[:, None], whole, quaternion.identity_like(whole))
    rotations = windows.rotations.clone()
    rotations[:, :, 0] = quaternion.multiply(whole[:, None], rotations[:, :, 0])
    path = quaternion.rotate(whole[:, None], windows.root_position)
    contacts = torch.where(chosen[:, None, None], torch.zeros_like(windows.contacts), windows.contacts)
    return Windows(rotations, path, contacts, windows.offsets, windows.upright & ~chosen)


def rescaled(windows: Windows, bone_range: float, rng: torch.Generator) -> Windows:
    """Every body with other bone lengths, left and right alike; the root path scales with the legs."""
    batch = len(windows.offsets)
    factors = 1 + bone_range * (2 * torch.rand(batch, JOINT_COUNT, generator=rng, device=windows.offsets.device) - 1)
    factors = factors[:, index_like(_ONE_SIDE, factors)]
    offsets = windows.offsets * factors[..., None]
    ratio = _leg(offsets) / _leg(windows.offsets)
    return _with(windows, offsets=offsets, root_position=windows.root_position * ratio[:, None, None])


def _leg(offsets: torch.Tensor) -> torch.Tensor:
    """Length of thigh and shin (B,)."""
    return torch.linalg.vector_norm(offsets[:, index_like(_LEG, offsets)], dim=-1).sum(dim=-1)


def _chosen(windows: Windows, share: float, rng: torch.Generator) -> torch.Tensor:
    """(B,) true for about `share` of the windows."""
    device = windows.offsets.device
    return torch.rand(len(windows.offsets), generator=rng, device=device) < share


def _with(windows: Windows, **changes: torch.Tensor) -> Windows:
    return Windows(**{**vars(windows), **changes})
