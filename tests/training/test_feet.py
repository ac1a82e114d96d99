"""The scores of feet: who stands slides by nothing, who slides by as much; locking is measured, not assumed."""

from dataclasses import replace

import numpy as np
import pytest

from posenorm_core import quaternion
from posenorm_core.condition_skeleton import CONDITION_SKELETON, JOINT_COUNT, JOINT_NAMES
from posenorm_core.motion import Motion
from training import feet
from training.dataset import builtin_data

HEIGHT = 0.391 + 0.407 + 0.047 + 0.02


def standing(frames=30, step=(0.0, 0.0, 0.0)):
    rotations = np.zeros((frames, JOINT_COUNT, 4), np.float32)
    rotations[..., 0] = 1
    path = (np.array([0.0, HEIGHT, 0.0]) + np.arange(frames)[:, None] * np.array(step)).astype(np.float32)
    ones = np.ones((frames, 2), np.float32)
    up = np.array([0.0, 1.0, 0.0], np.float32)
    return Motion(
        30.0, CONDITION_SKELETON, rotations, "heading", rotations[:, 0], up, path, ones, np.ones((frames, 19)), {}
    )


def test_who_slides_and_sinks_does_by_as_much():
    motion = standing(step=(0.003, -0.001, 0.004))
    told = feet.clip_feet(motion, motion, np.ones((30, 2)))
    np.testing.assert_allclose(told.slides, 5.0, atol=1e-3)
    assert told.sunk.max() == pytest.approx(29, abs=1e-3)
    assert told.moved.max() == 0


def test_only_feet_that_truly_stand_in_both_frames_count():
    stands = np.zeros((30, 2))
    stands[3:6, 0] = stands[10, 1] = 1
    assert len(feet.clip_feet(standing(), standing(), stands).slides) == 2


def test_a_foot_in_the_air_at_one_end_is_measured_at_the_other():
    soles = np.zeros((2, 2, 2, 3))
    soles[:, :, 1, 1] = 0.05
    soles[1, :, 0, 2], soles[1, :, 1, 2] = 0.02, 0.0
    np.testing.assert_allclose(feet.slides(soles, np.ones((2, 2))), 0.02)


def test_what_is_moved_is_told_with_the_path_and_without():
    motion, knee = standing(), JOINT_NAMES.index("right_knee")
    turned = motion.rotations.copy()
    turned[:, knee] = quaternion.from_rotation_vector(np.array([np.pi / 2, 0.0, 0.0]))
    bent = replace(motion, rotations=turned)
    told = feet.clip_feet(motion, bent, np.ones((30, 2)))
    # Ankle and toe go around the knee by a quarter turn.
    np.testing.assert_allclose(told.moved_pose, np.sqrt(2) * (407 + np.hypot(454, 138)) / 19, rtol=1e-5)
    lifted = replace(motion, root_position=motion.root_position + np.float32([0, 0.1, 0]))
    told = feet.clip_feet(motion, lifted, np.ones((30, 2)))
    np.testing.assert_allclose(told.moved, 100, atol=1e-3)
    assert told.moved_pose.max() == 0


@pytest.fixture
def data():
    clips = builtin_data(0.1, seed=5, seconds_a_clip=1.0)
    families = np.array(["x", "y"] + ["x"] * (clips.clip_count - 2))
    return replace(clips, clip_family=families).subset(np.arange(clips.clip_count) < 2)


def test_locking_is_measured_in_every_variant_and_families_count_alike(data, monkeypatch):
    """The path is made to slide by 5 mm a frame in one family; the network's contacts say that nobody stands."""
    said = iter([standing(step=(0.005, 0, 0)), standing()])
    monkeypatch.setattr(feet, "normalize", lambda *_, **__: replace(m := next(said), contacts=0 * m.contacts))
    data.contacts[:] = 1
    found = feet.feet_scores(None, data)
    assert list(found) == list(feet.VARIANTS)
    raw, auto, true = (found[name] for name in ("not locked", "auto", "auto, true contacts"))
    assert raw["x"].slide_median == pytest.approx(5, abs=0.01)
    assert raw["y"].slide_median < 0.01
    assert raw["mean"].slide_median == pytest.approx(2.5, abs=0.01)
    assert raw["mean"].clips == 2
    assert auto["x"].slide_median == pytest.approx(5, abs=0.01)
    assert true["x"].slide_p95 < 0.1
    assert true["x"].moved > 10
    assert true["y"].moved < 0.01
