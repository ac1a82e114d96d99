"""Slerp, the smallest rotation between directions, swing and twist, signs along time, and the mean."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from library import Library, assert_close, assert_same_rotation
from strategies import seeds, unit_quaternions, unit_vectors

from posenorm_core import quaternion

AXES = (*np.eye(3), np.array([2.0, -1.0, 2.0]) / 3)


@given(q=unit_quaternions(2), t=st.floats(0, 1))
def test_slerp_runs_evenly_along_the_shorter_arc(library: Library, q: np.ndarray, t: float) -> None:
    """At its ends it is a and b; between them the angle from a is t times the whole, to b the rest."""
    a, b = (library.array(each) for each in q)
    tolerance = 3 * library.tolerance
    assert_same_rotation(library.numbers(quaternion.slerp(a, b, 0.0)), q[0], tolerance)
    assert_same_rotation(library.numbers(quaternion.slerp(a, b, 1.0)), q[1], tolerance)
    middle = quaternion.slerp(a, b, t)
    whole = library.numbers(quaternion.geodesic_angle(a, b))
    assert_close(library.numbers(quaternion.geodesic_angle(a, middle)), t * whole, tolerance)
    assert_close(library.numbers(quaternion.geodesic_angle(middle, b)), (1 - t) * whole, tolerance)


@given(q=unit_quaternions(2))
def test_slerp_takes_a_fraction_for_each(library: Library, q: np.ndarray) -> None:
    """An array of fractions is each fraction alone."""
    a, b = (library.array(each) for each in q)
    fractions = np.linspace(0, 1, int(np.prod(q.shape[1:-1]))).reshape(q.shape[1:-1])
    found = library.numbers(quaternion.slerp(a, b, library.array(fractions)))
    for place in np.ndindex(*fractions.shape):
        alone = quaternion.slerp(library.array(q[0][place]), library.array(q[1][place]), float(fractions[place]))
        assert_close(found[place], library.numbers(alone), library.tolerance)


@given(u=unit_vectors(2))
def test_between_is_the_smallest_turn(library: Library, u: np.ndarray) -> None:
    """It takes u's direction onto v's whatever their lengths, by the angle between them."""
    found = quaternion.between(library.array(2.5 * u[0]), library.array(0.3 * u[1]))
    assert_close(library.numbers(quaternion.rotate(found, library.array(u[0]))), u[1], 2 * library.tolerance)
    angle = 2 * np.arctan2(np.linalg.norm(u[0] - u[1], axis=-1), np.linalg.norm(u[0] + u[1], axis=-1))
    still = quaternion.identity_like(found)
    assert_close(library.numbers(quaternion.geodesic_angle(found, still)), angle, 2 * library.tolerance)


@pytest.mark.parametrize("off", [0.0, 1e-17, 1e-12, 1e-9, 1e-7, 1e-6, 1e-4, 1e-2])
def test_between_nearly_opposite_and_nearly_equal_directions(library: Library, off: float) -> None:
    """No digit is lost as the turn nears a half, and none as it nears nothing."""
    rng = np.random.default_rng(3)
    u = np.concatenate([np.eye(3), -np.eye(3), rng.normal(size=(200, 3))])
    u /= np.linalg.norm(u, axis=-1, keepdims=True)
    for near in (-u, u):
        v = near + off * rng.normal(size=u.shape)
        v /= np.linalg.norm(v, axis=-1, keepdims=True)
        found = quaternion.between(library.array(u * rng.uniform(0.1, 9, (len(u), 1))), library.array(3 * v))
        assert_close(np.linalg.norm(library.numbers(found), axis=-1), np.ones(len(u)), library.tolerance)
        assert_close(library.numbers(quaternion.rotate(found, library.array(u))), v, library.tolerance)


def test_between_of_no_direction_is_no_turn(library: Library) -> None:
    """A bone of length 0 has no direction to take anywhere."""
    zero, v = library.array(np.zeros(3)), library.array([1.0, 2.0, 3.0])
    for pair in ((zero, v), (v, zero), (zero, zero)):
        assert_close(library.numbers(quaternion.between(*pair)), np.array([1.0, 0, 0, 0]), library.tolerance)


def test_between_and_swing_twist_broadcast(library: Library) -> None:
    """One direction or rotation beside many, on either side."""
    rng = np.random.default_rng(5)
    one, many = np.array([0.0, 1.0, 0.0]), rng.normal(size=(4, 3))
    many /= np.linalg.norm(many, axis=-1, keepdims=True)
    for u, v in ((one, many), (many, one)):
        found = quaternion.between(library.array(u), library.array(v))
        turned = library.numbers(quaternion.rotate(found, library.array(u)))
        assert_close(turned, np.broadcast_to(v, (4, 3)), library.tolerance)
    q = library.array([0.5, -0.5, 0.5, 0.5])
    swing, twist = quaternion.swing_twist(q, library.array(many))
    assert_close(library.numbers(quaternion.multiply(swing, twist)), np.tile([0.5, -0.5, 0.5, 0.5], (4, 1)), 1e-6)


@pytest.mark.parametrize("axis", AXES, ids=lambda axis: "-".join(f"{x:.2f}" for x in axis))
@given(q=unit_quaternions(1))
def test_swing_and_twist(library: Library, axis: np.ndarray, q: np.ndarray) -> None:
    """Together they are the rotation; the twist turns about the axis, the swing about one perpendicular to it."""
    about = library.array(axis)
    swing, twist = quaternion.swing_twist(library.array(q[0]), about)
    assert_close(library.numbers(quaternion.multiply(swing, twist)), q[0], 2 * library.tolerance)
    kept = library.numbers(quaternion.rotate(twist, about))
    assert_close(kept, np.broadcast_to(axis, kept.shape), 2 * library.tolerance)
    for part in (swing, twist):
        length = np.linalg.norm(library.numbers(part), axis=-1)
        assert_close(length, np.ones(length.shape), library.tolerance)
    # Within 1e-7 of a half turn of the axis the twist is taken as nothing.
    assert_close(library.numbers(swing)[..., 1:] @ axis, np.zeros(q[0].shape[:-1]), library.tolerance + 1e-7)


@given(q=unit_quaternions(1), seed=seeds, axis=st.sampled_from((0, 1, -2)))
def test_continuous_signs(library: Library, q: np.ndarray, seed: int, axis: int) -> None:
    """Along time no dot is negative, every rotation is what it was, and doing it again changes nothing."""
    rng = np.random.default_rng(seed)
    q = q[0].reshape(-1, 1, 4) * rng.choice([-1.0, 1.0], size=(q[0].size // 4, 3, 1))
    q = np.moveaxis(q, 0, axis)
    found = quaternion.make_continuous(library.array(q), axis=axis)
    numbers, before = library.numbers(found), library.numbers(library.array(q))
    assert_same_rotation(numbers, before, 0)
    later, earlier = (np.moveaxis(numbers, axis, 0)[cut] for cut in (slice(1, None), slice(None, -1)))
    assert (np.sum(later * earlier, axis=-1) >= -library.tolerance).all()
    assert_close(np.moveaxis(numbers, axis, 0)[:1], np.moveaxis(before, axis, 0)[:1], 0)
    assert_close(library.numbers(quaternion.make_continuous(found, axis=axis)), numbers, 0)


def test_a_smooth_turn_is_smooth_once_continuous(library: Library) -> None:
    """A path with flipped signs comes back as it was, over several full turns, where w changes its sign."""
    angle = np.linspace(0, 6 * np.pi, 500)
    path = np.stack([np.cos(angle / 2), np.sin(angle / 2), 0 * angle, 0 * angle], axis=-1)
    flipped = path * np.where(np.random.default_rng(1).random(500) < 0.5, -1.0, 1.0)[:, None]
    flipped[0] = path[0]
    assert_close(library.numbers(quaternion.make_continuous(library.array(flipped))), path, library.tolerance)


@given(q=unit_quaternions(1, singular_share=0.3), seed=seeds)
def test_mean_of_rotations_around_one(library: Library, q: np.ndarray, seed: int) -> None:
    """Turns away from q that cancel in pairs, with any signs, have q as their mean."""
    rng = np.random.default_rng(seed)
    away = 0.3 * rng.normal(size=(6, 3))
    turns = quaternion.from_rotation_vector(np.concatenate([away, -away]))
    center = q[0].reshape(-1, 4)[:1] if q.size else np.array([[1.0, 0, 0, 0]])
    around = quaternion.multiply(center, turns) * rng.choice([-1.0, 1.0], size=(12, 1))
    found = library.numbers(quaternion.mean(library.array(around)))
    assert_same_rotation(found, center[0], 10 * library.tolerance)
    assert found[0] >= 0


def test_mean_heeds_the_weights(library: Library) -> None:
    """Weight 0 does not count; equal weights meet in the middle."""
    a, b = np.array([1.0, 0, 0, 0]), quaternion.from_rotation_vector(np.array([0.0, 0.8, 0.0]))
    both = library.array(np.stack([a, -b]))
    only_b = quaternion.mean(both, library.array([0.0, 2.0]))
    assert_same_rotation(library.numbers(only_b), b, library.tolerance)
    middle = quaternion.from_rotation_vector(np.array([0.0, 0.4, 0.0]))
    assert_same_rotation(library.numbers(quaternion.mean(both, library.array([1.0, 1.0]))), middle, library.tolerance)
