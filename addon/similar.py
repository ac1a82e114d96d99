"""Where a pose, or what follows it, comes again: in the file's motions and in an index. No Blender in here.

Both are looked through by the core's search, to which the file's motions are an index that is nowhere on the disk. The
motion that is asked about is in it in two pieces, so that its own surroundings are not found.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from posenorm_core.errors import InputError
from posenorm_core.motion import Motion
from posenorm_core.search.index import open_index
from posenorm_core.search.pose_code import pose_descriptors
from posenorm_core.search.search import APART, Hit, Query, Searcher, query_of

from .job import Report

_SAME = 1e-6  # frames


@dataclass(frozen=True)
class FileMotion:
    """A motion of the file: `armature` has it by `action`, its frames being the scene's `frames` (T,)."""

    armature: str
    action: str
    motion: Motion
    frames: np.ndarray


@dataclass(frozen=True)
class Place:
    """Where it is: in a motion of the file, whose armature, action and scene frame are told, or in an index's clip."""

    name: str  # as it is told to people
    seconds: float  # in its motion
    distance: float  # metres, see `search.Hit`
    mirrored: bool
    armature: str = ""
    action: str = ""
    frame: int = 0
    path: str = ""
    person: int = 1
    fps: float = 0.0  # at which the clip was indexed


@dataclass(frozen=True)
class Search:
    """What to look for, as plain data that a thread may read: a frame of the first of the file's `motions`."""

    motions: tuple[FileMotion, ...]
    frame: int
    seconds: float  # 0 for the pose alone
    mirrored: bool  # the mirror image too
    count: int
    index: Path | None

    def run(self, report: Report) -> list[Place]:
        """Up to `count` places, the nearest first, those of one motion half a second apart.

        Left out is what begins within half a second of what is asked, in the same motion. Raises InputError where
        there is nothing else, or the index is none, damaged or empty.
        """
        own = self.motions[0].motion
        sides = (False, True) if self.mirrored else (False,)
        queries = [query_of(own, self.frame / own.fps, self.seconds, mirrored) for mirrored in sides]
        found = self._in_file(queries, report) + self._in_index(queries)
        if not found:
            raise InputError("there is nothing else to look through; normalize another clip, or choose an index folder")
        return sorted(found, key=lambda place: place.distance)[: self.count]

    def _in_file(self, queries: list[Query], report: Report) -> list[Place]:
        pieces: list[_Piece] = []
        for number, motion in enumerate(self.motions):
            report(number, len(self.motions))
            pieces += _pieces(motion, queries[0], self.frame if number == 0 else None)
        report(len(self.motions), len(self.motions))
        if not pieces:
            return []
        pretended: Any = _FileIndex(tuple(pieces))
        hits = Searcher(pretended, exact=True).nearest(queries, self.count)
        return [_place_in_file(hit.clip, hit) for hit in hits]

    def _in_index(self, queries: list[Query]) -> list[Place]:
        if self.index is None:
            return []
        return [_place_in_index(hit) for hit in Searcher(open_index(self.index)).nearest(queries, self.count)]


@dataclass(frozen=True)
class _Piece:
    """The `descriptors` (N, 32) of a motion of the file from its frame `begin` on: a clip to the core's search."""

    of: FileMotion
    begin: int
    descriptors: np.ndarray

    @property
    def frames(self) -> int:
        """How many there are."""
        return len(self.descriptors)

    @property
    def fps(self) -> float:
        """At this rate."""
        return self.of.motion.fps


@dataclass(frozen=True)
class _FileIndex:
    """The pieces as an index to the core's search: what it asks of one."""

    clips: tuple[_Piece, ...]
    folder: Path = Path()

    def descriptors(self, clip: _Piece) -> np.ndarray:
        """Those of one of the clips."""
        return clip.descriptors


def _pieces(motion: FileMotion, query: Query, left_out: int | None) -> list[_Piece]:
    """What of a motion the query may be found in: all, or what begins half a second and more from frame `left_out`."""
    descriptors, fps = pose_descriptors(motion.motion), motion.motion.fps
    length = len(query.at_rate(fps))
    stretches = [(0, len(descriptors))]
    if left_out is not None:
        reach = math.ceil(APART * fps - _SAME)
        stretches = [(0, max(0, left_out - reach + length)), (left_out + reach, len(descriptors))]
    return [_Piece(motion, begin, descriptors[begin:end]) for begin, end in stretches if end - begin >= length]


def _place_in_file(piece: Any, hit: Hit) -> Place:
    of, frame = piece.of, piece.begin + hit.frame
    return Place(
        name=of.armature,
        seconds=frame / of.motion.fps,
        distance=hit.distance,
        mirrored=hit.mirrored,
        armature=of.armature,
        action=of.action,
        frame=round(float(of.frames[frame])),
    )


def _place_in_index(hit: Hit) -> Place:
    clip = hit.clip
    return Place(clip.name, hit.seconds, hit.distance, hit.mirrored, path=clip.path, person=clip.person, fps=clip.fps)
