"""Blender's own quaternions are the second independent reference: what we compute, it shows."""

import numpy as np
import pytest

pytest.importorskip("bpy", reason="needs Blender's Python module, bpy")
mathutils = pytest.importorskip("mathutils")

from posenorm_core import quaternion  # noqa: E402

# mathutils keeps single precision.
TOLERANCE = 2e-6
RNG = np.random.default_rng(11)
HALF = np.sqrt(0.5)
SINGULAR = np.array(
    [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [1, 1e-5, 0, 0], [1e-5, 0, 1, 0], [HALF, HALF, 0, 0]]
)
ROTATIONS = np.asarray(quaternion.normalize(np.concatenate([SINGULAR, RNG.normal(size=(60, 4))])))
OTHERS = ROTATIONS[RNG.permutation(len(ROTATIONS))]
VECTORS = RNG.normal(size=(len(ROTATIONS), 3))


def blender(q: np.ndarray) -> "mathutils.Quaternion":
    """Blender's quaternion of ours: the order (w, x, y, z) is the same."""
    return mathutils.Quaternion(tuple(q))


def assert_same_rotations(found: np.ndarray, expected: list["mathutils.Quaternion"], tolerance: float) -> None:
    """But for the sign of each."""
    numbers = np.array([tuple(q) for q in expected])
    signs = np.where(np.sum(found * numbers, axis=-1, keepdims=True) < 0, -1, 1)
    np.testing.assert_allclose(signs * found, numbers, atol=tolerance)


def test_product_and_inverse() -> None:
    """The same order of turning, the same way back."""
    expected = [blender(a) @ blender(b) for a, b in zip(ROTATIONS, OTHERS, strict=True)]
    assert_same_rotations(quaternion.multiply(ROTATIONS, OTHERS), expected, TOLERANCE)
    assert_same_rotations(quaternion.inverse(ROTATIONS), [blender(q).inverted() for q in ROTATIONS], TOLERANCE)


def test_rotate_and_matrix() -> None:
    """Vectors turn the same way, and the matrices are the same, both ways."""
    turned = [tuple(blender(q) @ mathutils.Vector(v)) for q, v in zip(ROTATIONS, VECTORS, strict=True)]
    np.testing.assert_allclose(quaternion.rotate(ROTATIONS, VECTORS), turned, atol=5 * TOLERANCE)
    matrices = np.array([[tuple(row) for row in blender(q).to_matrix()] for q in ROTATIONS])
    np.testing.assert_allclose(quaternion.to_matrix(ROTATIONS), matrices, atol=TOLERANCE)
    assert_same_rotations(quaternion.from_matrix(matrices), [blender(q) for q in ROTATIONS], 5 * TOLERANCE)


def test_angle() -> None:
    """The shorter way round, where Blender's single precision can tell."""
    for a, b in zip(ROTATIONS, OTHERS, strict=True):
        angle = abs(blender(a).rotation_difference(blender(b)).angle)
        assert quaternion.geodesic_angle(a, b) == pytest.approx(min(angle, 2 * np.pi - angle), abs=1e-3)


def test_slerp() -> None:
    """At a third of the way, below half turns, where the shorter arc is determined."""
    near = np.abs(np.sum(ROTATIONS * OTHERS, axis=-1)) > 0.01
    found = quaternion.slerp(ROTATIONS[near], OTHERS[near], 1 / 3)
    signs = np.where(np.sum(ROTATIONS * OTHERS, axis=-1, keepdims=True) < 0, -1, 1)[near]
    pairs = zip(ROTATIONS[near], signs * OTHERS[near], strict=True)
    assert_same_rotations(found, [blender(a).slerp(blender(b), 1 / 3) for a, b in pairs], 10 * TOLERANCE)


def test_axis_angle_and_swing_twist() -> None:
    """Blender's twist about Y is ours."""
    axis = np.array([0.0, 1.0, 0.0])
    determined = np.hypot(ROTATIONS[:, 0], ROTATIONS[:, 2]) > 1e-3
    _, twist = quaternion.swing_twist(ROTATIONS[determined], axis)
    angles = [blender(q).to_swing_twist("Y")[1] for q in ROTATIONS[determined]]
    expected = [mathutils.Quaternion(tuple(axis), angle) for angle in angles]
    assert_same_rotations(twist, expected, 1e-4)


def test_between() -> None:
    """The smallest turn from one direction to another."""
    others = VECTORS[::-1]
    expected = [
        mathutils.Vector(u).rotation_difference(mathutils.Vector(v)) for u, v in zip(VECTORS, others, strict=True)
    ]
    assert_same_rotations(quaternion.between(VECTORS, others), expected, 20 * TOLERANCE)
