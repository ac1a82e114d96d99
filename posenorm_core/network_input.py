"""What the network sees of 2D landmarks: nothing of the camera, the place in the image or the person's size.

Every frame is centred on the pelvis and divided by the person's size around that frame, measured over the
SCALE_CONTEXT frames on either side: a sliding measure, so that a clip cut in pieces gives what the whole gives.
The image's y is turned up. A missing landmark is zeros beside its confidence of zero.
Written once for NumPy and torch.
"""

from posenorm_core.arrays import Array, array_namespace
from posenorm_core.landmarks import LANDMARK_COUNT, LANDMARK_NAMES

INPUT_SIZE = 3 * LANDMARK_COUNT
# Frames on either side over which a person's size is taken: about half a second at 30 frames/s.
SCALE_CONTEXT = 13

# The landmarks whose spread is the size: the limbs, which every detector sees.
_LIMBS = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
_SIZE_LANDMARKS = [LANDMARK_NAMES.index(f"{side}_{limb}") for side in ("left", "right") for limb in _LIMBS]


def network_input(points: Array, confidence: Array) -> Array:
    """Landmarks (…, T + 2·SCALE_CONTEXT, 24, 2) in pixels and confidence (…, same, 24) -> input (…, T, 72).

    The pelvis must have a place in every frame (bridged where it was not seen); SCALE_CONTEXT frames are
    used up at either end.
    """
    xp = array_namespace(points, confidence)
    seen = xp.astype(confidence > 0, points.dtype)
    centred = (points - points[..., :1, :]) * seen[..., None]
    size = _sliding_size(centred, seen)
    inner = slice(SCALE_CONTEXT, points.shape[-3] - SCALE_CONTEXT)
    scaled = centred[..., inner, :, :] / size[..., None, None]
    known = confidence[..., inner, :]
    channels = xp.stack([scaled[..., 0], -scaled[..., 1], known], axis=-1)
    return xp.reshape(channels, (*channels.shape[:-2], INPUT_SIZE))


def _sliding_size(centred: Array, seen: Array) -> Array:
    """Root mean square distance of the limbs' landmarks from the pelvis, around each inner frame (…, T)."""
    xp = array_namespace(centred)
    limbs = centred[..., _SIZE_LANDMARKS, :]
    squares = _sliding_sum(xp.sum(limbs * limbs, axis=(-2, -1)))
    count = _sliding_sum(xp.sum(seen[..., _SIZE_LANDMARKS], axis=-1))
    size = xp.sqrt(xp.clip(squares, 1e-12, None) / xp.clip(count, 1.0, None))
    # Where nothing is seen for a second there is no size; the input is zeros there whatever it is divided by.
    return xp.where(squares > 0, size, xp.ones_like(size))


def _sliding_sum(values: Array) -> Array:
    """Sums over SCALE_CONTEXT frames on either side: (…, T + 2·SCALE_CONTEXT) -> (…, T).

    By shifted additions: a running sum would carry a long clip's rounding into its end.
    """
    length = values.shape[-1] - 2 * SCALE_CONTEXT
    total = values[..., :length]
    for shift in range(1, 2 * SCALE_CONTEXT + 1):
        total = total + values[..., shift : shift + length]
    return total
