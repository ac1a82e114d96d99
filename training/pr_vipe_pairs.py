"""What Pr-VIPE is trained on: pairs of views of one pose, from the motion, bodies and cameras the normalizer has.

Each view is one of two kinds, as in the paper, by chance and on its own: before our cameras through our detector, which
stands for its recorded views; or its camera augmentation, a camera two lengths of the torso from the pelvis, all
around, up to 30 degrees higher or lower and as much rolled, that sees the landmarks truly. No landmark is missing:
the published network is told of none.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import torch

from posenorm_core import camera
from posenorm_core.condition_skeleton import JOINT_NAMES, PARENTS
from posenorm_core.kinematics import pose_skeleton
from posenorm_core.landmarks import landmark_positions
from training.baselines.pr_vipe import normalized_landmarks
from training.cameras import Cameras, draw_cameras, image_points
from training.configuration import Augmentation, Configuration, load_configuration
from training.dataset import MotionData
from training.detection import detected
from training.filming import fixed_points
from training.windows import Windows, augmented, draw_windows

_SHIPPED = Path(__file__).parent / "configurations" / "shipped.toml"
_AUGMENTED_SHARE = 0.5
_NEAR = 2.0  # lengths of the torso
_TILTED = torch.pi / 6
# Poses are compared by Human3.6M's joints, which come first.
_COMPARED = 17
_TRUNK = [JOINT_NAMES.index(name) for name in ("pelvis", "spine", "thorax")]


@dataclass(frozen=True)
class Pairs:
    """B poses, each seen twice."""

    views: tuple[torch.Tensor, torch.Tensor]  # (B, 24, 2) each, normalized
    poses: torch.Tensor  # (B, 17, 3) lengths of the torso


def shipped_settings(data: Path, seed: int) -> Configuration:
    """What the shipped normalizer is trained on, of the motion in `data`, with all landmarks seen."""
    shipped = load_configuration(_SHIPPED)
    seen = replace(shipped.augmentation, layout=0.0, occlude=0.0, miss=0.0)
    return replace(shipped, data=replace(shipped.data, path=str(data)), augmentation=seen, seed=seed)


def draw_pairs(
    data: MotionData, probabilities: torch.Tensor, batch: int, options: Augmentation, rng: torch.Generator
) -> Pairs:
    """`batch` random poses of clips drawn with `probabilities` (C,), and two views of each."""
    windows = draw_windows(data, probabilities, batch, 1, options.tempo, rng)
    windows = augmented(windows, options, rng)
    positions, turned = pose_skeleton(windows.offsets[:, None], windows.rotations, PARENTS)
    landmarks = landmark_positions(positions, turned, fixed_points(windows.offsets, True, rng)[:, None])
    torso = _torso_lengths(positions[:, 0])
    first, second = (_view(windows, landmarks, torso, options, rng) for _ in range(2))
    return Pairs((first, second), positions[:, 0, :_COMPARED] / torso[:, None, None])


def _view(
    windows: Windows, landmarks: torch.Tensor, torso: torch.Tensor, options: Augmentation, rng: torch.Generator
) -> torch.Tensor:
    """Landmarks (B, 1, 24, 3) about the pelvis as one camera each sees them: (B, 24, 2), normalized."""
    world = landmarks + windows.root_position[:, :, None]
    recorded, _ = detected(image_points(draw_cameras(windows.root_position, rng).see(world)), options, rng)
    added = image_points(_near_cameras(torso, rng).see(landmarks))
    chosen = torch.rand(len(torso), 1, 1, generator=rng) < _AUGMENTED_SHARE
    return normalized_landmarks(torch.where(chosen, added[:, 0], recorded[:, 0]))


def _near_cameras(torso: torch.Tensor, rng: torch.Generator) -> Cameras:
    """The paper's: cameras that look at a pelvis at the origin from two of the lengths `torso` (B,)."""

    def uniform(most: float) -> torch.Tensor:
        return most * (2 * torch.rand(len(torso), generator=rng) - 1)

    azimuth, elevation, roll = uniform(torch.pi), uniform(_TILTED), uniform(_TILTED)
    outward = torch.stack([elevation.cos() * azimuth.sin(), elevation.sin(), elevation.cos() * azimuth.cos()], dim=-1)
    position = _NEAR * torso[:, None] * outward
    return Cameras(camera.look_at(position, torch.zeros_like(position), roll), position)


def _torso_lengths(positions: torch.Tensor) -> torch.Tensor:
    """From the pelvis over the spine to the thorax, of joints (B, 19, 3): (B,) metres."""
    trunk = positions[:, _TRUNK]
    return torch.linalg.vector_norm(trunk[:, 1:] - trunk[:, :-1], dim=-1).sum(dim=-1)
