"""What a 2D detector makes of true landmarks: displaced, trembling, sometimes missing, never all 24.

Sizes are in units of the person's size in the image, so that they mean the same at any distance.
"""

import torch

from posenorm_core.arrays import constant_like, index_like
from posenorm_core.landmarks import LANDMARK_COUNT, LANDMARK_NAMES
from training.configuration import Augmentation
from training.layouts import LAYOUTS, visible

# Detectors place a joint by habit, not at the joint's centre: a lasting displacement; and they tremble.
# These are of the worst; most are mild.
_HABIT, _TREMBLE = 0.06, 0.06
# How much less sure than a limb's joint a landmark is: points on the face are seen, a hip lies under clothes (the
# spread of annotators that COCO publishes as its keypoints' sigmas, relative to the shoulder's).
_SPREAD = {"nose": 0.33, "left_ear": 0.44, "right_ear": 0.44, "left_hip": 1.35, "right_hip": 1.35, "pelvis": 1.0}
_LIMBS = [
    [LANDMARK_NAMES.index(f"{side}_{part}") for part in parts if f"{side}_{part}" in LANDMARK_NAMES]
    for side in ("right", "left")
    for parts in (("shoulder", "elbow", "wrist"), ("elbow", "wrist"), ("knee", "ankle", "toe", "heel"))
] + [[LANDMARK_NAMES.index(name) for name in ("nose", "left_ear", "right_ear", "head", "neck")]]
# What a body hides from most sides, each on its own; and what the lower edge of the picture cuts off.
_FAR_SIDE = [("left_ear",), ("right_ear",), ("left_toe", "left_heel"), ("right_toe", "right_heel")]
_FEET = [f"{side}_{part}" for side in ("left", "right") for part in ("ankle", "toe", "heel")]
_BELOW = [_FEET, ["left_knee", "right_knee", *_FEET]]
# Landmarks that are hidden together, and how often beside the configuration's share.
_HIDDEN = [
    *((limb, 1 / 3) for limb in _LIMBS),
    *(([LANDMARK_NAMES.index(name) for name in names], 2.0) for names in _FAR_SIDE),
    *(([LANDMARK_NAMES.index(name) for name in names], 2 / 3) for names in _BELOW),
]


def detected(points: torch.Tensor, options: Augmentation, rng: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """True image points (B, L, 24, 2) -> what a detector reports: points, and which are seen (B, L, 24), 1 or 0."""
    size = (points - points[:, :, :1]).square().sum(-1).mean((1, 2)).sqrt()[:, None, None, None]
    noise = _noise(points, options.noisy, rng)
    seen = _layouts(points, options.layout, rng) & _unoccluded(points, options, rng)
    return points + noise * size, seen.to(points.dtype)


def _noise(points: torch.Tensor, share: float, rng: torch.Generator) -> torch.Tensor:
    """Displacements (B, L, 24, 2)."""
    batch, length = points.shape[:2]
    device = points.device
    strength = torch.rand(batch, 1, 1, generator=rng, device=device).square()
    strength = torch.where(torch.rand(strength.shape, generator=rng, device=device) < share, strength, 0 * strength)
    # Some landmarks in some frames tremble more than others.
    doubt = torch.rand(batch, length, LANDMARK_COUNT, generator=rng, device=device) * strength
    habit = torch.randn(batch, 1, LANDMARK_COUNT, 2, generator=rng, device=device)
    tremble = torch.randn(batch, length, LANDMARK_COUNT, 2, generator=rng, device=device)
    displaced = _HABIT * strength[..., None] * habit + _TREMBLE * doubt[..., None] * tremble
    spread = constant_like([_SPREAD.get(name, 1.0) for name in LANDMARK_NAMES], displaced)
    return displaced * spread[:, None]


def _layouts(points: torch.Tensor, share: float, rng: torch.Generator) -> torch.Tensor:
    """(B, 1, 24) true where the window's detector gives the landmark; all of them for 1 − `share`."""
    batch, device = len(points), points.device
    table = constant_like([visible(name) for name in LAYOUTS], points) > 0
    chosen = table[torch.randint(len(table), (batch,), generator=rng, device=device)]
    everything = torch.rand(batch, 1, generator=rng, device=device) >= share
    return (chosen | everything)[:, None]


def _unoccluded(points: torch.Tensor, options: Augmentation, rng: torch.Generator) -> torch.Tensor:
    """(B, L, 24) false where a limb is hidden for a while, a landmark missed in a frame or never seen from here."""
    batch, length = points.shape[:2]
    device = points.device

    def drawn(*shape: int) -> torch.Tensor:
        return torch.rand(*shape, generator=rng, device=device)

    hidden = torch.zeros(batch, length, LANDMARK_COUNT, dtype=torch.bool, device=device)
    time = torch.arange(length, device=device)[None]
    for landmarks, share in _HIDDEN:
        # It may have begun before the window, and may outlast it.
        begin, lasts = 2 * length * drawn(batch, 1) - length, 2 * length * drawn(batch, 1)
        happens = drawn(batch, 1) < options.occlude * share
        hidden[:, :, index_like(landmarks, hidden)] |= (happens & (time >= begin) & (time < begin + lasts))[..., None]
    misses = drawn(batch, 1, 1) < options.miss
    rate = 0.3 * drawn(batch, 1, 1)
    missed, frame_missed = drawn(*hidden.shape) < rate, drawn(batch, length, 1) < rate / 2
    never = drawn(batch, 1, LANDMARK_COUNT) < rate / 2
    hidden |= misses & (missed | frame_missed | never)
    return ~hidden
