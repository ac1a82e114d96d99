"""The axis conversion is a rotation: it keeps lengths and handedness, commutes with turning, and has an inverse."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from motions import random_rotations

from addon.scene.axes import blender_to_body, body_to_blender, rotations_to_blender, rotations_to_body
from posenorm_core import quaternion

seeds = st.integers(0, 2**32 - 1)


def test_up_and_front_are_where_blender_has_them() -> None:
    np.testing.assert_array_equal(body_to_blender(np.array([0.0, 1.0, 0.0])), [0, 0, 1])
    np.testing.assert_array_equal(body_to_blender(np.array([0.0, 0.0, 1.0])), [0, -1, 0])
    np.testing.assert_array_equal(body_to_blender(np.array([1.0, 0.0, 0.0])), [1, 0, 0])


@given(seeds)
def test_conversions_undo_each_other(seed: int) -> None:
    rng = np.random.default_rng(seed)
    vectors, turns = rng.normal(size=(3, 5, 3)), random_rotations(rng, (3, 5))
    np.testing.assert_array_equal(blender_to_body(body_to_blender(vectors)), vectors)
    np.testing.assert_array_equal(rotations_to_body(rotations_to_blender(turns)), turns)


@given(seeds)
def test_turning_then_converting_is_converting_then_turning(seed: int) -> None:
    rng = np.random.default_rng(seed)
    vectors, turns = rng.normal(size=(5, 3)), random_rotations(rng, (5,))
    there = body_to_blender(quaternion.rotate(turns, vectors))
    back = quaternion.rotate(rotations_to_blender(turns), body_to_blender(vectors))
    np.testing.assert_allclose(there, back, atol=1e-12)
