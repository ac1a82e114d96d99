"""What the picture shows is taken from it, and nothing else is touched."""

import numpy as np
import pytest
import torch

from posenorm_core import quaternion
from posenorm_core.condition_skeleton import CONDITION_SKELETON, JOINT_NAMES, LEAVES, NON_LEAVES, PARENTS
from posenorm_core.kinematics import global_rotations, pose_skeleton
from posenorm_core.landmarks import FIXED_OFFSETS, LANDMARK_COUNT, LANDMARK_NAMES, landmark_positions
from posenorm_core.picture import aligned_with_picture

FULLY = np.ones(len(NON_LEAVES))


def poses(frames: int = 20, spread: float = 0.5) -> np.ndarray:
    rng = np.random.default_rng(2)
    rotations = np.array(quaternion.from_rotation_vector(rng.normal(scale=spread, size=(frames, 19, 3))))
    rotations[:, list(LEAVES)] = [1, 0, 0, 0]
    return rotations


def picture_of(rotations: np.ndarray, offsets: np.ndarray = CONDITION_SKELETON.offsets) -> np.ndarray:
    """The input that an orthographic camera gives, (frames, 72)."""
    positions, turned = pose_skeleton(offsets, rotations, PARENTS)
    points = landmark_positions(positions, turned, FIXED_OFFSETS)
    points[..., 2] = 1.0  # the confidence stands where the depth stood
    return points.reshape(len(rotations), -1)


def turned_in_plane(rotations: np.ndarray, joint: str, degrees: float) -> np.ndarray:
    """The pose with one joint, and all that hangs on it, turned about the line of sight."""
    number = JOINT_NAMES.index(joint)
    around = global_rotations(rotations, PARENTS)
    parent = around[:, PARENTS[number]] if number else quaternion.identity_like(around[:, 0])
    turn = quaternion.from_rotation_vector(np.array([0.0, 0.0, np.radians(degrees)]))
    result = rotations.copy()
    local = quaternion.multiply(quaternion.multiply(quaternion.inverse(parent), turn), parent)
    result[:, number] = quaternion.multiply(local, rotations[:, number])
    return result


def test_a_pose_that_covers_its_picture_stays():
    rotations = poses()
    again = aligned_with_picture(rotations, picture_of(rotations), FULLY)
    assert quaternion.geodesic_angle(again, rotations).max() < 1e-6


@pytest.mark.parametrize("joint", ["left_shoulder", "right_knee", "pelvis"])
def test_a_turn_in_the_image_plane_is_found_again(joint):
    # From the rest pose, whose bones are all long in the picture from the front.
    truth = poses(frames=5, spread=0.1)
    guess = turned_in_plane(truth, joint, 20.0)
    again = aligned_with_picture(guess, picture_of(truth), FULLY)
    before = quaternion.geodesic_angle(guess, truth).max()
    assert np.degrees(before) > 19
    # But the feet, which point at the camera and so hardly anywhere in the picture.
    long = [j for j in NON_LEAVES if "ankle" not in JOINT_NAMES[j]]
    assert np.degrees(quaternion.geodesic_angle(again, truth)[:, long].max()) < 4
    half = aligned_with_picture(guess, picture_of(truth), 0.5 * FULLY)
    number = JOINT_NAMES.index(joint)
    turned = quaternion.geodesic_angle(half[:, number], truth[:, number])
    assert 8 < np.degrees(turned).mean() < 12


def test_depth_is_left_alone():
    truth, guess = poses(), poses()[::-1].copy()
    again = aligned_with_picture(guess, picture_of(truth), FULLY)
    for joint in ("left_wrist", "right_ankle"):
        child = JOINT_NAMES.index(joint)
        bone = [pose_skeleton(CONDITION_SKELETON.offsets, pose, PARENTS)[0] for pose in (guess, again)]
        depth = [positions[:, child, 2] - positions[:, PARENTS[child], 2] for positions in bone]
        np.testing.assert_allclose(depth[0], depth[1], atol=1e-9)


def test_other_bone_lengths_change_little():
    rotations = poses(spread=0.3)
    offsets = CONDITION_SKELETON.offsets * np.random.default_rng(0).uniform(0.8, 1.2, (19, 1))
    again = aligned_with_picture(rotations, picture_of(rotations, offsets), FULLY)
    limbs = [JOINT_NAMES.index(name) for name in ("left_knee", "right_elbow", "left_hip", "right_shoulder")]
    # What a joint with one bone is told is the bone's direction, whatever its length.
    moved = quaternion.geodesic_angle(global_rotations(again, PARENTS), global_rotations(rotations, PARENTS))
    assert np.degrees(moved[:, limbs]).max() < 1e-5


def test_what_is_not_seen_is_not_followed():
    rotations, other = poses(), poses()[::-1].copy()
    shown = picture_of(other).reshape(-1, LANDMARK_COUNT, 3)
    shown[:, LANDMARK_NAMES.index("left_wrist")] = 0
    again = aligned_with_picture(rotations, shown.reshape(len(shown), -1), FULLY)
    elbow = JOINT_NAMES.index("left_elbow")
    np.testing.assert_allclose(
        global_rotations(again, PARENTS)[:, elbow], global_rotations(rotations, PARENTS)[:, elbow], atol=1e-6
    )
    nothing = aligned_with_picture(rotations, np.zeros_like(picture_of(other)), FULLY)
    assert quaternion.geodesic_angle(nothing, rotations).max() < 1e-6


def test_numpy_and_torch_agree_and_the_gradient_is_finite():
    rotations, shown = poses(), picture_of(poses()[::-1].copy())
    shown[3] = 0
    ours = aligned_with_picture(rotations, shown, FULLY)
    wanted = torch.from_numpy(rotations).requires_grad_()
    theirs = aligned_with_picture(wanted, torch.from_numpy(shown), torch.from_numpy(FULLY))
    np.testing.assert_allclose(ours, theirs.detach().numpy(), atol=1e-12)
    theirs.square().sum().backward()
    assert torch.isfinite(wanted.grad).all()
