"""Which of a motion's own frames are keyed, and where on the scene's time line, whatever was done to all the keys.

They may have been moved, stretched, cut at either end, thinned out by cleaning, or got others before and after. Where
a cut clip was moved, too, its frames do not tell which end was cut: a trace of the values as they were keyed does.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

# Scene frames by which a key may miss its place: single precision, far along the time line.
_SAME_FRAME = 0.01
# So many of all keys stand on the motion's frames where not the frames have moved, but keys were taken away.
_MOST = 0.9
# So many keys are compared with the trace, and so much nearer than in its place the values must be elsewhere.
_SAMPLE, _NEARER = 200, 1e-4


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


@dataclass(frozen=True)
class Trace:
    """A number of the pose at each of the motion's own frames (T,), and its present keys (K, 2), frame and value."""

    values: np.ndarray
    keys: np.ndarray


def own_frames(
    count: int,
    first: float | None,
    step: float,
    root_keys: np.ndarray,
    all_keys: Callable[[], np.ndarray],
    trace: Callable[[], Trace | None] = lambda: None,
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
    first = start if first is None else first
    if _holds_all(count, first, step, keys):
        return OwnFrames(first, step, 0, count)
    if length < whole and _share_on(keys, start, step) >= _MOST:
        return _cut(count, first, step, keys, trace())
    if count > 1 and _share_on(keys, start, length / (count - 1)) >= _MOST:
        return OwnFrames(start, length / (count - 1), 0, count)
    return OwnFrames(start, step, 0, min(count, int(length / step) + 1))


def _holds_all(count: int, first: float, step: float, keys: np.ndarray) -> bool:
    """Whether the first and the last frame are keyed where they were: what is beyond them came later."""
    ends = first + np.array([[0.0], [step * (count - 1)]])
    return bool((np.abs(keys - ends).min(axis=1) <= _SAME_FRAME).all())


def _cut(count: int, first: float, step: float, keys: np.ndarray, trace: Trace | None) -> OwnFrames:
    """The part that is left: where it was, or where the trace has its values if they are other ones there."""
    left = min(count, round(float(np.ptp(keys)) / step) + 1)
    begin = round(float(keys[0] - first) / step)
    if abs(first + begin * step - keys[0]) > _SAME_FRAME or not 0 <= begin <= count - left:
        begin = -1  # moved
    if trace is not None and len(trace.keys):
        apart = _apart(trace, keys[0], step, count - left)
        if begin < 0 or apart[begin] > apart.min() + _NEARER:
            begin = int(apart.argmin())
    begin = max(begin, 0)
    return OwnFrames(float(keys[0]) - begin * step, step, begin, begin + left)


def _apart(trace: Trace, start: float, step: float, most: int) -> np.ndarray:
    """How far the keys' values are from the trace if the key at `start` is of its frame 0, 1 … `most`."""
    keys = trace.keys[:: max(1, len(trace.keys) // _SAMPLE)]
    own = np.rint((keys[:, 0] - start) / step).astype(int) + np.arange(most + 1)[:, None]
    return np.asarray(np.median(np.abs(trace.values[np.clip(own, 0, len(trace.values) - 1)] - keys[:, 1]), axis=1))


def _share_on(keys: np.ndarray, first: float, step: float) -> float:
    """The share of `keys` that stand at `first` or a whole number of `step` from it."""
    if step <= 0:
        return 0.0
    beside = keys - first - step * np.rint((keys - first) / step)
    return float(np.mean(np.abs(beside) <= _SAME_FRAME))


def _is_near(length: float, other: float) -> bool:
    return abs(length - other) <= _SAME_FRAME
