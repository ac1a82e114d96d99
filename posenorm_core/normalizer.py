"""The main job: 2D keypoints of a person in, joint rotations on one fixed skeleton out.

The keypoints are cleaned (`cleaning`), read at 30 frames/s, run through E_Q in chunks, as seen and in a mirror, their
limbs given the depth that their lengths tell (`foreshortening`), brought back to their own frames and smoothed on the
sphere (`smoothing`). Exact landmarks are neither cleaned nor smoothed, and the pose is made to cover them
(`picture_fit`). Each chunk carries the frames its ends need, so cutting changes nothing.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from posenorm_core.cleaning import GENTLE, cleaned
from posenorm_core.condition_skeleton import (
    CONDITION_SKELETON,
    JOINT_COUNT,
    LEAVES,
    NON_LEAVES,
    PARENTS,
    require_condition_joints,
)
from posenorm_core.errors import InputError
from posenorm_core.foreshortening import with_depth_from_lengths
from posenorm_core.frame_rate import (
    input_times,
    resample_keypoints,
    resample_rotations,
    resample_times,
    resample_values,
)
from posenorm_core.ground import vertical_and_path
from posenorm_core.keypoints import Keypoints
from posenorm_core.landmarks import LIMBS
from posenorm_core.motion import Motion, with_orientation
from posenorm_core.network import predict
from posenorm_core.network_input import network_input
from posenorm_core.pelvis import HIPS, PELVIS, with_pelvis
from posenorm_core.picture_fit import covering_picture
from posenorm_core.prediction import Prediction, averaged_with_mirror
from posenorm_core.skeleton import Skeleton
from posenorm_core.smoothing import require_strength, smooth_rotations
from posenorm_core.weights import Weights, load_weights

# Frames a chunk: large enough for matrix products at full speed, small enough to stay in the cache.
CHUNK = 1024

# The expected error of a rotation (radians) at which half of the confidence is gone.
_HALF_SURE = np.radians(30)
# A rotation that nothing is known of still takes this much part where the rotations are smoothed.
_LEAST_SURE = 0.05

# Done and total frames; what it raises passes through, which is how a caller stops the work.
Progress = Callable[[int, int], None]


def normalize(
    keypoints: Keypoints,
    *,
    orientation: str = "unified",
    skeleton: Skeleton = CONDITION_SKELETON,
    weights: str | Path | Weights | None = None,
    smooth: float = GENTLE,
    exact: bool = False,
    progress: Progress | None = None,
) -> Motion:
    """The pose of a person as joint rotations on `skeleton`, at the keypoints' own frames and rate.

    Args:
        keypoints: the 2D landmarks; missing ones and missing frames are bridged and marked in `confidence`.
        orientation: `unified`, `heading` or `view`; can be changed later by `with_orientation`.
        skeleton: the body to pose: the condition skeleton's joints, any bones.
        weights: a weights file, or one loaded before; the shipped one by default.
        smooth: how much of a detector's faults is taken out, 0…1 (see `cleaning` and `smoothing`); 0 for nothing.
        exact: the landmarks are those of the joints to about a centimetre, as projected or hand-placed ones are and no
            detector's: the pose is made to cover them (see `picture_fit`), and nothing is smoothed.
        progress: told (done, total) frames after each chunk; where `exact`, from the beginning again for the fit.

    Raises:
        InputError: nobody is seen, or the skeleton, the weights or the orientation are not usable.
    """
    require_condition_joints(skeleton)
    loaded = weights if isinstance(weights, Weights) else load_weights(weights)
    require_strength(smooth)
    smooth = 0.0 if exact else smooth
    given, keypoints = keypoints, cleaned(keypoints, smooth)
    _require_a_person(keypoints)
    points, confidence = computed_frames(keypoints)
    said = _joined(list(_predicted(points, confidence, loaded, progress)))
    upwards = points * [1, -1]
    if exact:
        rotations = covering_picture(said.rotations, said.doubt, upwards, confidence, progress)
    else:
        rotations = with_depth_from_lengths(said.rotations, said.doubt, upwards, confidence)
    said = replace(said, rotations=_bridged(rotations, confidence))
    said = _at_times(said, input_times(len(keypoints), keypoints.fps))
    # A landmark that is bridged for a moment is known nearly as well as its neighbours in time; a person is not.
    anybody = (given.confidence > 0).any(axis=1, keepdims=True)
    sure = joint_confidence(keypoints.confidence) * anybody * certainty(said.doubt)
    said = replace(said, rotations=_smoothed(said.rotations, sure, keypoints.fps, smooth))
    motion = _motion(keypoints, said, skeleton, sure, _source(keypoints, loaded, smooth, exact))
    return with_orientation(motion, orientation)


def _require_a_person(keypoints: Keypoints) -> None:
    """Raises InputError unless the hips, which everything is measured from, are seen in some frame."""
    file = keypoints.source.get("file", "keypoints")
    if not (keypoints.confidence > 0).any():
        told = f"nobody is seen in any of its {len(keypoints)} frames (no keypoint is more than a guess)"
        raise InputError(f"{file}: {told}")
    if not (keypoints.confidence[:, [PELVIS, *HIPS]] > 0).any():
        raise InputError(f"{file}: the hips are not seen in any frame; the person must be in the picture to the hips")


def computed_frames(keypoints: Keypoints) -> tuple[np.ndarray, np.ndarray]:
    """The landmarks (N, 24, 2) and their confidence (N, 24) at the 30 frames/s the network reads.

    The pelvis, which everything is measured from, has a place in every frame; where it is bridged its confidence
    is 0 all the same.
    """
    times = resample_times(len(keypoints), keypoints.fps)
    points, confidence = resample_keypoints(
        with_pelvis(keypoints.points, keypoints.confidence), _pelvis_everywhere(keypoints), times
    )
    confidence[:, PELVIS] = resample_keypoints(keypoints.points, keypoints.confidence, times)[1][:, PELVIS]
    return points, confidence


def _pelvis_everywhere(keypoints: Keypoints) -> np.ndarray:
    """The confidence (T, 24) with the pelvis known everywhere, so that resampling keeps its bridged path."""
    confidence = keypoints.confidence.copy()
    confidence[:, PELVIS] = 1
    return confidence


def _predicted(
    points: np.ndarray, confidence: np.ndarray, weights: Weights, progress: Progress | None
) -> Iterator[Prediction]:
    """What the network says chunk by chunk, for points (N, 24, 2) and confidence (N, 24) at 30 frames/s."""
    total, context = len(points), weights.architecture.context
    for begin in range(0, total, CHUNK):
        end = min(begin + CHUNK, total)
        frames = np.clip(np.arange(begin - context, end + context), 0, total - 1)
        features = np.asarray(network_input(points[frames], confidence[frames]))
        yield averaged_with_mirror(partial(predict, weights), features)
        if progress is not None:
            progress(end, total)


def _smoothed(rotations: np.ndarray, sure: np.ndarray, fps: float, strength: float) -> np.ndarray:
    """The rotations (T, 19, 4), each as `sure` (T, 19), smoothed on the sphere where a joint turns."""
    turning = list(NON_LEAVES)
    smoothed = rotations.copy()
    weight = np.maximum(sure[:, turning], _LEAST_SURE)
    smoothed[:, turning] = smooth_rotations(rotations[:, turning], weight, fps, strength)
    return smoothed


def _joined(chunks: list[Prediction]) -> Prediction:
    """The chunks end to end."""
    return Prediction(*(np.concatenate(parts) for parts in zip(*(c.parts() for c in chunks), strict=True)))


def _at_times(said: Prediction, times: np.ndarray) -> Prediction:
    """What is said at fractional frames `times` (T,), in single precision."""
    others = (resample_values(part, times) for part in (said.contacts, said.up, said.doubt))
    return Prediction(*(p.astype(np.float32) for p in (resample_rotations(said.rotations, times), *others)))


def _bridged(rotations: np.ndarray, confidence: np.ndarray) -> np.ndarray:
    """Where a frame shows nothing at all, the turn from the last frame seen to the next, at even speed."""
    seen = np.flatnonzero((confidence > 0).any(axis=1))
    if len(seen) in (0, len(rotations)):
        return rotations
    places = np.interp(np.arange(len(rotations)), seen, np.arange(len(seen)))
    return resample_rotations(rotations[seen], places)


def _motion(
    keypoints: Keypoints, said: Prediction, skeleton: Skeleton, sure: np.ndarray, source: dict[str, Any]
) -> Motion:
    """The motion as the camera saw it, in the orientation `view`; `sure` (T, 19) is its confidence."""
    up, path = vertical_and_path(said, keypoints, skeleton.offsets)
    return Motion(
        fps=keypoints.fps,
        skeleton=skeleton,
        rotations=said.rotations,
        orientation="view",
        view_root=said.rotations[:, 0].copy(),
        up=up.astype(np.float32),
        root_position=path.astype(np.float32),
        contacts=said.contacts,
        confidence=sure,
        source=source,
    )


def joint_confidence(confidence: np.ndarray) -> np.ndarray:
    """How well each joint's rotation is seen (T, 19): the mean over the ends of the bones it turns.

    `confidence` (T, 24) is the landmarks'. Ends that the detector does not know do not count, those of a limb that
    is hidden do; a joint none of whose ends count takes its parent's value.
    """
    given = np.any(confidence > 0, axis=0)
    given[list(LIMBS)] = True
    result = np.zeros((len(confidence), JOINT_COUNT), dtype=np.float32)
    for joint in range(JOINT_COUNT):
        ends = [joint, *(child for child in range(JOINT_COUNT) if PARENTS[child] == joint)]
        ends = [joint] if joint in LEAVES else ends
        used = [end for end in ends if given[end]]
        result[:, joint] = confidence[:, used].mean(axis=1) if used else result[:, max(PARENTS[joint], 0)]
    return result


def certainty(doubt: np.ndarray) -> np.ndarray:
    """How sure the network is of each rotation, 1…0, from the error it expects (radians): a half at 30°."""
    return np.asarray(np.exp2(-doubt / _HALF_SURE))


def _source(keypoints: Keypoints, weights: Weights, smooth: float, exact: bool) -> dict[str, Any]:
    """Where the motion comes from, and what made it of that."""
    options = {"smooth": smooth, "exact": exact}
    return {**keypoints.source, "options": options, "weights": weights.name, "weights_hash": weights.digest}
