"""Unit quaternions (w, x, y, z): Hamilton product, active rotations, any leading axes.

`multiply(a, b)` turns by b first and then by a, as matrices do. q and -q are one rotation: nothing here
depends on the sign but `make_continuous`, which is where the sign along time is decided.
Written once for NumPy and torch (see `arrays`); shapes below leave out the leading axes.
"""

import math
from collections.abc import Sequence

from posenorm_core.arrays import Array, array_namespace, constant_like, dot, norm, unit

# Below this angle (radians, squared) the series stand in for sin(x)/x and its kin.
_SMALL_SQUARE = 1e-8


def identity_like(quaternions: Array) -> Array:
    """The rotation by nothing, in the shape (…, 4) of `quaternions`."""
    return quaternions * 0 + constant_like([1.0, 0.0, 0.0, 0.0], quaternions)


def normalize(q: Array) -> Array:
    """`q` (4) at length 1; a zero quaternion stays zero."""
    return unit(q)


def inverse(q: Array) -> Array:
    """The rotation back: the conjugate of the unit quaternion `q` (4)."""
    return q * constant_like([1.0, -1.0, -1.0, -1.0], q)


def multiply(a: Array, b: Array) -> Array:
    """Hamilton product (4), (4) -> (4): turn by `b`, then by `a`."""
    xp = array_namespace(a, b)
    aw, ax, ay, az = xp.unstack(a, axis=-1)
    bw, bx, by, bz = xp.unstack(b, axis=-1)
    return xp.stack(
        [
            aw * bw - ax * bx - ay * by - az * bz,
            aw * bx + ax * bw + ay * bz - az * by,
            aw * by - ax * bz + ay * bw + az * bx,
            aw * bz + ax * by - ay * bx + az * bw,
        ],
        axis=-1,
    )


def rotate(q: Array, v: Array) -> Array:
    """The vectors `v` (3) turned by the unit quaternions `q` (4) -> (3)."""
    xp = array_namespace(q, v)
    w, x, y, z = xp.unstack(q, axis=-1)
    vx, vy, vz = xp.unstack(v, axis=-1)
    # v + w t + u x t with t = u x 2v and u the vector part: 30 operations against 47 by two products.
    twice_x, twice_y, twice_z = xp.unstack(2 * v, axis=-1)
    tx, ty, tz = y * twice_z - z * twice_y, z * twice_x - x * twice_z, x * twice_y - y * twice_x
    return xp.stack(
        [
            vx + w * tx + y * tz - z * ty,
            vy + w * ty + z * tx - x * tz,
            vz + w * tz + x * ty - y * tx,
        ],
        axis=-1,
    )


def geodesic_angle(a: Array, b: Array) -> Array:
    """The angle in radians, 0…π, of the turn from `a` (4) to `b` (4) -> (); the sign of either is ignored.

    By atan2, which is exact at both ends where the arc cosine loses half of its digits.
    """
    xp = array_namespace(a, b)
    difference = multiply(inverse(a), b)
    half = xp.atan2(norm(difference[..., 1:]), xp.abs(difference[..., :1]))
    return (2 * half)[..., 0]


def from_rotation_vector(v: Array) -> Array:
    """Axis times angle in radians (3) -> quaternion (4); smooth through zero."""
    xp = array_namespace(v)
    square = dot(v, v)
    small = square < _SMALL_SQUARE
    angle = xp.sqrt(xp.where(small, xp.ones_like(square), square))
    half_sinc = xp.where(small, 0.5 - square / 48, xp.sin(angle / 2) / angle)
    cosine = xp.where(small, 1 - square / 8, xp.cos(angle / 2))
    return xp.concat([cosine, v * half_sinc], axis=-1)


def to_rotation_vector(q: Array) -> Array:
    """Quaternion (4) -> axis times angle in radians (3), the shorter way round (angle ≤ π)."""
    xp = array_namespace(q)
    q = xp.where(q[..., :1] < 0, -q, q)
    square = dot(q[..., 1:], q[..., 1:])
    small = square < _SMALL_SQUARE
    sine = xp.sqrt(xp.where(small, xp.ones_like(square), square))
    # For small sines angle/sine = 2 asin(s)/s = 2 + s²/3 + …, w ≥ 0 being nearly 1.
    factor = xp.where(small, 2 + square / 3, 2 * xp.atan2(sine, q[..., :1]) / sine)
    return q[..., 1:] * factor


def from_axis_angle(axis: Array, angle: Array) -> Array:
    """The turn by `angle` () radians about the unit vector `axis` (3) -> (4)."""
    return from_rotation_vector(axis * angle[..., None])


def slerp(a: Array, b: Array, t: Array) -> Array:
    """From `a` (4) at t = 0 to `b` (4) at t = 1 along the shorter arc at even speed; `t` is (…,) or a number."""
    fraction = t[..., None] if hasattr(t, "ndim") else t
    turn = to_rotation_vector(multiply(inverse(a), b))
    return multiply(a, from_rotation_vector(turn * fraction))


def between(u: Array, v: Array) -> Array:
    """The smallest rotation that takes the direction of `u` (3) onto that of `v` (3) -> (4).

    For opposite directions the axis is not determined; one perpendicular to `u` is taken.
    """
    xp = array_namespace(u, v)
    u, v = xp.broadcast_arrays(unit(u), unit(v))
    cosine, total = dot(u, v), u + v
    # Of nearly opposite vectors only the sum keeps its digits: 1 + u·v = |u + v|² / 2, u x v = u x (u + v).
    w = xp.where(cosine < 0, dot(total, total) / 2, 1 + cosine)
    quaternion = xp.concat([w, xp.linalg.cross(u, total)], axis=-1)
    # Any axis perpendicular to u serves for the half turn: cross with the basis vector u is least along.
    magnitude = xp.abs(u)
    least = magnitude <= xp.min(magnitude, axis=-1, keepdims=True)
    half_turn = xp.concat([xp.zeros_like(cosine), xp.linalg.cross(u, xp.astype(least, u.dtype))], axis=-1)
    opposite = dot(quaternion, quaternion) < float(xp.finfo(u.dtype).eps) ** 2
    return unit(xp.where(opposite, half_turn, quaternion), smallest=1e-18)


def swing_twist(q: Array, axis: Array) -> tuple[Array, Array]:
    """Splits `q` (4) into swing and twist, q = swing · twist, the twist about the unit vector `axis` (3).

    The swing's axis is perpendicular to `axis`. Where q turns `axis` by exactly π the twist is not
    determined; it is then the identity.
    """
    xp = array_namespace(q, axis)
    w, along = xp.broadcast_arrays(q[..., :1], dot(q[..., 1:], axis))
    twist = xp.concat([w, along * axis], axis=-1)
    square = dot(twist, twist)
    undetermined = square < 1e-14
    twist = xp.where(undetermined, identity_like(twist), unit(twist))
    return multiply(q, inverse(twist)), twist


def make_continuous(q: Array, axis: int = 0) -> Array:
    """Signs chosen so that along `axis` (time) each quaternion has dot ≥ 0 with the one before it.

    The first keeps its sign. The last step of every computation whose result is keyed or filed.
    """
    xp = array_namespace(q)
    q = xp.moveaxis(q, axis, 0)
    if q.shape[0] < 2:
        return xp.moveaxis(q, 0, axis)
    flips = xp.astype(dot(q[1:], q[:-1]) < 0, xp.int64)
    parity = xp.cumulative_sum(flips, axis=0) % 2
    signs = xp.astype(1 - 2 * parity, q.dtype)
    return xp.moveaxis(xp.concat([q[:1], q[1:] * signs], axis=0), 0, axis)


def mean(q: Array, weights: Array | None = None) -> Array:
    """The rotation nearest to all `q` (N, 4) in the chordal sense -> (4), signs ignored, w ≥ 0.

    The dominant eigenvector of Σ w q qᵀ (Markley et al., Averaging Quaternions, 2007).
    """
    xp = array_namespace(q)
    weighted = q if weights is None else q * weights[..., None]
    _, vectors = xp.linalg.eigh(xp.matmul(xp.matrix_transpose(weighted), q))
    best = vectors[..., -1]
    return xp.where(best[..., :1] < 0, -best, best)


def to_matrix(q: Array) -> Array:
    """Unit quaternion (4) -> rotation matrix (3, 3)."""
    xp = array_namespace(q)
    w, x, y, _ = xp.unstack(q, axis=-1)
    _, twice_x, twice_y, twice_z = xp.unstack(2 * q, axis=-1)
    ww, xx, yy, zz = xp.unstack(q * q, axis=-1)
    wx, wy, wz = w * twice_x, w * twice_y, w * twice_z
    xy, xz, yz = x * twice_y, x * twice_z, y * twice_z
    rows = [
        xp.stack([ww + xx - yy - zz, xy - wz, xz + wy], axis=-1),
        xp.stack([xy + wz, ww - xx + yy - zz, yz - wx], axis=-1),
        xp.stack([xz - wy, yz + wx, ww - xx - yy + zz], axis=-1),
    ]
    return xp.stack(rows, axis=-2)


def from_matrix(m: Array) -> Array:
    """Rotation matrix (3, 3) -> unit quaternion (4) with w ≥ 0."""
    xp = array_namespace(m)
    return _from_columns(*(xp.unstack(m[..., column], axis=-1) for column in range(3)))


def _from_columns(first: Sequence[Array], second: Sequence[Array], third: Sequence[Array]) -> Array:
    """The columns of a rotation matrix, each as its three numbers (), -> unit quaternion (4) with w ≥ 0.

    All four candidate forms are computed and the one with the largest divisor taken, so no digit is lost anywhere and
    the gradient is finite. Number by number, which NumPy does twice as fast as with short last axes.
    """
    (m00, m10, m20), (m01, m11, m21), (m02, m12, m22) = first, second, third
    xp = array_namespace(m00)
    # The symmetric matrix 4 q qᵀ, of which row k is 4 q_k q: each row is q but for its length.
    one = xp.ones_like(m00)  # a plain 1 makes NumPy's single numbers double ones
    ww, xx = one + m00 + m11 + m22, one + m00 - m11 - m22
    yy, zz = one - m00 + m11 - m22, one - m00 - m11 + m22
    wx, wy, wz = m21 - m12, m02 - m20, m10 - m01
    xy, xz, yz = m10 + m01, m20 + m02, m21 + m12
    by_w, by_y, by_w_or_x = ww >= xx, yy >= zz, xp.maximum(ww, xx) >= xp.maximum(yy, zz)
    upper = [xp.where(by_w, w, x) for w, x in ((ww, wx), (wx, xx), (wy, xy), (wz, xz))]
    lower = [xp.where(by_y, y, z) for y, z in ((wy, wz), (xy, xz), (yy, yz), (yz, zz))]
    w, x, y, z = (xp.where(by_w_or_x, high, low) for high, low in zip(upper, lower, strict=True))
    length = xp.sqrt(w * w + x * x + y * y + z * z)
    length = xp.where(w < 0, -length, length)
    return xp.stack([w / length, x / length, y / length, z / length], axis=-1)


def from_6d(d: Array) -> Array:
    """Two 3-vectors (6), any lengths -> unit quaternion (4), by Gram and Schmidt.

    The first two columns of a rotation matrix (Zhou et al., On the Continuity of Rotation
    Representations in Neural Networks, 2019).
    """
    xp = array_namespace(d)
    first = unit(d[..., :3])
    second = unit(d[..., 3:] - dot(first, d[..., 3:]) * first)
    ax, ay, az = a = xp.unstack(first, axis=-1)
    bx, by, bz = b = xp.unstack(second, axis=-1)
    return _from_columns(a, b, (ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx))


def from_9d(d: Array) -> Array:
    """Any matrix, row by row (9), -> the unit quaternion (4) of the rotation nearest to it.

    By singular values (Levinson et al., An Analysis of SVD for Deep Rotation Estimation, 2020); the gradient is not
    determined where two of them are equal.
    """
    xp = array_namespace(d)
    u, _, vh = xp.linalg.svd(xp.reshape(d, (*d.shape[:-1], 3, 3)))
    handed = xp.sign(xp.linalg.det(u) * xp.linalg.det(vh))
    last = xp.ones_like(u[..., :1, :]) * constant_like([1.0, 1.0, 0.0], d)
    last = last + constant_like([0.0, 0.0, 1.0], d) * handed[..., None, None]
    return from_matrix(xp.matmul(u * last, vh))


def to_6d(q: Array) -> Array:
    """Unit quaternion (4) -> the first two columns of its matrix (6)."""
    xp = array_namespace(q)
    m = to_matrix(q)
    return xp.concat([m[..., :, 0], m[..., :, 1]], axis=-1)


def degrees(radians: Array) -> Array:
    """Radians -> degrees, for reports."""
    return radians * (180 / math.pi)
