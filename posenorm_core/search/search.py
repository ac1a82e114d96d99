"""The frames of an index that are nearest to a pose, or where a short sequence of poses comes again.

The distance of a sequence is the mean over its frames, aligned with the clip's at the clip's own rate; that of a pose
is a sequence's of one frame. Within a clip, hits are half a second apart or more. With faiss a large index is looked
through by its inverted lists, which give candidates; what is told of a hit is always measured exactly.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from posenorm_core.errors import InputError
from posenorm_core.frame_rate import resample_values
from posenorm_core.motion import Motion
from posenorm_core.search.index import Index
from posenorm_core.search.index_list import IndexedClip
from posenorm_core.search.inverted import Inverted, load_inverted
from posenorm_core.search.pose_code import pose_descriptors

APART = 0.5  # seconds between hits of one clip
_BLOCK = 8192  # frames that are compared at once: their differences fit a processor's cache
_FRAMES_ASKED = 5  # of a sequence, for which candidates are looked up
_FEWEST, _MOST = 1024, 16_384  # candidates for each of them
_SAME = 1e-6  # frames


@dataclass(frozen=True)
class Query:
    """A pose or a sequence: `descriptors` (L, 32) at `fps`, as they are in the clip or in a mirror."""

    descriptors: np.ndarray
    fps: float
    mirrored: bool = False

    def at_rate(self, fps: float) -> np.ndarray:
        """The descriptors at another frame rate (N, 32), from the first frame on."""
        count = int((len(self.descriptors) - 1) * fps / self.fps + _SAME) + 1
        return resample_values(self.descriptors, np.arange(count) * (self.fps / fps))


@dataclass(frozen=True)
class Hit:
    """Where in a clip it is: from `frame` on, so many metres (RMS over the joints) from the query."""

    clip: IndexedClip
    frame: int
    distance: float
    mirrored: bool

    @property
    def seconds(self) -> float:
        """The time of the frame in its clip."""
        return self.frame / self.clip.fps


@dataclass(frozen=True)
class _Asked:
    """A query at the rate of each clip of the index, and how many frames (C,) it takes in each."""

    query: Query
    rated: dict[float, np.ndarray]
    lengths: np.ndarray


@dataclass(frozen=True)
class _Found:
    """Candidates: numbers of clips (N,), first frames (N,), distances (N,) and the numbers of their queries (N,)."""

    clip: np.ndarray
    frame: np.ndarray
    distance: np.ndarray
    query: np.ndarray

    def at(self, which: np.ndarray | list[int]) -> "_Found":
        return _Found(self.clip[which], self.frame[which], self.distance[which], self.query[which])


def query_of(motion: Motion, at: float, seconds: float | None = None, mirrored: bool = False) -> Query:
    """The pose of `motion` at the time `at`, or the sequence of so many `seconds` from there on.

    Raises InputError where the motion does not last so long.
    """
    lasts, until = (len(motion) - 1) / motion.fps, at + (seconds or 0)
    half = 0.5 / motion.fps
    if not (-half < at <= until < lasts + half):  # true for nan too
        wanted = f"{at:g} s" if seconds is None else f"{at:g} to {at + seconds:g} s"
        raise InputError(f"the query is to be at {wanted}, but its clip lasts from 0 to {lasts:.2f} s")
    first, last = round(at * motion.fps), round(until * motion.fps)
    return Query(pose_descriptors(motion, mirrored)[first : last + 1], motion.fps, mirrored)


class Searcher:
    """An index opened for searching, as it is now; `exact` looks at every frame also where faiss could help."""

    def __init__(self, index: Index, exact: bool = False) -> None:
        """Raises InputError where the index is empty or damaged."""
        if not index.clips:
            raise InputError(f"{index.folder}: the index is empty; add clips to it by `index`")
        self._folder, self._clips = index.folder, index.clips
        self._descriptors = [index.descriptors(clip) for clip in self._clips]
        self._frames = np.array([clip.frames for clip in self._clips])
        self._begins = np.concatenate([[0], np.cumsum(self._frames)[:-1]])
        self._fps = np.array([clip.fps for clip in self._clips])
        self._inverted: Inverted | None = None if exact else load_inverted(index)

    def nearest(self, queries: Query | Sequence[Query], count: int) -> list[Hit]:
        """Up to `count` hits of any of `queries`, the nearest first.

        Raises InputError where no clip is as long as one of the queries.
        """
        given = [queries] if isinstance(queries, Query) else list(queries)
        asked = [self._asked(query) for query in given]
        candidates, found = _FEWEST, None
        while self._inverted is not None and candidates <= _MOST and (found is None or len(found.clip) < count):
            found = self._among_candidates(asked, candidates, count)
            candidates *= 4
        if found is None or len(found.clip) < count:
            found = self._among_all(asked, count)
        told = zip(found.clip, found.frame, found.distance, found.query, strict=True)
        return [
            Hit(self._clips[clip], int(frame), float(distance), given[query].mirrored)
            for clip, frame, distance, query in told
        ]

    def _asked(self, query: Query) -> _Asked:
        rated = {fps: query.at_rate(fps) for fps in set(self._fps.tolist())}
        lengths = np.array([len(rated[fps]) for fps in self._fps.tolist()])
        if (lengths > self._frames).all():
            seconds = (len(query.descriptors) - 1) / query.fps
            raise InputError(f"{self._folder}: no clip in it lasts {seconds:.2f} s, as the query does; shorten it")
        return _Asked(query, rated, lengths)

    def _among_all(self, asked: list[_Asked], count: int) -> _Found:
        """The nearest of all frames."""
        best = _nothing()
        for number in range(len(self._clips)):
            profile, query = self._profile(number, asked)
            worst = best.distance[-1] if len(best.distance) == count else np.inf
            frames = _lowest(profile, APART * self._fps[number] - _SAME, count, worst)
            if len(frames):
                here = _Found(np.full(len(frames), number), frames, profile[frames], query[frames])
                best = _joined(best, here)
                best = best.at(self._apart(best, count))
        return best

    def _profile(self, number: int, asked: list[_Asked]) -> tuple[np.ndarray, np.ndarray]:
        """For each frame (T,) of a clip the distance of the query that is nearest from there on, and which it is."""
        profiles = np.full((len(asked), self._frames[number]), np.inf, dtype=np.float32)
        for profile, each in zip(profiles, asked, strict=True):
            if each.lengths[number] <= self._frames[number]:
                along = distances_along(self._descriptors[number], each.rated[float(self._fps[number])])
                profile[: len(along)] = along
        return profiles.min(axis=0), profiles.argmin(axis=0)

    def _among_candidates(self, asked: list[_Asked], candidates: int, count: int) -> _Found:
        """The nearest around the frames that the inverted lists give for some of each query's."""
        around = [found for query in range(len(asked)) for found in self._near(query, asked[query], candidates, count)]
        found = _joined(_nothing(), *around)
        return found.at(self._apart(found, count))

    def _near(self, query: int, asked: _Asked, candidates: int, count: int) -> list[_Found]:
        """What is around a query's candidates."""
        assert self._inverted is not None
        some = _some(len(asked.query.descriptors))
        rows = self._inverted.nearest(asked.query.descriptors[some], candidates)
        clip = np.searchsorted(self._begins, rows, side="right") - 1
        late = np.round(some[:, None] / asked.query.fps * self._fps[clip]).astype(int)
        frame = rows - self._begins[clip] - late
        fits = (rows >= 0) & (frame >= 0) & (frame + asked.lengths[clip] <= self._frames[clip])
        pairs = np.unique(np.stack([clip[fits], frame[fits]], axis=1), axis=0)
        rough = self._roughly(pairs[:, 0], pairs[:, 1], asked.rated)
        near = self._apart(rough, 3 * count)
        # A candidate may be some frames beside the best of its neighbourhood, which then takes its place.
        return [self._around(int(rough.clip[k]), int(rough.frame[k]), query, asked.rated) for k in near]

    def _roughly(self, clip: np.ndarray, frame: np.ndarray, rated: dict[float, np.ndarray]) -> _Found:
        """The distances of the sequences that begin in `clip` (N,) at `frame` (N,), by some of their frames."""
        distance = np.empty(len(clip), dtype=np.float32)
        for number in np.unique(clip):
            here = np.flatnonzero(clip == number)
            wanted = rated[float(self._fps[number])]
            some = _some(len(wanted))
            sequences = self._descriptors[number][frame[here, None] + some]
            distance[here] = _mean_distances(sequences, wanted[some])
        return _Found(clip, frame, distance, np.zeros(len(clip), np.int64))

    def _around(self, number: int, frame: int, query: int, rated: dict[float, np.ndarray]) -> _Found:
        """All sequences of the clip that begin within `APART` of `frame`."""
        wanted, reach = rated[float(self._fps[number])], int(APART * self._fps[number])
        first = max(frame - reach, 0)
        profile = distances_along(self._descriptors[number][first : frame + reach + len(wanted)], wanted)
        frames = first + np.arange(len(profile))
        return _Found(np.full(len(profile), number), frames, profile, np.full(len(profile), query))

    def _apart(self, found: _Found, count: int) -> list[int]:
        """The nearest `count` of `found` of which none is less than `APART` from a nearer one in the same clip."""
        left = np.lexsort((found.frame, found.clip, found.distance))
        reach = APART * self._fps[found.clip] - _SAME
        kept: list[int] = []
        while len(left) and len(kept) < count:
            best = int(left[0])
            kept.append(best)
            beside = np.abs(found.frame[left] - found.frame[best]) < reach[left]
            left = left[~(beside & (found.clip[left] == found.clip[best]))]
        return kept


def _some(frames: int) -> np.ndarray:
    """Some of so many frames, evenly over all."""
    return np.asarray(np.unique(np.linspace(0, frames - 1, _FRAMES_ASKED).round().astype(int)))


def distances_along(descriptors: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """The mean distance (T − L + 1,) of `wanted` (L, 32) from the L frames of `descriptors` (T, 32) from each on.

    By the differences themselves, so that what is the same is at 0.
    """
    windows = np.moveaxis(sliding_window_view(descriptors, len(wanted), axis=0), 2, 1)
    at_once = max(1, _BLOCK // len(wanted))
    blocks = [windows[begin : begin + at_once] for begin in range(0, len(windows), at_once)]
    return np.concatenate([_mean_distances(block, wanted) for block in blocks])


def _mean_distances(sequences: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """The mean distance (N,) of `sequences` (N, L, 32) from `wanted` (L, 32)."""
    apart: np.ndarray = sequences - wanted.astype(np.float32)
    lengths: np.ndarray = np.sqrt(np.einsum("nld,nld->nl", apart, apart))
    return np.asarray(lengths.mean(axis=1))


def _lowest(profile: np.ndarray, reach: float, count: int, worst: float) -> np.ndarray:
    """The frames of up to `count` of the lowest of `profile` (T,), none above `worst` or within `reach` of a lower."""
    left, beside = profile.copy(), int(np.ceil(reach)) - 1
    kept: list[int] = []
    while len(kept) < count:
        frame = int(left.argmin())
        if not left[frame] <= worst or np.isinf(left[frame]):
            break
        kept.append(frame)
        left[max(frame - beside, 0) : frame + beside + 1] = np.inf
    return np.array(kept, dtype=np.int64)


def _nothing() -> _Found:
    none = np.zeros(0, np.int64)
    return _Found(none, none, np.zeros(0, np.float32), none)


def _joined(*found: _Found) -> _Found:
    return _Found(
        *(np.concatenate([getattr(each, name) for each in found]) for name in ("clip", "frame", "distance", "query"))
    )
