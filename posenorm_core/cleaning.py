"""What detectors get wrong in 2D, put right before the network sees it: the edge, sides, jumps, gaps, tremble.

In this order: a guess, and a landmark held at the picture's edge, is taken out; left and right exchanged for some
frames are exchanged back; a landmark that jumps and comes back is taken out; a gap of up to a second is bridged; what
is left is smoothed (`posenorm_core.smoothing`). One number says how much of it all: `strength` 0…1, 0 for none. Sizes
are beside the person's own, so that they mean the same at any distance.
"""

from dataclasses import replace

import numpy as np

from posenorm_core.frame_rate import require_fps
from posenorm_core.gaps import bridge
from posenorm_core.keypoints import Keypoints
from posenorm_core.landmarks import LANDMARK_NAMES
from posenorm_core.pelvis import HIPS, PELVIS
from posenorm_core.smoothing import smooth_points

# What is done where nobody says how much: five sixths of the tremble go. Where there is none, a blow's greatest speed
# loses 2% at 30 frames/s and 9% at 60 in the mean, in martial arts 15% and 23%
# (`python -m training.evaluate cleaning`).
GENTLE = 0.4
# Seconds: a jump that lasts longer is a movement; over a longer gap a straight line says nothing any more.
_JUMP, _GAP = 0.12, 1.0
# The person's size a second squared, of a body at its wildest (some 30 g), and the person's size: what may tremble.
_ACCELERATION, _TREMBLE = 160.0, 0.05
# A share of the picture's width or height: a landmark this near to its edge stands outside, and was put there; so does
# the joint before it where that is near to the edge too: a limb of that length is pressed against it.
_EDGE, _PRESSED = 0.015, 0.05
# A detector that is no surer of a landmark than this does not know where it is.
_GUESS = 0.05
# What it costs to call a frame's sides exchanged, beside the person's size a landmark: else two ways were as good.
_EXCHANGE = 0.002
_ROOT = [PELVIS, *HIPS]
_LIMBS = [
    [LANDMARK_NAMES.index(f"{side}_{part}") for part in parts]
    for side in ("left", "right")
    for parts in (("elbow", "wrist"), ("knee", "ankle"))
]
_FEET = [[LANDMARK_NAMES.index(f"{side}_{part}") for part in ("ankle", "toe", "heel")] for side in ("left", "right")]
# Limbs whose sides are exchanged together.
_PAIRED = (("shoulder", "elbow", "wrist"), ("hip", "knee", "ankle", "toe", "heel"))
_SIDES = [
    tuple([LANDMARK_NAMES.index(f"{side}_{part}") for part in parts] for side in ("left", "right")) for parts in _PAIRED
]


def cleaned(keypoints: Keypoints, strength: float = GENTLE) -> Keypoints:
    """The keypoints without a detector's faults, as far as `strength` goes."""
    if strength <= 0:
        return keypoints
    points, confidence = keypoints.points.astype(np.float64), keypoints.confidence.copy()
    confidence = without_guesses(confidence)
    size = person_size(points, confidence)
    confidence = _with_some_hips(without_the_edge(points, confidence, keypoints.image_size), confidence)
    points, confidence = with_sides_put_right(points, confidence, size)
    confidence = without_jumps(points, confidence, size, keypoints.fps)
    points, confidence = bridged(points, confidence, keypoints.fps)
    points = smooth_points(points, confidence, keypoints.fps, strength)
    return replace(keypoints, points=points, confidence=confidence)


def without_guesses(confidence: np.ndarray) -> np.ndarray:
    """The confidence (T, 24) with 0 where the detector only guesses, but of hips never known better."""
    sure = np.where(confidence < _GUESS, 0, confidence)
    return _with_some_hips(sure, confidence) if sure.any() else sure


def _with_some_hips(confidence: np.ndarray, before: np.ndarray) -> np.ndarray:
    """The confidence (T, 24), with that of the hips as `before` where else they would not be known in any frame.

    Everything is measured from them. Of who is filmed to the waist they are a guess, or held at the picture's edge.
    """
    if (confidence[:, _ROOT] > 0).any():
        return confidence
    kept = confidence.copy()
    kept[:, _ROOT] = before[:, _ROOT]
    return kept


def person_size(points: np.ndarray, confidence: np.ndarray) -> float:
    """How large the person is in the picture, pixels: the median over frames of the diagonal of what is seen."""
    seen = (confidence > 0)[..., None]
    frames = seen[..., 0].any(axis=1)
    if not frames.any():
        return 1.0
    low = np.where(seen, points, np.inf).min(axis=1)[frames]
    high = np.where(seen, points, -np.inf).max(axis=1)[frames]
    return max(float(np.median(np.linalg.norm(high - low, axis=1))), 1e-6)


def without_the_edge(points: np.ndarray, confidence: np.ndarray, image_size: tuple[float, float]) -> np.ndarray:
    """The confidence (T, 24) with 0 for landmarks at the edge of the picture, where its size is known.

    What leaves the picture many detectors hold at its edge, sure of themselves: a shin that leaves it looks bent. The
    foot goes with its ankle. A landmark well outside is a detector's own opinion, and stays.
    """
    if not all(image_size):
        return confidence
    share = points / np.array(image_size)
    from_edge = np.minimum(np.abs(share), np.abs(share - 1)).min(axis=-1)
    outside = (from_edge < _EDGE) & (confidence > 0)
    for joint, end in _LIMBS:
        outside[:, joint] |= outside[:, end] & (from_edge[:, joint] < _PRESSED)
    for ankle, *foot in _FEET:
        outside[:, foot] |= outside[:, [ankle]]
    return np.where(outside, 0, confidence)


def with_sides_put_right(points: np.ndarray, confidence: np.ndarray, size: float) -> tuple[np.ndarray, np.ndarray]:
    """Arms and legs with left and right exchanged where that makes the path through all frames shortest.

    Of the two readings of each frame the path is sought that moves least (Viterbi), being exchanged has a price: a
    detector that has them wrong throughout cannot be known, and keeps its word.
    """
    points, confidence = points.copy(), confidence.copy()
    for left, right in _SIDES:
        exchanged = _exchanged(points, confidence, left, right, size)
        for values in (points, confidence):
            turned = np.where(
                exchanged.reshape(-1, *[1] * (values.ndim - 1)), values[:, right + left], values[:, left + right]
            )
            values[:, left + right] = turned
    return points, confidence


def _exchanged(
    points: np.ndarray, confidence: np.ndarray, left: list[int], right: list[int], size: float
) -> np.ndarray:
    """(T,) whether a frame is better read the other way round."""
    as_is, other = left + right, right + left
    seen = confidence > 0
    # A frame in which a limb is not seen is passed over: what counts is the last one in which it was.
    frames = np.flatnonzero(seen[:, as_is].all(axis=1))
    result = np.zeros(len(points), dtype=bool)
    if len(frames) < 2:
        return result
    straight = points[frames][:, as_is]
    turned = points[frames][:, other]
    kept = _length(np.diff(straight, axis=0)).mean(axis=1) / size
    crossed = _length(turned[1:] - straight[:-1]).mean(axis=1) / size
    result[frames] = _shortest(kept, crossed)
    return result


def _shortest(kept: np.ndarray, crossed: np.ndarray) -> np.ndarray:
    """The cheapest states (N,), false or true, where staying in one costs `kept` (N−1,) and changing `crossed`."""
    exchanged_before: list[tuple[bool, bool]] = []
    straight, exchanged = 0.0, _EXCHANGE
    for stay, change in zip(kept.tolist(), crossed.tolist(), strict=True):
        before = (exchanged + change < straight + stay, exchanged + stay < straight + change)
        straight, exchanged = (
            min(straight + stay, exchanged + change),
            min(straight + change, exchanged + stay) + _EXCHANGE,
        )
        exchanged_before.append(before)
    states = [exchanged < straight]
    for before in reversed(exchanged_before):
        states.append(before[states[-1]])
    return np.array(states[::-1])


def without_jumps(points: np.ndarray, confidence: np.ndarray, size: float, fps: float) -> np.ndarray:
    """The confidence (T, 24) with 0 for landmarks that leave their path and come back faster than a body can.

    A run of frames is taken out where all of it lies farther from the straight line between the frames before and
    after than `_ACCELERATION` could have carried it in that time, farther than tremble does, and farther than those
    two frames are from each other: else it has moved on, not come back.
    """
    seen = confidence > 0
    if not (seen[1:] & seen[:-1] & (_length(np.diff(points, axis=0)) > size * _TREMBLE)).any():
        return confidence
    confidence = confidence.copy()
    for length in range(1, max(1, round(_JUMP * require_fps(fps))) + 1):
        seconds = (length + 1) / fps
        farthest = size * max(_TREMBLE, _ACCELERATION * seconds * seconds / 8)
        seen = confidence > 0
        begins = np.arange(1, len(points) - length)
        before, after = points[begins - 1], points[begins + length]
        jumps = seen[begins - 1] & seen[begins + length]
        least = np.maximum(farthest, _length(after - before))
        for step in range(length):
            line = before + (after - before) * ((step + 1) / (length + 1))
            jumps &= seen[begins + step] & (_length(points[begins + step] - line) > least)
        for step in range(length):
            confidence[begins + step] = np.where(jumps, 0, confidence[begins + step])
    return confidence


def bridged(points: np.ndarray, confidence: np.ndarray, fps: float) -> tuple[np.ndarray, np.ndarray]:
    """Points and confidence with gaps of up to `_GAP` seconds filled by a straight line.

    What is filled is as sure as the less sure of its ends: told that it is not, the network errs more, not less.
    """
    seen = confidence > 0
    longest = round(_GAP * require_fps(fps))
    before, after = _last_seen(seen), len(seen) - 1 - _last_seen(seen[::-1])[::-1]
    short = ~seen & (before >= 0) & (after < len(seen)) & (after - before - 1 <= longest)
    columns = np.arange(seen.shape[1])
    ends = np.minimum(confidence[before, columns], confidence[np.minimum(after, len(seen) - 1), columns])
    filled = bridge(points, np.where(short, 0, confidence))
    return np.where(short[..., None], filled, points), np.where(short, ends, confidence)


def _last_seen(seen: np.ndarray) -> np.ndarray:
    """For each frame and landmark (T, 24) the last frame up to it in which it is seen, −1 where there is none."""
    frames = np.where(seen, np.arange(len(seen))[:, None], -1)
    return np.maximum.accumulate(frames, axis=0)


def _length(vectors: np.ndarray) -> np.ndarray:
    """The lengths (…) of vectors (…, 2): several times as fast as the general norm along so short an axis."""
    x, y = vectors[..., 0], vectors[..., 1]
    return np.asarray(np.sqrt(x * x + y * y))
