"""Every conversion both ways, the geodesic angle at both its ends, and NumPy against torch."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from library import LIBRARIES, Library, assert_close, assert_same_rotation
from strategies import SINGULAR_QUATERNIONS, unit_quaternions, unit_vectors

from posenorm_core import quaternion


@given(q=unit_quaternions(1))
def test_matrix_round_trip(library: Library, q: np.ndarray) -> None:
    """Also where w is near 0 and the turn near a half, about any axis."""
    a = library.array(q[0])
    matrix = quaternion.to_matrix(a)
    back = library.numbers(quaternion.from_matrix(matrix))
    assert_same_rotation(back, q[0], library.tolerance)
    assert (back[..., 0] >= 0).all()
    columns = library.numbers(matrix)
    eye = np.broadcast_to(np.eye(3), columns.shape)
    assert_close(columns @ np.swapaxes(columns, -1, -2), eye, library.tolerance)
    assert_close(np.linalg.det(columns), np.ones(columns.shape[:-2]), 5 * library.tolerance)


@given(q=unit_quaternions(1))
def test_6d_round_trip(library: Library, q: np.ndarray) -> None:
    """The six are the matrix' first two columns; lengths, and a lean of the second to the first, do not matter."""
    a = library.array(q[0])
    six = library.numbers(quaternion.to_6d(a))
    matrix = library.numbers(quaternion.to_matrix(a))
    assert_close(six, np.concatenate([matrix[..., 0], matrix[..., 1]], axis=-1), 0)
    leaning = np.concatenate([2.5 * six[..., :3], 0.3 * six[..., 3:] - 0.7 * six[..., :3]], axis=-1)
    for values in (six, leaning):
        assert_same_rotation(library.numbers(quaternion.from_6d(library.array(values))), q[0], 3 * library.tolerance)


def test_6d_of_degenerate_input_is_a_unit_quaternion(library: Library) -> None:
    """A network may put out anything."""
    x, y, o = [1.0, 2.0, 3.0], [-1.0, 0.5, 0.1], [0.0, 0.0, 0.0]
    six = np.array([o + o, x + o, o + x, x + x, y + y, [-v for v in x] + x, [1.0, 0, 0, -1.0, 0, 0]])
    found = library.numbers(quaternion.from_6d(library.array(six)))
    assert_close(np.linalg.norm(found, axis=-1), np.ones(len(six)), library.tolerance)


@given(q=unit_quaternions(1))
def test_rotation_vector_round_trip(library: Library, q: np.ndarray) -> None:
    """The vector is never longer than π, and tiny turns keep their digits."""
    vector = quaternion.to_rotation_vector(library.array(q[0]))
    assert_same_rotation(library.numbers(quaternion.from_rotation_vector(vector)), q[0], library.tolerance)
    assert (np.linalg.norm(library.numbers(vector), axis=-1) <= np.pi + library.tolerance).all()


@given(axis=unit_vectors(1))
@pytest.mark.parametrize("angle", [0.0, 1e-9, 0.99e-4, 1.01e-4, 0.5, 3.0, np.pi])
def test_axis_angle_turns_by_that_angle(library: Library, axis: np.ndarray, angle: float) -> None:
    """The quaternion is (cos, axis sin) of the half angle, and comes back, to the last digits even of tiny turns."""
    angles = library.array(np.full(axis[0].shape[:-1], angle))
    found = library.numbers(quaternion.from_axis_angle(library.array(axis[0]), angles))
    assert_close(found[..., 0], np.full(axis[0].shape[:-1], np.cos(angle / 2)), library.tolerance)
    assert_close(found[..., 1:], axis[0] * np.sin(angle / 2), library.tolerance * max(angle, 1e-9))
    if angle < np.pi:  # where the axis is either of two
        back = quaternion.to_rotation_vector(library.array(found))
        assert_close(library.numbers(back), axis[0] * angle, library.tolerance * max(angle, 1e-9))


@given(q=unit_quaternions(3))
def test_geodesic_angle_is_a_distance(library: Library, q: np.ndarray) -> None:
    """Zero to itself and its negative, symmetric, triangle inequality, at most π, unmoved by a common turn."""
    a, b, c = (library.array(each) for each in q)
    ab, ba = (library.numbers(quaternion.geodesic_angle(*pair)) for pair in ((a, b), (b, a)))
    bc, ac = (library.numbers(quaternion.geodesic_angle(*pair)) for pair in ((b, c), (a, c)))
    assert_close(ab, ba, library.tolerance)
    assert_close(library.numbers(quaternion.geodesic_angle(a, -b)), ab, library.tolerance)
    assert_close(library.numbers(quaternion.geodesic_angle(a, -a)), np.zeros(ab.shape), library.tolerance)
    assert (ac <= ab + bc + 4 * library.tolerance).all()
    assert (ab <= np.pi + library.tolerance).all()
    together = quaternion.geodesic_angle(quaternion.multiply(c, a), quaternion.multiply(c, b))
    assert_close(library.numbers(together), ab, 4 * library.tolerance)


@pytest.mark.parametrize("angle", [1e-12, 1e-9, 1e-6, 1e-3, 1.0, np.pi - 1e-3, np.pi - 1e-6, np.pi - 1e-9, np.pi])
def test_geodesic_angle_is_exact_at_both_ends(library: Library, angle: float) -> None:
    """From the identity to the last digits; between two rotations to what their own digits hold."""
    axis = np.array([2.0, -1.0, 2.0]) / 3
    turn = np.concatenate([[np.cos(angle / 2)], np.sin(angle / 2) * axis])
    one, turned = library.array([1.0, 0, 0, 0]), library.array(turn)
    digits = float(np.finfo(library.dtype).eps)
    found = float(quaternion.geodesic_angle(one, turned))
    assert abs(found - angle) <= 4 * digits * angle
    start = library.array(np.array([0.5, -0.5, 0.5, 0.5]))
    found = float(quaternion.geodesic_angle(start, quaternion.multiply(start, turned)))
    assert abs(found - angle) <= 8 * digits


CALLS: dict[str, tuple[Callable[..., Any], str]] = {
    "normalize": (quaternion.normalize, "q"),
    "inverse": (quaternion.inverse, "q"),
    "multiply": (quaternion.multiply, "qq"),
    "rotate": (quaternion.rotate, "qv"),
    "geodesic_angle": (quaternion.geodesic_angle, "qq"),
    "from_rotation_vector": (quaternion.from_rotation_vector, "v"),
    "to_rotation_vector": (quaternion.to_rotation_vector, "q"),
    "slerp": (lambda a, b: quaternion.slerp(a, b, a[..., 0]), "qq"),
    "between": (quaternion.between, "vv"),
    "swing": (lambda q, v: quaternion.swing_twist(q, quaternion.unit(v))[0], "qv"),
    "twist": (lambda q, v: quaternion.swing_twist(q, quaternion.unit(v))[1], "qv"),
    "make_continuous": (quaternion.make_continuous, "q"),
    "to_matrix": (quaternion.to_matrix, "q"),
    "from_matrix": (lambda q: quaternion.from_matrix(quaternion.to_matrix(q)), "q"),
    "to_6d": (quaternion.to_6d, "q"),
    "from_6d": (lambda v, w: quaternion.from_6d(quaternion.array_namespace(v).concat([v, w], axis=-1)), "vv"),
}


@pytest.mark.parametrize("name", CALLS)
def test_numpy_and_torch_agree(name: str) -> None:
    """Every function, on random and singular input, to the last few digits."""
    call, kinds = CALLS[name]
    rng = np.random.default_rng(7)
    random = quaternion.normalize(rng.normal(size=(40, 4)))
    quaternions = np.concatenate([SINGULAR_QUATERNIONS, random])
    inputs = [rng.permutation(quaternions) if kind == "q" else rng.normal(size=(len(quaternions), 3)) for kind in kinds]
    doubles = [library for library in LIBRARIES if library.dtype == "float64"]
    results = [library.numbers(call(*(library.array(each) for each in inputs))) for library in doubles]
    assert_close(results[0], results[1], 1e-14)
