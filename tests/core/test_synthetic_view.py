"""A filmed motion: what the camera sees is what geometry says, and the true root explains it."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posenorm_core import camera, quaternion
from posenorm_core.bodies import random_body
from posenorm_core.builtin_motion import ACTIONS, builtin_clip, mirrored
from posenorm_core.condition_skeleton import JOINT_COUNT
from posenorm_core.errors import InputError
from posenorm_core.kinematics import forward_kinematics
from posenorm_core.landmarks import LANDMARK_NAMES
from posenorm_core.landmarks import MIRROR as LANDMARK_MIRROR
from posenorm_core.synthetic_view import camera_pose, film, true_view_root

LENS: dict[str, Any] = {"focal_length": 1000.0, "fps": 30.0}


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(ACTIONS), st.floats(-3, 3), st.floats(-0.3, 0.9), st.floats(3, 8), st.floats(-0.4, 0.4))
def test_the_true_root_explains_the_picture(
    action: str, azimuth: float, elevation: float, distance: float, roll: float
) -> None:
    """FK turned by the root in the view frame, put at the pelvis and projected, gives the same pixels."""
    clip = builtin_clip(action, 3, seconds=1.0, skeleton=random_body(np.random.default_rng(4)))
    where: dict[str, Any] = {"azimuth": azimuth, "elevation": elevation, "distance": distance, "roll": roll}
    filmed = film(clip.rotations, clip.root_position, clip.skeleton, **where, **LENS)
    rotations = clip.rotations.astype(np.float64)
    rotations[:, 0] = true_view_root(clip.rotations, clip.root_position, **where)
    posed = forward_kinematics(clip.skeleton.offsets, rotations, clip.skeleton.parents)
    turn, position = camera_pose(clip.root_position, **where)
    pelvis = camera.world_to_camera(clip.root_position.astype(np.float64), turn, position)
    to_camera = quaternion.inverse(camera.view_rotation(pelvis))
    seen = quaternion.rotate(to_camera[:, None], posed) + pelvis[:, None]
    pixels = camera.project(seen, np.full(2, 1000.0), np.array([640.0, 360.0]))
    known = filmed.confidence[:, :JOINT_COUNT] > 0
    assert known.any()
    assert np.abs(pixels - filmed.points[:, :JOINT_COUNT])[known].max() < 0.02


def test_who_faces_the_camera_has_the_identity_as_root_and_his_left_on_the_right() -> None:
    clip = builtin_clip("squat", seconds=1.0)
    where: dict[str, Any] = {"azimuth": 0.0, "elevation": 0.0, "distance": 4.0}
    filmed = film(clip.rotations, clip.root_position, clip.skeleton, **where, **LENS)
    left, right = (filmed.points[0, LANDMARK_NAMES.index(f"{side}_shoulder"), 0] for side in ("left", "right"))
    assert left > right + 50
    head, toe = (filmed.points[0, LANDMARK_NAMES.index(name), 1] for name in ("head", "left_toe"))
    assert head < toe - 200
    root = true_view_root(clip.rotations, clip.root_position, **where)
    assert float(quaternion.geodesic_angle(root[0], np.array([1.0, 0.0, 0.0, 0.0]))) < np.deg2rad(4)


@settings(max_examples=15, deadline=None)
@given(st.sampled_from(ACTIONS), st.floats(-3, 3), st.floats(-0.3, 0.9))
def test_the_mirrored_clip_from_the_mirrored_place_is_the_mirrored_picture(
    action: str, azimuth: float, elevation: float
) -> None:
    clip = builtin_clip(action, 7, seconds=1.0)
    where: dict[str, Any] = {"elevation": elevation, "distance": 9.0}
    seen = film(clip.rotations, clip.root_position, clip.skeleton, azimuth=azimuth, **where, **LENS)
    other = mirrored(clip)
    twin = film(other.rotations, other.root_position, other.skeleton, azimuth=-azimuth, **where, **LENS)
    flipped = seen.points[:, list(LANDMARK_MIRROR)] * [-1, 1] + [1280, 0]
    both = (twin.confidence > 0) & (seen.confidence[:, list(LANDMARK_MIRROR)] > 0)
    assert both.any()
    assert np.abs(twin.points - flipped)[both].max() < 0.02


def test_what_is_outside_the_image_is_missing() -> None:
    clip = builtin_clip("walk", seconds=1.0)
    near = film(clip.rotations, clip.root_position, clip.skeleton, azimuth=0.2, elevation=0.0, distance=1.5, **LENS)
    assert 0 < near.confidence.mean() < 1
    seen = near.points[near.confidence > 0]
    assert (seen >= 0).all()
    assert (seen < near.image_size).all()
    with pytest.raises(InputError, match="distance"):
        film(clip.rotations, clip.root_position, clip.skeleton, azimuth=0.0, elevation=0.0, distance=0.0, **LENS)
