"""Cameras drawn at random around a window of motion, one a window, standing still as most cameras do."""

from dataclasses import dataclass

import torch

from posenorm_core import camera, quaternion
from posenorm_core.landmarks import LANDMARK_NAMES

_PELVIS = LANDMARK_NAMES.index("pelvis")


@dataclass(frozen=True)
class Cameras:
    """B cameras: how each is turned (B, 4) (camera axes to world) and where it stands (B, 3) metres.

    The focal length is 1: the network's input is scaled by the person's size, so only the place matters.
    """

    rotation: torch.Tensor
    position: torch.Tensor

    def see(self, points: torch.Tensor) -> torch.Tensor:
        """World points (B, L, K, 3) in the camera frames."""
        return camera.world_to_camera(points, self.rotation[:, None, None], self.position[:, None, None])


def image_points(seen: torch.Tensor) -> torch.Tensor:
    """Camera-frame points (…, 3) -> image (…, 2) at focal length 1."""
    one = seen.new_ones(2)
    return camera.project(seen, one, one * 0)


def view_from_world(cameras: Cameras, pelvis: torch.Tensor) -> torch.Tensor:
    """The rotation (B, L, 4) from the world into the view frame of a subject at `pelvis` (B, L, 3), camera frame."""
    return quaternion.multiply(camera.view_rotation(pelvis), quaternion.inverse(cameras.rotation)[:, None])


def studio_cameras(root_position: torch.Tensor, rng: torch.Generator) -> Cameras:
    """One of four cameras in the corners of a room for each window (B, L, 3), as Human3.6M's stand.

    5.2 metres from the middle and 1.6 metres high, looking at the middle at the height of a pelvis.
    """
    batch, device = len(root_position), root_position.device
    corner = torch.randint(4, (batch,), generator=rng, device=device)
    azimuth = (2 * corner + 1) * (torch.pi / 4)
    middle = root_position.mean(dim=1)
    height = torch.full_like(azimuth, 1.6)
    position = torch.stack([5.2 * azimuth.sin(), height, 5.2 * azimuth.cos()], dim=-1)
    position[:, [0, 2]] += middle[:, [0, 2]]
    target = middle.clone()
    target[:, 1] = 0.9
    return Cameras(camera.look_at(position, target, torch.zeros_like(azimuth)), position)


def draw_cameras(root_position: torch.Tensor, rng: torch.Generator) -> Cameras:
    """A camera for each window (B, L, 3): any side, 2 to 9 metres off, mostly level, sometimes high or low.

    The subject is anywhere in the image, so the camera looks past him by up to some 20 degrees.
    """
    batch, device = len(root_position), root_position.device

    def uniform(low: float, high: float) -> torch.Tensor:
        return low + (high - low) * torch.rand(batch, generator=rng, device=device)

    middle = root_position.mean(dim=1)
    extent = torch.linalg.vector_norm(root_position - middle[:, None], dim=-1).amax(dim=1)
    distance = torch.maximum(torch.exp(uniform(0.7, 2.2)), extent + 1.6)
    azimuth = uniform(-torch.pi, torch.pi)
    level = uniform(0, 1) < 0.7
    elevation = torch.where(level, uniform(-0.12, 0.3), uniform(-0.45, 0.9))
    outward = torch.stack([elevation.cos() * azimuth.sin(), elevation.sin(), elevation.cos() * azimuth.cos()], dim=-1)
    position = middle + distance[:, None] * outward
    aside = torch.randn(batch, 3, generator=rng, device=device) * 0.13 * distance[:, None]
    roll = torch.randn(batch, generator=rng, device=device) * 0.06
    return Cameras(camera.look_at(position, middle + aside, roll), position)


CAMERA_KINDS = {"random": draw_cameras, "studio": studio_cameras}
