"""The pose whose landmarks cover those of the picture, where these are exact: projected, or placed by hand.

A network's pose, drawn, never quite covers the points it was shown, and it knows no body. Exact landmarks tell more:
how much shorter a bone is drawn than it is says how steep it is, once all frames have said how long it is. So poses,
body and camera (the scene) are changed together, by Gauss and Newton, until the landmarks are covered, each joint
turned no farther from the network's word than this may be off. The scene is one throughout but for cuts: where another
person comes in, it may change at once.

A detector's landmarks sit centimetres beside the joints, and not the same from every side: a pose that covers those
is turned wrongly. `foreshortening` is for them.
"""

from collections.abc import Callable, Iterator

import numpy as np

from posenorm_core import quaternion
from posenorm_core.body_shape import SHAPE_SIZE, offsets_of
from posenorm_core.condition_skeleton import NON_LEAVES, PARENTS
from posenorm_core.drawn_body import CAMERA_SIZE, POSE_SIZE, DrawnBody, drawn_body

# How far a landmark may be off, metres; and, radians, a rotation that the network is quite sure of.
_LANDMARK_ERROR, _LEAST_DOUBT = 0.007, 0.02
# How far bones are from the condition skeleton's, in shares of their length, and the camera's numbers from a usual
# one's: a scene is told in units of these. And how much every frame holds it to the usual one: frames that show much
# the same are not the surer the more they are.
_SPREADS, _HELD = np.repeat([0.3, 0.5, 0.15], [SHAPE_SIZE, 1, CAMERA_SIZE - 1]), 0.2
# No scene is stranger than this: bones are there, and the camera is not among them.
_STRANGEST = 2.5
# Frames of one scene; how much closer it is to the one before than to the usual; and from what difference on, root
# mean square, it is rather another.
_BLOCK, _STIFFNESS, _CUT = 4, 1e4, 0.01
# Rounds of pose and scene, then of the pose alone. No joint turns farther in one than this (radians).
_ROUNDS, _LAST_ROUNDS, _FARTHEST = 8, 2, 0.5
# A pose whose landmarks, drawn, are less like those seen than this (cosine) is of something else, and stays as it is.
_LIKENESS = 0.3
# Frames on either side over which a joint's turn is evened out.
_EVENED = 3
# Frames that are worked on at once: few enough for the cache, and whole blocks.
_CHUNK = 64 * _BLOCK

_TURNING = list(NON_LEAVES)
_ABOVE = [max(PARENTS[joint], 0) for joint in _TURNING]


def covering_picture(
    rotations: np.ndarray,
    doubt: np.ndarray,
    points: np.ndarray,
    confidence: np.ndarray,
    progress: Callable[[int, int], None] | None = None,
) -> np.ndarray:
    """The rotations (T, 19, 4) turned until the landmarks of some body cover `points`.

    Args:
        rotations: in the view frame.
        doubt: (T, 19) radians, how far off each rotation is expected to be.
        points: (T, 24, 2) landmarks at any scale, y up; the pelvis must have a place in every frame.
        confidence: (T, 24) 0 where a landmark is missing: it takes no part.
        progress: told (done, total) frames, each round being a part of them.
    """
    fit, rounds = _Fit(rotations, doubt, points, confidence), _ROUNDS + _LAST_ROUNDS
    for done in range(rounds):
        if progress is not None:
            progress(done * fit.frames // rounds, fit.frames)
        fit.improve(with_scene=done < _ROUNDS)
    if progress is not None:
        progress(fit.frames, fit.frames)
    return fit.evened()


class _Fit:
    """A clip being fitted: the pose of every frame, and the scene of every block of frames."""

    def __init__(self, rotations: np.ndarray, doubt: np.ndarray, points: np.ndarray, confidence: np.ndarray) -> None:
        self.frames = len(rotations)
        self.told = rotations.astype(np.float32)
        self.rotations = self.told.copy()
        self.tightness = np.repeat(np.maximum(doubt[:, _TURNING], _LEAST_DOUBT).astype(np.float32) ** -2, 3, axis=1)
        self.seen = (points - points[:, :1]).astype(np.float32)
        self.weight = (confidence > 0) * np.float32(_LANDMARK_ERROR**-2)
        self.block = np.arange(self.frames) // _BLOCK
        self.scenes = np.zeros((self.block[-1] + 1, len(_SPREADS)))
        self.bonds = np.ones(len(self.scenes) - 1)

    def improve(self, with_scene: bool) -> None:
        """A round: every frame's joints are turned and, `with_scene`, the scenes changed."""
        if not with_scene:
            for frames in self._chunks():
                self._turn(frames)
            return
        told = [self._turn_and_tell(frames) for frames in self._chunks()]
        self._change_scenes(*(np.concatenate(parts) for parts in zip(*told, strict=True)))

    def evened(self) -> np.ndarray:
        """The rotations (T, 19, 4), their difference from those told evened out along time."""
        away = np.pad(self._away(slice(None)), ((_EVENED, _EVENED), (0, 0), (0, 0)), mode="edge")
        shares = np.hanning(2 * _EVENED + 3)[1:-1] / (_EVENED + 1)
        return _turned(self.told, sum(share * away[k : k + self.frames] for k, share in enumerate(shares)))

    def _chunks(self) -> Iterator[slice]:
        for begin in range(0, self.frames, _CHUNK):
            yield slice(begin, min(begin + _CHUNK, self.frames))

    def _away(self, frames: slice) -> np.ndarray:
        """How far the joints have turned from what was told (T, 14, 3), in the frames they hang in."""
        further = quaternion.multiply(
            self.rotations[frames][:, _TURNING], quaternion.inverse(self.told[frames][:, _TURNING])
        )
        return np.asarray(quaternion.to_rotation_vector(further))

    def _drawn(self, frames: slice) -> DrawnBody:
        shape, camera = np.split(_SPREADS * self.scenes[self.block[frames]], [SHAPE_SIZE], axis=1)
        return drawn_body(self.rotations[frames], offsets_of(shape), camera)

    def _turn(self, frames: slice) -> None:
        """Turns the joints of `frames` as the scene in hand has it."""
        body = self._drawn(frames)
        curvature, slope = self._normal_equations(frames, body, body.by_pose())
        self._apply(frames, body, np.linalg.solve(curvature, slope[..., None])[..., 0])

    def _turn_and_tell(self, frames: slice) -> tuple[np.ndarray, np.ndarray]:
        """The same; and what the frames say of their scene where every pose follows it.

        Summed over each block: the curvature (blocks, n, n) and the slope (blocks, n) of what is left.
        """
        body = self._drawn(frames)
        by_scene = np.concatenate([body.by_shape(), body.by_camera()], axis=2) * _SPREADS.astype(np.float32)
        derivative = np.concatenate([body.by_pose(), by_scene], axis=2)
        curvature, slope = self._normal_equations(frames, body, derivative)
        pose, scene = slice(POSE_SIZE), slice(POSE_SIZE, None)
        across = curvature[:, pose, scene]
        following = np.linalg.solve(curvature[:, pose, pose], np.concatenate([slope[:, pose, None], across], axis=2))
        self._apply(frames, body, following[..., 0])
        back = np.swapaxes(across, 1, 2) @ following
        return _by_block(curvature[:, scene, scene] - back[..., 1:]), _by_block(slope[:, scene] - back[..., 0])

    def _normal_equations(
        self, frames: slice, body: DrawnBody, derivative: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """The matrix (T, n, n) and right side (T, n): landmarks covered, and joints not far from what was told."""
        size, weight = _size(body.points, self.seen[frames], self.weight[frames])
        off = (self.seen[frames] / size[:, None, None] - body.points).reshape(len(size), -1, 1)
        weighted = np.swapaxes(derivative * np.repeat(weight, 2, axis=1)[..., None], 1, 2)
        curvature, slope = weighted @ derivative, (weighted @ off)[..., 0]
        away = quaternion.rotate(_above(body), self._away(frames)).reshape(len(size), -1)
        turns = np.arange(away.shape[1])
        curvature[:, turns, turns] += self.tightness[frames]
        slope[:, turns] -= self.tightness[frames] * away
        curvature[:, POSE_SIZE - 1, POSE_SIZE - 1] += 1  # nothing tells how near a person is who is not seen
        return curvature, slope

    def _apply(self, frames: slice, body: DrawnBody, step: np.ndarray) -> None:
        """Turns the joints of `frames` by `step` (T, POSE_SIZE)."""
        turns = step[:, :-1].reshape(len(step), -1, 3)
        turns = turns * np.minimum(1, _FARTHEST / np.maximum(np.linalg.norm(turns, axis=-1, keepdims=True), 1e-9))
        own = quaternion.rotate(quaternion.inverse(_above(body)), turns)
        self.rotations[frames] = _turned(self.rotations[frames], own)

    def _change_scenes(self, curvature: np.ndarray, slope: np.ndarray) -> None:
        """Changes each block's scene as its frames say, bound to those beside it and, loosely, to the usual one.

        A bond gives way as the scenes differ (Cauchy's weight): so a cut is found, and stays one.
        """
        bonds, loose = _STIFFNESS * _HELD * self.bonds, _HELD * np.bincount(self.block)
        pull = bonds[:, None] * np.diff(self.scenes, axis=0)
        right = slope - loose[:, None] * self.scenes
        right[:-1] += pull
        right[1:] -= pull
        held = loose + np.append(bonds, 0) + np.append(0, bonds)
        change = _chain(curvature + held[:, None, None] * np.eye(len(_SPREADS)), bonds, right)
        self.scenes = np.clip(self.scenes + change, -_STRANGEST, _STRANGEST)
        self.bonds = 1 / (1 + (np.diff(self.scenes, axis=0) ** 2).mean(axis=1) / _CUT**2)


def _size(points: np.ndarray, seen: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How large a metre is in the picture (T,); and the `weight` (T, 24), none in frames that do not tell that."""
    along, own, others = (
        ((a * b).sum(axis=-1) * weight).sum(axis=-1) for a, b in ((points, seen), (points, points), (seen, seen))
    )
    told = along > _LIKENESS * np.sqrt(own * others)
    size = np.where(told, along, 1) / np.where(told, own, 1)
    return size, weight * told[:, None]


def _above(body: DrawnBody) -> np.ndarray:
    """The frames that the turning joints hang in (T, 14, 4); the root hangs in the view frame."""
    above = body.turned[:, _ABOVE]
    above[:, 0] = [1, 0, 0, 0]
    return above


def _turned(rotations: np.ndarray, turns: np.ndarray) -> np.ndarray:
    """Rotations (T, 19, 4) turned further by rotation vectors (T, 14, 3) in the frames the joints hang in."""
    result = rotations.copy()
    result[:, _TURNING] = quaternion.multiply(quaternion.from_rotation_vector(turns), rotations[:, _TURNING])
    return result


def _by_block(values: np.ndarray) -> np.ndarray:
    """The frames' values (T, …) summed over each block, in double precision."""
    return np.add.reduceat(values, np.arange(0, len(values), _BLOCK), axis=0, dtype=np.float64)


def _chain(own: np.ndarray, bonds: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Solves own_k x_k − bonds_{k−1} x_{k−1} − bonds_k x_{k+1} = right_k for x (N, n), from end to end and back.

    `own` is (N, n, n), `bonds` (N − 1,), `right` (N, n).
    """
    inverse, result = np.empty_like(own), right.copy()
    for k in range(len(own)):
        before = bonds[k - 1] if k else 0.0
        inverse[k] = np.linalg.inv(own[k] - before**2 * inverse[k - 1] if k else own[k])
        result[k] += before * (inverse[k - 1] @ result[k - 1]) if k else 0.0
    for k in reversed(range(len(own))):
        result[k] = inverse[k] @ (result[k] + (bonds[k] * result[k + 1] if k + 1 < len(own) else 0.0))
    return result
