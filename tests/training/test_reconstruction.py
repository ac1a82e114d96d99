"""What two views tell of a body: known cameras and limbs come back, and views that do not determine it are refused."""

import re
from dataclasses import replace

import numpy as np
import pytest

from posenorm_core import camera, quaternion
from posenorm_core.builtin_motion import BuiltinClip, builtin_clip
from posenorm_core.errors import InputError
from posenorm_core.keypoints import Keypoints
from posenorm_core.kinematics import pose_skeleton
from posenorm_core.landmarks import LANDMARK_COUNT, LANDMARK_NAMES, fixed_point_offsets, landmark_positions
from posenorm_core.synthetic_view import camera_pose, film
from training.epipolar import relative_pose
from training.reconstruction import LIMBS, limbs_off, reconstructed

FIRST = {"azimuth": 0.2, "elevation": 0.15, "distance": 4.0}
SECOND = {"azimuth": 1.2, "elevation": 0.05, "distance": 4.5}
FOCAL_LENGTHS = (1400.0, 1700.0)


def clip(action: str, seed: int) -> BuiltinClip:
    return builtin_clip(action, seed=seed, seconds=1.5)


def filmed(clip: BuiltinClip, view: dict[str, float], focal_length: float, noise: float = 2.0) -> Keypoints:
    seen = film(
        clip.rotations,
        clip.root_position,
        clip.skeleton,
        focal_length=focal_length,
        fps=clip.fps,
        image_size=(1920.0, 1080.0),
        **view,
    )
    rng = np.random.default_rng(round(focal_length))
    return replace(seen, points=seen.points + rng.normal(0, noise, seen.points.shape))


def landmarks(clip: BuiltinClip, view: dict[str, float]) -> tuple[np.ndarray, np.ndarray]:
    """Where they are in the camera's frame and in the view frame."""
    turn, position = camera_pose(clip.root_position, **view)
    positions, turned = pose_skeleton(clip.skeleton.offsets, clip.rotations.astype(np.float64), clip.skeleton.parents)
    points = landmark_positions(positions, turned, fixed_point_offsets(clip.skeleton.offsets))
    seen = camera.world_to_camera(points + clip.root_position[:, None].astype(np.float64), turn, position)
    return seen, quaternion.rotate(camera.view_rotation(seen[:, 0])[:, None], seen - seen[:, :1])


def true_angle(clip: BuiltinClip) -> float:
    subject = clip.root_position.astype(np.float64).mean(axis=0)
    rays = [camera_pose(clip.root_position, **view)[1] - subject for view in (FIRST, SECOND)]
    cosine = np.dot(*rays) / np.prod([np.linalg.norm(ray) for ray in rays])
    return float(np.degrees(np.arccos(cosine)))


@pytest.mark.parametrize(("action", "seed"), [("kick", 3), ("random", 5)])
def test_cameras_and_limbs_come_back_through_noise(action, seed):
    performance = clip(action, seed)
    views = [filmed(performance, view, focal) for view, focal in zip((FIRST, SECOND), FOCAL_LENGTHS, strict=True)]
    found = reconstructed(*views)
    assert found.angle == pytest.approx(true_angle(performance), abs=2)
    assert found.focal_lengths == pytest.approx(FOCAL_LENGTHS, rel=0.1)
    for view, points in zip((FIRST, SECOND), found.points, strict=True):
        assert limbs_off(landmarks(performance, view)[1], points) < 3
    assert 0 < found.pixels_off < 4
    assert 0 < found.bones_off < 0.01


def test_where_no_picture_size_is_told_the_limbs_come_back_too():
    performance = clip("throw", 2)
    first, second = (
        filmed(performance, view, focal) for view, focal in zip((FIRST, SECOND), FOCAL_LENGTHS, strict=True)
    )
    unsized = [
        replace(view, image_size=(0.0, 0.0), points=view.points + np.array([500, -200])) for view in (first, second)
    ]
    for view, points in zip((FIRST, SECOND), reconstructed(*unsized).points, strict=True):
        assert limbs_off(landmarks(performance, view)[1], points) < 3


def test_what_one_view_does_not_show_is_not_known():
    performance = clip("walk", 1)
    first, second = filmed(performance, FIRST, 1400, 0), filmed(performance, SECOND, 1700, 0)
    hidden = LANDMARK_NAMES.index("left_wrist")
    confidence = second.confidence.copy()
    confidence[:, hidden] = 0
    points = reconstructed(first, replace(second, confidence=confidence)).points
    assert np.isnan(points).any(axis=(0, 1, 3)).nonzero()[0].tolist() == [hidden]
    assert limbs_off(landmarks(performance, FIRST)[1], points[0]) < 1.5


def performances() -> tuple[Keypoints, Keypoints]:
    return filmed(clip("walk", 3), FIRST, 1400), filmed(clip("random", 6), SECOND, 1700)


def test_one_view_twice_is_refused():
    view = performances()[0]
    with pytest.raises(InputError, match="the views are 0° apart"):
        reconstructed(view, view)


def test_two_performances_are_refused():
    with pytest.raises(InputError, match="the views do not show one performance"):
        reconstructed(*performances())


def test_too_little_seen_by_both_is_refused():
    first, second = performances()
    sides = [np.char.startswith(LANDMARK_NAMES, side) for side in ("left", "right")]
    half = [replace(v, confidence=v.confidence * side) for v, side in zip((first, second), sides, strict=True)]
    with pytest.raises(InputError, match=re.escape("only 0 landmarks are seen in both views at the same instant")):
        reconstructed(*half)


def test_limbs_off_is_the_mean_angle_of_those_known():
    truth = np.full((2, LANDMARK_COUNT, 3), np.nan)
    said = np.random.default_rng(0).normal(size=(2, LANDMARK_COUNT, 3))
    shin, forearm = (list(map(LANDMARK_NAMES.index, limb)) for limb in (LIMBS[1], LIMBS[3]))
    truth[:, shin] = [[0, 0, 0], [0, 1, 0]]
    said[:, shin] = [[5, 0, 0], [5, 3, 3]]  # 45 degrees off, elsewhere and of another length
    assert limbs_off(said, truth) == pytest.approx(45)
    truth[0, forearm] = said[0, forearm] = [[1, 0, 0], [3, 1, 0]]
    assert limbs_off(said[:, :19], truth) == pytest.approx(45 * 2 / 3)


def test_the_pose_between_cameras_is_found_among_wrong_matches():
    performance = clip("random", 2)
    seen = [landmarks(performance, view)[0].reshape(-1, 3) for view in (FIRST, SECOND)]
    images = [points[:, :2] / points[:, 2:] for points in seen]
    wrong = np.arange(0, len(images[0]), 20)
    images[1][wrong] += np.random.default_rng(0).normal(0, 0.1, (len(wrong), 2))
    rotation, shift, points = relative_pose(*images)
    scale = np.median(seen[0][:, 2] / points[:, 2])
    right = np.delete(np.arange(len(points)), wrong)
    np.testing.assert_allclose(scale * points[right], seen[0][right], atol=0.05)
    np.testing.assert_allclose(seen[0] @ rotation.T + scale * shift, seen[1], atol=0.05)
