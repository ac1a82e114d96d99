"""What the network sees of 2D landmarks: nothing of the camera, the place in the image or the person's size.

Every frame is centred on the pelvis and divided by the person's size around that frame. Beside the landmarks stands
how long each bone is in the picture at its longest around that frame, which tells what is foreshortened now. Both are
sliding measures, so that a clip cut in pieces gives what the whole gives. The image's y is turned up. A missing
landmark is zeros beside its confidence of zero.
Written once for NumPy and torch.
"""

from posenorm_core.arrays import Array, array_namespace, constant_like, dot, index_like
from posenorm_core.landmarks import LANDMARK_COUNT, LANDMARK_NAMES, LIMBS

# Frames on either side over which a person's size is taken (about half a second at 30 frames/s), and over which
# the bones' lengths are: the most that the input needs.
_SIZE_CONTEXT, INPUT_CONTEXT = 13, 45

# The landmarks whose spread is the size: the limbs'.
_SIZE_LANDMARKS = list(LIMBS)

# The bones, each measured on both sides of the body.
_BONES = (
    (("right_hip", "right_knee"), ("left_hip", "left_knee")),
    (("right_knee", "right_ankle"), ("left_knee", "left_ankle")),
    (("right_ankle", "right_toe"), ("left_ankle", "left_toe")),
    (("right_shoulder", "right_elbow"), ("left_shoulder", "left_elbow")),
    (("right_elbow", "right_wrist"), ("left_elbow", "left_wrist")),
    (("pelvis", "right_hip"), ("pelvis", "left_hip")),
    (("thorax", "right_shoulder"), ("thorax", "left_shoulder")),
    (("pelvis", "thorax"), ("pelvis", "thorax")),
)
_BEGINS, _ENDS = ([LANDMARK_NAMES.index(bone[k]) for pair in _BONES for bone in pair] for k in (0, 1))
LANDMARKS_SIZE = 3 * LANDMARK_COUNT
INPUT_SIZE = LANDMARKS_SIZE + len(_BONES)
# "At its longest" is a mean of this power of the lengths: near to the maximum, but one wrong frame does not decide.
_POWER = 8


def network_input(points: Array, confidence: Array) -> Array:
    """Landmarks (…, T + 2·INPUT_CONTEXT, 24, 2) in pixels and confidence (…, same, 24) -> input (…, T, 80).

    First 24 times x, y and confidence, then the bones' lengths. The pelvis must have a place in every frame (bridged
    where it was not seen); INPUT_CONTEXT frames are used up at either end.
    """
    xp = array_namespace(points, confidence)
    seen = xp.astype(confidence > 0, points.dtype)
    centred = (points - points[..., :1, :]) * seen[..., None]
    total = points.shape[-3]
    inner = slice(INPUT_CONTEXT, total - INPUT_CONTEXT)
    near = slice(INPUT_CONTEXT - _SIZE_CONTEXT, total - INPUT_CONTEXT + _SIZE_CONTEXT)
    size = _sliding_size(centred[..., near, :, :], seen[..., near, :])
    scaled = centred[..., inner, :, :] / size[..., None, None]
    channels = xp.stack([scaled[..., 0], -scaled[..., 1], confidence[..., inner, :]], axis=-1)
    flat = xp.reshape(channels, (*channels.shape[:-2], LANDMARKS_SIZE))
    return xp.concat([flat, _longest(centred, seen) / size[..., None]], axis=-1)


def _sliding_size(centred: Array, seen: Array) -> Array:
    """Root mean square distance of the limbs' landmarks from the pelvis, around each inner frame (…, T)."""
    xp = array_namespace(centred)
    measured = index_like(_SIZE_LANDMARKS, centred)
    limbs = centred[..., measured, :]
    squares = _sliding_sum(xp.sum(limbs * limbs, axis=(-2, -1)), _SIZE_CONTEXT)
    count = _sliding_sum(xp.sum(seen[..., measured], axis=-1), _SIZE_CONTEXT)
    size = xp.sqrt(xp.clip(squares, 1e-12, None) / xp.clip(count, 1.0, None))
    # Where nothing is seen for a second there is no size; the input is zeros there whatever it is divided by.
    return xp.where(squares > 0, size, xp.ones_like(size))


def landmarks_of(features: Array) -> Array:
    """The landmarks' part of an input (…, 80): x, y and confidence (…, 24, 3)."""
    xp = array_namespace(features)
    return xp.reshape(features[..., :LANDMARKS_SIZE], (*features.shape[:-1], LANDMARK_COUNT, 3))


def with_landmarks(features: Array, landmarks: Array) -> Array:
    """The input (…, 80) with other landmarks (…, 24, 3), its bones' lengths as they were."""
    xp = array_namespace(features)
    flat = xp.reshape(landmarks, (*features.shape[:-1], LANDMARKS_SIZE))
    return xp.concat([flat, features[..., LANDMARKS_SIZE:]], axis=-1)


def without_hidden(features: Array, visible: list[bool]) -> Array:
    """The input (…, 80) as a detector would give it that has only the landmarks where `visible` (24) is true."""
    bones = [
        any(visible[LANDMARK_NAMES.index(a)] and visible[LANDMARK_NAMES.index(b)] for a, b in pair) for pair in _BONES
    ]
    shown = [seen for seen in visible for _ in range(3)] + bones
    return features * constant_like([float(s) for s in shown], features)


def _longest(centred: Array, seen: Array) -> Array:
    """Each bone's length (…, T, bones) at its longest around each inner frame; 0 where it was never seen."""
    xp = array_namespace(centred)
    begins, ends = index_like(_BEGINS, centred), index_like(_ENDS, centred)
    vectors = centred[..., ends, :] - centred[..., begins, :]
    known = seen[..., ends] * seen[..., begins]
    # In double precision, since the power of a length in pixels is no number in single.
    square = xp.astype(dot(vectors, vectors)[..., 0] * known, xp.float64)
    shape = (*known.shape[:-1], len(_BONES), 2)
    powers = _sliding_sum(xp.sum(xp.reshape(square ** (_POWER // 2), shape), axis=-1), INPUT_CONTEXT, -2)
    count = _sliding_sum(xp.sum(xp.reshape(known, shape), axis=-1), INPUT_CONTEXT, -2)
    # Away from zero, where the root has no slope; what was never seen is zero.
    longest = xp.clip(powers / xp.clip(count, 1.0, None), 1e-200, None) ** (1 / _POWER)
    return xp.astype(xp.where(count > 0, longest, 0.0 * longest), centred.dtype)


def _sliding_sum(values: Array, reach: int, axis: int = -1) -> Array:
    """Sums over `reach` frames on either side: (…, T + 2·reach) -> (…, T).

    By doubling: sums over 1, 2, 4, … frames, those that make up the whole laid end to end. A running sum would be
    as fast, and carry a long clip's rounding into its end.
    """
    xp = array_namespace(values)
    values = xp.moveaxis(values, axis, 0)
    frames = 2 * reach + 1
    length = values.shape[0] - 2 * reach
    total, begin, span = None, 0, 1
    while frames:
        if frames & 1:
            part = values[begin : begin + length]
            total = part if total is None else total + part
            begin += span
        frames >>= 1
        if frames:
            values = values[: values.shape[0] - span] + values[span:]
            span *= 2
    return xp.moveaxis(total, 0, axis)
