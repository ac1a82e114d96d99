"""What the network sees of 2D landmarks: nothing of the camera, the place in the image or the person's size.

Every frame is centred on the pelvis and divided by the person's size around that frame, a sliding measure, so that a
clip cut in pieces gives what the whole gives. The image's y is turned up. A missing landmark is zeros, and says so.
How sure a detector is of those it gives is not told: every detector means something else by it.
Written once for NumPy and torch.
"""

from posenorm_core.arrays import Array, array_namespace, constant_like, index_like
from posenorm_core.landmarks import LANDMARK_COUNT, LIMBS

# Frames on either side over which a person's size is taken: about half a second at 30 frames/s.
INPUT_CONTEXT = 13

# The landmarks whose spread is the size: the limbs'.
_SIZE_LANDMARKS = list(LIMBS)

INPUT_SIZE = 3 * LANDMARK_COUNT


def network_input(points: Array, confidence: Array) -> Array:
    """Landmarks (…, T + 2·INPUT_CONTEXT, 24, 2) in pixels and confidence (…, same, 24) -> input (…, T, 72).

    24 times x, y and whether it is seen (confidence above 0), 1 or 0. The pelvis must have a place in every frame
    (bridged where it was not seen); INPUT_CONTEXT frames are used up at either end.
    """
    xp = array_namespace(points, confidence)
    seen = xp.astype(confidence > 0, points.dtype)
    centred = (points - points[..., :1, :]) * seen[..., None]
    inner = slice(INPUT_CONTEXT, points.shape[-3] - INPUT_CONTEXT)
    scaled = centred[..., inner, :, :] / _sliding_size(centred, seen)[..., None, None]
    return _flat(xp.stack([scaled[..., 0], -scaled[..., 1], seen[..., inner, :]], axis=-1))


def _sliding_size(centred: Array, seen: Array) -> Array:
    """Root mean square distance of the limbs' landmarks from the pelvis, around each inner frame (…, T)."""
    xp = array_namespace(centred)
    measured = index_like(_SIZE_LANDMARKS, centred)
    limbs = centred[..., measured, :]
    squares = _sliding_sum(xp.sum(limbs * limbs, axis=(-2, -1)), INPUT_CONTEXT)
    count = _sliding_sum(xp.sum(seen[..., measured], axis=-1), INPUT_CONTEXT)
    size = xp.sqrt(xp.clip(squares, 1e-12, None) / xp.clip(count, 1.0, None))
    # Where nothing is seen for a second there is no size; the input is zeros there whatever it is divided by.
    return xp.where(squares > 0, size, xp.ones_like(size))


def landmarks_of(features: Array) -> Array:
    """The landmarks of an input (…, 72): x, y and whether seen (…, 24, 3)."""
    return array_namespace(features).reshape(features, (*features.shape[:-1], LANDMARK_COUNT, 3))


def with_landmarks(landmarks: Array) -> Array:
    """The input (…, 72) of landmarks (…, 24, 3)."""
    return _flat(landmarks)


def without_hidden(features: Array, visible: list[bool]) -> Array:
    """The input (…, 72) as a detector would give it that has only the landmarks where `visible` (24) is true."""
    return _flat(landmarks_of(features) * constant_like([[float(seen)] for seen in visible], features))


def _flat(landmarks: Array) -> Array:
    return array_namespace(landmarks).reshape(landmarks, (*landmarks.shape[:-2], INPUT_SIZE))


def _sliding_sum(values: Array, reach: int) -> Array:
    """Sums over `reach` frames on either side: (…, T + 2·reach) -> (…, T).

    By doubling: sums over 1, 2, 4, … frames, those that make up the whole laid end to end. A running sum would be
    as fast, and carry a long clip's rounding into its end.
    """
    frames, length = 2 * reach + 1, values.shape[-1] - 2 * reach
    total, begin, span = None, 0, 1
    while frames:
        if frames & 1:
            part = values[..., begin : begin + length]
            total = part if total is None else total + part
            begin += span
        frames >>= 1
        if frames:
            values = values[..., : values.shape[-1] - span] + values[..., span:]
            span *= 2
    return total
