"""The few words every formula is built from."""

import numpy as np
import pytest
from hypothesis import given
from library import Library, assert_close
from strategies import unit_quaternions

from posenorm_core.arrays import array_namespace, constant_like, device, dot, norm, unit


@given(q=unit_quaternions(2))
def test_dot_and_norm_keep_the_axis(library: Library, q: np.ndarray) -> None:
    """They are NumPy's own sums, with the last axis kept at length 1."""
    a, b = (library.array(3 * each) for each in q)
    expected = 9 * np.sum(q[0] * q[1], axis=-1, keepdims=True)
    assert_close(library.numbers(dot(a, b)), expected, 20 * library.tolerance)
    assert_close(library.numbers(norm(a)), np.full(expected.shape, 3.0), 5 * library.tolerance)


def test_dot_of_any_length(library: Library) -> None:
    """Short axes are written out, long ones summed; both are the scalar product."""
    for length in range(1, 9):
        values = np.arange(1.0, length + 1)
        found = library.numbers(dot(library.array(values), library.array(values)))
        assert_close(found, np.array([np.sum(values * values)]), 1e-3 if library.dtype == "float32" else 1e-9)


def test_unit_of_anything_short_of_nothing(library: Library) -> None:
    """Any length down to the smallest comes out as 1; zero stays zero."""
    direction = np.array([2.0, -1.0, 2.0]) / 3
    for length in (1e-9, 1.0, 1e9):
        assert_close(library.numbers(unit(library.array(length * direction))), direction, library.tolerance)
    assert not library.numbers(unit(library.array(np.zeros(3)))).any()
    assert not library.numbers(norm(library.array(np.zeros(3)))).any()


def test_constants_take_after_their_neighbour(library: Library) -> None:
    """Library, precision and device are those of the array they join."""
    neighbour = library.array([[0.5, 0.25]])
    constant = constant_like([1.0, 2.0], neighbour)
    assert_close(library.numbers(constant), np.array([1.0, 2.0]), 0)
    assert array_namespace(constant) is array_namespace(neighbour)
    assert device(constant) == device(neighbour)


def test_a_constant_first_asked_for_in_inference_mode_can_be_trained_with() -> None:
    """It is kept, and torch lets no gradient pass by what was made in that mode."""
    torch = pytest.importorskip("torch")
    with torch.inference_mode():
        constant_like([0.123, 4.567], torch.ones(2))
    weight = torch.ones(2, requires_grad=True)
    (weight * constant_like([0.123, 4.567], torch.ones(2))).sum().backward()
    np.testing.assert_allclose(weight.grad.numpy(), [0.123, 4.567], rtol=1e-6)
