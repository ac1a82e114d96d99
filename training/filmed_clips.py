"""Clips of the data filmed whole, to be measured: by random cameras, from all around, and on other bodies.

Nothing is drawn at random but by the seed and the clip's number, so that every model is shown the same.
"""

from collections.abc import Iterable
from dataclasses import replace

import torch

from posenorm_core import camera, quaternion
from posenorm_core.condition_skeleton import JOINT_COUNT, MIRROR, PARENTS
from posenorm_core.kinematics import pose_skeleton
from posenorm_core.landmarks import landmark_positions
from posenorm_core.network_input import network_input, without_hidden
from training.cameras import CAMERA_KINDS, Cameras, image_points
from training.dataset import MotionData
from training.filming import Batch, film, fixed_points
from training.layouts import visible
from training.windows import Windows, windows_at

# ΔMPJPE: so many frames on end have a body of their own, each bone's length times 1 ± so much (paper, 4.1).
_CHUNK_FRAMES, _BONE_RANGE = 50, 0.25
# The view spread's cameras around the subject: azimuth and elevation in degrees, distance in metres.
_RING = (
    (0.0, -10.0, 2.5),
    (45.0, 40.0, 6.0),
    (90.0, 0.0, 3.5),
    (135.0, 30.0, 5.0),
    (180.0, -5.0, 3.0),
    (225.0, 35.0, 5.5),
    (270.0, 10.0, 4.0),
    (315.0, 20.0, 4.5),
)


def film_clip(
    data: MotionData,
    clip: int,
    context: int,
    *,
    seed: int,
    views: int = 1,
    longest: int | None = None,
    cameras: str = "random",
) -> Batch:
    """The clip (its first `longest` frames) whole, from `views` fixed random cameras, without a detector's faults.

    `cameras` is one of `CAMERA_KINDS`.
    """
    windows, rng = _whole(data, clip, context, views, longest), generator(data, clip, seed)
    return film(windows, context, None, rng, CAMERA_KINDS[cameras](windows.root_position, rng))


def film_around(data: MotionData, clip: int, context: int, *, longest: int | None = None) -> Iterable[Batch]:
    """The clip seen by each of eight cameras evenly around it, one after the other: so a long clip fits in memory."""
    windows = _whole(data, clip, context, 1, longest)
    ring = _ring_cameras(windows.root_position)
    for view in range(len(_RING)):
        one = Cameras(ring.rotation[view : view + 1], ring.position[view : view + 1])
        yield film(windows, context, None, generator(data, clip, 0), one)


def film_bodies(batch: Batch, bodies: torch.Tensor) -> Batch:
    """The same motion before the same cameras, on a body (T, 19, 3) of its own each frame; the truth stays.

    The frames of context hold the first and the last body, as they hold the clip's first and last pose.
    """
    context = (batch.whole_rotations.shape[1] - len(bodies)) // 2
    bodies = torch.cat([bodies[:1].expand(context, -1, -1), bodies, bodies[-1:].expand(context, -1, -1)])
    positions, turned = pose_skeleton(bodies, batch.whole_rotations, PARENTS)
    landmarks = landmark_positions(positions, turned, fixed_points(bodies, False, torch.Generator()))
    seen = quaternion.rotate(batch.camera_from_view[:, :, None], landmarks) + batch.pelvis[:, :, None]
    return replace(batch, features=network_input(image_points(seen), batch.confidence))


def chunk_bodies(offsets: torch.Tensor, frames: int, rng: torch.Generator, *, each_bone: bool) -> torch.Tensor:
    """Bodies (frames, 19, 3): for every 50 frames the bones of `offsets` (19, 3) times U[0.75, 1.25].

    One factor a bone, left and right alike (`each_bone`), or one for the chunk's whole body.
    """
    chunks = -(-frames // _CHUNK_FRAMES)
    drawn = torch.rand(chunks, JOINT_COUNT if each_bone else 1, generator=rng, device=offsets.device)
    factors = (1 + _BONE_RANGE * (2 * drawn - 1)).expand(-1, JOINT_COUNT)
    factors = factors[:, [min(j, MIRROR[j]) for j in range(JOINT_COUNT)]]
    return (offsets * factors[..., None]).repeat_interleave(_CHUNK_FRAMES, dim=0)[:frames]


def hidden_as(layout: str, batch: Batch) -> torch.Tensor:
    """The batch's features as a detector of `layout` would give them: what it lacks is zero."""
    return without_hidden(batch.features, visible(layout))


def _whole(data: MotionData, clip: int, context: int, views: int, longest: int | None) -> Windows:
    """The clip (its first `longest` frames) as one window, `views` times, its ends held for the context."""
    device = data.rotations.device
    frames = int(data.clip_length[clip])
    used = min(frames, longest) if longest else frames
    times = torch.arange(-context, used + context, device=device).clamp(0, used - 1).float()
    which = torch.full((views,), clip, device=device)
    return windows_at(data, which, data.clip_start[which], times.expand(views, -1), data.clip_length[which])


def _ring_cameras(root_position: torch.Tensor) -> Cameras:
    """The eight cameras around the subject's path (1, L, 3), far enough off never to be walked into."""
    middle = root_position.mean(dim=1)
    extent = torch.linalg.vector_norm(root_position - middle[:, None], dim=-1).amax()
    azimuth, elevation, distance = root_position.new_tensor(_RING).unbind(dim=1)
    azimuth, elevation = azimuth.deg2rad(), elevation.deg2rad()
    outward = torch.stack([elevation.cos() * azimuth.sin(), elevation.sin(), elevation.cos() * azimuth.cos()], dim=-1)
    position = middle + torch.maximum(distance, extent + 1.6)[:, None] * outward
    return Cameras(camera.look_at(position, middle, torch.zeros_like(azimuth)), position)


def generator(data: MotionData, clip: int, seed: int) -> torch.Generator:
    """Chance for one clip, always the same."""
    return torch.Generator(device=data.rotations.device).manual_seed(seed * 1_000_003 + clip)
