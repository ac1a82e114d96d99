"""Who leaves and comes back: tracks are joined where the one that begins is plausibly somebody who was lost.

Plausible is who comes back within `LONGEST_ABSENCE` near where he was lost, and as large: the longer he was away, the
nearer. Each is joined to one, the most plausible first; anybody else is somebody new.
"""

from dataclasses import dataclass

import numpy as np

from posenorm_core.tracking import extent

LONGEST_ABSENCE = 10.0  # seconds
# How far from where he was lost, beside his size, and how much larger or smaller somebody may come back.
_FARTHEST, _LARGER = 0.75, 0.3
# Seconds at a track's ends that tell where it begins and ends; what does not last as long as the second is nobody.
_END, _SHORTEST = 0.3, 0.1


@dataclass(frozen=True)
class _End:
    """Where somebody is found, or lost."""

    time: float
    points: np.ndarray  # (24, 2), nan where not seen
    size: float  # pixels


def rejoin(
    tracks: np.ndarray, frames: np.ndarray, points: np.ndarray, confidence: np.ndarray, fps: float
) -> np.ndarray:
    """`tracks` (D,), the track of each detection, with one number for those of somebody who came back.

    `frames` (D,) ascending; `points` (D, 24, 2) pixels; `confidence` (D, 24), 0 = missing.
    """
    counts = np.bincount(tracks)
    rows = np.split(np.argsort(tracks, kind="stable"), np.cumsum(counts)[:-1])
    lasting = [track for track, own in enumerate(rows) if frames[own[-1]] - frames[own[0]] >= _SHORTEST * fps]
    lasting.sort(key=lambda track: int(frames[rows[track][0]]))
    found, lost = [], []
    for track in lasting:
        own = rows[track]
        times = frames[own] / fps
        found.append(_end(times[0], own[times <= times[0] + _END], points, confidence))
        lost.append(_end(times[-1], own[times >= times[-1] - _END], points, confidence))
    number = np.arange(len(counts))
    for earlier, later in sorted(_joined(lost, found), key=lambda pair: pair[1]):
        number[lasting[later]] = number[lasting[earlier]]
    return np.asarray(number[tracks])


def _end(time: float, rows: np.ndarray, points: np.ndarray, confidence: np.ndarray) -> _End:
    """What the detections `rows` say of where somebody is."""
    seen = confidence[rows] > 0
    middle = np.full(points.shape[1:], np.nan)
    known = seen.any(axis=0)
    middle[known] = np.nanmedian(np.where(seen[..., None], points[rows], np.nan)[:, known], axis=0)
    return _End(float(time), middle, float(np.median(extent(points[rows], seen))))


def _joined(lost: list[_End], found: list[_End]) -> list[tuple[int, int]]:
    """Pairs of (lost, found), each once, the most plausible first; `found` ascends in time."""
    begins = np.array([end.time for end in found])
    firsts = np.stack([end.points for end in found]) if found else np.zeros((0, 0, 2))
    sizes = np.array([end.size for end in found])
    candidates = []
    for earlier, end in enumerate(lost):
        later = slice(*np.searchsorted(begins, [end.time, end.time + LONGEST_ABSENCE], side="right"))
        away = (begins[later] - end.time) / LONGEST_ABSENCE
        doubt = _difference(end, firsts[later], sizes[later]) + away
        candidates += [(doubt[k], earlier, later.start + k) for k in np.flatnonzero(doubt < 1)]
    gone, back, pairs = set(), set(), []
    for _, earlier, later in sorted(candidates):
        if earlier not in gone and later not in back:
            gone.add(earlier)
            back.add(later)
            pairs.append((earlier, later))
    return pairs


def _difference(lost: _End, points: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """How far (N,) those found at `points` (N, 24, 2), so large (N,), are from the one lost: 1 is too far."""
    common = np.isfinite(points[..., 0]) & np.isfinite(lost.points[:, 0])
    away = np.where(common[..., None], points - lost.points, 0).sum(axis=1) / np.maximum(common.sum(axis=1), 1)[:, None]
    size = np.maximum(np.maximum(sizes, lost.size), 1e-9)
    far = np.sqrt((away * away).sum(axis=1)) / size / _FARTHEST
    larger = np.abs(np.log(np.maximum(sizes, 1e-9) / max(lost.size, 1e-9))) / _LARGER
    return np.where(common.any(axis=1), np.maximum(far, larger), np.inf)
