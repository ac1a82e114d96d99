"""What cleaning is worth: the error of what ships against how strong it cleans, on detections as wrong as real ones.

Held-out clips are filmed, made as wrong as a detector was measured to be (`training.detector_noise`) and normalized,
at 30 and at 60 frames/s, with every strength from none to full. Every strength sees the same draws of chance. The
undisturbed clips go through as well, to tell what cleaning costs where nothing is to be cleaned. Figures are means
over a family's frames, then over families.
"""

from collections.abc import Callable
from dataclasses import astuple, dataclass, replace

import numpy as np
from tqdm import tqdm

from posenorm_core import quaternion
from posenorm_core.cleaning import GENTLE
from posenorm_core.condition_skeleton import JOINT_COUNT, JOINT_NAMES, NON_LEAVES, PARENTS
from posenorm_core.frame_rate import COMPUTED_FPS
from posenorm_core.kinematics import forward_kinematics
from posenorm_core.normalizer import normalize
from posenorm_core.weights import Weights
from training.dataset import MotionData
from training.detector_imitation import exchanging, jumping, trembling
from training.detector_noise import DetectorNoise
from training.disturbance import Scene, Take, draw_scene, film_scene, stature

STRENGTHS = (0.0, 0.1, 0.2, GENTLE, 0.6, 1.0)
RATES = (COMPUTED_FPS, 2 * COMPUTED_FPS)
# Exchanges of sides a second, and how long they last at most: assumed where real detections show none.
EXCHANGES, LONGEST_EXCHANGE = 0.5, 0.15
_FRAMES = 300  # of each clip at 30 frames/s, its first
# Metres a second from which a wrist's is a blow, and the seconds of which the fastest moment is one.
_BLOW, _BLOW_SECONDS = 4.0, 0.5
_WRISTS = [JOINT_NAMES.index("left_wrist"), JOINT_NAMES.index("right_wrist")]
_TURNING = list(NON_LEAVES[1:])

Spoil = Callable[[Take, float, np.random.Generator], Take]


@dataclass(frozen=True)
class Figures:
    """How wrong the normalized pose is."""

    acceleration: float  # mm a frame²
    mpjpe: float  # mm, with the subject's own bones
    rotation: float  # degrees, mean over the 13 joints that turn a bone, without the root
    blow: float  # peak speed of fast wrists, a share of the true; nan where none is fast


@dataclass(frozen=True)
class Row:
    """The figures of one input at one rate and strength: by family, and their mean as `mean`."""

    input: str
    fps: float
    strength: float
    families: dict[str, Figures]


def cleaning_scores(weights: Weights, data: MotionData, noise: DetectorNoise) -> list[Row]:
    """Every input of `inputs` at every rate and strength."""
    rows = []
    chances = [(name, spoil, fps) for name, spoil in inputs(noise).items() for fps in RATES]
    for name, spoil, fps in tqdm(chances, unit="input", disable=None):
        takes = [spoiled(data, clip, fps, spoil) for clip in range(data.clip_count)]
        rows += [Row(name, fps, strength, scored(weights, takes, strength)) for strength in STRENGTHS]
    return rows


def inputs(noise: DetectorNoise) -> dict[str, Spoil]:
    """What the clips are made: nothing, the detector's tremble and gaps, its jumps and exchanged sides as well."""

    def tremble(take: Take, height: float, rng: np.random.Generator) -> Take:
        return replace(take, keypoints=trembling(take.keypoints, noise, height, rng))

    def faults(take: Take, height: float, rng: np.random.Generator) -> Take:
        jumped = jumping(tremble(take, height, rng).keypoints, noise, height, rng)
        return replace(take, keypoints=exchanging(jumped, EXCHANGES, LONGEST_EXCHANGE, rng))

    return {"undisturbed": lambda take, height, rng: take, "tremble and gaps": tremble, "all faults": faults}


def spoiled(data: MotionData, clip: int, fps: float, spoil: Spoil) -> Take:
    """A clip filmed at `fps` and spoiled; whatever is drawn depends on the clip alone."""
    scene = at_rate(draw_scene(data, clip, _FRAMES), fps)
    height = scene.focal_length * stature(scene.offsets) / scene.distance
    return spoil(film_scene(scene), height, np.random.default_rng([clip, 2]))


def at_rate(scene: Scene, fps: float) -> Scene:
    """The scene at another rate, between its frames along cubics, which have no corner where a frame was.

    Rotations go along cubics in the tangent space of the frame before. The first and the last frame, which have a
    neighbour on one side only, are left out.
    """
    times = np.arange(1, len(scene.rotations) - 2 + 1e-6, scene.fps / fps)
    before = np.minimum(times.astype(int), len(scene.rotations) - 3)
    path, turn = np.zeros((len(times), 3)), np.zeros((len(times), JOINT_COUNT, 3))
    base = scene.rotations[before]
    for shift, weight in zip(range(-1, 3), _lagrange(times - before), strict=True):
        path += weight[:, None] * scene.root_position[before + shift]
        there = quaternion.multiply(quaternion.inverse(base), scene.rotations[before + shift])
        turn += weight[:, None, None] * quaternion.to_rotation_vector(there)
    rotations = quaternion.normalize(quaternion.multiply(base, quaternion.from_rotation_vector(turn)))
    return replace(scene, rotations=np.asarray(quaternion.make_continuous(rotations)), root_position=path, fps=fps)


def _lagrange(u: np.ndarray) -> np.ndarray:
    """What a cubic through the values at −1, 0, 1 and 2 takes of each for its value at `u` (N,): (4, N)."""
    before, after, last = u + 1, u - 1, u - 2
    return np.stack([-u * after * last / 6, before * after * last / 2, -before * u * last / 2, before * u * after / 6])


def scored(weights: Weights, takes: list[Take], strength: float) -> dict[str, Figures]:
    """The figures of the takes, normalized with `strength`, by family, and the families' mean."""
    parts: dict[str, list[tuple[np.ndarray, ...]]] = {}
    for take in takes:
        motion = normalize(take.keypoints, orientation="view", weights=weights, smooth=strength)
        parts.setdefault(take.family, []).append(_errors(motion.rotations, take))
    families = {family: _figures(list(of_family)) for family, of_family in parts.items()}
    return {**families, "mean": _mean(list(families.values()))}


def _mean(families: list[Figures]) -> Figures:
    """The mean of each figure over the families that have it."""
    told = np.array([astuple(figures) for figures in families])
    columns = (column[np.isfinite(column)] for column in told.T)
    return Figures(*(float(column.mean()) if len(column) else float("nan") for column in columns))


def _errors(rotations: np.ndarray, take: Take) -> tuple[np.ndarray, ...]:
    """By frame: acceleration error, position error, rotation error; and the blows, true and found (B, 2)."""
    found, true = (forward_kinematics(take.offsets, q, PARENTS) for q in (rotations, take.rotations))
    angle = quaternion.geodesic_angle(rotations[:, _TURNING], take.rotations[:, _TURNING])
    return (
        1000 * np.linalg.norm(np.diff(found - true, n=2, axis=0), axis=-1).mean(axis=-1),
        1000 * np.linalg.norm(found - true, axis=-1).mean(axis=-1),
        np.degrees(angle).mean(axis=-1),
        blows(found, true, take.keypoints.fps),
    )


def blows(found: np.ndarray, true: np.ndarray, fps: float) -> np.ndarray:
    """Each wrist's fast moments in (T, 19, 3): the true speed and the one found the same way, (B, 2) metres a second.

    A moment is the fastest of its half second. Only what goes the true way counts, so that tremble adds no speed.
    """
    moving, moved = (np.diff(p[:, _WRISTS], axis=0) * fps for p in (true, found))
    speed = np.linalg.norm(moving, axis=-1)
    length = round(_BLOW_SECONDS * fps)
    peaks = []
    for begin in range(0, len(speed), length):
        for wrist, frame in enumerate(begin + speed[begin : begin + length].argmax(axis=0)):
            if speed[frame, wrist] >= _BLOW:
                along = moved[frame, wrist] @ moving[frame, wrist] / speed[frame, wrist]
                peaks.append((speed[frame, wrist], along))
    return np.array(peaks).reshape(-1, 2)


def _figures(of_clips: list[tuple[np.ndarray, ...]]) -> Figures:
    """Means over all frames of the clips."""
    acceleration, position, rotation, peaks = (np.concatenate(part) for part in zip(*of_clips, strict=True))
    blow = float(peaks[:, 1].sum() / peaks[:, 0].sum()) if len(peaks) else float("nan")
    return Figures(float(acceleration.mean()), float(position.mean()), float(rotation.mean()), blow)
