"""Stances: when each foot stands, from contact probabilities or from the feet themselves, and on how high a floor.

A stance begins where a foot surely stands and ends where it surely does not (hysteresis). Arrays are (T, 2), right
foot and left.
"""

import numpy as np

# Probability: a stance begins above the first and goes on while above the second.
ENTER, LEAVE = 0.5, 0.45
_SHORTEST = 0.1  # seconds: shorter than this no foot stands, nor is it in the air
# Of a foot that stands, where nobody says so: metres above the lowest of these moments (seconds), metres a second.
_LOW, _MOMENT, _SLOW = 0.05, 0.3, 0.8
# Cosine between a sole's normal and the vertical: one who lies or kneels has soles, but does not stand on them.
_UPRIGHT = 0.25
_NEIGHBOURS = 4  # stances before and after that tell the floor together
_STEP = 0.08  # metres: a foot that stands so much above the floor or below stands on something else


def stances(contacts: np.ndarray, soles: np.ndarray, upright: np.ndarray, fps: float, mode: str) -> np.ndarray:
    """Whether each foot stands, (T, 2) bool.

    Args:
        contacts: (T, 2) probabilities; NaN where not known, there the feet's own motion tells.
        soles: (T, 2, 2, 3) metres, ball and heel of each foot on its way over the floor.
        upright: (T, 2) cosine between the sole's normal and the vertical.
        fps: frames a second.
        mode: `auto`, by the contacts; `always`, in each frame at least the foot that is lower and slower.
    """
    low, slow = _heights(soles, fps), _speeds(soles, fps)
    found = ((low < _LOW) & (slow < _SLOW)).any(axis=2)
    likely = np.where(np.isfinite(contacts), contacts, found)
    if mode == "always":
        unlikely = (low / _LOW + slow / _SLOW).min(axis=2)
        likely = np.maximum(likely, unlikely <= unlikely.min(axis=1, keepdims=True))
    standing = _settled(_hysteresis(likely), fps)
    return np.asarray(standing & (upright > _UPRIGHT))


def numbered(standing: np.ndarray) -> np.ndarray:
    """The number of each frame's stance (T, 2), from 0 on through both feet; -1 where a foot does not stand."""
    begins = standing & ~np.pad(standing, [(1, 0), (0, 0)])[:-1]
    count = np.cumsum(begins, axis=0)
    count[:, 1] += count[-1, 0]
    return np.asarray(np.where(standing, count - 1, -1))


def floor_under(lowest: np.ndarray, number: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The floor's height (T,), which may drift, and how high above it each foot's stance is (T, 2): 0 for most.

    `lowest` (T, 2) is the height of the soles, `number` (T, 2) what `numbered` says. A stance is as high as its median
    frame; the floor is the median over a stance and its neighbours in time, straight lines between.
    """
    count = int(number.max(initial=-1)) + 1
    if not count:
        return np.zeros(len(lowest)), np.zeros_like(lowest)
    frames = np.broadcast_to(np.arange(len(lowest))[:, None], lowest.shape)
    height, middle = (np.array([np.median(v[number == s]) for s in range(count)]) for v in (lowest, frames))
    order = np.argsort(middle, kind="stable")
    first = np.clip(np.arange(count) - _NEIGHBOURS, 0, max(count - 2 * _NEIGHBOURS - 1, 0))
    around = np.array([np.median(height[order][k : k + 2 * _NEIGHBOURS + 1]) for k in first])
    above = np.empty(count)
    above[order] = height[order] - around
    above[above < _STEP] = 0
    floor = np.interp(np.arange(len(lowest)), middle[order], around)
    return floor, np.asarray(np.where(number >= 0, above[number], 0.0))


def _hysteresis(likely: np.ndarray) -> np.ndarray:
    """True from above ENTER on until below LEAVE, also backwards in time: a stance has no first frame too many."""
    frames = np.arange(len(likely))[:, None]
    going_on = likely > LEAVE
    sure, broken = (np.where(mask, frames, -1) for mask in (likely > ENTER, ~going_on))
    before = np.maximum.accumulate(sure, axis=0) > np.maximum.accumulate(broken, axis=0)
    last = len(likely)
    sure, broken = (np.where(mask, frames, last) for mask in (likely > ENTER, ~going_on))
    after = np.minimum.accumulate(sure[::-1], axis=0)[::-1] < np.minimum.accumulate(broken[::-1], axis=0)[::-1]
    return np.asarray(going_on & (before | after))


def _settled(standing: np.ndarray, fps: float) -> np.ndarray:
    """Without gaps, and then without stances, that are shorter than _SHORTEST."""
    shortest = _SHORTEST * fps
    filled = standing | ((_length_of_run(standing) < shortest) & _between(standing))
    return np.asarray(filled & (_length_of_run(filled) >= shortest))


def _length_of_run(values: np.ndarray) -> np.ndarray:
    """How many frames on end each entry of (T, 2) is as it is."""
    frames = np.arange(len(values))[:, None]
    changed = np.pad(values[1:] != values[:-1], [(1, 0), (0, 0)], constant_values=True)
    begin = np.maximum.accumulate(np.where(changed, frames, 0), axis=0)
    ends = np.pad(changed[1:], [(0, 1), (0, 0)], constant_values=True)
    end = np.minimum.accumulate(np.where(ends, frames, len(values))[::-1], axis=0)[::-1]
    return np.asarray(end - begin + 1)


def _between(standing: np.ndarray) -> np.ndarray:
    """Where (T, 2) there are stances before and after."""
    ahead = np.maximum.accumulate(standing[::-1], axis=0)[::-1]
    return np.asarray(np.maximum.accumulate(standing, axis=0) & ahead)


def _heights(soles: np.ndarray, fps: float) -> np.ndarray:
    """How high (T, 2, 2) ball and heel are above the lowest sole of these moments."""
    reach = round(_MOMENT * fps)
    lowest = np.pad(soles[..., 1].min(axis=(1, 2)), reach, mode="edge")
    around = np.lib.stride_tricks.sliding_window_view(lowest, 2 * reach + 1).min(axis=-1)
    return np.asarray(soles[..., 1] - around[:, None, None])


def _speeds(soles: np.ndarray, fps: float) -> np.ndarray:
    """Metres a second (T, 2, 2) of ball and heel, by central differences."""
    if len(soles) < 2:
        return np.zeros(soles.shape[:3])
    return np.asarray(np.linalg.norm(np.gradient(soles, axis=0), axis=-1) * fps)
