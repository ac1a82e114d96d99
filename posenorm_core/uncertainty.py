"""Where a motion is not to be trusted: stretches of time in which the confidence of some joint is low.

Confidence is the detector's, a share that every detector gives on a scale of its own, times the network's, of which
an expected error of 30° leaves a half. Low is therefore what is less than half of the clip's own median, and in any
clip what is less than a quarter.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from posenorm_core.frame_rate import require_fps

_SHARE, _LEAST = 0.5, 0.25
# Seconds: what is nearer together is one stretch; what is shorter is bridged well by what is around it.
_GAP, _SHORTEST = 0.2, 0.1
# A joint that is low in more of the clip than this was never seen, and would hide when the others are not.
_THROUGHOUT = 0.9


@dataclass(frozen=True)
class Stretch:
    """Frames `begin` to `end`, both among them, counted from the motion's first as 0."""

    begin: int
    end: int
    confidence: float  # the mean over what is low in it
    joint: int  # the one whose mean over the stretch is lowest
    worst: int  # the frame in which that joint's is lowest


def uncertain_stretches(confidence: np.ndarray, parents: tuple[int, ...], fps: float) -> list[Stretch]:
    """The stretches, in the order of time, of a motion's `confidence` (T, J) on a skeleton of `parents` (J,)."""
    low = uncertain_frames(confidence, parents, fps)
    throughout = low.mean(axis=0) > _THROUGHOUT
    found = [
        _stretch(confidence, low & joints, begin, end)
        for joints in (throughout, ~throughout)
        for begin, end in _runs(_closed((low & joints).any(axis=1), fps))
    ]
    return sorted(found, key=lambda stretch: (stretch.begin, stretch.end))


def uncertain_frames(confidence: np.ndarray, parents: tuple[int, ...], fps: float) -> np.ndarray:
    """Where (T, J) each joint's confidence (T, J) is low: gaps closed, what is short left out.

    Joints without children turn nothing, and count as sure.
    """
    low = confidence < threshold(confidence, parents)
    low[:, [joint for joint in range(len(parents)) if joint not in parents]] = False
    shortest = _SHORTEST * require_fps(fps)
    for joint in np.flatnonzero(low.any(axis=0)):
        low[:, joint] = _closed(low[:, joint], fps)
        for begin, end in _runs(low[:, joint]):
            if end - begin + 1 < shortest:
                low[begin : end + 1, joint] = False
    return low


def threshold(confidence: np.ndarray, parents: tuple[int, ...]) -> float:
    """What counts as low in a motion of such `confidence` (T, J): 0.25…0.5."""
    turning = confidence[:, [joint for joint in range(len(parents)) if joint in parents]]
    seen = turning[turning > 0]
    return max(_LEAST, _SHARE * float(np.median(seen))) if len(seen) else _LEAST


def _closed(low: np.ndarray, fps: float) -> np.ndarray:
    """`low` (T,) with short gaps between two low frames closed."""
    closed = low.copy()
    frames = np.flatnonzero(low)
    for before, after in pairwise(frames.tolist()):
        if after - before - 1 <= _GAP * fps:
            closed[before:after] = True
    return closed


def _runs(low: np.ndarray) -> list[tuple[int, int]]:
    """First and last frame of each run of true in `low` (T,)."""
    edges = np.flatnonzero(np.diff(np.pad(low.astype(np.int8), 1)))
    return [(int(begin), int(end) - 1) for begin, end in edges.reshape(-1, 2)]


def _stretch(confidence: np.ndarray, low: np.ndarray, begin: int, end: int) -> Stretch:
    """What there is to tell of the frames `begin` to `end`, where `low` (T, J) says what is low in them."""
    values, chosen = confidence[begin : end + 1], low[begin : end + 1]
    joints = np.flatnonzero(chosen.any(axis=0))
    joint = int(joints[values[:, joints].mean(axis=0).argmin()])
    worst = begin + int(values[:, joint].argmin())
    return Stretch(begin, end, float(values[chosen].mean()), joint, worst)
