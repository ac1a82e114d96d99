"""Which of a motion's own frames are keyed, and where on the scene's time line, whatever was done to all the keys.

They may have been moved, stretched, cut at either end (which, moved afterwards, is taken for a cut at the end), thinned
out by cleaning, or got others before and after.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

# Scene frames by which a key may miss its place: single precision, far along the time line.
_SAME_FRAME = 0.01
# So many of all keys stand on the motion's frames where not the frames have moved, but keys were taken away.
_MOST = 0.9


@dataclass(frozen=True)
class OwnFrames:
    """Frame 0 is at the scene's frame `first`, each next one `step` later; keyed are `begin` to before `end`."""

    first: float
    step: float
    begin: int
    end: int

    @property
    def keyed(self) -> np.ndarray:
        """The scene's frames of what is keyed."""
        return self.at(np.arange(self.begin, self.end))

    @property
    def part(self) -> slice:
        """What is keyed of anything kept frame by frame."""
        return slice(self.begin, self.end)

    def at(self, own: np.ndarray) -> np.ndarray:
        """The scene's frames of the motion's `own`."""
        return np.asarray(self.first + self.step * own)


def own_frames(
    count: int, first: float | None, step: float, root_keys: np.ndarray, all_keys: Callable[[], np.ndarray]
) -> OwnFrames:
    """Those of a motion of `count` frames, keyed at `first` (None: not known) and every `step`, by its present keys.

    `root_keys` (K,) are the scene's frames of the keys of the root, `all_keys` gives those of all bones; ascending.
    """
    whole = (count - 1) * step
    if not len(root_keys):
        return OwnFrames(0.0, step, 0, count)
    if _is_near(np.ptp(root_keys), whole):
        return OwnFrames(root_keys[0], step, 0, count)
    if len(root_keys) == count and _share_on(root_keys, root_keys[0], np.ptp(root_keys) / (count - 1)) == 1:
        return OwnFrames(root_keys[0], np.ptp(root_keys) / (count - 1), 0, count)
    keys = all_keys()
    start, length = float(keys[0]), float(np.ptp(keys))
    if _is_near(length, whole):
        return OwnFrames(start, step, 0, count)
    kept = _kept(count, start if first is None else first, step, keys)
    if kept is not None:
        return kept
    if count > 1 and _share_on(keys, start, length / (count - 1)) >= _MOST:
        return OwnFrames(start, length / (count - 1), 0, count)
    return OwnFrames(start, step, 0, min(count, int(length / step) + 1))


def _kept(count: int, first: float, step: float, keys: np.ndarray) -> OwnFrames | None:
    """Where they were keyed, with some cut off or others around them; None where they are not there."""
    own = np.rint((keys - first) / step).astype(int)
    found = own[(np.abs(own * step + first - keys) <= _SAME_FRAME) & (own >= 0) & (own < count)]
    if not len(found):
        return None
    if found[0] == 0 and found[-1] == count - 1:
        return OwnFrames(first, step, 0, count)
    if np.ptp(keys) < (count - 1) * step and _share_on(keys, first, step) >= _MOST:
        return OwnFrames(first, step, int(found[0]), int(found[-1]) + 1)
    return None


def _share_on(keys: np.ndarray, first: float, step: float) -> float:
    """The share of `keys` that stand at `first` or a whole number of `step` from it."""
    if step <= 0:
        return 0.0
    beside = keys - first - step * np.rint((keys - first) / step)
    return float(np.mean(np.abs(beside) <= _SAME_FRAME))


def _is_near(length: float, other: float) -> bool:
    return abs(length - other) <= _SAME_FRAME
