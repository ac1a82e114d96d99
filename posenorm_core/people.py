"""Who is who: detections of several people, frame by frame, joined into people over time.

Detectors list the people of a frame in any order and mostly without identity. Each frame's detections go to the
people followed so far, nearest first: the distance is that of the landmarks both have, beside the person's size,
from where the person's steady movement would have carried him, so that two who pass each other stay themselves.
Somebody lost comes back as himself within `LONGEST_GAP`; after that he is somebody new.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from posenorm_core.clip import DEFAULT_FPS, Person
from posenorm_core.landmarks import LANDMARK_COUNT

LONGEST_GAP = 1.0  # seconds
# Beyond the most visible so many of a frame, people are background.
MOST_PEOPLE = 50
# Who is seen in fewer frames than this, in a clip of ten times as many, is a false detection.
_FEWEST_FRAMES = 5
# How far somebody may be from where he is expected, as a share of his size, and how much more a frame missed.
_NEAR, _NEAR_A_FRAME, _NEVER_FARTHER = 0.4, 0.03, 1.0
# Movement is carried on for so many frames; further ahead it is a guess.
_COASTING = 5


@dataclass(frozen=True)
class Detections:
    """D detections of people, ascending in `frames`."""

    frames: np.ndarray  # (D,) integers
    points: np.ndarray  # (D, 24, 2) pixels
    confidence: np.ndarray  # (D, 24), 0 = missing
    identity: np.ndarray  # (D,) the detector's own number for the person, -1 where it gives none

    def taken(self, which: np.ndarray) -> "Detections":
        """Those that `which` (an index or a mask) takes."""
        return Detections(self.frames[which], self.points[which], self.confidence[which], self.identity[which])


def find_people(detections: Detections, frame_count: int, fps: float | None) -> tuple[Person, ...]:
    """The people of a clip, the most visible (share of frames times mean confidence) first, numbered from 1."""
    detections = detections.taken((detections.confidence > 0).any(axis=1))
    if not len(detections.frames):
        return ()
    if _has_identities(detections):
        tracks = np.unique(detections.identity, return_inverse=True)[1].reshape(-1)
    else:
        detections = detections.taken(_most_visible_of_each_frame(detections))
        tracks = associate(detections, max(1, round(LONGEST_GAP * (fps or DEFAULT_FPS))))
    visibility = np.bincount(tracks, weights=detections.confidence.sum(axis=1))
    seen_frames = np.bincount(tracks)
    order = np.argsort(-visibility, kind="stable")
    real = [track for track in order if seen_frames[track] >= min(_FEWEST_FRAMES, frame_count / 10)]
    by_track = np.argsort(tracks, kind="stable")
    ends = np.cumsum(seen_frames)
    people = []
    for number, track in enumerate(real or order[:1], start=1):
        own = detections.taken(by_track[ends[track] - seen_frames[track] : ends[track]])
        people.append(Person(number, frame_count, own.frames, own.points, own.confidence))
    return tuple(people)


def associate(detections: Detections, longest_gap: int) -> np.ndarray:
    """The number of the track (D,), from 0, that each detection belongs to; none has two in one frame.

    Somebody not seen for more than `longest_gap` frames is not waited for any longer.
    """
    numbers = np.empty(len(detections.frames), dtype=np.int64)
    live: list[_Track] = []
    begun = 0
    for frame, rows in _frame_by_frame(detections.frames):
        points = detections.points[rows].astype(np.float64)
        seen = detections.confidence[rows] > 0
        live = [track for track in live if frame - track.frame <= longest_gap + 1]
        free = set(range(len(points)))
        for which, row in _nearest_pairs(live, frame, points, seen):
            live[which].follow(frame, points[row], seen[row])
            numbers[rows.start + row] = live[which].number
            free.remove(row)
        for row in sorted(free):
            live.append(_Track(begun, frame, points[row], seen[row].copy()))
            numbers[rows.start + row] = begun
            begun += 1
    return numbers


@dataclass
class _Track:
    """Somebody followed: where each landmark was last, and how fast he moves."""

    number: int
    frame: int
    points: np.ndarray  # (24, 2)
    known: np.ndarray  # (24,) whether the landmark was ever seen
    velocity: np.ndarray = field(default_factory=lambda: np.zeros(2))  # pixels a frame

    def expected(self, frame: int) -> np.ndarray:
        """Where the landmarks (24, 2) would be by now."""
        return np.asarray(self.points + self.velocity * min(frame - self.frame, _COASTING))

    def follow(self, frame: int, points: np.ndarray, seen: np.ndarray) -> None:
        """Takes over what is seen (24,) of `points` (24, 2); the rest moves along."""
        both = (self.known & seen)[:, None]
        moved = ((points - self.points) * both).sum(axis=0) / max(1, both.sum())
        self.velocity = 0.5 * self.velocity + 0.5 * moved / (frame - self.frame)
        self.points = np.where(seen[:, None], points, self.points + moved)
        self.known |= seen
        self.frame = frame


def _nearest_pairs(live: list[_Track], frame: int, points: np.ndarray, seen: np.ndarray) -> Iterator[tuple[int, int]]:
    """(track, detection) by place, the nearest first, each once, none farther apart than is likely."""
    if not live:
        return
    expected = np.stack([track.expected(frame) for track in live])
    known = np.stack([track.known for track in live])
    both = known[:, None] & seen[None]
    common = both.sum(axis=2)
    difference = expected[:, None] - points[None]
    distance = (np.sqrt((difference * difference).sum(axis=3)) * both).sum(axis=2)
    size = np.maximum(_extent(expected, known)[:, None], _extent(points, seen)[None])
    missed = np.array([frame - track.frame - 1 for track in live])
    near = np.minimum(_NEAR + _NEAR_A_FRAME * missed, _NEVER_FARTHER)[:, None]
    # Without a landmark in common nothing speaks for the pair.
    distance = np.where(common > 0, distance / np.maximum(common * size, 1e-9), np.inf)
    taken_tracks, taken_rows = set(), set()
    for place in np.argsort(distance, axis=None, kind="stable").tolist():
        which, row = divmod(place, len(points))
        if distance[which, row] <= near[which, 0] and which not in taken_tracks and row not in taken_rows:
            taken_tracks.add(which)
            taken_rows.add(row)
            yield which, row


def _extent(points: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """The diagonal (N,) of the box around what is seen (N, 24) of `points` (N, 24, 2)."""
    low = np.where(seen[..., None], points, np.inf).min(axis=1)
    high = np.where(seen[..., None], points, -np.inf).max(axis=1)
    return np.asarray(np.sqrt(((high - low) ** 2).sum(axis=1)))


def _frame_by_frame(frames: np.ndarray) -> Iterator[tuple[int, slice]]:
    """Each frame's number and the rows of its detections."""
    starts = np.flatnonzero(np.diff(frames, prepend=frames[0] - 1)).tolist()
    for start, end in zip(starts, [*starts[1:], len(frames)], strict=True):
        yield int(frames[start]), slice(start, end)


def _has_identities(detections: Detections) -> bool:
    """Whether the detector numbered everybody, and nobody twice in a frame."""
    if (detections.identity < 0).any():
        return False
    pairs = np.stack([detections.frames, detections.identity], axis=1)
    return len(np.unique(pairs, axis=0)) == len(pairs)


def _most_visible_of_each_frame(detections: Detections) -> np.ndarray:
    """Indices, in order, of the MOST_PEOPLE most visible detections of every frame."""
    visibility = detections.confidence.reshape(-1, LANDMARK_COUNT).sum(axis=1)
    order = np.lexsort((-visibility, detections.frames))
    frames = detections.frames[order]
    rank = np.arange(len(order)) - np.searchsorted(frames, frames)
    return np.sort(order[rank < MOST_PEOPLE])
