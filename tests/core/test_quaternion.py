"""The rotations form a group and act on vectors; pyquaternion is the independent reference."""

import numpy as np
from hypothesis import given
from library import Library, assert_close, assert_same_rotation
from pyquaternion import Quaternion
from strategies import unit_quaternions, vectors_beside

from posenorm_core import quaternion

IDENTITY = np.array([1.0, 0.0, 0.0, 0.0])
NON_EMPTY = unit_quaternions(2).filter(lambda q: q.size > 0)


@given(q=unit_quaternions(1))
def test_identity_changes_nothing(library: Library, q: np.ndarray) -> None:
    """1 q = q = q 1."""
    a = library.array(q[0])
    one = quaternion.identity_like(a)
    assert_close(library.numbers(one), np.broadcast_to(IDENTITY, q[0].shape), 0)
    assert_close(library.numbers(quaternion.multiply(one, a)), library.numbers(a), 0)
    assert_close(library.numbers(quaternion.multiply(a, one)), library.numbers(a), 0)


@given(q=unit_quaternions(1))
def test_inverse_undoes(library: Library, q: np.ndarray) -> None:
    """Q q⁻¹ = 1 = q⁻¹ q."""
    a = library.array(q[0])
    one = np.broadcast_to(IDENTITY, q[0].shape)
    back = quaternion.inverse(a)
    assert_close(library.numbers(quaternion.multiply(a, back)), one, library.tolerance)
    assert_close(library.numbers(quaternion.multiply(back, a)), one, library.tolerance)


@given(q=unit_quaternions(3))
def test_product_is_associative_and_stays_unit(library: Library, q: np.ndarray) -> None:
    """(a b) c = a (b c), of length 1."""
    a, b, c = (library.array(each) for each in q)
    left = library.numbers(quaternion.multiply(quaternion.multiply(a, b), c))
    right = library.numbers(quaternion.multiply(a, quaternion.multiply(b, c)))
    assert_close(left, right, library.tolerance)
    assert_close(np.linalg.norm(left, axis=-1), np.ones(left.shape[:-1]), library.tolerance)


@given(q=unit_quaternions(2).flatmap(lambda q: vectors_beside(q).map(lambda v: (q, v[0]))))
def test_rotate_follows_the_product(library: Library, q: tuple[np.ndarray, np.ndarray]) -> None:
    """Turning by a b is turning by b, then by a; the sign of a quaternion does not matter."""
    a, b, v = library.array(q[0][0]), library.array(q[0][1]), library.array(q[1])
    at_once = library.numbers(quaternion.rotate(quaternion.multiply(a, b), v))
    in_turn = library.numbers(quaternion.rotate(a, quaternion.rotate(b, v)))
    assert_close(at_once, in_turn, 5 * library.tolerance)
    assert_close(library.numbers(quaternion.rotate(-a, v)), library.numbers(quaternion.rotate(a, v)), 0)


@given(q=unit_quaternions(1).flatmap(lambda q: vectors_beside(q, 2).map(lambda v: (q[0], v))))
def test_rotate_keeps_lengths_angles_and_handedness(library: Library, q: tuple[np.ndarray, np.ndarray]) -> None:
    """Scalar and cross products are the same before and after."""
    turn, (u, v) = library.array(q[0]), q[1]
    turned_u, turned_v = (library.numbers(quaternion.rotate(turn, library.array(each))) for each in (u, v))
    tolerance = 20 * library.tolerance
    assert_close(np.sum(turned_u * turned_v, axis=-1), np.sum(u * v, axis=-1), tolerance)
    assert_close(np.sum(turned_u * turned_u, axis=-1), np.sum(u * u, axis=-1), tolerance)
    crossed = library.numbers(quaternion.rotate(turn, library.array(np.cross(u, v))))
    assert_close(np.cross(turned_u, turned_v), crossed, tolerance)


@given(q=unit_quaternions(2))
def test_leading_axes_broadcast(library: Library, q: np.ndarray) -> None:
    """One rotation beside many is that rotation repeated, on either side."""
    many, one = library.array(q[0]), library.array(q[1].reshape(-1, 4)[:1].reshape(-1)) if q.size else None
    if one is None:
        return
    repeated = library.array(np.broadcast_to(np.asarray(one), q[0].shape))
    for operation in (quaternion.multiply, quaternion.geodesic_angle):
        assert_close(
            library.numbers(operation(one, many)), library.numbers(operation(repeated, many)), library.tolerance
        )
        assert_close(
            library.numbers(operation(many, one)), library.numbers(operation(many, repeated)), library.tolerance
        )


@given(q=NON_EMPTY.flatmap(lambda q: vectors_beside(q).map(lambda v: (q, v[0]))))
def test_agrees_with_pyquaternion(library: Library, q: tuple[np.ndarray, np.ndarray]) -> None:
    """Product, turn, inverse, matrix and angle are those of an independent implementation."""
    (a, b), v = q
    x, y, w = library.array(a), library.array(b), library.array(v)
    pairs = [(Quaternion(i), Quaternion(j)) for i, j in zip(a.reshape(-1, 4), b.reshape(-1, 4), strict=True)]
    expected = {
        "multiply": [(i * j).elements for i, j in pairs],
        "inverse": [i.inverse.elements for i, _ in pairs],
        "rotate": [i.rotate(u) for (i, _), u in zip(pairs, v.reshape(-1, 3), strict=True)],
        "matrix": [i.rotation_matrix for i, _ in pairs],
    }
    found = {
        "multiply": quaternion.multiply(x, y),
        "inverse": quaternion.inverse(x),
        "rotate": quaternion.rotate(x, w),
        "matrix": quaternion.to_matrix(x),
    }
    for name, value in found.items():
        reference = np.reshape(expected[name], value.shape)
        assert_close(library.numbers(value), reference, 5 * library.tolerance)
    # pyquaternion's angle is signed and up to 2π; ours is the shorter way round.
    angles = np.abs([(i.inverse * j).angle for i, j in pairs]).reshape(a.shape[:-1])
    shorter = np.minimum(angles, 2 * np.pi - angles)
    assert_close(library.numbers(quaternion.geodesic_angle(x, y)), shorter, 5 * library.tolerance)


@given(q=NON_EMPTY)
def test_slerp_agrees_with_pyquaternion(library: Library, q: np.ndarray) -> None:
    """Below a half turn, where the shorter arc is determined; pyquaternion is only near for close pairs."""
    a, b = q
    cosine = np.abs(np.sum(a * b, axis=-1, keepdims=True))
    b = np.where(cosine < 0.01, a, b)
    found = quaternion.slerp(library.array(a), library.array(b), 0.3)
    pairs = zip(a.reshape(-1, 4), b.reshape(-1, 4), strict=True)
    expected = [Quaternion.slerp(Quaternion(i), Quaternion(j), 0.3).elements for i, j in pairs]
    assert_same_rotation(library.numbers(found), np.reshape(expected, a.shape), 1e-5)


@given(q=unit_quaternions(1))
def test_normalize_brings_back_any_length(library: Library, q: np.ndarray) -> None:
    """A scaled quaternion is the same rotation again; zero stays zero."""
    for scale in (1e-6, 0.5, 3.0, 1e6):
        found = quaternion.normalize(library.array(q[0] * scale))
        assert_close(library.numbers(found), q[0], library.tolerance)
    assert not library.numbers(quaternion.normalize(library.array(q[0] * 0))).any()


def test_degrees(library: Library) -> None:
    """Half a turn is 180."""
    assert_close(library.numbers(quaternion.degrees(library.array([np.pi, 0.0]))), np.array([180.0, 0.0]), 1e-4)
