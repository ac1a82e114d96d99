"""Bundle adjustment of one body before two cameras: focal lengths, pose, points and bone lengths, all at once.

What is minimized is how far the points are seen from where they should be, and how far the bones are from one length
each, left as right, in all frames: that is what tells the focal lengths. Camera frames as in `posenorm_core.camera`,
the first camera's is the world. By Levenberg and Marquardt, each frame's points eliminated from what the frames share
(Triggs et al., Bundle Adjustment: A Modern Synthesis, 2000), steps bent along the narrow valley of focal length and
distance (Transtrum and Sethna, Improvements to the Levenberg-Marquardt Algorithm, 2012).
"""

from dataclasses import dataclass

import numpy as np

from posenorm_core import camera, quaternion
from posenorm_core.condition_skeleton import CONDITION_SKELETON, JOINT_COUNT
from posenorm_core.kinematics import forward_kinematics
from posenorm_core.landmarks import LANDMARK_COUNT, LANDMARK_NAMES

# What keeps its length: bones, left as right, and the lines across hips and shoulders.
_SIDED = (("hip", "knee"), ("knee", "ankle"), ("shoulder", "elbow"), ("elbow", "wrist"))
RIGID = (
    *((f"{side}_{start}", f"{side}_{end}") for side in ("left", "right") for start, end in _SIDED),
    *((f"left_{joint}", f"right_{joint}") for joint in ("hip", "shoulder")),
)
_STARTS, _ENDS = ([LANDMARK_NAMES.index(bone[end]) for bone in RIGID] for end in (0, 1))
_LENGTH_OF = np.array([0, 1, 2, 3, 0, 1, 2, 3, 4, 5])
_T_POSE = forward_kinematics(
    CONDITION_SKELETON.offsets, np.tile([1.0, 0.0, 0.0, 0.0], (JOINT_COUNT, 1)), CONDITION_SKELETON.parents
)
# Of the condition skeleton, metres.
_USUAL = np.linalg.norm(_T_POSE[_ENDS] - _T_POSE[_STARTS], axis=-1)[[0, 1, 2, 3, 8, 9]]
# Metres that a bone may be off its length; how far proportions are from the condition skeleton's (logarithm).
_BONE, _PROPORTION = 0.02, 0.15
# Where in a step the numbers stand that all frames share.
_FOCAL, _TURN, _SHIFT, _LENGTHS = slice(0, 2), slice(2, 5), slice(5, 8), slice(8, 14)
_SHARED = 14
# How much less points are damped: they would hold the cameras.
_POINTS = 0.1
_MOST_STEPS, _SETTLED, _MOST_DAMPING = 80, 1e-5, 1e8
# How far along a step its bend is measured, and how long the bend may be beside the step.
_AHEAD, _MOST_BEND = 0.1, 0.75
# By what the frames share (14,) and by the points (T, 72).
_Step = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Sight:
    """What is seen: T frames of the 24 landmarks by two cameras."""

    pixels: np.ndarray  # (T, 2, 24, 2) from the principal points
    known: np.ndarray  # (T, 24), whether both cameras see it
    tolerance: np.ndarray  # (2,) pixels


@dataclass(frozen=True)
class Bundle:
    """Two cameras and the body before them, in metres as if that were of the condition skeleton's size."""

    focal_lengths: np.ndarray  # (2,) pixels
    turn: np.ndarray  # (4,) with `shift` (3,) takes the first camera's frame into the second's
    shift: np.ndarray
    lengths: np.ndarray  # (6,) of thigh, shin, upper arm, forearm, and across hips and shoulders
    points: np.ndarray  # (T, 24, 3) in the first camera's frame

    def seen_from(self, view: int) -> np.ndarray:
        """The points (T, 24, 3) in the frame of camera 0 or 1."""
        return np.asarray(quaternion.rotate(self.turn, self.points) + self.shift if view else self.points)

    def pixels(self, view: int) -> np.ndarray:
        """Where camera 0 or 1 sees them: (T, 24, 2) from its principal point."""
        return np.asarray(camera.project(self.seen_from(view), self.focal_lengths[view], 0.0))

    def bones_off(self) -> np.ndarray:
        """How much longer the bones RIGID are than they should be, metres: (T, 10).

        By proportion, at the usual size: else a small body would fit best.
        """
        lengths = np.linalg.norm(self.points[:, _ENDS] - self.points[:, _STARTS], axis=-1)
        return np.asarray(np.log(np.maximum(lengths, 1e-6) / self.lengths[_LENGTH_OF]) * _USUAL[_LENGTH_OF])


def known_bones(known: np.ndarray) -> np.ndarray:
    """Of which of the bones RIGID (T, 10) both ends are among those `known` (T, 24)."""
    return np.asarray(known[:, _STARTS] & known[:, _ENDS])


def first_guess(
    points: np.ndarray, known: np.ndarray, focal_lengths: np.ndarray, rotation: np.ndarray, shift: np.ndarray
) -> Bundle:
    """A start from points (N, 3), which are those `known` (T, 24), brought to the usual size.

    `rotation` (3, 3) and `shift` (3,) take the first camera's frame into the second's.
    """
    placed = np.empty((*known.shape, 3))
    placed[:] = np.median(points, axis=0)
    placed[known] = points
    lengths = np.linalg.norm(placed[:, _ENDS] - placed[:, _STARTS], axis=-1)
    scale = np.median((_USUAL[_LENGTH_OF] / np.maximum(lengths, 1e-9))[known_bones(known)])
    return Bundle(focal_lengths, quaternion.from_matrix(rotation), scale * shift, _USUAL, scale * placed)


def misfit(bundle: Bundle, sight: Sight) -> float:
    """What is minimized: twice the sum of sqrt(1 + r²) − 1, so that what is far off counts plainly, not squared."""
    off = _residuals(bundle, sight)
    return float(2 * (np.sqrt(1 + off**2) - 1).sum() + (_proportions(bundle) ** 2).sum())


def adjusted(start: Bundle, sight: Sight) -> tuple[Bundle, bool]:
    """The bundle that fits best near `start`; and whether it is that, or the search came to no end."""
    bundle, cost, damping = start, misfit(start, sight), 1e-3
    for _ in range(_MOST_STEPS):
        linear, before, raised = _linearized(bundle, sight), cost, 2.0
        while True:
            tried = _stepped(bundle, sight, linear, damping)
            cost = misfit(tried, sight)
            if cost < before:
                break
            damping, raised = raised * damping, 2 * raised
            if damping > _MOST_DAMPING:
                return bundle, True
        if before - cost < _SETTLED * before:
            return tried, True
        bundle, damping = tried, max(damping / 5, 1e-7)
    return bundle, False


def _residuals(bundle: Bundle, sight: Sight) -> np.ndarray:
    """Each landmark in both views and each bone, in what it may be off: (T, 2 · 24 · 2 + 10)."""
    apart = np.stack([bundle.pixels(view) for view in (0, 1)], axis=1) - sight.pixels
    apart *= sight.known[:, None, :, None] / sight.tolerance[:, None, None]
    bones = bundle.bones_off() * known_bones(sight.known) / _BONE
    return np.concatenate([apart.reshape(len(apart), -1), bones], axis=1)


def _proportions(bundle: Bundle) -> np.ndarray:
    """How unusual the body is: (6,)."""
    return np.asarray(np.log(bundle.lengths / _USUAL) / _PROPORTION)


def _slopes(bundle: Bundle, sight: Sight) -> tuple[np.ndarray, np.ndarray]:
    """The residuals' derivatives by what the frames share (T, 106, 14) and by the frame's points (T, 106, 72)."""
    parts = [_slopes_of_view(bundle, sight, view) for view in (0, 1)]
    by_shared, by_points = zip(*parts, _slopes_of_bones(bundle, sight), strict=True)
    return np.concatenate(by_shared, axis=1), np.concatenate(by_points, axis=1)


def _slopes_of_view(bundle: Bundle, sight: Sight, view: int) -> tuple[np.ndarray, np.ndarray]:
    """Of the landmarks seen by one camera: (T, 48, 14), (T, 48, 72)."""
    frames, rotation = len(bundle.points), quaternion.to_matrix(bundle.turn) if view else np.eye(3)
    seen, focal = bundle.seen_from(view), bundle.focal_lengths[view]
    depth = np.maximum(seen[..., 2], camera.NEAREST)
    by_place = np.zeros((frames, LANDMARK_COUNT, 2, 3))  # in the camera's frame
    by_place[..., [0, 1], [0, 1]] = (focal / depth)[..., None]
    by_place[..., 2] = -bundle.pixels(view) / depth[..., None]
    by_shared = np.zeros((frames, LANDMARK_COUNT, 2, _SHARED))
    by_shared[..., view] = bundle.pixels(view)
    if view:
        by_shared[..., _TURN] = np.cross((seen - bundle.shift)[..., None, :], by_place)
        by_shared[..., _SHIFT] = by_place
    by_points = np.zeros((frames, LANDMARK_COUNT, 2, LANDMARK_COUNT, 3))
    own = range(LANDMARK_COUNT)
    by_points[:, own, :, own] = np.moveaxis(by_place @ rotation, 1, 0)
    scale = np.repeat(sight.known / sight.tolerance[view], 2, axis=1)[..., None]
    return by_shared.reshape(frames, -1, _SHARED) * scale, by_points.reshape(frames, 2 * LANDMARK_COUNT, -1) * scale


def _slopes_of_bones(bundle: Bundle, sight: Sight) -> tuple[np.ndarray, np.ndarray]:
    """Of the bones: (T, 10, 14), (T, 10, 72)."""
    frames, bones = len(bundle.points), range(len(RIGID))
    across = bundle.points[:, _ENDS] - bundle.points[:, _STARTS]
    scale = known_bones(sight.known) * _USUAL[_LENGTH_OF] / _BONE
    by_points = np.zeros((frames, len(RIGID), LANDMARK_COUNT, 3))
    by_points[:, bones, _ENDS] = scale[..., None] * across / np.maximum((across**2).sum(axis=-1, keepdims=True), 1e-12)
    by_points[:, bones, _STARTS] = -by_points[:, bones, _ENDS]
    by_shared = np.zeros((frames, len(RIGID), _SHARED))
    by_shared[:, bones, _LENGTHS.start + _LENGTH_OF] = -scale
    return by_shared, by_points.reshape(frames, len(RIGID), -1)


@dataclass(frozen=True)
class _Linear:
    """The residuals near a bundle, and the approximate Hessian's parts."""

    off: np.ndarray  # (T, 106)
    weights: np.ndarray  # (T, 106) less for what is far off
    by_shared: np.ndarray  # (T, 106, 14)
    by_points: np.ndarray  # (T, 106, 72)
    of_shared: np.ndarray  # (14, 14)
    mixed: np.ndarray  # (T, 72, 14)
    of_points: np.ndarray  # (T, 72, 72)

    def step(self, off: np.ndarray, proportions: np.ndarray, damping: float) -> _Step:
        """What takes residuals `off` (T, 106) and `proportions` (6,) to zero; the shorter the larger `damping`."""
        weighted = (self.weights * off)[..., None]
        gradient = (np.swapaxes(self.by_shared, 1, 2) @ weighted).sum(axis=0)[:, 0]
        gradient[_LENGTHS] += proportions / _PROPORTION
        right = np.concatenate([self.mixed, np.swapaxes(self.by_points, 1, 2) @ weighted], axis=-1)
        solved = np.linalg.solve(_damped(self.of_points, _POINTS * damping), right)
        eliminated = (np.swapaxes(self.mixed, 1, 2) @ solved).sum(axis=0)
        reduced = _damped(self.of_shared - eliminated[:, :-1], damping)
        shared = -np.linalg.solve(reduced, gradient - eliminated[:, -1])
        return shared, -(solved[..., -1] + solved[..., :-1] @ shared)

    def along(self, step: _Step) -> np.ndarray:
        """How the residuals change along a step, to first order: (T, 106)."""
        return np.asarray(self.by_shared @ step[0] + (self.by_points @ step[1][..., None])[..., 0])


def _linearized(bundle: Bundle, sight: Sight) -> _Linear:
    """See `_Linear`."""
    off, (by_shared, by_points) = _residuals(bundle, sight), _slopes(bundle, sight)
    weights = 1 / np.sqrt(1 + off**2)
    weighted = np.swapaxes(weights[..., None] * by_points, 1, 2)
    of_shared = (np.swapaxes(by_shared, 1, 2) @ (weights[..., None] * by_shared)).sum(axis=0)
    of_shared[_LENGTHS, _LENGTHS] += np.eye(len(_USUAL)) / _PROPORTION**2
    return _Linear(off, weights, by_shared, by_points, of_shared, weighted @ by_shared, weighted @ by_points)


def _stepped(bundle: Bundle, sight: Sight, linear: _Linear, damping: float) -> Bundle:
    """The bundle after a step and half of its bend."""
    shared, points = linear.step(linear.off, _proportions(bundle), damping)
    ahead = _residuals(_moved(bundle, (_AHEAD * shared, _AHEAD * points)), sight)
    curved = 2 / _AHEAD * ((ahead - linear.off) / _AHEAD - linear.along((shared, points)))
    bend = linear.step(curved, np.zeros(len(_USUAL)), damping)
    step_length, bend_length = (float(np.linalg.norm(of_shared)) for of_shared in (shared, bend[0]))
    half = 0.5 * min(1.0, _MOST_BEND * step_length / max(bend_length, 1e-12))
    return _moved(bundle, (shared + half * bend[0], points + half * bend[1]))


def _moved(bundle: Bundle, step: _Step) -> Bundle:
    """The bundle after exactly this step."""
    shared, points = step
    return Bundle(
        bundle.focal_lengths * np.exp(shared[_FOCAL]),
        quaternion.normalize(quaternion.multiply(quaternion.from_rotation_vector(shared[_TURN]), bundle.turn)),
        bundle.shift + shared[_SHIFT],
        bundle.lengths * np.exp(shared[_LENGTHS]),
        bundle.points + points.reshape(bundle.points.shape),
    )


def _damped(hessian: np.ndarray, damping: float) -> np.ndarray:
    """With its diagonal raised, so that it can be solved also where a point is not known."""
    diagonal = np.diagonal(hessian, axis1=-2, axis2=-1)
    return np.asarray(hessian + np.eye(diagonal.shape[-1]) * (damping * diagonal + 1e-6)[..., None, :])
