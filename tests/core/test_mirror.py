"""A mirror image is the same pose on the other side, of points, of rotations and of the picture."""

import numpy as np
import torch

from posenorm_core import camera, quaternion
from posenorm_core.condition_skeleton import CONDITION_SKELETON, LEAVES, PARENTS
from posenorm_core.kinematics import global_rotations, pose_skeleton
from posenorm_core.landmarks import FIXED_OFFSETS, LANDMARK_COUNT, landmark_positions
from posenorm_core.mirror import mirrored_input, mirrored_points, mirrored_rotations
from posenorm_core.network_input import INPUT_CONTEXT, network_input


def poses(frames: int = 2 * INPUT_CONTEXT + 4) -> np.ndarray:
    rng = np.random.default_rng(4)
    rotations = np.array(quaternion.from_rotation_vector(rng.normal(scale=0.5, size=(frames, 19, 3))))
    rotations[:, list(LEAVES)] = [1, 0, 0, 0]
    return rotations


def picture(rotations: np.ndarray) -> np.ndarray:
    """The network's input for a camera straight ahead at 4 m."""
    positions, turned = pose_skeleton(CONDITION_SKELETON.offsets, rotations, PARENTS)
    seen = landmark_positions(positions, turned, FIXED_OFFSETS) * [1, -1, -1] + [0, 0, 4]
    points = camera.project(seen, np.ones(2), np.zeros(2))
    return np.asarray(network_input(points, np.ones((len(points), LANDMARK_COUNT))))


def test_mirrored_rotations_pose_the_mirrored_body():
    rotations = poses()
    positions, _ = pose_skeleton(CONDITION_SKELETON.offsets, rotations, PARENTS)
    mirrored, _ = pose_skeleton(mirrored_points(CONDITION_SKELETON.offsets), mirrored_rotations(rotations), PARENTS)
    np.testing.assert_allclose(mirrored, mirrored_points(positions), atol=1e-12)
    np.testing.assert_allclose(mirrored_rotations(mirrored_rotations(rotations)), rotations)


def test_mirroring_local_and_global_rotations_is_one():
    rotations = poses()
    np.testing.assert_allclose(
        global_rotations(mirrored_rotations(rotations), PARENTS),
        mirrored_rotations(global_rotations(rotations, PARENTS)),
        atol=1e-12,
    )


def test_the_mirrored_input_is_the_input_of_the_mirrored_pose():
    rotations = poses()
    np.testing.assert_allclose(mirrored_input(picture(rotations)), picture(mirrored_rotations(rotations)), atol=1e-9)


def test_numpy_and_torch_agree():
    features = picture(poses())
    np.testing.assert_array_equal(mirrored_input(torch.from_numpy(features)).numpy(), mirrored_input(features))
