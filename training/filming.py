"""Windows of motion filmed by random cameras: the network's input beside the truth it should give."""

from dataclasses import dataclass

import torch

from posenorm_core import quaternion
from posenorm_core.arrays import constant_like, index_like
from posenorm_core.condition_skeleton import CONDITION_SKELETON, JOINT_NAMES, PARENTS
from posenorm_core.kinematics import forward_kinematics, pose_skeleton
from posenorm_core.landmarks import FIXED_OFFSETS, SCALED_BY, landmark_positions
from posenorm_core.network_input import network_input
from training.cameras import CAMERA_KINDS, Cameras, image_points, view_from_world
from training.configuration import Augmentation
from training.detection import detected
from training.windows import Windows, rescaled

FEET = (JOINT_NAMES.index("right_ankle"), JOINT_NAMES.index("left_ankle"))


@dataclass(frozen=True)
class Batch:
    """B windows of T output frames; L = T + 2·context frames where the whole window is needed."""

    features: torch.Tensor  # (B, T + 2·network_context, 72)
    confidence: torch.Tensor  # (B, L, 24)
    rotations: torch.Tensor  # (B, T, 19, 4), the root's in the view frame
    positions: torch.Tensor  # (B, T, 19, 3) metres from the pelvis, in the view frame
    landmarks: torch.Tensor  # (B, T, 24, 3) the same of all that was filmed, on the body that was
    offsets: torch.Tensor  # (B, 19, 3)
    contacts: torch.Tensor  # (B, T, 2)
    up: torch.Tensor  # (B, T, 3) the vertical in the view frame
    upright: torch.Tensor  # (B,) whether `up` means anything
    root_position: torch.Tensor  # (B, T, 3), world
    view_from_world: torch.Tensor  # (B, T, 4)
    pelvis: torch.Tensor  # (B, L, 3), camera frame
    whole_rotations: torch.Tensor  # (B, L, 19, 4), the root's in the view frame
    camera_from_view: torch.Tensor  # (B, L, 4)


def film(
    windows: Windows, context: int, options: Augmentation | None, rng: torch.Generator, cameras: Cameras | None = None
) -> Batch:
    """Films `windows`; with `options` through a detector, without (for measuring) as they truly are."""
    if cameras is None:
        cameras = CAMERA_KINDS[options.cameras if options else "random"](windows.root_position, rng)
    positions, turned = pose_skeleton(windows.offsets[:, None], windows.rotations, PARENTS)
    fixed = fixed_points(windows.offsets, options is not None, rng)
    shown = another_body_shown(windows, positions, options, rng) if options and options.switch else positions
    landmarks = landmark_positions(shown, turned, fixed[:, None])
    seen = cameras.see(landmarks + windows.root_position[:, :, None])
    points = image_points(seen)
    confidence = torch.ones(points.shape[:-1], device=points.device)
    if options is not None:
        points, confidence = detected(points, options, rng)
    to_view = view_from_world(cameras, seen[:, :, 0])
    rotations = windows.rotations.clone()
    rotations[:, :, 0] = quaternion.multiply(to_view, rotations[:, :, 0])
    inner = slice(context, positions.shape[1] - context)
    return Batch(
        features=network_input(points, confidence),
        confidence=confidence,
        rotations=rotations[:, inner],
        positions=quaternion.rotate(to_view[:, inner, None], positions[:, inner]),
        landmarks=quaternion.rotate(to_view[:, inner, None], landmarks[:, inner]),
        offsets=windows.offsets,
        contacts=windows.contacts[:, inner],
        up=_vertical(to_view[:, inner]),
        upright=windows.upright,
        root_position=windows.root_position[:, inner],
        view_from_world=to_view[:, inner],
        pelvis=seen[:, :, 0],
        whole_rotations=rotations,
        camera_from_view=quaternion.multiply(
            quaternion.inverse(cameras.rotation)[:, None], quaternion.inverse(to_view)
        ),
    )


def another_body_shown(
    windows: Windows, positions: torch.Tensor, options: Augmentation, rng: torch.Generator
) -> torch.Tensor:
    """The `positions` (B, L, 19, 3) with some of the windows going on with other bones from some frame.

    The motion is the same, and so are head and feet; what is to be answered is of the first body throughout.
    """
    batch, length = positions.shape[:2]
    chosen = torch.rand(batch, generator=rng, device=positions.device) < options.switch
    change = torch.rand(batch, generator=rng, device=positions.device) * length
    other = rescaled(windows, options.bone_range, rng).offsets
    altered = forward_kinematics(other[:, None], windows.rotations, PARENTS)
    after = torch.arange(length, device=positions.device) >= change[:, None]
    return torch.where((chosen[:, None] & after)[..., None, None], altered, positions)


def _vertical(to_view: torch.Tensor) -> torch.Tensor:
    """The world's up (…, 3) seen through the rotations `to_view` (…, 4)."""
    return quaternion.rotate(to_view, constant_like([0.0, 1.0, 0.0], to_view).expand(*to_view.shape[:-1], 3))


def fixed_points(offsets: torch.Tensor, vary: bool, rng: torch.Generator) -> torch.Tensor:
    """Where nose, ears and heels stand (B, 5, 3) on each body; heads and feet differ where `vary`."""
    mean = constant_like(CONDITION_SKELETON.bone_lengths[list(SCALED_BY)], offsets)
    scale = torch.linalg.vector_norm(offsets[:, index_like(SCALED_BY, offsets)], dim=-1) / mean
    fixed = constant_like(FIXED_OFFSETS, offsets) * scale[..., None]
    if not vary:
        return fixed
    # Metres: noses and heels of different people, and different ideas of where they are.
    return fixed + 0.01 * torch.randn(fixed.shape, generator=rng, device=fixed.device)


def filmed_on(batch: Batch, rotations: torch.Tensor, offsets: torch.Tensor) -> torch.Tensor:
    """The features of `rotations` (B, T, 19, 4) on other bodies (B, 19, 3), seen by the same cameras.

    Around the T frames the truth stands in, so that the network has its context. The landmarks missing in
    the batch are missing here too.
    """
    context = (batch.whole_rotations.shape[1] - rotations.shape[1]) // 2
    ends = batch.whole_rotations
    whole = torch.cat([ends[:, :context], rotations, ends[:, ends.shape[1] - context :]], dim=1)
    positions, turned = pose_skeleton(offsets[:, None], whole, PARENTS)
    fixed = fixed_points(offsets, False, torch.Generator())
    landmarks = landmark_positions(positions, turned, fixed[:, None])
    seen = quaternion.rotate(batch.camera_from_view[:, :, None], landmarks) + batch.pelvis[:, :, None]
    return network_input(image_points(seen), batch.confidence)


def feet_in_world(batch: Batch, positions: torch.Tensor) -> torch.Tensor:
    """The ankles (B, T, 2, 3) of view-frame `positions` (B, T, 19, 3), where the true root path puts them."""
    to_world = quaternion.inverse(batch.view_from_world)[:, :, None]
    return quaternion.rotate(to_world, positions[:, :, index_like(FEET, positions)]) + batch.root_position[:, :, None]
