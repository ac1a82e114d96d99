"""Two motions lined up: which frame of B answers which of A, how far apart they are there, and in which joints.

A frame is known by its normalized pose: the joint positions on the condition skeleton with the root unified, so that
neither the body nor the view counts. A distance is the root mean square over the joints of how far apart they are.
Frames are lined up by dynamic time warping (`dtw`) of that and of E_P, which knows an instant by what goes before and
after it; file format posenorm-alignment, see DESIGN.md, Files.
"""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from posenorm_core.condition_skeleton import CONDITION_SKELETON, JOINT_COUNT, JOINT_NAMES
from posenorm_core.dtw import Hit, find_hits, warping_path
from posenorm_core.embedding.embed import embed
from posenorm_core.files import write_aside
from posenorm_core.motion import Motion, with_orientation
from posenorm_core.quaternion import degrees, geodesic_angle
from posenorm_core.recorded_motion import with_skeleton
from posenorm_core.retiming import time_map

FORMAT, VERSION = "posenorm-alignment", 1
# Metres: how far two poses taken at random from the training recordings are apart, on average.
UNRELATED = 0.17
# Metres that count as much as a distance of 1 between features of E_P, where frames are lined up. From a half to an
# eighth of the above, two films of one performance are lined up about as rightly; with the least of it, copies at
# another speed are still lined up to the frame, and unlike performances by their poses.
_AS_ONE = UNRELATED / 8
KEYFRAMES = 8
# Seconds between two frames that are named as different, and how many are named; joints named at each.
_APART, _MOST_FRAMES, _MOST_JOINTS = 0.5, 5, 3


@dataclass(frozen=True)
class JointDifference:
    """How differently a joint is turned, relative to its parent, in degrees."""

    joint: str
    degrees: float


@dataclass(frozen=True)
class FrameDifference:
    """A pair of frames that lie apart: `distance` in metres, and the joints that differ most, the worst first."""

    frame_a: int
    frame_b: int
    distance: float
    joints: tuple[JointDifference, ...]


@dataclass(frozen=True)
class Alignment:
    """The dense correspondence of motion A (N frames) and motion B (M frames)."""

    path: np.ndarray  # (P, 2) frames in A and B, monotonic, over the whole of A
    distance: np.ndarray  # (P,) metres
    similarity: float  # 1: the same poses; 0: as far apart as poses taken at random
    speed_ratio: float | None  # how many times as fast as A B goes; None where one of them stays
    worst_joints: tuple[JointDifference, ...]  # of the whole path, on average, the worst first
    worst_frames: tuple[FrameDifference, ...]  # at least half a second of A apart, the worst first

    def distance_per_frame(self) -> np.ndarray:
        """(N,) metres: for each frame of A the mean distance to those of B that answer it."""
        count = np.bincount(self.path[:, 0])
        return np.asarray(np.bincount(self.path[:, 0], weights=self.distance) / count)


def pose_features(motion: Motion) -> np.ndarray:
    """(T, 57) metres: normalized poses, scaled so that their Euclidean distance is the joints' root mean square.

    Raises InputError where the motion has not the condition skeleton's joints.
    """
    posed = with_orientation(with_skeleton(motion, CONDITION_SKELETON), "unified").positions()
    return np.asarray(posed.reshape(len(posed), -1) / np.sqrt(JOINT_COUNT))


def instant_features(motion: Motion) -> np.ndarray:
    """(T, 57 + D) by which frames are lined up: normalized poses beside E_P's features, each to its scale.

    Raises InputError where the motion has not the condition skeleton's joints.
    """
    return np.hstack([pose_features(motion) / _AS_ONE, embed(motion)])


def align(a: Motion, b: Motion) -> Alignment:
    """Lines `b` up with `a`, from end to end.

    Raises InputError where one of them has not the condition skeleton's joints.
    """
    return alignment_along(a, b, warping_path(instant_features(a), instant_features(b)))


def alignment_along(a: Motion, b: Motion, path: np.ndarray) -> Alignment:
    """What `path` (P, 2) of frames in `a` and `b` tells of them: a warping path's or a hit's."""
    features_a, features_b = pose_features(a), pose_features(b)
    distance = _apart(features_a, features_b, path)
    angles = joint_angles(a, b, path)
    return Alignment(
        path=path,
        distance=distance,
        similarity=similarity(float(distance.mean())),
        speed_ratio=_speed_ratio(path, features_a, a.fps, b.fps),
        worst_joints=_worst_joints(angles.mean(axis=0)),
        worst_frames=_worst_frames(path, distance, angles, max(1, round(_APART * a.fps))),
    )


def find(query: Motion, clip: Motion, count: int) -> list[Hit]:
    """The `count` stretches of `clip` most like `query`, best first, their distances in metres; see `dtw.find_hits`."""
    hits = find_hits(instant_features(query), instant_features(clip), count)
    features_query, features_clip = pose_features(query), pose_features(clip)
    return [replace(hit, mean_distance=float(_apart(features_query, features_clip, hit.path).mean())) for hit in hits]


def _apart(features_a: np.ndarray, features_b: np.ndarray, path: np.ndarray) -> np.ndarray:
    """The distances (P,) along a path (P, 2)."""
    return np.asarray(np.linalg.norm(features_a[path[:, 0]] - features_b[path[:, 1]], axis=1))


def similarity(distance: float) -> float:
    """1 where poses are the same, falling evenly to 0 where they are `UNRELATED` metres apart or more."""
    return max(0.0, 1.0 - distance / UNRELATED)


def matched_keyframes(path: np.ndarray) -> np.ndarray:
    """Up to `KEYFRAMES` pairs (K, 2) of the path (P, 2), evenly over A; the middle one where several answer."""
    wanted = np.unique(np.linspace(path[0, 0], path[-1, 0], KEYFRAMES).round().astype(int))
    begins = np.searchsorted(path[:, 0], wanted, side="left")
    ends = np.searchsorted(path[:, 0], wanted, side="right")
    return np.asarray(path[(begins + ends - 1) // 2])


def joint_angles(a: Motion, b: Motion, path: np.ndarray) -> np.ndarray:
    """(P, 19) degrees between the joints' rotations relative to their parents, in the pairs of frames `path` (P, 2).

    The root's is 0: which way the body faces, or leans, is not its pose.
    """
    turned_a, turned_b = a.rotations[path[:, 0]], b.rotations[path[:, 1]]
    angles = degrees(geodesic_angle(turned_a.astype(np.float64), turned_b.astype(np.float64)))
    angles[:, 0] = 0.0
    return np.asarray(angles)


def save_alignment(alignment: Alignment, a: Motion, b: Motion, path: str | Path, hits: list[Hit] | None = None) -> None:
    """Writes the alignment as JSON, distances in millimetres, aside and renamed; with `hits` where B was searched."""
    text = json.dumps(_record(alignment, a, b, hits), indent=1)
    with write_aside(path) as aside:
        aside.write_text(text, encoding="utf-8")


def _record(alignment: Alignment, a: Motion, b: Motion, hits: list[Hit] | None) -> dict[str, Any]:
    record: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "a": _clip_record(a),
        "b": _clip_record(b),
        "similarity": round(alignment.similarity, 4),
        "speed_ratio": None if alignment.speed_ratio is None else round(alignment.speed_ratio, 4),
        "worst_joints": [_joint_record(joint) for joint in alignment.worst_joints],
        "worst_frames": [
            {
                "frame_a": worst.frame_a,
                "frame_b": worst.frame_b,
                "distance": _millimetres(worst.distance),
                "joints": [_joint_record(joint) for joint in worst.joints],
            }
            for worst in alignment.worst_frames
        ],
        "path": alignment.path.tolist(),
        "distance": [_millimetres(distance) for distance in alignment.distance],
    }
    if hits is not None:
        record["hits"] = [
            {"first": hit.first, "last": hit.last, "distance": _millimetres(hit.mean_distance)} for hit in hits
        ]
    return record


def _clip_record(motion: Motion) -> dict[str, Any]:
    return {"frames": len(motion), "fps": motion.fps, "source": motion.source}


def _joint_record(joint: JointDifference) -> dict[str, Any]:
    return {"joint": joint.joint, "degrees": round(joint.degrees, 1)}


def _millimetres(metres: float) -> float:
    return round(float(metres) * 1000, 2)


def _worst_joints(angles: np.ndarray) -> tuple[JointDifference, ...]:
    """Of `angles` (J,) the largest, with their joints' names."""
    order = np.argsort(-angles, kind="stable")[:_MOST_JOINTS]
    return tuple(JointDifference(JOINT_NAMES[j], float(angles[j])) for j in order)


def _worst_frames(
    path: np.ndarray, distance: np.ndarray, angles: np.ndarray, apart: int
) -> tuple[FrameDifference, ...]:
    """The pairs that lie farthest apart, and farther than on average; no two within `apart` frames of A."""
    chosen: list[int] = []
    average = distance.mean()
    for k in np.argsort(-distance, kind="stable"):
        if len(chosen) == _MOST_FRAMES or distance[k] <= average:
            break
        if all(abs(path[k, 0] - path[other, 0]) >= apart for other in chosen):
            chosen.append(int(k))
    return tuple(
        FrameDifference(int(path[k, 0]), int(path[k, 1]), float(distance[k]), _worst_joints(angles[k])) for k in chosen
    )


def _speed_ratio(path: np.ndarray, features: np.ndarray, fps_a: float, fps_b: float) -> float | None:
    """The median over A's time of how fast B goes there, each moment counting by how far A's pose moves in it.

    So a wait, before the action, after it or within, is not taken for slowness. None where A does not move, or B
    mostly stays at one frame while A does.
    """
    moved = np.linalg.norm(np.diff(features[path[0, 0] : path[-1, 0] + 1], axis=0), axis=1)
    if not moved.any():
        return None
    seconds = np.diff(time_map(path, fps_a)) / fps_b
    order = np.argsort(seconds, kind="stable")
    so_far = np.cumsum(moved[order])
    taken = seconds[order[np.searchsorted(so_far, so_far[-1] / 2)]]
    return float(1 / (fps_a * taken)) if taken > 0 else None
