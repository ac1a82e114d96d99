"""Through the video's camera the armature lies over the person, and the video runs with the keys at any rate."""

from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from bpy_extras.object_utils import world_to_camera_view
from mathutils import Matrix
from motions import random_motion

from addon.scene import pose_overlay, video_camera
from addon.scene.keyed_motion import add_motion, keyed_frames
from addon.scene.pose_overlay import limbs, pose_at
from addon.scene.timing import set_scene_fps
from addon.scene.video_camera import add_video_camera, look_through
from posenorm_core import camera as pinhole
from posenorm_core import quaternion
from posenorm_core.condition_skeleton import JOINT_COUNT, JOINT_NAMES
from posenorm_core.errors import InputError
from posenorm_core.keypoints import Keypoints
from posenorm_core.landmarks import LANDMARK_COUNT, LANDMARK_NAMES
from posenorm_core.motion import Motion, with_orientation

FRAMES = 20
PORTRAIT, LANDSCAPE = "balancing_cam01.mp4", "sports2d_demo.mp4"
SIZES = {PORTRAIT: (1080.0, 1920.0), LANDSCAPE: (1768.0, 994.0)}
RATES = {PORTRAIT: 60.0, LANDSCAPE: 30.0}


@pytest.fixture(params=[PORTRAIT, LANDSCAPE])
def video(request: Any, shared_data: Path) -> Path:
    """A real video."""
    path: Path = shared_data / "videos" / request.param
    if not path.is_file():
        pytest.skip(f"there is no {path}")
    return path


def filmed(motion: Motion, size: tuple[float, float], distance: float = 4.0) -> Keypoints:
    """The 2D pose of `motion`, seen by a camera with the diagonal as focal length, the pelvis wandering in the picture.

    All by the definition of the view frame: from camera to pelvis runs the ray that the frame is turned to.
    """
    time = np.linspace(0, 1, len(motion))
    ray = np.stack([0.3 * time - 0.1, 0.05 - 0.1 * time, np.ones(len(motion))], axis=1)
    pelvis = ray / np.linalg.norm(ray, axis=1, keepdims=True) * distance
    joints = with_orientation(motion, "view").positions()
    turn = quaternion.inverse(np.asarray(pinhole.view_rotation(pelvis)))[:, None]
    seen = np.asarray(quaternion.rotate(turn, joints.astype(np.float64))) + pelvis[:, None]
    points = np.zeros((len(motion), LANDMARK_COUNT, 2))
    points[:, :JOINT_COUNT] = pinhole.project(seen, np.full(2, np.hypot(*size)), np.array(size) / 2)
    confidence = np.zeros((len(motion), LANDMARK_COUNT))
    confidence[:, :JOINT_COUNT] = 1
    return Keypoints(motion.fps, size, points, confidence, {})


def in_the_picture(camera: Any, armature: Any, size: tuple[float, float]) -> np.ndarray:
    """The armature's joints (19, 2) in pixels of the picture, which is fitted into the camera's frame."""
    scene: Any = bpy.context.scene
    graph = bpy.context.evaluated_depsgraph_get()
    posed, eye = armature.evaluated_get(graph), camera.evaluated_get(graph)
    heads = [posed.matrix_world @ posed.pose.bones[name].head for name in JOINT_NAMES]
    shares = np.array([world_to_camera_view(scene, eye, head)[:2] for head in heads]) - 0.5
    frame = np.array([scene.render.resolution_x, scene.render.resolution_y])
    fitted = np.array(size) * (frame / size).min()
    return np.asarray((shares * frame / fitted * [1, -1] + 0.5) * size)


@pytest.mark.parametrize(("resolution", "moved"), [((1920, 1080), False), ((2400, 1000), True), ((500, 1000), False)])
def test_the_armature_lies_over_the_person(video: Path, resolution: tuple[int, int], moved: bool) -> None:
    scene: Any = bpy.context.scene
    scene.render.resolution_x, scene.render.resolution_y = resolution
    size = SIZES[video.name]
    motion = random_motion(FRAMES, RATES[video.name], "view")
    armature = add_motion(bpy.context, motion, "walk", 7.0)
    if moved:
        turned = Matrix.Rotation(0.7, 4, (1, 2, 3)) @ Matrix.Scale(1.5, 4)
        armature.matrix_world = Matrix.Translation((1, 2, 3)) @ turned
        bpy.context.view_layer.update()
    keypoints = filmed(motion, size)
    camera = add_video_camera(bpy.context, video, keypoints, armature, 7.0)
    for number, frame in enumerate(keyed_frames(armature)):
        scene.frame_set(int(frame), subframe=float(frame % 1))
        off = in_the_picture(camera, armature, size) - keypoints.points[number, :JOINT_COUNT]
        assert np.abs(off).max() < 1.0, number


def test_frames_without_the_person_do_not_move_the_camera_away(video: Path) -> None:
    motion = random_motion(FRAMES, 30.0, "view")
    keypoints = filmed(motion, SIZES[video.name])
    keypoints.confidence[5:9] = 0
    keypoints.points[5:9] = 0
    armature = add_motion(bpy.context, motion, "walk", 1.0)
    camera = add_video_camera(bpy.context, video, keypoints, armature, 1.0)
    stood = []
    for frame in keyed_frames(armature):
        bpy.context.scene.frame_set(int(frame), subframe=float(frame % 1))  # type: ignore[union-attr]
        stood.append(np.array(camera.evaluated_get(bpy.context.evaluated_depsgraph_get()).matrix_world))
    assert np.abs(np.diff(stood, axis=0)).max() < 0.05
    nobody = Keypoints(30.0, keypoints.image_size, keypoints.points, np.zeros_like(keypoints.confidence), {})
    camera = add_video_camera(bpy.context, video, nobody, armature, 1.0)
    assert np.isfinite(np.array(camera.matrix_world)).all()


def test_without_an_armature_an_upright_body_fills_the_person(video: Path) -> None:
    """The camera's distance by hand: a body as tall as the T-pose is as tall as the person is at most."""
    size = SIZES[video.name]
    motion = random_motion(FRAMES, 30.0)
    points = np.zeros((FRAMES, LANDMARK_COUNT, 2))
    points[:, LANDMARK_NAMES.index("left_toe"), 1] = 0.8 * size[1]
    points[:, LANDMARK_NAMES.index("head"), 1] = 0.3 * size[1]
    confidence = np.zeros((FRAMES, LANDMARK_COUNT))
    confidence[:, [LANDMARK_NAMES.index("left_toe"), LANDMARK_NAMES.index("head")]] = 1
    camera = add_video_camera(bpy.context, video, Keypoints(30.0, size, points, confidence, {}), None, 1)
    heights = video_camera.rest_positions(motion.skeleton)[:, 1]
    tall = np.ptp(heights)
    assert tall / -camera.location.y == pytest.approx(0.5 * size[1] / np.hypot(*size), rel=1e-6)
    bpy.context.scene.unit_settings.scale_length = 0.01
    again = add_video_camera(bpy.context, video, Keypoints(30.0, size, points, confidence, {}), None, 1)
    assert again.location.y == pytest.approx(-100 * tall / 0.5 / size[1] * np.hypot(*size), rel=1e-6)
    assert again.data.clip_end > -again.location.y
    frame: Any = camera.data.view_frame(scene=bpy.context.scene)  # type: ignore[union-attr]
    corners = np.array([corner[:] for corner in frame])
    extent = np.ptp(corners[:, :2], axis=0) / np.abs(corners[0, 2])
    # Fitted into the frame the picture is seen under the angle of its own diagonal at that focal length.
    fitted = np.array(size) * (extent / size).min()
    np.testing.assert_allclose(fitted, np.array(size) / np.hypot(*size), rtol=1e-5)


def shown_frame(camera: Any, frame: int) -> int:
    """Which of the video's frames, from 1, Blender shows at the scene's `frame`: as it is counted in its image user."""
    scene: Any = bpy.context.scene
    scene.frame_set(frame)
    user = camera.evaluated_get(bpy.context.evaluated_depsgraph_get()).data.background_images[0].image_user
    return int(min(max(frame - user.frame_start + 1, 0), user.frame_duration) + user.frame_offset)


@pytest.mark.parametrize(
    ("scene_fps", "start", "with_armature"), [(24.0, 10, True), (30.0, 1, False), (60.0, 0, True), (29.97, 5, False)]
)
def test_the_video_runs_with_the_keys_whatever_the_scenes_rate(
    video: Path, scene_fps: float, start: int, with_armature: bool
) -> None:
    scene: Any = bpy.context.scene
    set_scene_fps(scene, scene_fps)
    rate = RATES[video.name]
    motion = random_motion(FRAMES, rate, "view")
    keypoints = filmed(motion, SIZES[video.name])
    armature = add_motion(bpy.context, motion, "walk", start) if with_armature else None
    camera = add_video_camera(bpy.context, video, keypoints, armature, start)
    (curve,) = camera.data.animation_data.drivers
    assert curve.driver.is_simple_expression, "others need the user's leave to run scripts"
    for frame in (start - 3, start, start + 1, start + 2, start + 5, start + 9):
        tick = max(frame - start, 0) * rate / scene_fps
        if abs(tick % 1 - 0.5) < 1e-3:
            continue  # either of the two frames is as near
        shown = shown_frame(camera, frame)
        assert max(shown, 1) == 1 + round(tick)
        points, confidence = pose_at(camera, frame)
        number = round((frame - start) * rate / scene_fps)
        assert confidence.any() == (0 <= number < FRAMES)
        if 0 <= number < FRAMES:
            assert shown == 1 + number, "video and 2D pose are the same instant"
            np.testing.assert_allclose(points * SIZES[video.name], keypoints.points[number], atol=1e-2)


def test_the_users_camera_stays_and_a_second_time_makes_no_second_one(video: Path) -> None:
    scene: Any = bpy.context.scene
    motion = random_motion(FRAMES, 30.0)
    keypoints = filmed(motion, SIZES[video.name])
    first = add_video_camera(bpy.context, video, keypoints, add_motion(bpy.context, motion, "walk", 1), 1)
    assert scene.camera == first, "there was none"
    own = bpy.data.objects.new("own", bpy.data.cameras.new("own"))
    scene.collection.objects.link(own)
    scene.camera = own
    counts = [len(each) for each in (bpy.data.objects, bpy.data.cameras, bpy.data.images, bpy.data.movieclips)]
    assert add_video_camera(bpy.context, video, keypoints, None, 1) == first
    assert counts == [len(each) for each in (bpy.data.objects, bpy.data.cameras, bpy.data.images, bpy.data.movieclips)]
    assert (len(first.data.background_images), len(first.data.animation_data.drivers)) == (1, 1)  # type: ignore[union-attr]
    assert scene.camera == own
    assert first.animation_data is None, "it stands still now"
    space = type("Space", (), {"region_3d": type("Region", (), {})(), "use_local_camera": False, "camera": None})()
    look_through(space, scene, first)
    assert (scene.camera, space.camera, space.use_local_camera) == (own, first, True)
    assert space.region_3d.view_perspective == "CAMERA"


def test_what_does_not_fit_is_refused_and_nothing_is_left(video: Path, tmp_path: Path) -> None:
    keypoints = filmed(random_motion(FRAMES, 30.0), SIZES[video.name])
    other = add_motion(bpy.context, random_motion(FRAMES + 1, 30.0), "other", 1)
    text = tmp_path / "text.mp4"
    text.write_text("no video")

    def counts() -> list[int]:
        return [len(each) for each in (bpy.data.objects, bpy.data.cameras, bpy.data.images, bpy.data.movieclips)]

    before = counts()
    with pytest.raises(InputError, match="has 21 frames, the 2D pose 20"):
        add_video_camera(bpy.context, video, keypoints, other, 1)
    with pytest.raises(InputError, match=r"text\.mp4: Blender cannot show it"):
        add_video_camera(bpy.context, text, keypoints, None, 1)
    with pytest.raises(InputError, match=r"none\.mp4: cannot be read"):
        add_video_camera(bpy.context, tmp_path / "none.mp4", keypoints, None, 1)
    assert counts() == before


def test_limbs_are_drawn_where_the_picture_is_and_join_what_is_seen() -> None:
    shares, confidence = np.zeros((LANDMARK_COUNT, 2)), np.zeros(LANDMARK_COUNT)
    places = {"pelvis": (0.5, 0.5), "thorax": (0.5, 0.0), "left_knee": (1.0, 1.0), "right_hip": (0.0, 1.0)}
    for name, share in places.items():
        shares[LANDMARK_NAMES.index(name)] = share
        confidence[LANDMARK_NAMES.index(name)] = 1.0
    confidence[LANDMARK_NAMES.index("right_hip")] = 0.1
    # A square frame holds the landscape picture between y = 150 and 250.
    picture = pose_overlay._fitted(np.array([[100, 100], [300, 300], [100, 300], [300, 100]]), np.array([20, 10]))
    np.testing.assert_allclose(picture, [[100, 150], [300, 250]])
    lines = {colour: ends.tolist() for colour, ends in limbs(shares, confidence, picture).items()}
    left, right, middle = (pose_overlay._COLOURS[side][:3] for side in ("left", "right", "middle"))
    assert lines[*middle, 1.0] == [[200, 250], [200, 200]], "no spine was seen, yet there is a trunk"
    assert lines[*left, 1.0] == [[300, 150], [200, 200]]
    assert lines[*right, 0.35] == [[100, 150], [200, 200]], "pale, for it is hardly seen"
    assert len(lines) == 3
    assert limbs(shares, np.zeros(LANDMARK_COUNT), picture) == {}
