"""How well people are kept apart: mocap clips filmed together by one camera, walking across each other.

`python -m benchmarks.people [--data data/mocap.npz] [--part test] [--clips 100]`. Two to four people meet before the
camera; a detector displaces and misses landmarks, misses somebody for 0.2 to 1 s behind another, mixes limbs of
those who overlap, finds some twice and some who are nobody, and lists all in random order. IDF1 (Ristani et al. 2016)
is the share of detections and answers with the right identity under the best one-to-one naming.
"""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from posenorm_core import camera, quaternion
from posenorm_core.clip import Person
from posenorm_core.command import exit_code
from posenorm_core.condition_skeleton import PARENTS
from posenorm_core.kinematics import pose_skeleton
from posenorm_core.landmarks import LANDMARK_COUNT, LANDMARK_NAMES, fixed_point_offsets, landmark_positions
from posenorm_core.people import Detections, find_people

RATES = (15.0, 30.0, 60.0)
# Landmarks that OpenPose's BODY_25 does not give.
_LACKING = np.array([name in ("spine", "neck", "head") for name in LANDMARK_NAMES])
_SHOWN = ~_LACKING
_PIXELS_A_METRE, _WALKING = 300.0, 1.2  # at the place where they meet; metres a second of those who stand
# Beside a person's size: tremble, what is not where it should be, how far an answer may lie from the truth.
_TREMBLE, _SECOND_TREMBLE, _SAME = 0.008, 0.015, 0.05
# How often in a frame: a landmark is missing, a person missed, somebody found twice, a false figure begins.
_LANDMARK_MISSED, _MISSED, _TWICE, _FALSE = 0.05, 0.03, 0.03, 0.03
# The share of somebody's box behind another's at which he is lost to the detector, and at which limbs are mixed.
_LOST, _MIXED = 0.6, 0.3


@dataclass(frozen=True)
class Movement:
    """T frames of somebody at 30 frames/s, metres, Y up."""

    rotations: np.ndarray  # (T, 19, 4)
    root_position: np.ndarray  # (T, 3)
    offsets: np.ndarray  # (19, 3)


@dataclass(frozen=True)
class Crowd:
    """What a detector lists of P people over T frames, and who they are."""

    fps: float
    detections: Detections
    who: np.ndarray  # (D,) the person 0…P−1 of each detection, −1 for nobody
    truth: np.ndarray  # (T, P, 24, 2) where everybody truly is
    detected: np.ndarray  # (T, P) whether he is among the detections


@dataclass(frozen=True)
class Score:
    """How right the identities are."""

    idf1: float  # 0…1
    switches: int  # how often somebody goes on as somebody else
    people: int  # found


def crossing(movements: list[Movement], fps: float, rng: np.random.Generator) -> Crowd:
    """The people of `movements`, as many frames as the shortest has, meeting before one camera half way."""
    frames = min(len(movement.rotations) for movement in movements)
    times = np.arange(0, frames - 1, 30 / fps)
    world = np.stack([_walked_across(m, frames, k, rng)[times.round().astype(int)] for k, m in enumerate(movements)], 1)
    distance = rng.uniform(4.5, 8)
    position = np.array([0.0, rng.uniform(0.8, 2.2), distance])
    turn = camera.look_at(position, np.array([0.0, 0.9, 0.0]), np.asarray(rng.normal(0, 0.03)))
    seen = camera.world_to_camera(world, np.asarray(turn), position)
    truth = camera.project(seen, np.full(2, _PIXELS_A_METRE * distance), np.array([960.0, 540.0]))
    return _detected(truth, seen[:, :, 0, 2], fps, rng)


def _walked_across(movement: Movement, frames: int, number: int, rng: np.random.Generator) -> np.ndarray:
    """The landmarks (T, 24, 3) of a movement turned to cross the picture, alternately to the right and to the left.

    Who does not go anywhere is carried along.
    """
    path = movement.root_position[:frames].astype(np.float64)
    gone = path[-1] - path[0]
    seconds = (np.arange(frames) - frames / 2) / 30
    aim = (1.0 if number % 2 else -1.0) + 0j
    turned = rng.uniform(-0.5, 0.5) + np.angle(aim)
    if np.hypot(gone[0], gone[2]) > 1:
        turned += np.arctan2(gone[2], gone[0])
        about_y = quaternion.from_axis_angle(np.array([0.0, 1.0, 0.0]), np.asarray(turned))
        carried = np.zeros((frames, 3))
    else:
        about_y = quaternion.from_axis_angle(np.array([0.0, 1.0, 0.0]), np.asarray(rng.uniform(-np.pi, np.pi)))
        speed = aim.real * rng.uniform(0.2, 1) * _WALKING
        carried = seconds[:, None] * np.array([speed, 0.0, 0.0])
    positions, joints_turned = pose_skeleton(movement.offsets, movement.rotations[:frames].astype(np.float64), PARENTS)
    body = landmark_positions(positions, joints_turned, fixed_point_offsets(movement.offsets))
    level = path - path[frames // 2] * [1, 0, 1]
    meeting = np.array([rng.normal(0, 0.3), 0.0, -0.7 * number + rng.normal(0, 0.2)])
    return np.asarray(quaternion.rotate(about_y, body + level[:, None]) + (carried + meeting)[:, None])


def _detected(truth: np.ndarray, depth: np.ndarray, fps: float, rng: np.random.Generator) -> Crowd:
    """What a detector makes of the landmarks `truth` (T, P, 24, 2) of people at `depth` (T, P)."""
    frames, people = truth.shape[:2]
    size = np.linalg.norm(np.ptp(truth, axis=2), axis=-1)
    points = truth + _TREMBLE * size[..., None, None] * rng.normal(size=truth.shape)
    sure = np.where(_SHOWN, rng.uniform(0.4, 0.95, truth.shape[:3]), 0)
    sure[rng.random(sure.shape) < _LANDMARK_MISSED] = 0
    behind = _behind(truth, depth)
    lost = _lost(behind.max(axis=2), fps, rng) | (rng.random((frames, people)) < _MISSED)
    for t, own, other in np.argwhere(behind > _MIXED):
        # A limb that another hides is not seen, or taken from him.
        limbs = rng.random(LANDMARK_COUNT) < 0.5
        taken = limbs & (rng.random(LANDMARK_COUNT) < 0.2)
        sure[t, own, limbs & ~taken] = 0
        points[t, own, taken] = points[t, other, taken]
    rows = [(t, p, p, points[t, p], sure[t, p]) for t, p in np.argwhere(~lost)]
    for t, p in np.argwhere(~lost & (rng.random((frames, people)) < _TWICE)):
        again = truth[t, p] + _SECOND_TREMBLE * size[t, p] * rng.normal(size=truth.shape[2:])
        rows.append((t, p, p, again, 0.7 * sure[t, p] * (rng.random(LANDMARK_COUNT) > 0.3)))
    for begin in np.flatnonzero(rng.random(frames) < _FALSE):
        figure = rng.uniform(0.3, 1) * (truth[rng.integers(frames), rng.integers(people)] - 960)
        place = rng.uniform((0, 0), (1920, 1080))
        for t in range(begin, min(frames, begin + rng.integers(1, 4))):
            rows.append((t, -1, -1, figure + place, 0.3 * _SHOWN))
    order = sorted(rng.permutation(len(rows)).tolist(), key=lambda row: rows[row][0])
    listed = [rows[row] for row in order]
    detections = Detections(
        np.array([row[0] for row in listed]),
        np.array([row[3] for row in listed]),
        np.array([row[4] for row in listed]),
        np.full(len(listed), -1),
    )
    return Crowd(fps, detections, np.array([row[1] for row in listed]), truth, ~lost)


def _behind(truth: np.ndarray, depth: np.ndarray) -> np.ndarray:
    """The share (T, P, P) of each person's box that lies behind each nearer person's."""
    low, high = truth.min(axis=2), truth.max(axis=2)
    common = np.minimum(high[:, :, None], high[:, None]) - np.maximum(low[:, :, None], low[:, None])
    share = np.maximum(common, 0).prod(axis=-1) / (high - low).prod(axis=-1)[:, :, None]
    return np.asarray(share * (depth[:, :, None] > depth[:, None]))


def _lost(hidden: np.ndarray, fps: float, rng: np.random.Generator) -> np.ndarray:
    """(T, P) true where somebody whose box is hidden to the share `hidden` (T, P) is not found, for 0.2 to 1 s."""
    lost = np.zeros(hidden.shape, dtype=bool)
    for person in range(hidden.shape[1]):
        middle = int(hidden[:, person].argmax())
        if hidden[middle, person] > _LOST:
            half = rng.uniform(0.2, 1) * fps / 2
            lost[max(0, round(middle - half)) : round(middle + half), person] = True
    return lost


def score(crowd: Crowd, people: tuple[Person, ...]) -> Score:
    """How right the identities of `people` are."""
    size = np.linalg.norm(np.ptp(crowd.truth, axis=2), axis=-1)
    frames, count = crowd.detected.shape
    owner = np.full((frames, len(people)), -1)
    for number, person in enumerate(people):
        seen = person.seen_confidence > 0
        away = np.linalg.norm(person.seen_points[:, None] - crowd.truth[person.frames], axis=-1)
        away = np.nanmedian(np.where(seen[:, None], away, np.nan), axis=-1) / size[person.frames]
        nearest = away.argmin(axis=1)
        right = away[np.arange(len(nearest)), nearest] < _SAME
        owner[person.frames, number] = np.where(right, nearest, -1)
    both = np.array(
        [[(owner[:, n] == p)[crowd.detected[:, p]].sum() for n in range(len(people))] for p in range(count)]
    )
    answers = sum(len(person.frames) for person in people)
    return Score(2 * _best_sum(both) / (int(crowd.detected.sum()) + answers), _switches(owner, count), len(people))


def _switches(owner: np.ndarray, count: int) -> int:
    """How often the number of a person of the truth changes, given who (T, N) each number is."""
    switches = 0
    for person in range(count):
        frames, numbers = np.nonzero(owner == person)
        first = numbers[np.unique(frames, return_index=True)[1]]
        switches += int((np.diff(first) != 0).sum())
    return switches


def _best_sum(gain: np.ndarray) -> int:
    """The largest sum of `gain` (P, N), each row with a column of its own; P is small."""
    best = {0: 0}
    for column in gain.T:
        grown = dict(best)
        for taken, total in best.items():
            for row, value in enumerate(column):
                if not taken >> row & 1:
                    key = taken | 1 << row
                    grown[key] = max(grown.get(key, 0), total + int(value))
        best = grown
    return max(best.values())


def mocap_movements(path: Path, part_name: str, seconds: float) -> list[Movement]:
    """Pieces of `seconds` from the middle of the clips of one part that are long enough, the longer half of them."""
    from training.dataset import load_data
    from training.splits import part

    data = part(load_data(path), part_name)
    frames = round(30 * seconds)
    movements = []
    for clip in range(data.clip_count):
        length = int(data.clip_length[clip])
        if length >= frames:
            begin = int(data.clip_start[clip]) + (length - frames) // 2
            span = slice(begin, begin + frames)
            body = data.clip_offsets[clip].double().numpy()
            movements.append(Movement(data.rotations[span].numpy(), data.root_position[span].numpy(), body))
    return movements


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description="How well people who cross each other are kept apart.")
    parser.add_argument("--data", type=Path, default=Path("data/mocap.npz"))
    parser.add_argument("--part", default="test")
    parser.add_argument("--clips", type=int, default=100, help="crossings for each number of people and rate")
    options = parser.parse_args()
    movements = mocap_movements(options.data, options.part, 2.4)
    print(f"{len(movements)} movements; {options.clips} crossings each")
    print("people  frames/s   IDF1  worst tenth  switches a clip  all right   found")
    for count in (2, 3, 4):
        for fps in RATES:
            scores = []
            for clip in range(options.clips):
                rng = np.random.default_rng([count, int(fps), clip])
                chosen = rng.choice(len(movements), count, replace=False)
                crowd = crossing([movements[k] for k in chosen], fps, rng)
                scores.append(score(crowd, find_people(crowd.detections, len(crowd.truth), fps)))
            idf1 = np.sort([one.idf1 for one in scores])
            print(
                f"{count:6}  {fps:8g}  {idf1.mean():5.3f}  {idf1[: max(1, len(idf1) // 10)].mean():11.3f}  "
                f"{np.mean([one.switches for one in scores]):15.2f}  "
                f"{np.mean([one.switches == 0 for one in scores]):9.0%}  {np.mean([one.people for one in scores]):6.2f}"
            )


if __name__ == "__main__":
    sys.exit(exit_code(main))
