"""What can be wrong with a clip, by how much: scenes, the camera before them, and each disturbance of either.

A disturbance of a given strength makes of one scene what a detector would give, beside the truth in the view frame.
Whatever is drawn at random is drawn alike for every strength. The table at the end is what the robustness curves run
through.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from posenorm_core.condition_skeleton import JOINT_COUNT, JOINT_NAMES, MIRROR, PARENTS
from posenorm_core.frame_rate import COMPUTED_FPS, resample_rotations, resample_times, resample_values
from posenorm_core.keypoints import Keypoints
from posenorm_core.kinematics import forward_kinematics
from posenorm_core.landmarks import LANDMARK_COUNT, LANDMARK_NAMES
from posenorm_core.skeleton import Skeleton
from posenorm_core.synthetic_view import film, true_view_root
from training.dataset import MotionData

FRAMES = 150  # of each clip, its first
_PERSON_PIXELS, _IMAGE = 1000.0, (3000.0, 1700.0)
# Wide enough that nobody is cut off: what leaves the picture is a question of its own.
_CANVAS = 40_000.0
# The camera keeps this far from where the subject walks, as training's do.
_NEAREST = 1.6
_LIMBS = [
    [LANDMARK_NAMES.index(f"{side}_{part}") for part in parts]
    for side in ("right", "left")
    for parts in (("elbow", "wrist"), ("knee", "ankle", "toe", "heel"))
]


@dataclass(frozen=True)
class Scene:
    """T frames of a person in a Y-up world, and the camera that stands there."""

    family: str
    rotations: np.ndarray  # (T, 19, 4)
    root_position: np.ndarray  # (T, 3) metres
    offsets: np.ndarray  # (19, 3)
    fps: float
    azimuth: float
    elevation: float
    roll: float
    distance: float  # metres
    focal_length: float  # pixels
    seed: int

    def rng(self) -> np.random.Generator:
        """The same draws of chance for every point of a curve."""
        return np.random.default_rng(self.seed)


@dataclass(frozen=True)
class Take:
    """What the detector gives of a scene, and the truth in the view frame."""

    family: str
    keypoints: Keypoints
    rotations: np.ndarray  # (T, 19, 4)
    offsets: np.ndarray  # (19, 3)


@dataclass(frozen=True)
class Disturbance:
    """What is varied along a curve, and how."""

    name: str
    label: str
    values: tuple[float, ...]
    takes: Callable[[Scene, float], list[Take]]
    logarithmic: bool = False


def draw_scene(data: MotionData, clip: int, frames: int = FRAMES) -> Scene:
    """The first `frames` frames of a clip before a random camera: any side, mostly level, 2 to 9 metres off."""
    begin, end = int(data.clip_start[clip]), int(data.clip_start[clip + 1])
    frames_used = slice(begin, min(end, begin + frames))
    path = data.root_position[frames_used].double().numpy()
    offsets = data.clip_offsets[clip].double().numpy()
    rng = np.random.default_rng([clip, 1])
    distance = max(float(np.exp(rng.uniform(0.7, 2.2))), _extent(path) + _NEAREST)
    return Scene(
        family=str(data.clip_family[clip]),
        rotations=data.rotations[frames_used].double().numpy(),
        root_position=path,
        offsets=offsets,
        fps=COMPUTED_FPS,
        azimuth=float(rng.uniform(-np.pi, np.pi)),
        elevation=float(rng.uniform(-0.12, 0.3)),
        roll=float(rng.normal(0, 0.06)),
        distance=distance,
        focal_length=_PERSON_PIXELS * distance / stature(offsets),
        seed=clip,
    )


def stature(offsets: np.ndarray) -> float:
    """The height in metres of a body (19, 3) in its T-pose, from its lowest joint to its highest."""
    upright = np.tile([1.0, 0.0, 0.0, 0.0], (JOINT_COUNT, 1))
    return float(np.ptp(forward_kinematics(offsets, upright, PARENTS)[:, 1]))


def film_scene(scene: Scene) -> Take:
    """The scene filmed: nothing missing, nothing displaced."""
    view = {"azimuth": scene.azimuth, "elevation": scene.elevation, "distance": scene.distance, "roll": scene.roll}
    skeleton = Skeleton(JOINT_NAMES, PARENTS, scene.offsets)
    canvas = (_CANVAS, _CANVAS)
    seen = film(
        scene.rotations,
        scene.root_position,
        skeleton,
        focal_length=scene.focal_length,
        image_size=canvas,
        fps=scene.fps,
        **view,
    )
    points = seen.points - (np.array(canvas) - _IMAGE) / 2
    truth = scene.rotations.copy()
    truth[:, 0] = true_view_root(scene.rotations, scene.root_position, **view)
    return Take(scene.family, replace(seen, points=points, image_size=_IMAGE), truth, scene.offsets)


def _extent(path: np.ndarray) -> float:
    """How far (T, 3) goes from its mean."""
    return float(np.linalg.norm(path - path.mean(axis=0), axis=1).max())


def _hidden(take: Take, hidden: np.ndarray) -> list[Take]:
    """The take without the landmarks that are `hidden`, broadcast to (T, 24)."""
    confidence = np.where(hidden, 0, take.keypoints.confidence)
    return [replace(take, keypoints=replace(take.keypoints, confidence=confidence))]


def _missing(scene: Scene, percent: float) -> list[Take]:
    """Each landmark of each frame missing by itself."""
    return _hidden(film_scene(scene), scene.rng().random((len(scene.rotations), LANDMARK_COUNT)) < percent / 100)


def _limbs(scene: Scene, count: float) -> list[Take]:
    """Arms and legs, in a random order, hidden from elbow or knee on in all frames."""
    hidden = np.zeros(LANDMARK_COUNT, dtype=bool)
    for limb in scene.rng().permutation(len(_LIMBS))[: int(count)]:
        hidden[_LIMBS[limb]] = True
    return _hidden(film_scene(scene), hidden)


def _displaced(take: Take, displacement: np.ndarray) -> list[Take]:
    """The take with pixels, broadcast to (T, 24, 2), added; the detector does not know, its confidence stays 1."""
    points = take.keypoints.points + displacement
    return [replace(take, keypoints=replace(take.keypoints, points=points))]


def _noise(scene: Scene, pixels: float) -> list[Take]:
    """Each landmark of each frame displaced by itself; `pixels` is the standard deviation along x and along y."""
    return _displaced(film_scene(scene), pixels * scene.rng().normal(size=(len(scene.rotations), LANDMARK_COUNT, 2)))


def _habit(scene: Scene, pixels: float) -> list[Take]:
    """Each landmark displaced alike in all frames: a detector's own idea of where it is."""
    return _displaced(film_scene(scene), pixels * scene.rng().normal(size=(1, LANDMARK_COUNT, 2)))


def _pitch(scene: Scene, degrees: float) -> list[Take]:
    """The camera looks down on the subject by so much, or up to him."""
    return [film_scene(replace(scene, elevation=float(np.radians(degrees))))]


def _focal_length(scene: Scene, image_heights: float) -> list[Take]:
    """From very near and wide to far and narrow, the person as tall in the picture.

    He stays on the spot (as if the camera went along): who walks would run over a camera so near.
    """
    path = scene.root_position.copy()
    path[:, [0, 2]] = path[:, [0, 2]].mean(axis=0)
    focal_length = image_heights * _IMAGE[1]
    distance = focal_length * stature(scene.offsets) / _PERSON_PIXELS
    return [film_scene(replace(scene, root_position=path, focal_length=focal_length, distance=distance))]


def _resampled(scene: Scene, times: np.ndarray, fps: float) -> list[Take]:
    """The motion at `times` (N,), in its frames, filmed at `fps`."""
    rotations = resample_rotations(scene.rotations, times)
    path = resample_values(scene.root_position, times)
    return [film_scene(replace(scene, rotations=rotations, root_position=path, fps=fps))]


def _frame_rate(scene: Scene, fps: float) -> list[Take]:
    """The same motion filmed at another rate."""
    times = resample_times(len(scene.rotations), scene.fps, target=fps)
    return _resampled(scene, times[times <= len(scene.rotations) - 1], fps)


def _gaps_at_rate(scene: Scene, fps: float) -> list[Take]:
    """The same motion filmed at another rate, three of ten landmarks missing: between frames gaps weigh more."""
    (take,) = _frame_rate(scene, fps)
    return _hidden(take, scene.rng().random(take.keypoints.confidence.shape) < 0.3)


def _speed(scene: Scene, factor: float) -> list[Take]:
    """The motion played slower or faster before it is filmed."""
    return _resampled(scene, np.arange(0, len(scene.rotations), factor), scene.fps)


def _length(scene: Scene, frames: float) -> list[Take]:
    """The clip cut into even pieces of at most `frames` frames, each normalized alone."""
    take, count = film_scene(scene), int(np.ceil(len(scene.rotations) / frames))
    seen = take.keypoints
    return [
        replace(
            take,
            keypoints=replace(seen, points=seen.points[piece], confidence=seen.confidence[piece]),
            rotations=take.rotations[piece],
        )
        for piece in np.array_split(np.arange(len(scene.rotations)), count)
    ]


def _on_body(scene: Scene, factors: np.ndarray) -> list[Take]:
    """Another body in the same place: bones times `factors` (19,), the path scaled with the legs."""
    offsets = scene.offsets * factors[:, None]
    legs = [JOINT_NAMES.index("right_knee"), JOINT_NAMES.index("right_ankle")]
    ratio = np.linalg.norm(offsets[legs], axis=1).sum() / np.linalg.norm(scene.offsets[legs], axis=1).sum()
    path = scene.root_position * ratio
    distance = max(scene.distance, _extent(path) + _NEAREST)
    return [film_scene(replace(scene, offsets=offsets, root_position=path, distance=distance))]


def _size(scene: Scene, factor: float) -> list[Take]:
    """The whole body smaller or larger; the camera and its lens stay."""
    return _on_body(scene, np.full(JOINT_COUNT, factor))


def _proportions(scene: Scene, percent: float) -> list[Take]:
    """Each bone longer or shorter by a share of its own up to `percent`, left and right alike."""
    factors = 1 + percent / 100 * scene.rng().uniform(-1, 1, JOINT_COUNT)
    return _on_body(scene, factors[[min(joint, opposite) for joint, opposite in enumerate(MIRROR)]])


DISTURBANCES = (
    Disturbance("missing", "landmarks missing (%)", (0, 10, 20, 30, 40, 50, 60), _missing),
    Disturbance("limbs", "limbs hidden throughout", (0, 1, 2, 3, 4), _limbs),
    Disturbance("noise", "noise (px, person 1000 px)", (0, 2.5, 5, 10, 15, 20), _noise),
    Disturbance("habit", "lasting offset (px, person 1000 px)", (0, 2.5, 5, 10, 15, 20), _habit),
    Disturbance("pitch", "camera above the subject (°)", (-30, -15, 0, 15, 30, 45, 60), _pitch),
    Disturbance("focal_length", "focal length (image heights)", (0.6, 0.8, 1, 1.5, 2, 3, 4), _focal_length, True),
    Disturbance("frame_rate", "frames/s", (10, 15, 20, 24, 30, 50, 60, 120), _frame_rate, True),
    Disturbance("gaps_at_rate", "frames/s, 30% missing", (10, 15, 20, 25, 29.97, 30, 50, 60, 120), _gaps_at_rate, True),
    Disturbance("length", "frames in the clip", (1, 2, 5, 10, 30, 100), _length, True),
    Disturbance("speed", "speed (times the recorded)", (0.5, 0.7, 1, 1.4, 2), _speed, True),
    Disturbance("size", "body size (times its own)", (0.5, 0.7, 1, 1.4, 2), _size, True),
    Disturbance("proportions", "bones longer or shorter by up to (%)", (0, 10, 20, 30, 40, 50), _proportions),
)
