"""How the root shifts so that standing feet stay: smoothly, and by least squares, so that the legs give way least.

A foot that stands has a gap: from where it is to where it should be. The shift closes the gaps of both feet as far as a
smooth one can; what remains is for the legs.
"""

import numpy as np

# Seconds: what comes and goes faster than about this is left to the legs.
_SMOOTH = 0.1
# How much a shift's speed counts, so that it goes straight where nobody stands; and the shift itself.
_SPEED, _SIZE = 0.05, 2.0
# Metres: from here on a gap counts by its size and no more by its square, for a foot may be wrong; and so does a shift,
# so that a small one does not stay on and a path that drifts is mended all the same.
_LARGE, _DRIFT = 0.05, 0.03
_ROUNDS, _STEPS, _ENOUGH = 5, 60, 1e-7


def root_shift(gaps: np.ndarray, number: np.ndarray, fps: float) -> np.ndarray:
    """The shift (T, 3) metres, 0 in the mean along x and z.

    Args:
        gaps: (T, 2, 3) metres that each foot should move. Where along x and z a stance is, is free: only how the gap
            changes while it lasts counts there.
        number: (T, 2) of each frame's stance, -1 where a foot does not stand.
        fps: frames a second.
    """
    shift, weight = np.zeros((len(gaps), 3)), (number >= 0).astype(np.float64)
    if not weight.any():
        return shift
    for _ in range(_ROUNDS):
        pull = _SIZE / np.hypot(1, np.linalg.norm(shift, axis=-1, keepdims=True) / _DRIFT)
        shift = _solved(gaps, number, weight, pull, shift, fps)
        left = remaining(gaps, shift, number, weight)
        weight = (number >= 0) / np.hypot(1, np.linalg.norm(left, axis=-1) / _LARGE)
    shift[:, [0, 2]] -= shift[:, [0, 2]].mean(axis=0)
    return shift


def remaining(gaps: np.ndarray, shift: np.ndarray, number: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """What of the `gaps` (T, 2, 3) the `shift` (T, 3) leaves to the legs; 0 where a foot does not stand.

    Each stance is where its frames, as `weight` (T, 2) has them, need least.
    """
    return _centred(gaps - shift[:, None], number, weight)


def _centred(gaps: np.ndarray, number: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """The gaps (T, 2, 3) without, along x and z, their weighted mean over each stance; 0 outside of any."""
    stance = (number + 1).ravel()
    weights = weight.ravel()
    total = np.maximum(np.bincount(stance, weights), 1e-12)
    result = np.where(number[..., None] >= 0, gaps, 0.0)
    for axis in (0, 2):
        mean = np.bincount(stance, weights * result[..., axis].ravel()) / total
        result[..., axis] -= np.where(number >= 0, mean[stance].reshape(number.shape), 0.0)
    return result


def _solved(
    gaps: np.ndarray, number: np.ndarray, weight: np.ndarray, pull: np.ndarray, start: np.ndarray, fps: float
) -> np.ndarray:
    """The shift (T, 3) that leaves least and is small by `pull` (T, 1), by preconditioned conjugate gradients."""
    stiffness, tension = (_SMOOTH * fps) ** 4, _SPEED * (_SMOOTH * fps) ** 2

    def applied(shift: np.ndarray) -> np.ndarray:
        legs = weight[..., None] * _centred(np.repeat(shift[:, None], 2, axis=1), number, weight)
        smooth = stiffness * _squared(shift, 2) + tension * _squared(shift, 1)
        return np.asarray(legs.sum(axis=1) + smooth + pull * shift)

    wave = 2 - 2 * np.cos(np.pi * np.arange(2 * len(gaps)) / len(gaps))[: len(gaps) + 1]
    filtered = 1 / (weight.sum(axis=1).mean() + stiffness * wave**2 + tension * wave + pull.mean())

    def preconditioned(values: np.ndarray) -> np.ndarray:
        # Mirrored at the ends, so that one end knows nothing of the other.
        spectrum = np.fft.rfft(np.concatenate([values, values[::-1]]), axis=0)
        return np.asarray(np.fft.irfft(filtered[:, None] * spectrum, 2 * len(values), axis=0)[: len(values)])

    right = (weight[..., None] * _centred(gaps, number, weight)).sum(axis=1)
    shift, rest = start.copy(), right - applied(start)
    step = preconditioned(rest)
    product = (rest * step).sum(axis=0)
    enough = _ENOUGH**2 * len(gaps)
    for _ in range(_STEPS):
        if (product <= enough).all():
            break
        pushed = applied(step)
        # Axis by axis: they have nothing to do with each other.
        length = product / np.maximum((step * pushed).sum(axis=0), 1e-30)
        shift, rest = shift + length * step, rest - length * pushed
        ahead = preconditioned(rest)
        old, product = product, (rest * ahead).sum(axis=0)
        step = ahead + product / np.maximum(old, 1e-30) * step
    return shift


def _squared(values: np.ndarray, order: int) -> np.ndarray:
    """DᵀD of (T, n), D being the difference of that order along time; zeros where there are too few frames."""
    if len(values) <= order:
        return np.zeros_like(values)
    changes = np.diff(values, n=order, axis=0)
    return np.asarray((-1) ** order * np.diff(np.pad(changes, [(order, order), (0, 0)]), n=order, axis=0))
