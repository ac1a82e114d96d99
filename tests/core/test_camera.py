"""Cameras: round trips, what a camera sees, and the view frame in which facing the camera is no turn at all."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from library import Library, assert_close, assert_same_rotation
from strategies import seeds, unit_quaternions, vectors_beside

from posenorm_core import camera, quaternion
from posenorm_core.condition_skeleton import CONDITION_SKELETON
from posenorm_core.kinematics import forward_kinematics

FOCAL, CENTER = np.array([900.0, 1100.0]), np.array([640.0, 360.0])
IDENTITY = np.array([1.0, 0.0, 0.0, 0.0])
Y = np.array([0.0, 1.0, 0.0])


def unit(v: np.ndarray) -> np.ndarray:
    """`v` at length 1."""
    return v / np.linalg.norm(v, axis=-1, keepdims=True)


@given(q=unit_quaternions(1).flatmap(lambda q: vectors_beside(q, 2).map(lambda v: (q[0], v))))
def test_world_and_camera_round_trip(library: Library, q: tuple[np.ndarray, np.ndarray]) -> None:
    """There and back, and the camera itself is its frame's origin."""
    rotation, (points, position) = library.array(q[0]), (library.array(v) for v in q[1])
    seen = camera.world_to_camera(points, rotation, position)
    back = camera.camera_to_world(seen, rotation, position)
    assert_close(library.numbers(back), q[1][0], 20 * library.tolerance)
    itself = library.numbers(camera.world_to_camera(position, rotation, position))
    assert_close(itself, np.zeros(itself.shape), 0)


@given(seed=seeds)
def test_project_and_unproject_round_trip(library: Library, seed: int) -> None:
    """From points in front of the camera to pixels and back by their depth, and the other way round."""
    rng = np.random.default_rng(seed)
    points = rng.uniform([-3, -3, 0.1], [3, 3, 9], (6, 3))
    focal, center = library.array(FOCAL), library.array(CENTER)
    pixels = camera.project(library.array(points), focal, center)
    assert_close(library.numbers(pixels), points[:, :2] / points[:, 2:] * FOCAL + CENTER, 1e4 * library.tolerance)
    back = camera.unproject(pixels, library.array(points[:, 2]), focal, center)
    assert_close(library.numbers(back), points, 30 * library.tolerance)


def test_pixels_run_right_and_down(library: Library) -> None:
    """The optical axis meets the image in its principal point; +x is to the right of it, +y below."""
    points = library.array([[0.0, 0, 2], [1.0, 0, 2], [0.0, 1, 2]])
    pixels = library.numbers(camera.project(points, library.array(FOCAL), library.array(CENTER)))
    assert_close(pixels, CENTER + np.array([[0, 0], [450, 0], [0, 550]]), 1e-3)


@pytest.mark.parametrize("depth", [camera.NEAREST / 2, 0.0, -1e-30, -5.0])
def test_points_behind_the_camera_stay_finite(library: Library, depth: float) -> None:
    """They are projected from NEAREST in front of it, on the side of the image they are on."""
    point = library.array([1.0, -2.0, depth])
    pixels = library.numbers(camera.project(point, library.array(FOCAL), library.array(CENTER)))
    nearest = np.array([1.0, -2.0]) / camera.NEAREST * FOCAL + CENTER
    assert_close(pixels, nearest, 0.01 if library.dtype == "float32" else 1e-9)


@given(seed=seeds)
def test_view_frame(library: Library, seed: int) -> None:
    """Orthonormal; z from pelvis to camera; y the image's up as far as z allows; x level in the image, to the right."""
    rng = np.random.default_rng(seed)
    pelvis = rng.uniform([-3, -2, 0.5], [3, 2, 9], (6, 3))
    view = camera.view_rotation(library.array(pelvis))
    x, y, z = np.moveaxis(library.numbers(quaternion.to_matrix(view)), -2, 0)
    tolerance = 3 * library.tolerance
    assert_close(z, -unit(pelvis), tolerance)
    assert_close(np.cross(x, y), z, tolerance)
    assert_close(np.sum(y * z, axis=-1), np.zeros(6), tolerance)
    assert (y @ [0, -1, 0] > 0).all()
    assert (x @ [1, 0, 0] > 0).all()
    # y lies in the plane of z and the image's up, so x has no part along the image's y.
    assert_close(x[:, 1], np.zeros(6), tolerance)


def test_view_frame_is_finite_where_it_is_not_determined(library: Library) -> None:
    """A pelvis straight above or below the camera's centre, or in it."""
    pelvis = library.array([[0.0, 1, 0], [0.0, -2, 0], [0.0, 0, 0]])
    found = library.numbers(camera.view_rotation(pelvis))
    assert_close(np.linalg.norm(found, axis=-1), np.ones(3), library.tolerance)


def heading_to(position: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The rotation (4) of somebody upright at `position` who faces `target`, found without the view frame."""
    toward = target - position
    angle = np.arctan2(toward[0], toward[2])
    return np.array([np.cos(angle / 2), 0, np.sin(angle / 2), 0])


@given(seed=seeds)
def test_upright_and_facing_the_camera_is_no_turn(library: Library, seed: int) -> None:
    """Wherever he stands in a level camera's image at its height: left, right, near, far; wherever it looks."""
    rng = np.random.default_rng(seed)
    position = np.array([*rng.uniform(-5, 5, 2), 4.0])[[0, 2, 1]]
    ahead = position + np.array([rng.normal(), 0, rng.normal()])
    turned = np.asarray(camera.look_at(position, ahead, np.zeros(())))
    depth, side = rng.uniform(1, 9), rng.uniform(-3, 3)
    pelvis = camera.camera_to_world(np.array([side, 0.0, depth]), turned, position)
    root = heading_to(pelvis, position)
    seen = library.array(camera.world_to_camera(pelvis, turned, position))
    to_camera = quaternion.inverse(library.array(turned))
    in_view = quaternion.multiply(camera.view_rotation(seen), quaternion.multiply(to_camera, library.array(root)))
    assert_same_rotation(library.numbers(in_view), IDENTITY, 10 * library.tolerance)


@given(seed=seeds)
def test_where_he_stands_does_not_change_the_view_root(library: Library, seed: int) -> None:
    """Carried round the camera by a turn about its vertical, a pose keeps its root rotation; so does its image up."""
    rng = np.random.default_rng(seed)
    pelvis, root = np.array([0.0, 0.0, rng.uniform(1, 9)]), unit(rng.normal(size=4))
    angle = rng.uniform(-1.2, 1.2)
    carry = np.array([np.cos(angle / 2), 0, np.sin(angle / 2), 0])
    roots = []
    for turn in (IDENTITY, carry):
        view = camera.view_rotation(library.array(quaternion.rotate(turn, pelvis)))
        roots.append(library.numbers(quaternion.multiply(view, library.array(quaternion.multiply(turn, root)))))
    assert_same_rotation(roots[0], roots[1], 5 * library.tolerance)


def test_the_subjects_left_is_on_the_images_right() -> None:
    """A whole scene: a T-pose before a level camera, head above pelvis, left hand right of it in the image."""
    position = np.array([0.5, 1.0, 4.0])
    pelvis = np.array([-0.8, 1.0, 0.0])
    turned = camera.look_at(position, np.array([0.5, 1.0, 0.0]), np.zeros(()))
    rotations = np.tile(IDENTITY, (19, 1))
    rotations[0] = heading_to(pelvis, position)
    body = forward_kinematics(CONDITION_SKELETON.offsets, rotations, CONDITION_SKELETON.parents, pelvis)
    pixels = camera.project(camera.world_to_camera(body, turned, position), FOCAL, CENTER)
    place = {name: pixels[j] for j, name in enumerate(CONDITION_SKELETON.joint_names)}
    assert place["left_wrist"][0] > place["pelvis"][0] > place["right_wrist"][0]
    assert place["head"][1] < place["pelvis"][1] < place["left_ankle"][1]
    assert place["pelvis"][0] < CENTER[0]


@given(seed=seeds, roll=st.sampled_from((0.0, 0.3, -2.0)))
def test_look_at(library: Library, seed: int, roll: float) -> None:
    """The target is in the middle of the image, in front; the world's up points up in it, but for the roll."""
    rng = np.random.default_rng(seed)
    position = rng.normal([0, 0, 6], size=(5, 3))
    target = rng.normal(size=(5, 3))
    turned = camera.look_at(library.array(position), library.array(target), library.array(np.full(5, roll)))
    seen = camera.world_to_camera(library.array(target), turned, library.array(position))
    distance = np.linalg.norm(target - position, axis=-1)
    expected = np.stack([0 * distance, 0 * distance, distance], axis=-1)
    assert_close(library.numbers(seen), expected, 30 * library.tolerance)
    up = library.numbers(quaternion.rotate(quaternion.inverse(turned), library.array(np.tile(Y, (5, 1)))))
    # Turned by `roll` about its own axis, a camera sees the world turned the other way.
    assert_close(unit(up[:, :2]), np.tile([-np.sin(roll), -np.cos(roll)], (5, 1)), 20 * library.tolerance)


def test_look_straight_down_and_up(library: Library) -> None:
    """Where up is not determined the camera still looks at its target."""
    for target in ([0.0, -3, 0], [0.0, 3, 0]):
        turned = camera.look_at(library.array([0.0, 0, 0]), library.array(target), library.array(0.0))
        seen = library.numbers(quaternion.rotate(quaternion.inverse(turned), library.array(target)))
        assert_close(seen, np.array([0.0, 0, 3]), 5 * library.tolerance)
