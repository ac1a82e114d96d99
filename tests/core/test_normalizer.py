"""The main job's laws: its own frames and rate, any cutting, what is missing marked, orientation by choice."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from posenorm_core import normalizer, quaternion
from posenorm_core.architecture import Architecture
from posenorm_core.condition_skeleton import CONDITION_SKELETON, LEAVES
from posenorm_core.errors import InputError
from posenorm_core.keypoints import Keypoints
from posenorm_core.landmarks import LANDMARK_COUNT, LANDMARK_NAMES
from posenorm_core.motion import load_motion, save_motion
from posenorm_core.normalizer import certainty, joint_confidence, normalize
from posenorm_core.skeleton import Skeleton
from posenorm_core.torch_network import NormalizerNetwork
from posenorm_core.weights import load_weights, save_weights


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A small network with lively output: what is tested here must hold for any weights."""
    torch.manual_seed(1)
    architecture = Architecture(width=24, dilations=(2, 3))
    network = NormalizerNetwork(architecture).eval()
    torch.nn.init.normal_(network.leave.weight, std=0.2)
    path = tmp_path_factory.mktemp("weights") / "w.npz"
    save_weights(path, architecture, network.folded_layers(), {})
    return load_weights(path)


def keypoints(frames: int, fps: float = 30.0, seed: int = 0) -> Keypoints:
    """A smooth wandering of all landmarks."""
    rng = np.random.default_rng(seed)
    time = np.arange(frames) / fps
    place = rng.uniform(100, 700, size=(LANDMARK_COUNT, 2))
    swing = rng.uniform(5, 60, size=(LANDMARK_COUNT, 2))
    rate, phase = rng.uniform(0.5, 4, size=(2, LANDMARK_COUNT, 2))
    points = place + swing * np.sin(rate * time[:, None, None] + phase)
    return Keypoints(fps, (1280, 900), points, np.ones((frames, LANDMARK_COUNT)), {"file": "clip"})


def angle(a, b) -> float:
    return float(np.degrees(quaternion.geodesic_angle(a, b)).max())


@pytest.mark.parametrize(("frames", "fps"), [(1, 30.0), (2, 60.0), (47, 29.97), (75, 25.0), (200, 120.0)])
def test_the_motion_has_the_inputs_own_frames_and_rate(weights, frames, fps):
    motion = normalize(keypoints(frames, fps), weights=weights)
    assert motion.fps == fps
    assert motion.rotations.shape == (frames, 19, 4)
    assert np.isfinite(motion.rotations).all()
    np.testing.assert_allclose(np.linalg.norm(motion.rotations, axis=-1), 1, atol=1e-5)
    dots = (motion.rotations[1:] * motion.rotations[:-1]).sum(axis=-1)
    assert (dots >= 0).all()


def test_chunks_change_nothing(weights, monkeypatch):
    clip = keypoints(300)
    whole = normalize(clip, weights=weights)
    monkeypatch.setattr(normalizer, "CHUNK", 37)
    pieces = normalize(clip, weights=weights)
    np.testing.assert_allclose(pieces.rotations, whole.rotations, atol=1e-5)


def test_the_place_and_size_in_the_image_change_nothing(weights):
    clip = keypoints(60)
    moved = replace(clip, points=clip.points * 0.5 + 200)
    assert angle(normalize(moved, weights=weights).view_root, normalize(clip, weights=weights).view_root) < 0.1


def test_a_double_rate_of_the_same_movement_gives_the_same_motion(weights):
    slow, fast = keypoints(60, 30.0), keypoints(119, 60.0)
    np.testing.assert_allclose(fast.points[::2], slow.points, atol=1e-3)
    at_slow = normalize(slow, weights=weights, smooth=0).rotations
    assert angle(normalize(fast, weights=weights, smooth=0).rotations[::2], at_slow) < 0.1


def test_orientation(weights):
    clip = keypoints(40)
    unified, seen = normalize(clip, weights=weights), normalize(clip, weights=weights, orientation="view")
    np.testing.assert_array_equal(unified.rotations[:, 0], np.broadcast_to([1, 0, 0, 0], (40, 4)))
    assert angle(seen.rotations[:, 0], unified.view_root) < 1e-3
    np.testing.assert_array_equal(unified.rotations[:, 1:], seen.rotations[:, 1:])
    with pytest.raises(InputError, match="sideways"):
        normalize(clip, weights=weights, orientation="sideways")


def test_frames_without_anybody_are_bridged_and_marked(weights):
    clip = keypoints(120)
    confidence = clip.confidence.copy()
    confidence[40:80] = 0
    motion = normalize(replace(clip, confidence=confidence), weights=weights, smooth=0)
    assert (motion.confidence[40:80] == 0).all()
    assert (motion.confidence[:40] > 0).all()
    # From the last frame seen to the next the joints turn at even speed along the shorter arc.
    halfway = quaternion.slerp(motion.rotations[39], motion.rotations[80], 20.5 / 41)
    middle = quaternion.slerp(motion.rotations[59], motion.rotations[60], 0.5)
    assert angle(middle, halfway) < 0.5


def test_what_a_detector_never_gives_does_not_lower_the_confidence(weights):
    clip = keypoints(30)
    confidence = clip.confidence.copy()
    confidence[:, [LANDMARK_NAMES.index(name) for name in ("spine", "neck", "head")]] = 0
    confidence[:, LANDMARK_NAMES.index("left_wrist")] = 0.5
    seen = joint_confidence(confidence)
    assert (seen[:, LANDMARK_NAMES.index("neck")] == 1).all()
    np.testing.assert_allclose(seen[:, LANDMARK_NAMES.index("left_elbow")], 0.75)
    # An arm is what every detector knows: where it is never seen it is hidden, and nobody is sure of it.
    confidence[:, [LANDMARK_NAMES.index(name) for name in ("right_elbow", "right_wrist")]] = 0
    assert (joint_confidence(confidence)[:, LANDMARK_NAMES.index("right_elbow")] == 0).all()


def test_the_confidence_is_what_the_detector_says_times_what_the_network_expects(weights):
    assert certainty(np.radians([0.0, 30.0, 60.0])) == pytest.approx([1, 0.5, 0.25])
    clip = keypoints(30)
    whole = normalize(clip, weights=weights).confidence
    assert ((whole > 0) & (whole < 1)).all()
    half = replace(clip, confidence=0.5 * clip.confidence)
    # The network sees the confidences too and may be less sure for it; never surer than the detector.
    assert (normalize(half, weights=weights).confidence <= 0.5).all()


def test_garbage_under_missing_joints_does_not_matter(weights):
    clip = keypoints(50)
    confidence = clip.confidence.copy()
    confidence[10:20, [5, 12]] = 0
    garbage = clip.points.copy()
    garbage[10:20, [5, 12]] = np.nan
    garbled = normalize(Keypoints(30.0, (0, 0), garbage, confidence, {}), weights=weights)
    clean = normalize(replace(clip, confidence=confidence), weights=weights)
    np.testing.assert_array_equal(garbled.rotations, clean.rotations)


def test_without_a_pelvis_the_pose_is_centred_on_the_hips(weights):
    clip = keypoints(30)
    confidence = clip.confidence.copy()
    confidence[:, 0] = 0
    confidence[10:20, 1] = 0  # for a while one hip only
    here = normalize(replace(clip, confidence=confidence), weights=weights)
    there = normalize(replace(clip, points=clip.points + 3000, confidence=confidence), weights=weights)
    assert angle(there.view_root, here.view_root) < 0.1


def test_nobody_and_no_hips_are_told_apart(weights):
    clip = keypoints(10)
    with pytest.raises(InputError, match="nobody"):
        normalize(replace(clip, confidence=clip.confidence * 0), weights=weights)
    with pytest.raises(InputError, match="nobody"):
        normalize(replace(clip, confidence=clip.confidence * 0.04), weights=weights)
    confidence = clip.confidence.copy()
    confidence[:, [0, 1, 4]] = 0
    with pytest.raises(InputError, match="hips"):
        normalize(replace(clip, confidence=confidence), weights=weights)


def test_another_body_takes_the_same_rotations(weights, tmp_path):
    clip = keypoints(20)
    tall = Skeleton(CONDITION_SKELETON.joint_names, CONDITION_SKELETON.parents, CONDITION_SKELETON.offsets * 1.2)
    motion = normalize(clip, weights=weights, skeleton=tall)
    usual = normalize(clip, weights=weights)
    np.testing.assert_array_equal(motion.rotations, usual.rotations)
    np.testing.assert_allclose(motion.positions(), usual.positions() * 1.2, atol=1e-5)
    save_motion(motion, tmp_path / "m.npz")
    np.testing.assert_array_equal(load_motion(tmp_path / "m.npz").rotations, motion.rotations)


def test_a_skeleton_of_other_joints_is_refused(weights):
    other = Skeleton(("root", "tip"), (-1, 0), np.array([[0, 0, 0], [0, 1, 0]]))
    with pytest.raises(InputError, match="19 joints"):
        normalize(keypoints(5), weights=weights, skeleton=other)


def test_smoothing_takes_tremble_out_and_is_refused_where_it_is_no_share(weights):
    clip = keypoints(90)
    trembling = replace(clip, points=clip.points + np.random.default_rng(2).normal(size=clip.points.shape))
    rough, smooth = (normalize(trembling, weights=weights, smooth=s).rotations for s in (0.0, 0.3))
    assert jerk(smooth) < 0.5 * jerk(rough)
    with pytest.raises(InputError, match="between 0"):
        normalize(clip, weights=weights, smooth=1.5)


def jerk(rotations) -> float:
    """The mean third difference of the turning joints' rotations."""
    return float(np.linalg.norm(np.diff(rotations, n=3, axis=0), axis=-1).mean())


def test_leaves_do_not_turn_and_progress_reaches_the_end(weights, monkeypatch):
    monkeypatch.setattr(normalizer, "CHUNK", 16)
    seen = []
    motion = normalize(keypoints(50), weights=weights, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(16, 50), (32, 50), (48, 50), (50, 50)]
    leaves = motion.rotations[:, list(LEAVES)]
    np.testing.assert_array_equal(leaves, np.broadcast_to([1, 0, 0, 0], leaves.shape).astype(np.float32))


def test_progress_can_stop_the_work(weights):
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        normalize(keypoints(50), weights=weights, progress=stop)


def test_exact_landmarks_are_neither_cleaned_nor_smoothed(weights):
    clip = keypoints(90, 60.0)
    told = [normalize(clip, weights=weights, exact=True, smooth=s).rotations for s in (0.0, 1.0)]
    np.testing.assert_array_equal(*told)


def test_the_place_and_size_in_the_image_change_nothing_where_landmarks_are_exact(weights):
    clip = keypoints(60)
    here, there = (
        normalize(c, weights=weights, exact=True).rotations
        for c in (clip, replace(clip, points=clip.points * 0.5 + 200))
    )
    assert angle(here, there) < 0.5


def test_progress_is_told_of_the_network_and_then_of_the_fit(weights):
    told: list[tuple[int, int]] = []
    normalize(keypoints(50), weights=weights, exact=True, progress=lambda *done: told.append(done))
    assert told.count((50, 50)) == 2
    assert {total for _, total in told} == {50}
