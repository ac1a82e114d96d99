"""BVH: what is written is read back, and any file is read for what it says or refused in one line."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from posenorm_core import quaternion
from posenorm_core.bvh import parse_bvh, read_bvh, write_motion_bvh
from posenorm_core.bvh_writer import quaternion_to_zxy
from posenorm_core.condition_skeleton import CONDITION_SKELETON, JOINT_NAMES, PARENTS
from posenorm_core.errors import InputError
from posenorm_core.kinematics import forward_kinematics
from posenorm_core.motion import Motion, with_orientation

SMALL = b"""HIERARCHY
ROOT hips
{
  OFFSET 1 2 3
  CHANNELS 6 Xposition Yposition Zposition Zrotation Yrotation Xrotation
  JOINT left leg
  {
    OFFSET 0 -10 0
    CHANNELS 5 Yrotation Xrotation Xposition Yposition Zposition
    End Site
    {
      OFFSET 0 -5 0
    }
  }
  JOINT fixed
  {
    OFFSET 0 4 0
    CHANNELS 0
    End Site
    {
      OFFSET 0 1 0
    }
  }
}
MOTION
Frames: 2
Frame Time: 0.0333667
7 8 9 0 0 0 0 0 0 -10 0
7 8 9 90 0 0 0 90 0 -12 0
"""


def motion(rotations: np.ndarray, fps: float = 30.0, root: np.ndarray | None = None) -> Motion:
    """A motion on the condition skeleton with nothing but rotations (T, 19, 4)."""
    frames = len(rotations)
    return Motion(
        fps=fps,
        skeleton=CONDITION_SKELETON,
        rotations=rotations.astype(np.float32),
        orientation="heading",
        view_root=rotations[:, 0].astype(np.float32),
        up=np.array([0.0, 1.0, 0.0], dtype=np.float32),
        root_position=np.zeros((frames, 3)) if root is None else root,
        contacts=np.full((frames, 2), np.nan),
        confidence=np.ones((frames, len(JOINT_NAMES))),
        source={},
    )


def random_rotations(seed: int, frames: int) -> np.ndarray:
    rotations = np.random.default_rng(seed).normal(size=(frames, len(JOINT_NAMES), 4))
    return rotations / np.linalg.norm(rotations, axis=-1, keepdims=True)


def about(axis: int, angles: np.ndarray) -> np.ndarray:
    return np.asarray(quaternion.from_rotation_vector(np.eye(3)[axis] * angles[..., None]))


def zxy_to_quaternion(angles: np.ndarray) -> np.ndarray:
    z, x, y = np.moveaxis(angles, -1, 0)
    return np.asarray(quaternion.multiply(quaternion.multiply(about(2, z), about(0, x)), about(1, y)))


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 2**32 - 1), fps=st.sampled_from([24.0, 29.97, 30.0, 59.94, 120.0]))
def test_what_is_written_is_read_back(tmp_path_factory: pytest.TempPathFactory, seed: int, fps: float) -> None:
    path = tmp_path_factory.mktemp("bvh") / "clip.bvh"
    rotations = random_rotations(seed, 5)
    write_motion_bvh(motion(rotations, fps, np.arange(15.0).reshape(5, 3)), path)
    clip = read_bvh(path, scale=0.01)
    places = [clip.joint_names.index(name) for name in JOINT_NAMES]
    assert np.asarray(quaternion.geodesic_angle(clip.rotations[:, places], rotations)).max() < 1e-4
    assert clip.fps == pytest.approx(fps, rel=1e-8)
    assert_allclose(clip.translations[:, 0], np.arange(15.0).reshape(5, 3), atol=1e-7)
    expected = forward_kinematics(CONDITION_SKELETON.offsets, rotations, PARENTS, np.arange(15.0).reshape(5, 3))
    assert_allclose(clip.pose()[0][:, places], expected, atol=1e-5)


@settings(deadline=None)
@given(
    z=st.floats(-np.pi, np.pi),
    y=st.floats(-np.pi, np.pi),
    from_lock=st.sampled_from([0.0, 1e-9, 1e-8, 1e-7, 1e-6, 1e-4, 1e-2]),
    side=st.sampled_from([-1.0, 1.0]),
)
def test_angles_compose_to_the_rotation_at_gimbal_lock_too(z: float, y: float, from_lock: float, side: float) -> None:
    rotation = zxy_to_quaternion(np.array([z, side * (np.pi / 2 - from_lock), y]))
    angles = quaternion_to_zxy(rotation)
    assert np.isfinite(angles).all()
    assert quaternion.geodesic_angle(zxy_to_quaternion(angles), rotation) < 1e-6


def test_written_file_is_y_up_in_centimetres_with_end_sites(tmp_path) -> None:
    rotations = np.tile([1.0, 0.0, 0.0, 0.0], (3, len(JOINT_NAMES), 1))
    write_motion_bvh(motion(rotations), tmp_path / "t.bvh")
    text = (tmp_path / "t.bvh").read_text()
    assert "CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation" in text
    assert text.count("CHANNELS 3 Zrotation Xrotation Yrotation") == len(JOINT_NAMES) - 1
    clip = read_bvh(tmp_path / "t.bvh")
    assert_allclose(clip.offsets[clip.joint_names.index("left_knee")], CONDITION_SKELETON.offsets[5] * 100)
    assert {clip.joint_names[j] for j in clip.end_parents} == {JOINT_NAMES[j] for j in CONDITION_SKELETON.leaves}


def test_without_a_root_path_the_lowest_joint_of_the_clip_stands_on_the_floor(tmp_path) -> None:
    rotations = random_rotations(3, 20)
    rotations[:, 0] = [1.0, 0.0, 0.0, 0.0]
    write_motion_bvh(motion(rotations), tmp_path / "t.bvh")
    clip = read_bvh(tmp_path / "t.bvh", scale=0.01)
    assert clip.pose()[0][..., 1].min() == pytest.approx(0.0, abs=1e-6)
    assert np.ptp(clip.translations[:, 0], axis=0).max() == 0.0


@pytest.mark.parametrize("orientation", ["unified", "view"])
def test_a_way_that_is_told_in_heading_is_not_written_in_another_orientation(tmp_path, orientation: str) -> None:
    walked = motion(random_rotations(3, 20), root=np.arange(60.0).reshape(20, 3))
    for name, path in (("walked", walked.root_position), ("still", np.zeros((20, 3)))):
        seen = replace(with_orientation(walked, orientation), root_position=path)
        write_motion_bvh(seen, tmp_path / f"{name}.bvh")
    assert (tmp_path / "walked.bvh").read_text() == (tmp_path / "still.bvh").read_text()
    clip = read_bvh(tmp_path / "walked.bvh", scale=0.01)
    assert clip.pose()[0][..., 1].min() == pytest.approx(0.0, abs=1e-6)
    assert np.ptp(clip.translations[:, 0], axis=0).max() == 0.0
    write_motion_bvh(with_orientation(walked, "heading"), tmp_path / "heading.bvh")
    assert_allclose(read_bvh(tmp_path / "heading.bvh", scale=0.01).translations[:, 0], walked.path, atol=1e-7)


def test_any_hierarchy_and_channel_order_is_read() -> None:
    clip = parse_bvh(SMALL, "small.bvh", scale=0.1)
    assert clip.joint_names == ("hips", "left leg", "fixed")
    assert clip.parents == (-1, 0, 0)
    assert clip.fps == pytest.approx(29.97, abs=1e-3)
    positions, _ = clip.pose()
    # Position channels replace the offset; Z turned by a right angle takes the leg from -y to +x.
    assert_allclose(positions[0], [[0.7, 0.8, 0.9], [0.7, -0.2, 0.9], [0.7, 1.2, 0.9]], atol=1e-12)
    assert_allclose(positions[1], [[0.7, 0.8, 0.9], [1.9, 0.8, 0.9], [0.3, 0.8, 0.9]], atol=1e-12)
    # The leg's X turn, inside the root's Z turn, takes its end from +x to the back.
    assert_allclose(clip.end_positions()[1, 0], [1.9, 0.8, 0.4], atol=1e-12)


@pytest.mark.parametrize(
    ("written", "otherwise"),
    [
        (b"left leg", b"left leg_MOTION"),
        (b"ROOT hips\n{", b"ROOT hips{"),
        (b"Frames: 2\nFrame Time: ", b"Frames:2\r\nFrame  Time:"),
    ],
)
def test_the_same_in_another_spelling_is_the_same(written: bytes, otherwise: bytes) -> None:
    assert written in SMALL
    clip, other = parse_bvh(SMALL, "small.bvh"), parse_bvh(SMALL.replace(written, otherwise), "small.bvh")
    assert [name.removesuffix("_MOTION") for name in other.joint_names] == list(clip.joint_names)
    assert other.fps == clip.fps
    assert_allclose(other.rotations, clip.rotations)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "is no BVH file"),
        (b"{}", "is no BVH file"),
        (SMALL[:200], "is no BVH file"),
        (SMALL.replace(b"CHANNELS 0", b"CHANNELS 1 Wrotation"), "HIERARCHY is damaged"),
        (SMALL.replace(b"    OFFSET 0 4 0\n", b"    OFFSET 0 4\n"), "HIERARCHY is damaged"),
        (SMALL.replace(b"}\nMOTION", b"MOTION"), "HIERARCHY is damaged"),
        (SMALL.replace(b"MOTION", b"OFFSET 1 MOTION"), "HIERARCHY is damaged or cut short"),
        (b"HIERARCHY ROOT a { OFFSET 1 MOTION", "HIERARCHY is damaged or cut short .it ends too early"),
        (
            SMALL.replace(b"CHANNELS 0", b"CHANNELS 0" + b" JOINT a { CHANNELS 0" * 3000 + b" }" * 3000, 1),
            "300. joints",
        ),
        (SMALL.replace(b"Frame Time: 0.0333667", b"Frame Time: 0"), "Frame Time"),
        (SMALL.replace(b"Frames: 2", b"Frames: two"), "MOTION section"),
        (SMALL.replace(b"Frames: 2", b"Frames: 0"), "holds no motion"),
        (SMALL[:-8], "cut short"),
        (SMALL.replace(b"-10 0\n7", b"-10 0 5\n7").replace(b"-12 0\n", b"-12 0 5\n"), "12 numbers for 11 channels"),
        (SMALL.replace(b"90 0 0 0 90", b"90 x 0 0 90"), "cut short or damaged"),
        (SMALL.replace(b"0.0333667", b"0,0333667"), "the number '0,0333667'; write points, not commas"),
        (SMALL.replace(b"0 -10 0\n7", b"0 -10,5 0\n7"), "the number '-10,5'; write points, not commas"),
        (SMALL.replace(b"OFFSET 0 4 0", b"OFFSET 0 4,0 0"), "the number '4,0'; write points, not commas"),
    ],
)
def test_what_is_no_whole_bvh_is_refused_in_one_line(content: bytes, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint) as refused:
        parse_bvh(content, "clip.bvh")
    assert "clip.bvh" in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.filterwarnings("error")
def test_angles_that_are_no_numbers_are_left_to_those_who_need_them() -> None:
    clip = parse_bvh(SMALL.replace(b"90 0 0 0 90", b"inf 0 0 0 90"), "clip.bvh")
    assert np.isfinite(clip.rotations[0]).all()
    assert not np.isfinite(clip.rotations[1, 0]).any()


def test_a_missing_file_is_named(tmp_path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.bvh"):
        read_bvh(tmp_path / "nowhere.bvh")
