"""Robustness curves: how the error of what ships grows as the input gets worse, one disturbance at a time.

Each clip is filmed by a camera of its own, disturbed, and goes through `normalize` as a user's clip does. All points
of a curve see the same clips, cameras and draws of chance, so that they differ by the disturbance alone. Figures are
means over a family's frames, then over families.
"""

from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from posenorm_core import quaternion
from posenorm_core.condition_skeleton import NON_LEAVES, PARENTS
from posenorm_core.kinematics import forward_kinematics
from posenorm_core.mirror import mirrored_rotations
from posenorm_core.normalizer import normalize
from posenorm_core.weights import Weights
from training.dataset import MotionData
from training.disturbance import DISTURBANCES, Scene, Take, draw_scene, film_scene

# A step is a cliff where it rises this many times as much as the steeper of its neighbours would over its width.
CLIFF = 3.0
# A neighbour that rises by less than this share of the curve's lowest value is taken to rise by that much.
_EVEN = 0.1
ERRORS = ("rotation", "root", "mpjpe")
_TURNING = list(NON_LEAVES[1:])
# The clean and the disturbed inputs over which the confidence is compared with the error.
_MIXTURE = (
    ("missing", 0.0),
    ("missing", 30.0),
    ("missing", 60.0),
    ("limbs", 2.0),
    ("noise", 10.0),
    ("habit", 10.0),
    ("pitch", 60.0),
    ("length", 1.0),
)
# Poses to compare with are every sixth frame: five a second.
_STRIDE, _BINS = 6, 6


@dataclass(frozen=True)
class Samples:
    """N measured frames."""

    family: np.ndarray  # (N,)
    angle: np.ndarray  # (N, 19) degrees off
    mpjpe: np.ndarray  # (N,) mm, with the subject's own bones
    confidence: np.ndarray  # (N, 19)

    def share(self) -> np.ndarray:
        """(N,) what a frame counts for, so that every family counts the same; sums to 1."""
        _, which, count = np.unique(self.family, return_inverse=True, return_counts=True)
        return np.asarray(1 / count[which] / len(count))


@dataclass(frozen=True)
class Figures:
    """Means over frames; rotation and confidence over the 13 joints that turn a bone, without the root."""

    rotation: float  # degrees
    root: float  # degrees
    mpjpe: float  # mm
    confidence: float


@dataclass(frozen=True)
class Point:
    """The figures at one strength of a disturbance: over families, and of each."""

    value: float
    mean: Figures
    families: dict[str, Figures]


@dataclass(frozen=True)
class Curve:
    """The points of one disturbance, its value ascending."""

    name: str
    label: str
    logarithmic: bool
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Report:
    """All curves of one network."""

    weights: str
    clips: int
    frames: int
    clean: Point
    curves: tuple[Curve, ...]
    correlation: dict[str, float]  # of 1 − confidence with the rotation error, over joints and over frames


@dataclass(frozen=True)
class Step:
    """A curve's step from `begin` to `end`, whose rise is `ratio` times what its neighbours lead to expect."""

    begin: float
    end: float
    ratio: float
    cliff: bool


def measured(weights: Weights, takes: list[Take]) -> Samples:
    """What `normalize` makes of the takes, frame by frame, against their truth."""
    family, angle, mpjpe, confidence = [], [], [], []
    for take in takes:
        motion = normalize(take.keypoints, orientation="view", weights=weights)
        found, true = (forward_kinematics(take.offsets, q, PARENTS) for q in (motion.rotations, take.rotations))
        family.append(np.full(len(motion), take.family))
        angle.append(np.degrees(quaternion.geodesic_angle(motion.rotations, take.rotations)))
        mpjpe.append(1000 * np.linalg.norm(found - true, axis=-1).mean(axis=-1))
        confidence.append(motion.confidence)
    return Samples(*(np.concatenate(parts) for parts in (family, angle, mpjpe, confidence)))


def point(value: float, samples: Samples, chosen: np.ndarray | None = None) -> Point:
    """The figures of the samples, or of the `chosen` (N,) among them, whose shares stay what they were."""
    chosen = np.ones(len(samples.family), dtype=bool) if chosen is None else chosen
    share = samples.share() * chosen
    families = {
        str(family): _figures(samples, share * (samples.family == family))
        for family in np.unique(samples.family[chosen])
    }
    return Point(float(value), _figures(samples, share), families)


def _figures(samples: Samples, share: np.ndarray) -> Figures:
    """Means weighted by `share` (N,)."""

    def mean(values: np.ndarray) -> float:
        return float(np.average(values, weights=share))

    return Figures(
        rotation=mean(samples.angle[:, _TURNING].mean(axis=1)),
        root=mean(samples.angle[:, 0]),
        mpjpe=mean(samples.mpjpe),
        confidence=mean(samples.confidence[:, _TURNING].mean(axis=1)),
    )


def robustness(weights: Weights, data: MotionData, known: MotionData | None) -> Report:
    """All curves over the clips of `data`; `known` is the motion that training saw, to tell the rest's novelty by."""
    scenes = [draw_scene(data, clip) for clip in range(data.clip_count)]
    clean = measured(weights, [film_scene(scene) for scene in scenes])
    curves, mixture = [], []
    for disturbance in tqdm(DISTURBANCES, unit="curve", disable=None):
        points = []
        for value in disturbance.values:
            samples = measured(weights, [take for scene in scenes for take in disturbance.takes(scene, value)])
            points.append(point(value, samples))
            if (disturbance.name, value) in _MIXTURE:
                mixture.append(samples)
        curves.append(Curve(disturbance.name, disturbance.label, disturbance.logarithmic, tuple(points)))
    if known is not None:
        curves.append(novelty_curve(clean, novelty(scenes, known)))
    return Report(
        weights=weights.name,
        clips=len(scenes),
        frames=len(clean.family),
        clean=point(0.0, clean),
        curves=tuple(curves),
        correlation=confidence_correlation(mixture),
    )


def novelty(scenes: list[Scene], known: MotionData) -> np.ndarray:
    """How far each frame's pose is from the nearest of `known`, or of its mirror image: (N,) degrees.

    The distance of two poses is the root mean square over the 13 joints of the angle between them, by the chord:
    the sum over joints of the squared Frobenius distance of the matrices is 8 Σ sin²(angle / 2).
    """
    poses = known.rotations[::_STRIDE].numpy()
    library = _matrices(np.concatenate([poses, mirrored_rotations(poses)]))
    nearest = [(_matrices(scene.rotations) @ library.T).max(axis=1) for scene in scenes]
    chord = 1 - np.concatenate(nearest) / (3 * len(_TURNING))
    return np.asarray(2 * np.degrees(np.arcsin(np.sqrt(np.clip(0.75 * chord, 0, 1)))))


def _matrices(rotations: np.ndarray) -> np.ndarray:
    """The 13 joints' rotation matrices (N, 117), whose products add up to 3 a joint where two poses are the same."""
    return np.asarray(quaternion.to_matrix(rotations[:, _TURNING]), dtype=np.float32).reshape(len(rotations), -1)


def novelty_curve(clean: Samples, degrees: np.ndarray) -> Curve:
    """The clean samples' errors in classes of like novelty (N,) that weigh alike, each at its mean novelty."""
    share = clean.share()
    order = np.argsort(degrees, kind="stable")
    place = np.empty(len(order))
    place[order] = np.cumsum(share[order]) - share[order] / 2
    bins = np.minimum((place * _BINS).astype(int), _BINS - 1)
    members = [bins == number for number in range(_BINS) if (bins == number).any()]
    points = [point(round(float(np.average(degrees[m], weights=share[m])), 1), clean, m) for m in members]
    return Curve("novelty", "to the nearest training pose (°)", False, tuple(points))


def confidence_correlation(mixture: list[Samples]) -> dict[str, float]:
    """Rank correlation of 1 − confidence with the rotation's error: over every frame's joints, and over frames."""
    doubt = 1 - np.concatenate([samples.confidence[:, _TURNING] for samples in mixture])
    error = np.concatenate([samples.angle[:, _TURNING] for samples in mixture])
    frames = rank_correlation(doubt.mean(axis=1), error.mean(axis=1))
    return {"joints": rank_correlation(doubt.ravel(), error.ravel()), "frames": frames}


def rank_correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Spearman's coefficient of (N,) and (N,), equal values sharing their mean rank; 0 where either is constant."""
    ranks = []
    for values in (a, b):
        _, which, count = np.unique(values, return_inverse=True, return_counts=True)
        ranks.append((np.cumsum(count) - (count - 1) / 2)[which])
    if any(np.ptp(rank) == 0 for rank in ranks):
        return 0.0
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])


def cliffs(curve: Curve) -> dict[str, Step]:
    """For each error the step of the curve that stands out most, and whether it is a cliff.

    A step's rise (or fall: a curve may be walked either way) is compared with what the steeper of its neighbours
    makes over its width, in logarithms where the curve is drawn so; small rises, below _EVEN, are not told apart.
    """
    x = np.array([one.value for one in curve.points])
    x = np.log(x) if curve.logarithmic else x
    return {
        error: _steepest(curve, x, np.array([getattr(one.mean, error) for one in curve.points])) for error in ERRORS
    }


def _steepest(curve: Curve, x: np.ndarray, error: np.ndarray) -> Step:
    """The step of largest ratio, for places (N,) and errors (N,)."""
    width, rise = np.diff(x), np.abs(np.diff(error))
    steepness = np.pad(rise / width, 1)
    expected = np.maximum(steepness[:-2], steepness[2:]) * width
    ratio = rise / np.maximum(expected, max(_EVEN * float(error.min()), 1e-9))
    worst = int(ratio.argmax())
    begin, end = (curve.points[k].value for k in (worst, worst + 1))
    return Step(begin, end, float(ratio[worst]), bool(ratio[worst] > CLIFF))
