"""Every conversion both ways, the geodesic angle at both its ends, and NumPy against torch."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from library import LIBRARIES, Library, assert_close, assert_same_rotation
from scipy.linalg import polar
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


def stretched(q: np.ndarray, stretch: np.ndarray) -> np.ndarray:
    """U diag(stretch) V of the rotations q (2, …, 4), row by row (…, 9)."""
    first, second = (np.asarray(quaternion.to_matrix(each)) for each in q)
    return (first * stretch @ second).reshape(*q.shape[1:-1], 9)


@given(q=unit_quaternions(1))
def test_9d_of_a_rotation_is_that_rotation_however_long(library: Library, q: np.ndarray) -> None:
    """Row by row, at any scale above 0."""
    nine = library.numbers(quaternion.to_matrix(library.array(q[0]))).reshape(*q[0].shape[:-1], 9)
    for scale in (1.0, 250.0):
        found = library.numbers(quaternion.from_9d(library.array(scale * nine)))
        assert_same_rotation(found, q[0], 3 * library.tolerance)
        assert (found[..., 0] >= 0).all()


STRETCHES = [(3.0, 2.0, 1.0), (1.0, 2.0, 0.5), (3.0, 2.0, 0.0), (3.0, 2.0, -1.0)]


@given(q=unit_quaternions(2), stretch=st.sampled_from(STRETCHES))
def test_9d_forgets_every_stretch_and_takes_the_rotation_for_a_reflection(
    library: Library, q: np.ndarray, stretch: tuple[float, float, float]
) -> None:
    """Nearest to U diag(a, b, ±c) V is U V while c is the least: tr(Rᵀ U D V) is then greatest."""
    found = quaternion.from_9d(library.array(stretched(q, np.array(stretch))))
    assert_same_rotation(library.numbers(found), np.asarray(quaternion.multiply(*q)), 6 * library.tolerance)


def test_9d_of_any_matrix_is_the_polar_factor_or_where_that_reflects_the_nearest_rotation() -> None:
    """SciPy's polar decomposition, and Davenport's q-method: qᵀ K q is greatest for the nearest rotation q."""
    nine = np.random.default_rng(4).normal(size=(200, 9))
    found = np.asarray(quaternion.from_9d(nine))
    matrices = nine.reshape(-1, 3, 3)
    upright = np.linalg.det(matrices) > 0
    assert upright.any()
    assert not upright.all()
    factors = np.array([polar(matrix)[0] for matrix in matrices[upright]])
    assert_close(np.asarray(quaternion.to_matrix(found[upright])), factors, 1e-9)
    slowly = np.array([np.linalg.eigh(davenport(matrix))[1][:, -1] for matrix in matrices])
    assert_same_rotation(found, slowly, 1e-9)


def davenport(m: np.ndarray) -> np.ndarray:
    """K (4, 4) of a matrix m (3, 3): qᵀ K q = tr(R(q)ᵀ m)."""
    skew = np.array([m[2, 1] - m[1, 2], m[0, 2] - m[2, 0], m[1, 0] - m[0, 1]])
    inner = m + m.T - np.trace(m) * np.eye(3)
    return np.block([[np.array([[np.trace(m)]]), skew[None]], [skew[:, None], inner]])


@given(q=unit_quaternions(1, singular_share=0.0))
def test_9d_turns_with_the_matrix(q: np.ndarray) -> None:
    """Turned from the left or from the right, the nearest rotation is turned alike."""
    matrix = np.array([[2.0, 0.3, -0.1], [0.2, -1.0, 0.4], [0.5, 0.1, 0.7]])
    nearest = np.asarray(quaternion.from_9d(matrix.reshape(9)))
    turn = np.asarray(quaternion.to_matrix(q[0]))
    flat = (*q[0].shape[:-1], 9)
    from_left = np.asarray(quaternion.from_9d((turn @ matrix).reshape(flat)))
    from_right = np.asarray(quaternion.from_9d((matrix @ turn).reshape(flat)))
    assert_same_rotation(from_left, np.asarray(quaternion.multiply(q[0], nearest)), 1e-9)
    assert_same_rotation(from_right, np.asarray(quaternion.multiply(nearest, q[0])), 1e-9)


def test_9d_of_degenerate_input_is_a_unit_quaternion(library: Library) -> None:
    """A network may put out anything: nothing, one direction, a plane, a half turn's reflection."""
    column = np.array([1.0, -2.0, 0.5])
    matrices = [np.zeros((3, 3)), np.outer(column, column), np.diag([1.0, 1.0, 0.0]), -np.eye(3), np.ones((3, 3))]
    found = library.numbers(quaternion.from_9d(library.array(np.array(matrices).reshape(-1, 9))))
    assert_close(np.linalg.norm(found, axis=-1), np.ones(len(matrices)), library.tolerance)


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
    "from_9d": (lambda *v: quaternion.from_9d(quaternion.array_namespace(*v).concat(v, axis=-1)), "vvv"),
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
