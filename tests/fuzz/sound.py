"""What a reader promises of its results, whatever the file: each function raises AssertionError where it is not so."""

from typing import Any

import numpy as np

from posenorm_core.clip import Clip
from posenorm_core.frame_rate import FASTEST_FPS, SLOWEST_FPS
from posenorm_core.motion import Motion
from posenorm_core.motion_files import MotionClip
from posenorm_core.skeleton import Skeleton
from posenorm_core.weights import Weights, layer_shapes

_PLAIN = (str, bytes, int, float, complex, bool, type(None), np.generic, np.dtype)


def _assert_finite(values: Any, what: str) -> None:
    assert np.isfinite(values).all(), f"{what} not finite"


def assert_sound_clip(clip: Clip) -> None:
    """Somebody is in finite places with confidences in 0…1."""
    assert clip.fps is None or SLOWEST_FPS <= clip.fps <= FASTEST_FPS, "rate"
    assert all(np.isfinite(side) and side >= 0 for side in clip.image_size), "image size"
    for person in clip.people:
        _assert_finite(person.seen_points, "points")
        assert ((person.seen_confidence >= 0) & (person.seen_confidence <= 1)).all(), "confidence"
        assert (np.diff(person.frames) > 0).all(), "frames"
        assert person.frames[0] >= 0, "first frame"
        assert person.frames[-1] < len(clip), "last frame"
    keypoints = clip.keypoints()
    assert keypoints.points.shape == (len(clip), 24, 2), "shape"
    assert (keypoints.confidence > 0).any(), "nobody"


def assert_sound_motions(clip: MotionClip) -> None:
    """Everybody's motion can be made."""
    assert clip.people, "nobody"
    for number in range(1, min(len(clip.people), 3) + 1):
        assert_sound_motion(clip.motion(number))


def assert_sound_motion(motion: Motion) -> None:
    """Unit rotations, finite places, probabilities."""
    frames, joints = motion.rotations.shape[:2]
    assert SLOWEST_FPS <= motion.fps <= FASTEST_FPS, "rate"
    assert joints == len(motion.skeleton.parents), "joints"
    for name in ("rotations", "view_root", "up"):
        _assert_finite(getattr(motion, name), name)
        assert (np.abs(np.linalg.norm(getattr(motion, name), axis=-1) - 1) < 0.02).all(), f"{name} not unit"
    _assert_finite(motion.root_position, "root position")
    assert len(motion.root_position) == len(motion.contacts) == len(motion.confidence) == frames, "frames"
    assert ((motion.confidence >= 0) & (motion.confidence <= 1)).all(), "confidence"
    assert not ((motion.contacts < 0) | (motion.contacts > 1)).any(), "contacts"
    assert_sound_skeleton(motion.skeleton)


def assert_sound_skeleton(skeleton: Skeleton) -> None:
    """A tree of finite bones."""
    _assert_finite(skeleton.offsets, "offsets")
    assert all(-1 <= parent < joint for joint, parent in enumerate(skeleton.parents)), "parents"


def assert_sound_weights(weights: Weights) -> None:
    """The layers that the architecture asks for, finite."""
    assert [weight.shape for weight, _ in weights.layers] == layer_shapes(weights.architecture), "shapes"
    for weight, bias in weights.layers:
        _assert_finite(weight, "weight")
        _assert_finite(bias, "bias")
    assert isinstance(weights.card, dict), "card"


def assert_plain(held: Any) -> None:
    """Plain values and arrays of such, however they are nested, themselves inside themselves too."""
    waiting, met = [held], set()
    while waiting:
        value = waiting.pop()
        if id(value) in met:
            continue
        met.add(id(value))
        if isinstance(value, np.ndarray):
            waiting += list(value.flat) if value.dtype.hasobject else []
        elif isinstance(value, dict):
            waiting += [*value.keys(), *value.values()]
        elif isinstance(value, list | tuple):
            waiting += value
        else:
            assert isinstance(value, _PLAIN), f"{type(value).__name__}"
