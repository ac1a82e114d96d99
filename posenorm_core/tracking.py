"""Following people from frame to frame: each detection goes to somebody followed so far, or to somebody new.

Somebody is expected where his steady movement carries him (a filter of place and velocity), the longer ago he or a
limb was seen the less exactly. How unlike that a detection is, is averaged over the landmarks both have, none
counting for more than one however far off (Geman and McClure), so that a limb taken from somebody else does not
carry the body over. Of all pairs those are made that together are the least unlike. Times are in seconds.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np

from posenorm_core.assignment import assign
from posenorm_core.landmarks import LANDMARK_COUNT

# Seconds: somebody missing for longer is not waited for; and no more people than so many, those seen last.
LONGEST_GAP = 1.0
_MOST_FOLLOWED = 200
# As unlike as this, at most, is a detection of somebody expected; and of one already seen in the same frame.
UNLIKE, _SAME_FRAME = 0.75, 0.4
# How far from its place, beside the person's size, a landmark is half unlike; and farther for each second unseen.
_NEAR, _NEAR_A_SECOND = 0.05, 0.5
# With few landmarks nothing is sure: so many speak so much against every pair.
_PRIOR_LANDMARKS, _PRIOR = 1.5, 0.6
# Of two who are as near, the one seen last has it; a pair that is likely at all is better than none.
_WAITED, _ALONE = 0.1, 2.0
# Seconds over which movement is averaged.
_STEADY = 0.2
# How fast the size follows one that is larger, and one that is smaller, which may be of a part.
_GROWS, _SHRINKS = 0.5, 0.05


def follow(frames: np.ndarray, points: np.ndarray, confidence: np.ndarray, fps: float) -> np.ndarray:
    """The track (D,), numbered from 0, of each detection.

    Args:
        frames: (D,) ascending.
        points: (D, 24, 2) pixels.
        confidence: (D, 24), 0 = missing.
        fps: frames per second.

    Where a detector takes one person of a frame apart, the parts have the same track.
    """
    tracks = np.empty(len(frames), dtype=np.int64)
    live, begun = _nobody(), 0
    for rows in _frame_by_frame(frames):
        time = float(frames[rows.start]) / fps
        here, seen = points[rows].astype(np.float64), confidence[rows] > 0
        live = live.taken(_still_waited_for(live, time - LONGEST_GAP - 1 / fps))
        who, which = _pairs(live, time, here, seen)
        live.follow(who, time, here[which], seen[which])
        tracks[rows.start + which] = live.number[who]
        rest = np.delete(np.arange(len(here)), which)
        for row in rest[np.argsort(-confidence[rows.start + rest].sum(axis=1), kind="stable")].tolist():
            whole = _of_same_frame(live, time, here[row], seen[row])
            if whole is None:
                live, whole = live.joined(begun, time, here[row], seen[row]), len(live.number)
                begun += 1
            else:
                live.complete(whole, time, here[row], seen[row])
            tracks[rows.start + row] = live.number[whole]
    return tracks


def unlikeness(away: np.ndarray, usual: np.ndarray, both: np.ndarray) -> np.ndarray:
    """How unlike (…), about 0…1, two bodies are whose landmarks lie `away` (…, 24, 2) from each other.

    `usual` (…, 24) is how far off, in pixels, is half unlike; only landmarks that `both` (…, 24) have count.
    """
    against = (_oddness(away, usual) * both).sum(axis=-1) + _PRIOR * _PRIOR_LANDMARKS
    return np.asarray(against / (both.sum(axis=-1) + _PRIOR_LANDMARKS))


def usual_distance(size: np.ndarray, unseen: np.ndarray) -> np.ndarray:
    """How far (pixels) a landmark of a body of `size` pixels may be from where it was `unseen` seconds ago."""
    return np.asarray(size * (_NEAR + _NEAR_A_SECOND * unseen))


def extent(points: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """The diagonal (N,) of the box around what is seen (N, 24) of `points` (N, 24, 2)."""
    low = np.where(seen[..., None], points, np.inf).min(axis=1)
    high = np.where(seen[..., None], points, -np.inf).max(axis=1)
    return np.asarray(np.sqrt(((high - low) ** 2).sum(axis=1)))


def _oddness(away: np.ndarray, usual: np.ndarray) -> np.ndarray:
    """How odd (…, 24), 0…1, it is to lie `away` (…, 24, 2); a half at `usual` (…, 24)."""
    squared = away[..., 0] ** 2 + away[..., 1] ** 2
    return np.asarray(squared / (squared + usual * usual + 1e-12))


@dataclass
class _Live:
    """The N people followed: where each landmark was last, and how they move."""

    number: np.ndarray  # (N,) of the track
    time: np.ndarray  # (N,) when last seen
    points: np.ndarray  # (N, 24, 2) pixels
    seen_at: np.ndarray  # (N, 24) when each landmark was last seen, −inf for never
    velocity: np.ndarray  # (N, 2) pixels a second
    size: np.ndarray  # (N,) pixels
    lasted: np.ndarray  # (N,) seconds since first seen

    def parts(self) -> list[np.ndarray]:
        """The arrays in their order."""
        return [getattr(self, field.name) for field in fields(self)]

    def taken(self, which: np.ndarray) -> "_Live":
        """Those that `which` (a mask or indices) takes."""
        return _Live(*(part[which] for part in self.parts()))

    def joined(self, number: int, time: float, points: np.ndarray, seen: np.ndarray) -> "_Live":
        """And one more, of whom `points` (24, 2) are `seen` (24,)."""
        size = extent(points[None], seen[None])[0]
        new = (number, time, points, np.where(seen, time, -np.inf), np.zeros(2), size, 0.0)
        return _Live(*(np.concatenate([part, [one]]) for part, one in zip(self.parts(), new, strict=True)))

    def expected(self, time: float) -> np.ndarray:
        """Where the landmarks (N, 24, 2) would be by now."""
        return np.asarray(self.points + (self.velocity * (time - self.time)[:, None])[:, None])

    def known(self) -> np.ndarray:
        """(N, 24) which landmarks were ever seen."""
        return np.asarray(self.seen_at > -np.inf)

    def usual(self, time: float) -> np.ndarray:
        """How far (N, 24) from where they are expected the landmarks may be."""
        return usual_distance(self.size[:, None], np.where(self.known(), time - self.seen_at, 0))

    def follow(self, who: np.ndarray, time: float, points: np.ndarray, seen: np.ndarray) -> None:
        """Takes over for `who` (M,) what is seen (M, 24) of `points` (M, 24, 2); the rest moves along."""
        before = self.taken(who)
        expected = before.expected(time)
        away = points - expected
        trust = (before.known() & seen) * (1 - _oddness(away, before.usual(time))) ** 2
        shift = (away * trust[..., None]).sum(axis=1) / np.maximum(trust.sum(axis=1), 1e-9)[:, None]
        passed = time - before.time
        gain = 1 - np.exp(-passed / np.minimum(before.lasted + passed, _STEADY))
        self.velocity[who] += (gain / passed)[:, None] * shift
        self.points[who] = np.where(seen[..., None], points, expected + shift[:, None])
        self.seen_at[who] = np.where(seen, time, before.seen_at)
        larger = extent(points, seen) - before.size
        self.size[who] += np.where(larger > 0, _GROWS, _SHRINKS) * larger
        self.lasted[who] += passed
        self.time[who] = time

    def complete(self, who: int, time: float, points: np.ndarray, seen: np.ndarray) -> None:
        """Adds to somebody just seen what another part of him shows, (24,) of (24, 2)."""
        new = seen & (self.seen_at[who] < time)
        self.points[who, new], self.seen_at[who, new] = points[new], time


def _nobody() -> _Live:
    none, landmarks = np.zeros(0), np.zeros((0, LANDMARK_COUNT))
    return _Live(none.astype(np.int64), none, np.zeros((0, LANDMARK_COUNT, 2)), landmarks, np.zeros((0, 2)), none, none)


def _still_waited_for(live: _Live, since: float) -> np.ndarray:
    """Indices of those last seen at `since` seconds or later."""
    recent = np.flatnonzero(live.time >= since)
    return np.sort(recent[np.argsort(-live.time[recent], kind="stable")[:_MOST_FOLLOWED]])


def _pairs(live: _Live, time: float, points: np.ndarray, seen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Who (M,) of those followed has which (M,) of the detections (D, 24, 2)."""
    both = live.known()[:, None] & seen[None]
    unlike = unlikeness(live.expected(time)[:, None] - points[None], live.usual(time)[:, None], both)
    # Where one may be anywhere, everything is likely: the logarithm of how far makes them comparable.
    waited = _WAITED * np.log(usual_distance(np.ones(1), time - live.time) / _NEAR)
    return assign(np.where(unlike < UNLIKE, unlike + waited[:, None], np.inf), _ALONE)


def _of_same_frame(live: _Live, time: float, points: np.ndarray, seen: np.ndarray) -> int | None:
    """Who, of those already seen in this frame, a detection (24, 2) is another part of; None for nobody."""
    now = np.flatnonzero(live.time == time)
    if not len(now):
        return None
    people = live.taken(now)
    unlike = unlikeness(people.expected(time) - points, people.usual(time), people.known() & seen)
    likeliest = int(unlike.argmin())
    return int(now[likeliest]) if unlike[likeliest] < _SAME_FRAME else None


def _frame_by_frame(frames: np.ndarray) -> Iterator[slice]:
    """The rows of each frame's detections."""
    starts = np.flatnonzero(np.diff(frames, prepend=frames[0] - 1)).tolist()
    for start, end in zip(starts, [*starts[1:], len(frames)], strict=True):
        yield slice(start, end)
