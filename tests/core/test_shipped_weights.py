"""The weights that ship: within their limits, described, and really able to do the job."""

import json

import numpy as np
import pytest

from posenorm_core import quaternion
from posenorm_core.builtin_motion import builtin_clip
from posenorm_core.condition_skeleton import NON_LEAVES
from posenorm_core.formats import read_clip
from posenorm_core.keypoints import Keypoints
from posenorm_core.kinematics import forward_kinematics
from posenorm_core.motion import Motion
from posenorm_core.normalizer import normalize
from posenorm_core.skeleton import Skeleton
from posenorm_core.synthetic_view import film, true_view_root
from posenorm_core.weights import SHIPPED, load_weights

ACTIONS = ("walk", "squat", "jumping_jack", "kick", "reach")
CAMERA = {"azimuth": 0.6, "elevation": 0.1, "distance": 4.0}


def test_size_and_card():
    weights = load_weights()
    assert SHIPPED.stat().st_size <= 12e6
    assert weights.parameter_count <= 5e6
    assert weights.card["steps"] == weights.card["configuration"]["optimization"]["steps"]
    assert "figures" in weights.card
    assert "mocap.cs.cmu.edu" in json.dumps(weights.card)
    assert weights.card["configuration"]["data"]["path"] == "mocap.npz"


def filmed(action: str, seed: int) -> tuple[Keypoints, Skeleton, np.ndarray]:
    """What a camera sees of a performance, its body and the true rotations in the view frame."""
    clip = builtin_clip(action, seed=seed, seconds=3.0)
    keypoints = film(clip.rotations, clip.root_position, clip.skeleton, focal_length=900.0, fps=clip.fps, **CAMERA)
    truth = clip.rotations.astype(np.float64).copy()
    truth[:, 0] = true_view_root(clip.rotations, clip.root_position, **CAMERA)
    return keypoints, clip.skeleton, truth


def millimetres_off(motion: Motion, truth: np.ndarray) -> float:
    """The mean distance of the joints from where they truly are."""
    positions = forward_kinematics(motion.skeleton.offsets, truth, motion.skeleton.parents)
    return float(1000 * np.linalg.norm(motion.positions() - positions, axis=-1).mean())


@pytest.mark.parametrize("action", ACTIONS)
def test_known_motion_comes_back(action):
    keypoints, skeleton, truth = filmed(action, seed=987)
    motion = normalize(keypoints, skeleton=skeleton, orientation="view")
    angles = np.degrees(quaternion.geodesic_angle(motion.rotations, truth))
    assert angles[:, list(NON_LEAVES)].mean() < 20
    assert millimetres_off(motion, truth) < 110


@pytest.mark.parametrize("action", ACTIONS)
def test_exact_landmarks_covered_bring_the_pose_nearer(action):
    keypoints, skeleton, truth = filmed(action, seed=988)
    said, covered = (normalize(keypoints, skeleton=skeleton, orientation="view", exact=e) for e in (False, True))
    assert millimetres_off(covered, truth) < millimetres_off(said, truth)


def test_two_views_of_one_performance_give_one_pose(shared_data):
    """Real detections of the same instants from two sides: nearer to each other than to other instants."""
    folder = shared_data / "keypoints" / "openpose_body25"
    first, second = (
        normalize(read_clip(folder / name, fps=60).keypoints()).positions()
        for name in ("balancing_cam01", "balancing_cam02")
    )
    distance = np.linalg.norm(first[:, None] - second[None], axis=-1).mean(axis=-1)
    same, other = np.diagonal(distance).mean(), np.median(distance)
    assert same < 0.8 * other
