"""Who is who: detections of several people, frame by frame, joined into people over time.

Detectors list the people of a frame in any order and mostly without identity, some twice, some in parts, and some
who are nobody. Who is found twice is taken once; everybody is followed (`tracking`), or has the number the detector
gave him; who leaves and comes back is himself where that is plausible (`returning`).
"""

from dataclasses import dataclass

import numpy as np

from posenorm_core.clip import DEFAULT_FPS, Person
from posenorm_core.landmarks import LANDMARK_COUNT
from posenorm_core.returning import rejoin
from posenorm_core.tracking import LONGEST_GAP, UNLIKE, extent, follow, unlikeness, usual_distance

# Beyond the most visible so many of a frame, people are background.
MOST_PEOPLE = 50
# Who is seen in fewer frames or seconds, in a clip of ten times as many, may be a false detection.
_FEWEST_FRAMES, _BRIEF = 5, 0.1
# Two detections of a frame are of one person where most landmarks that both have are as near as this, beside his size.
_SAME, _MOST, _ENOUGH = 0.05, 0.8, 3
# A detector's numbers are no identities where they begin and jump more than so many times as often as who is followed.
_WORSE = 3


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
    """The people of a clip, numbered from 1, the most visible (share of frames × mean confidence × size) first."""
    rate = fps or DEFAULT_FPS
    detections = detections.taken(np.any(detections.confidence > 0, axis=1))
    if not len(detections.frames):
        return ()
    if not _has_identities(detections):
        detections = without_doubles(detections.taken(_most_visible_of_each_frame(detections)))
    tracks = rejoin(_tracks(detections, rate), detections.frames, detections.points, detections.confidence, rate)
    own, tracks = _with_parts_joined(detections, np.unique(tracks, return_inverse=True)[1].reshape(-1))
    size = extent(own.points, own.confidence > 0)
    visibility = np.bincount(tracks, weights=own.confidence.sum(axis=1) * size)
    ghosts = _ghosts(own, tracks, frame_count, rate)
    order = np.argsort(-visibility, kind="stable")
    ends = np.cumsum(np.bincount(tracks))
    people = []
    for number, track in enumerate([t for t in order if not ghosts[t]] or order[:1], start=1):
        seen = slice(ends[track - 1] if track else 0, ends[track])
        people.append(Person(number, frame_count, own.frames[seen], own.points[seen], own.confidence[seen]))
    return tuple(people)


def without_doubles(detections: Detections) -> Detections:
    """The detections (D,) without those of somebody whom a more visible one of the same frame shows as well."""
    order = np.lexsort((-detections.confidence.sum(axis=1), detections.frames))
    points, frames, seen = detections.points[order], detections.frames[order], detections.confidence[order] > 0
    size = extent(points, seen)
    kept = np.ones(len(order), dtype=bool)
    for apart in range(1, MOST_PEOPLE):
        first = np.flatnonzero(frames[apart:] == frames[:-apart])
        second = first + apart
        both = seen[first] & seen[second]
        away = points[first] - points[second]
        farthest = _SAME * np.maximum(size[first], size[second])
        near = both & ((away * away).sum(axis=2) <= (farthest * farthest)[:, None])
        common = both.sum(axis=1)
        double = (common >= _ENOUGH) & (near.sum(axis=1) >= _MOST * common) & kept[first]
        kept[second[double]] = False
    return detections.taken(np.sort(order[kept]))


def _tracks(detections: Detections, fps: float) -> np.ndarray:
    """Who (D,), from 0, each detection is: as the detector numbers them where it does, else as followed.

    A detector may know people again by their looks, or have been put right by hand. But what begins and jumps so
    much oftener than followed people do (such as places in a frame's list) is no identity.
    """
    followed = follow(detections.frames, detections.points, detections.confidence, fps)
    if not _has_identities(detections):
        return followed
    told = np.unique(detections.identity, return_inverse=True)[1].reshape(-1)
    beginnings_and_jumps = [_beginnings_and_jumps(detections, tracks, fps) for tracks in (told, followed)]
    return told if beginnings_and_jumps[0] <= _WORSE * beginnings_and_jumps[1] else followed


def _beginnings_and_jumps(detections: Detections, tracks: np.ndarray, fps: float) -> int:
    """How many tracks there are, and how often one goes on where nobody can have got to."""
    own = detections.taken(np.lexsort((detections.frames, tracks)))
    passed = np.diff(own.frames) / fps
    seen = own.confidence > 0
    size = np.maximum(*(extent(own.points, seen)[part] for part in (slice(1, None), slice(-1))))
    usual = usual_distance(size, passed)[:, None]
    jumps = unlikeness(np.diff(own.points, axis=0), usual, seen[1:] & seen[:-1]) > UNLIKE
    return int(tracks.max()) + 1 + int((jumps & (np.diff(np.sort(tracks)) == 0) & (passed <= LONGEST_GAP)).sum())


def _with_parts_joined(detections: Detections, tracks: np.ndarray) -> tuple[Detections, np.ndarray]:
    """The detections by track and frame, one for each; what the most visible lacks is taken from the others."""
    order = np.lexsort((-detections.confidence.sum(axis=1), detections.frames, tracks))
    parts, tracks = detections.taken(order), tracks[order]
    first = (np.diff(tracks, prepend=-1) != 0) | (np.diff(parts.frames, prepend=-1) != 0)
    whole, place = parts.taken(first), np.cumsum(first) - 1
    for row in np.flatnonzero(~first).tolist():
        into = place[row]
        new = (parts.confidence[row] > 0) & (whole.confidence[into] == 0)
        whole.points[into, new], whole.confidence[into, new] = parts.points[row, new], parts.confidence[row, new]
    return whole, tracks[first]


def _ghosts(own: Detections, tracks: np.ndarray, frame_count: int, fps: float) -> np.ndarray:
    """Which tracks, of detections by track and frame, are too brief for anybody and come and go, or are unsure.

    Who is cut off by the clip's first or last frame may be there for longer: he is nobody where he is half as sure
    as the surest.
    """
    counts = np.bincount(tracks)
    ends = np.cumsum(counts)
    cut_off = (own.frames[ends - counts] == 0) | (own.frames[ends - 1] == frame_count - 1)
    sure = np.bincount(tracks, weights=own.confidence.mean(axis=1)) / counts
    brief = counts < min(max(_FEWEST_FRAMES, _BRIEF * fps), frame_count / 10)
    return np.asarray(brief & (~cut_off | (sure < sure.max() / 2)))


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
