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
# What a confidence means is each detector's own: how far below 1 one may stay that is right, throughout or for one
# landmark, and how far it goes up and down from frame to frame for no reason.
_RESERVE, _RESTLESS = 0.6, 0.4
# How much less sure than a limb's joint a landmark is: points on the face are seen, a hip lies under clothes (the
# spread of annotators that COCO publishes as its keypoints' sigmas, relative to the shoulder's).
_SPREAD = {"nose": 0.33, "left_ear": 0.44, "right_ear": 0.44, "left_hip": 1.35, "right_hip": 1.35, "pelvis": 1.0}
_LIMBS = [
    [LANDMARK_NAMES.index(f"{side}_{part}") for part in parts if f"{side}_{part}" in LANDMARK_NAMES]
    for side in ("right", "left")
    for parts in (("shoulder", "elbow", "wrist"), ("elbow", "wrist"), ("knee", "ankle", "toe", "heel"))
] + [[LANDMARK_NAMES.index(name) for name in ("nose", "left_ear", "right_ear", "head", "neck")]]


def detected(points: torch.Tensor, options: Augmentation, rng: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """True image points (B, L, 24, 2) -> what a detector reports: points, and confidence (B, L, 24)."""
    size = (points - points[:, :, :1]).square().sum(-1).mean((1, 2)).sqrt()[:, None, None, None]
    noise, confidence = _noise(points, options.noisy, rng)
    if options.hedged:
        confidence = _hedged(confidence, options.hedged, rng)
    seen = _layouts(points, options.layout, rng) & _unoccluded(points, options, rng)
    return points + noise * size, torch.where(seen, confidence, torch.zeros_like(confidence))


def _noise(points: torch.Tensor, share: float, rng: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Displacements (B, L, 24, 2) and the confidence (B, L, 24) that goes with them."""
    batch, length = points.shape[:2]
    device = points.device
    strength = torch.rand(batch, 1, 1, generator=rng, device=device).square()
    strength = torch.where(torch.rand(strength.shape, generator=rng, device=device) < share, strength, 0 * strength)
    # A low confidence goes with a larger tremble, as in real detections.
    doubt = torch.rand(batch, length, LANDMARK_COUNT, generator=rng, device=device) * strength
    habit = torch.randn(batch, 1, LANDMARK_COUNT, 2, generator=rng, device=device)
    tremble = torch.randn(batch, length, LANDMARK_COUNT, 2, generator=rng, device=device)
    displaced = _HABIT * strength[..., None] * habit + _TREMBLE * doubt[..., None] * tremble
    spread = constant_like([_SPREAD.get(name, 1.0) for name in LANDMARK_NAMES], displaced)
    return displaced * spread[:, None], 1 - 0.7 * doubt


def _hedged(confidence: torch.Tensor, share: float, rng: torch.Generator) -> torch.Tensor:
    """The confidence (B, L, 24) as other detectors word it: of the most a share, less for some landmarks, restless."""
    batch, length, landmarks = confidence.shape

    def drawn(*shape: int) -> torch.Tensor:
        return torch.rand(*shape, generator=rng, device=confidence.device)

    most = 1 - _RESERVE * drawn(batch, 1, 1)
    by_landmark = 1 - _RESERVE * drawn(batch, 1, landmarks).square()
    restless = 1 - _RESTLESS * drawn(batch, 1, 1) * drawn(batch, length, landmarks)
    hedged = drawn(batch, 1, 1) < share
    return torch.where(hedged, confidence * most * by_landmark * restless, confidence)


def _layouts(points: torch.Tensor, share: float, rng: torch.Generator) -> torch.Tensor:
    """(B, 1, 24) true where the window's detector gives the landmark; all of them for 1 − `share`."""
    batch, device = len(points), points.device
    table = constant_like([visible(name) for name in LAYOUTS], points) > 0
    chosen = table[torch.randint(len(table), (batch,), generator=rng, device=device)]
    everything = torch.rand(batch, 1, generator=rng, device=device) >= share
    return (chosen | everything)[:, None]


def _unoccluded(points: torch.Tensor, options: Augmentation, rng: torch.Generator) -> torch.Tensor:
    """(B, L, 24) false where a limb is hidden for a while or a landmark is missed in a frame."""
    batch, length = points.shape[:2]
    device = points.device
    hidden = torch.zeros(batch, length, LANDMARK_COUNT, dtype=torch.bool, device=device)
    time = torch.arange(length, device=device)[None]
    for limb in _LIMBS:
        begin = torch.rand(batch, 1, generator=rng, device=device) * length
        lasts = torch.rand(batch, 1, generator=rng, device=device) * length
        happens = torch.rand(batch, 1, generator=rng, device=device) < options.occlude / 3
        hidden[:, :, index_like(limb, hidden)] |= (happens & (time >= begin) & (time < begin + lasts))[..., None]
    misses = torch.rand(batch, 1, 1, generator=rng, device=device) < options.miss
    rate = 0.3 * torch.rand(batch, 1, 1, generator=rng, device=device)
    missed = torch.rand(hidden.shape, generator=rng, device=device) < rate
    frame_missed = torch.rand(batch, length, 1, generator=rng, device=device) < rate / 2
    hidden |= misses & (missed | frame_missed)
    return ~hidden
