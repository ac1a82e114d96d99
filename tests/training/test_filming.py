"""What the network is shown and what it should answer belong together."""

from dataclasses import replace

import pytest
import torch

from posenorm_core import camera, quaternion
from posenorm_core.condition_skeleton import CONDITION_SKELETON, JOINT_COUNT, LEAVES, PARENTS
from posenorm_core.formats.openpose_layouts import OPENPOSE_LAYOUTS
from posenorm_core.kinematics import forward_kinematics
from posenorm_core.landmarks import LANDMARK_NAMES
from posenorm_core.network_input import INPUT_CONTEXT, INPUT_SIZE
from training import filming
from training.cameras import CAMERA_KINDS, Cameras
from training.configuration import Augmentation
from training.detection import detected
from training.layouts import LAYOUTS, visible
from training.windows import Windows

CONTEXT = INPUT_CONTEXT + 4
LENGTH = 2 * CONTEXT + 6


def windows(batch: int = 8) -> Windows:
    torch.manual_seed(2)
    rotations = quaternion.from_rotation_vector(0.4 * torch.randn(batch, 1, JOINT_COUNT, 3)).repeat(1, LENGTH, 1, 1)
    rotations[:, :, list(LEAVES)] = torch.tensor([1.0, 0, 0, 0])
    offsets = torch.tensor(CONDITION_SKELETON.offsets, dtype=torch.float32).expand(batch, -1, -1)
    path = torch.linspace(0, 1, LENGTH)[None, :, None] * torch.randn(batch, 1, 3)
    return Windows(rotations, path, torch.ones(batch, LENGTH, 2), offsets, torch.ones(batch, dtype=torch.bool))


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_the_truth_is_fk_of_the_true_rotations_on_the_subjects_bones():
    batch = filming.film(windows(), CONTEXT, None, rng())
    positions = forward_kinematics(batch.offsets[:, None], batch.rotations, PARENTS)
    torch.testing.assert_close(positions, batch.positions, atol=1e-5, rtol=0)
    assert batch.features.shape == (8, LENGTH - 2 * INPUT_CONTEXT, INPUT_SIZE)


def test_another_body_from_some_frame_on_makes_the_same_motion():
    shown = Augmentation(switch=1.0, noisy=0, layout=0, occlude=0, miss=0)
    same, other = (filming.film(windows(), CONTEXT, replace(shown, switch=share), rng()) for share in (0.0, 1.0))
    for name in ("rotations", "positions", "offsets"):
        assert torch.equal(getattr(other, name), getattr(same, name)), name
    positions = forward_kinematics(windows().offsets[:, None], windows().rotations, PARENTS)
    altered = filming.another_body_shown(windows(), positions, shown, rng())
    changed = (altered != positions).flatten(2).any(dim=-1)
    # Some frames as they were, and all later ones on other bones.
    assert 0 < changed.float().mean() < 1
    assert torch.equal(changed, changed.cummax(dim=1).values)
    back = altered - altered[:, :, :1]
    lengths = (
        torch.linalg.vector_norm(back[:, :, 1], dim=-1)
        / torch.linalg.vector_norm(windows().offsets[:, 1], dim=-1)[:, None]
    )
    assert lengths.min() > 0.74
    assert lengths.max() < 1.26
    assert not torch.equal(other.features, same.features)


def test_upright_and_facing_the_camera_is_no_rotation_wherever_he_stands():
    still = windows(5)
    still.rotations[..., 0, :] = torch.tensor([1.0, 0, 0, 0])
    still.root_position[:] = 0
    side = torch.tensor([0.0, 0.4, -0.4, 0.8, -0.8])
    # Cameras at eye level, all looking along -Z: the subject is left or right of the middle, turned to each.
    position = torch.stack([4 * side.sin(), 0 * side, 4 * side.cos()], dim=-1)
    half_turn_about_x = torch.tensor([0.0, 1.0, 0.0, 0.0]).expand(5, 4)
    still.rotations[:, :, 0] = quaternion.from_axis_angle(torch.tensor([0.0, 1.0, 0.0]), side)[:, None]
    batch = filming.film(still, CONTEXT, None, rng(), Cameras(half_turn_about_x, position))
    angles = quaternion.geodesic_angle(batch.rotations[:, :, 0], quaternion.identity_like(batch.rotations[:, :, 0]))
    assert angles.max() < 1e-3


def test_the_vertical_is_the_worlds_seen_from_the_camera():
    still = windows(5)
    still.root_position[:] = 0
    pitch = torch.tensor([0.0, 0.3, -0.3, 0.6, -0.6])
    # From above by `pitch`, looking at the pelvis: the vertical leans towards the camera by as much.
    position = torch.stack([0 * pitch, 4 * pitch.sin(), 4 * pitch.cos()], dim=-1)
    level = camera.look_at(position, torch.zeros(5, 3), torch.zeros(5))
    batch = filming.film(still, CONTEXT, None, rng(), Cameras(level, position))
    expected = torch.stack([0 * pitch, pitch.cos(), pitch.sin()], dim=-1)[:, None].expand_as(batch.up)
    torch.testing.assert_close(batch.up, expected, atol=1e-5, rtol=0)


def test_the_feet_stand_still_in_the_world():
    still = windows()
    still.root_position[:] = still.root_position[:, :1]
    batch = filming.film(still, CONTEXT, None, rng())
    feet = filming.feet_in_world(batch, batch.positions)
    assert (feet[:, 1:] - feet[:, :-1]).abs().max() < 1e-4


def test_filming_the_true_rotations_on_the_subjects_own_body_gives_the_input_again():
    one = windows(1)
    batch = filming.film(one, CONTEXT, None, rng())
    again = filming.filmed_on(batch, batch.rotations, batch.offsets)
    torch.testing.assert_close(again, batch.features, atol=1e-4, rtol=0)


@pytest.mark.parametrize("kind", list(CAMERA_KINDS))
def test_cameras_have_the_subject_in_front(kind):
    many = windows(300)
    cameras = CAMERA_KINDS[kind](many.root_position, rng())
    depth = cameras.see(many.root_position[:, :, None])[..., 2]
    assert depth.min() > 1.0


@pytest.mark.parametrize("layout", list(LAYOUTS))
def test_every_layout_has_the_landmarks_that_carry_the_pose(layout):
    assert set(LAYOUTS[layout]) <= set(LANDMARK_NAMES)
    assert {"pelvis", "left_hip", "right_ankle", "left_wrist"} <= set(LAYOUTS[layout])
    assert sum(visible(layout)) == len(LAYOUTS[layout])


@pytest.mark.parametrize("read", OPENPOSE_LAYOUTS, ids=lambda layout: layout.name)
def test_training_knows_the_landmarks_of_every_format_that_is_read(read):
    assert set(read.landmarks) in [set(names) for names in LAYOUTS.values()]


def test_a_detector_hides_whole_layouts_for_the_whole_window():
    points = torch.randn(400, 20, len(LANDMARK_NAMES), 2)
    quiet = Augmentation(noisy=0.0, layout=1.0, occlude=0.0, miss=0.0)
    unmoved, confidence = detected(points, quiet, rng())
    assert torch.equal(unmoved, points)
    masks = {tuple(window[0].tolist()) for window in confidence > 0}
    assert masks == {tuple(visible(name)) for name in LAYOUTS}
    assert ((confidence > 0) == (confidence[:, :1] > 0)).all()


def test_noise_is_in_units_of_the_person_and_occlusion_hides():
    points = torch.randn(300, 20, len(LANDMARK_NAMES), 2)
    noisy = Augmentation(noisy=1.0, layout=0.0, occlude=0.5, miss=0.5)
    near, confidence = detected(points * 100, noisy, rng(1))
    far, _ = detected(points, noisy, rng(1))
    torch.testing.assert_close(near / 100, far, atol=1e-4, rtol=1e-4)
    assert 0.02 < (confidence == 0).float().mean() < 0.4
    assert set(confidence.unique().tolist()) == {0, 1}
