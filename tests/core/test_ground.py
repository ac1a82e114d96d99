"""Vertical and path through `normalize`: a network that tells the truth of a filmed clip stands on its floor.

The oracle says what is so, also of the mirror image; what is under test is all that comes after the network.
"""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from posenorm_core import normalizer, quaternion
from posenorm_core.arrays import unit
from posenorm_core.builtin_motion import BuiltinClip, builtin_clip
from posenorm_core.condition_skeleton import JOINT_NAMES, PARENTS
from posenorm_core.frame_rate import resample_times
from posenorm_core.keypoints import Keypoints
from posenorm_core.kinematics import forward_kinematics
from posenorm_core.motion import Motion, oriented_root
from posenorm_core.normalizer import normalize
from posenorm_core.prediction import Prediction, mirrored_prediction
from posenorm_core.skeleton import Skeleton
from posenorm_core.synthetic_view import film, true_view_root

# As far off as this the view frame hardly turns while somebody walks through the picture.
FAR = 40.0
FROM_ABOVE = {"azimuth": 0.7, "elevation": 0.6, "distance": 6.0, "roll": 0.05}
FROM_BELOW = {"azimuth": -2.0, "elevation": -0.3, "distance": 5.0, "roll": -0.1}


def filmed(clip: BuiltinClip, view: dict[str, float]) -> Keypoints:
    """The clip in a picture 1,920 pixels wide, the person about 360 tall from wherever he is filmed."""
    size, focal_length = (1920.0, 1080.0), 220.0 * view["distance"]
    return film(
        clip.rotations,
        clip.root_position,
        clip.skeleton,
        focal_length=focal_length,
        image_size=size,
        fps=clip.fps,
        **view,
    )


def truth(clip: BuiltinClip, view: dict[str, float]) -> Prediction:
    """What is so, at the frames a network is asked about."""
    rotations = clip.rotations.astype(np.float64)
    rotations[:, 0] = true_view_root(clip.rotations, clip.root_position, **view)
    to_view = quaternion.multiply(rotations[:, 0], quaternion.inverse(clip.rotations[:, 0].astype(np.float64)))
    up = quaternion.rotate(to_view, np.tile([0.0, 1.0, 0.0], (len(clip), 1)))
    said = Prediction(rotations, clip.contacts.astype(np.float64), up, np.full(rotations.shape[:2], 0.05))
    asked = np.minimum(np.rint(resample_times(len(clip), clip.fps)).astype(int), len(clip) - 1)
    return Prediction(*(part[asked] for part in said.parts()))


@pytest.fixture
def normalized(monkeypatch):
    """`normalize` in heading, with a network that says what it is told to say, of clips of one chunk."""

    def ask(keypoints: Keypoints, said: Prediction, skeleton: Skeleton) -> Motion:
        # It is asked about the clip, then about its mirror image.
        answers = itertools.cycle((said, mirrored_prediction(said)))
        monkeypatch.setattr(normalizer, "predict", lambda weights, features: next(answers))
        return normalize(keypoints, orientation="heading", skeleton=skeleton)

    return ask


def degrees_between(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.degrees(np.arctan2(np.linalg.norm(np.cross(a, b), axis=-1), (a * b).sum(axis=-1)))


def from_its_start(path: np.ndarray) -> np.ndarray:
    """The path with x and z from 0 at the first frame."""
    return path - path[:1] * [1.0, 0.0, 1.0]


@pytest.mark.parametrize("view", [FROM_ABOVE, FROM_BELOW], ids=["from above", "from below"])
@pytest.mark.parametrize("action", ["squat", "kick", "wave"])
def test_on_the_spot_vertical_and_path_are_the_true_ones(normalized, action, view):
    clip = builtin_clip(action)
    said = truth(clip, view)
    # The image's up would be far off: the camera is pitched.
    assert degrees_between(said.up, np.array([0.0, 1.0, 0.0])).min() > 10
    motion = normalized(filmed(clip, view), said, clip.skeleton)
    assert degrees_between(motion.up, unit(said.up.mean(axis=0))) < 2
    assert degrees_between(motion.up, said.up).mean() < 2
    off = np.linalg.norm(motion.root_position - from_its_start(clip.root_position), axis=1)
    assert off.mean() < 0.04
    assert off.max() < 0.08
    upright = oriented_root(clip.rotations[:, 0].astype(np.float64), np.array([0.0, 1.0, 0.0]), "heading")
    assert np.degrees(quaternion.geodesic_angle(motion.rotations[:, 0].astype(np.float64), upright)).mean() < 2


@pytest.mark.parametrize("elevation", [-0.3, 0.0, 0.6])
def test_who_walks_gets_where_he_went_as_high_as_he_is(normalized, elevation):
    clip = builtin_clip("walk")
    view = {**FROM_ABOVE, "elevation": elevation, "distance": FAR}
    motion = normalized(filmed(clip, view), truth(clip, view), clip.skeleton)
    way = from_its_start(clip.root_position)
    travelled = np.linalg.norm(np.diff(way[:, [0, 2]], axis=0), axis=1).sum()
    assert travelled > 4
    off = np.linalg.norm((motion.root_position - way)[:, [0, 2]], axis=1)
    assert off.mean() < 0.03 * travelled
    assert np.abs(motion.root_position[:, 1] - way[:, 1]).max() < 0.04
    assert degrees_between(motion.up, truth(clip, view).up).mean() < 2


def test_what_is_said_is_used_at_the_clip_s_own_frames(normalized):
    view = {**FROM_ABOVE, "distance": FAR}
    slow, fast = (builtin_clip("walk", fps=fps) for fps in (30.0, 60.0))
    paths = [normalized(filmed(c, view), truth(c, view), c.skeleton).root_position for c in (slow, fast)]
    assert len(paths[1]) == 2 * len(paths[0])
    np.testing.assert_allclose(paths[1][::2], paths[0], atol=0.06)


@pytest.mark.parametrize("fps", [30.0, 60.0])
def test_who_runs_flies_on_between_his_steps_by_the_clip_s_own_clock(normalized, fps):
    clip, view = builtin_clip("run", fps=fps), {**FROM_ABOVE, "elevation": 0.0, "distance": FAR}
    assert (~clip.contacts.any(axis=1)).mean() > 0.3
    way = from_its_start(clip.root_position)
    off = np.abs(normalized(filmed(clip, view), truth(clip, view), clip.skeleton).root_position - way)
    # In the last frames he runs out of the picture.
    assert off[:, 1].max() < 0.05
    assert off[:, [0, 2]].max() < 0.12 * np.linalg.norm(way[-1] - way[0])


@pytest.mark.parametrize("contacts", [0.0, np.nan], ids=["none", "not known"])
def test_where_no_foot_stands_the_picture_tells_the_way(normalized, contacts):
    # As far off as a lens as long as the picture's diagonal makes of the distance what it is.
    clip, view = builtin_clip("walk"), {**FROM_ABOVE, "elevation": 0.3, "distance": 10.0}
    said = replace(truth(clip, view), contacts=np.full((len(clip), 2), contacts))
    path = normalized(filmed(clip, view), said, clip.skeleton).root_position
    way = from_its_start(clip.root_position)
    assert np.linalg.norm(way[-1] - way[0]) > 4
    assert np.linalg.norm((path - way)[:, [0, 2]], axis=1).max() < 0.15


def test_a_larger_body_makes_larger_steps(normalized):
    clip, view = builtin_clip("walk"), {**FROM_ABOVE, "distance": FAR}
    tall = Skeleton(clip.skeleton.joint_names, clip.skeleton.parents, 1.25 * clip.skeleton.offsets)
    seen, said = filmed(clip, view), truth(clip, view)
    usual, larger = (normalized(seen, said, skeleton).root_position for skeleton in (clip.skeleton, tall))
    # All but the constants in metres: how high the ball of a foot is, and what counts as the lower end.
    np.testing.assert_allclose(larger, 1.25 * usual, atol=0.03)


def test_some_frames_that_are_quite_wrong_do_not_move_the_vertical(normalized):
    clip = builtin_clip("squat")
    said = truth(clip, FROM_ABOVE)
    wild = said.up.copy()
    wild[::4] = np.random.default_rng(0).normal(size=wild[::4].shape)
    motion = normalized(filmed(clip, FROM_ABOVE), replace(said, up=np.asarray(unit(wild))), clip.skeleton)
    assert degrees_between(motion.up, said.up).mean() < 2


def test_frames_that_show_nobody_have_no_voice_in_the_vertical(normalized):
    clip = builtin_clip("wave")
    said, seen = truth(clip, FROM_ABOVE), filmed(clip, FROM_ABOVE)
    confidence, up = seen.confidence.copy(), said.up.copy()
    # Most frames are empty, and the network says of them that down is up.
    confidence[20:100], up[20:100] = 0, -up[20:100]
    motion = normalized(replace(seen, confidence=confidence), replace(said, up=up), clip.skeleton)
    assert degrees_between(motion.up, said.up).mean() < 2
    assert np.isfinite(motion.root_position).all()


@pytest.mark.parametrize("frames", [1, 2])
@pytest.mark.parametrize("contacts", [1.0, 0.0])
def test_one_frame_and_two_have_a_vertical_and_a_place(normalized, frames, contacts):
    clip = builtin_clip("walk")
    seen, said = filmed(clip, FROM_ABOVE), truth(clip, FROM_ABOVE)
    few = replace(seen, points=seen.points[:frames], confidence=seen.confidence[:frames])
    said = Prediction(*(part[:frames] for part in said.parts()))
    motion = normalized(few, replace(said, contacts=np.full((frames, 2), contacts)), clip.skeleton)
    assert motion.root_position.shape == (frames, 3)
    assert degrees_between(motion.up, said.up).max() < 2
    np.testing.assert_array_equal(motion.root_position[0, [0, 2]], 0)
    assert motion.root_position[:, 1] == pytest.approx(clip.root_position[:frames, 1], abs=0.04)
    assert np.linalg.norm(motion.root_position[-1] - motion.root_position[0]) < 0.1


@pytest.mark.parametrize("contacts", [0.0, np.nan], ids=["none", "not known"])
@pytest.mark.parametrize("image_size", [(1920.0, 1080.0), (0.0, 0.0)], ids=["a picture", "no picture"])
def test_without_any_contact_the_path_is_finite_and_the_body_above_the_floor(normalized, contacts, image_size):
    clip, view = builtin_clip("walk"), {**FROM_ABOVE, "distance": FAR}
    said = replace(truth(clip, view), contacts=np.full((len(clip), 2), contacts))
    motion = normalized(replace(filmed(clip, view), image_size=image_size), said, clip.skeleton)
    assert np.isfinite(motion.root_position).all()
    assert np.isfinite(motion.up).all()
    heights = (motion.positions() + motion.path[:, None])[..., 1]
    assert heights.min() > -0.02
    assert heights.min(axis=1).max() < 0.1


def test_feet_that_stand_apart_level_a_vertical_that_leans_along_them(normalized):
    clip = builtin_clip("jumping_jack")
    said = truth(clip, FROM_ABOVE)
    ankles = [JOINT_NAMES.index("left_ankle"), JOINT_NAMES.index("right_ankle")]
    feet = forward_kinematics(clip.skeleton.offsets, said.rotations, PARENTS)[:, ankles]
    across = feet[:, 0] - feet[:, 1]
    widest = np.full(30, np.argmax(np.linalg.norm(across, axis=1)))
    said = Prediction(*(part[widest] for part in said.parts()))
    seen = filmed(clip, FROM_ABOVE)
    seen = replace(seen, points=seen.points[widest], confidence=seen.confidence[widest])
    # Eight degrees off: the line from foot to foot would climb by as much.
    axis = unit(np.cross(said.up, across[widest]))
    leaning = quaternion.rotate(quaternion.from_axis_angle(axis, np.full(30, np.radians(8))), said.up)
    off = {}
    for stands in (0.0, 1.0):
        told = replace(said, up=leaning, contacts=np.full((30, 2), stands))
        off[stands] = degrees_between(normalized(seen, told, clip.skeleton).up, said.up).mean()
    assert off[0.0] == pytest.approx(8, abs=0.1)
    assert off[1.0] < 4
