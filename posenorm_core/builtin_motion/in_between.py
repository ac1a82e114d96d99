"""The in-between: smooth rotations at any phase of a cycle of key poses.

Each joint's keys are taken as rotation vectors about their mean and joined by monotone cubic Hermite splines
(Fritsch and Carlson, Monotone Piecewise Cubic Interpolation, 1980), closed over the cycle: eased in and out of
every extreme, without overshoot (a knee never bends the wrong way), seamless, and a hinge stays a hinge.
"""

import numpy as np

from posenorm_core import quaternion


def cyclic_rotations(phases: np.ndarray, keys: np.ndarray, at: np.ndarray, sway: np.ndarray) -> np.ndarray:
    """Rotations (T, J, 4) at the phases `at` (T,), any real numbers, between `keys` (K, J, 4) at `phases` (K,).

    `sway` (T, J, 3) radians, or zeros, is added to the rotation vectors.
    """
    middle = quaternion.mean(np.swapaxes(keys, 0, 1))
    vectors = quaternion.to_rotation_vector(quaternion.multiply(quaternion.inverse(middle), keys))
    turned = cyclic_hermite(phases, vectors, at) + sway
    return np.asarray(quaternion.multiply(middle, quaternion.from_rotation_vector(turned)))


def cyclic_hermite(phases: np.ndarray, values: np.ndarray, at: np.ndarray, gain: float = 0.0) -> np.ndarray:
    """The monotone cubic through `values` (K, …) at `phases` (K,) in 0…1, at the phases `at` (T,) -> (T, …).

    The curve repeats with the cycle, `gain` higher every time.
    """
    shape = (-1,) + (1,) * (values.ndim - 1)
    following = np.concatenate([values[1:], values[:1] + gain])
    widths = np.diff(np.append(phases, phases[0] + 1)).reshape(shape)
    slopes = _monotone_slopes(widths, (following - values) / widths)
    cycle = np.floor(at - phases[0])
    within = at - cycle
    key = np.clip(np.searchsorted(phases, within, side="right") - 1, 0, len(phases) - 1)
    width = widths[key]
    s = ((within - phases[key]) / widths.reshape(-1)[key]).reshape(shape)
    ease = s * s * (3 - 2 * s)
    start, end = values[key], following[key]
    leaving, arriving = slopes[key], np.roll(slopes, -1, axis=0)[key]
    bend = s * (1 - s) * width * ((1 - s) * leaving - s * arriving)
    return np.asarray(start + ease * (end - start) + bend + gain * cycle.reshape(shape))


def _monotone_slopes(widths: np.ndarray, rises: np.ndarray) -> np.ndarray:
    """The slope at each key (K, …): the weighted harmonic mean of both sides' rises, 0 at an extreme."""
    before, width_before = np.roll(rises, 1, axis=0), np.roll(widths, 1, axis=0)
    same_way = before * rises > 0
    first, second = 2 * widths + width_before, widths + 2 * width_before
    safe_before, safe = np.where(same_way, before, 1.0), np.where(same_way, rises, 1.0)
    return np.where(same_way, (first + second) / (first / safe_before + second / safe), 0.0)
