"""Two views of the same points: how the cameras stand to each other, and where the points are, as a first guess.

Image points are in focal lengths from the principal point, camera frames as in `posenorm_core.camera`; the distance
between the cameras is 1. Source: Hartley and Zisserman, Multiple View Geometry in Computer Vision, 2003, chapters 9
to 12.
"""

import numpy as np

# The error of a match at which it counts for half, in medians of all; and how often the weights are taken again.
_HALF, _ROUNDS = 2.0, 10


def relative_pose(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The rotation (3, 3) and translation (3,) that take the first camera's frame into the second's; points (N, 3).

    From `first` and `second` (N, 2), the same N points seen by either; the points are in the first camera's frame.
    Of the four poses that an essential matrix allows, the one that has the most points before both cameras.
    """
    u, _, vh = np.linalg.svd(essential_matrix(first, second))
    u, vh = u * np.sign(np.linalg.det(u)), vh * np.sign(np.linalg.det(vh))
    quarter = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    poses = [(u @ turn @ vh, sign * u[:, 2]) for turn in (quarter, quarter.T) for sign in (1, -1)]
    placed = [(*pose, triangulated(first, second, *pose)) for pose in poses]
    return max(placed, key=lambda it: int(((it[2][:, 2] > 0) & ((it[2] @ it[0].T + it[1])[:, 2] > 0)).sum()))


def essential_matrix(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """E (3, 3) with second · E · first = 0 for the points (N, 2) as (x, y, 1), N ≥ 8, as far as most of them agree.

    The normalized eight-point algorithm, wrong matches weighing ever less.
    """
    (a, to_a), (b, to_b) = _conditioned(first), _conditioned(second)
    products = (b[:, :, None] * a[:, None, :]).reshape(-1, 9)
    weights = np.ones(len(a))
    for _ in range(_ROUNDS):
        fundamental = np.linalg.svd(weights[:, None] * products, full_matrices=False)[2][-1].reshape(3, 3)
        u, singular, vh = np.linalg.svd(fundamental)
        fundamental = (u * (*singular[:2], 0)) @ vh
        distance = _sampson_distance(fundamental, a, b)
        weights = 1 / np.sqrt(1 + (distance / max(_HALF * float(np.median(distance)), 1e-12)) ** 2)
    u, _, vh = np.linalg.svd(to_b.T @ fundamental @ to_a)
    return np.asarray((u * (1, 1, 0)) @ vh)


def triangulated(first: np.ndarray, second: np.ndarray, rotation: np.ndarray, translation: np.ndarray) -> np.ndarray:
    """The points (N, 3) in the first camera's frame, linearly; what lies at infinity is far away, not infinite."""
    cameras = (np.eye(3, 4), np.column_stack([rotation, translation]))
    rows = [
        image[:, axis, None] * camera[2] - camera[axis]
        for image, camera in zip((first, second), cameras, strict=True)
        for axis in (0, 1)
    ]
    homogeneous = np.linalg.svd(np.stack(rows, axis=1))[2][:, -1]
    scale = homogeneous[:, 3:]
    return np.asarray(homogeneous[:, :3] / np.where(np.abs(scale) < 1e-9, np.copysign(1e-9, scale), scale))


def _conditioned(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points (N, 2) as (x, y, 1), shifted and scaled to mean 0 and mean square 2; and the matrix that did it."""
    middle, scale = points.mean(axis=0), np.sqrt(2) / max(float(points.std(axis=0).max()), 1e-12)
    matrix = np.array([[scale, 0, -scale * middle[0]], [0, scale, -scale * middle[1]], [0, 0, 1]])
    return np.column_stack([points, np.ones(len(points))]) @ matrix.T, matrix


def _sampson_distance(fundamental: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """How far (N,) matches (N, 3), (N, 3) are from agreeing with `fundamental` (3, 3), to first order."""
    lines_second, lines_first = first @ fundamental.T, second @ fundamental
    slope = np.sqrt((lines_second[:, :2] ** 2).sum(axis=1) + (lines_first[:, :2] ** 2).sum(axis=1))
    return np.asarray(np.abs((second * lines_second).sum(axis=1)) / np.maximum(slope, 1e-12))
