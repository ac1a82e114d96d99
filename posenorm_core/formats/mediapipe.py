"""MediaPipe Pose's 33 landmarks, as people save them: JSON (`mediapipe_json`) or CSV (`mediapipe_csv`).

MediaPipe gives x and y as shares of the image's width and height, so that the person's proportions are right only
once the image's size is known. Some files tell it (`width` and `height`), some have pixels. Where neither is so, 16:9
is taken, upright or not by the breadth of the shoulders beside the torso, and the clip has a warning. World landmarks
(metres, the origin between the hips) are no picture and are refused. Visibility is the confidence.
"""

import numpy as np

from posenorm_core.clip import Clip
from posenorm_core.errors import InputError
from posenorm_core.formats import mediapipe_csv, mediapipe_json
from posenorm_core.formats.detection_list import Detection, clip_of_detections
from posenorm_core.formats.mediapipe_layout import MEDIAPIPE_33
from posenorm_core.formats.mediapipe_poses import Poses
from posenorm_core.formats.source import Source
from posenorm_core.keypoints import LARGEST_COORDINATE

DESCRIPTION = "MediaPipe Pose's 33 landmarks (JSON or CSV)"

# Landmarks beyond the image are given too, but shares of it stay below this, and pixels do not.
_LARGEST_SHARE = 4.0
# The middle of the hips is the world landmarks' origin.
_ORIGIN = 0.02
_HIPS = [23, 24]
# A folder's files are all alike: so many are looked at.
_HEADS = 20


def recognises(source: Source) -> bool:
    """Whether `source` begins as JSON or as a table of MediaPipe's landmarks."""
    if source.kind == "file":
        head = next(source.heads(source.names))
        return mediapipe_json.begins_as_landmarks(head) or mediapipe_csv.begins_as_landmarks(head)
    return any(mediapipe_json.begins_as_landmarks(head) for head in source.heads(source.json_names()[:_HEADS]))


def read(source: Source, fps: float | None) -> Clip:
    """Reads the poses in `source`; `fps` is what the user says the rate is, where the file does not tell it.

    Raises InputError naming the frame or the line that has none of MediaPipe's landmarks.
    """
    is_table = source.kind == "file" and not _is_json(source)
    path = str(source.path)
    poses = mediapipe_csv.read_csv(source.read(source.names[0]), path) if is_table else mediapipe_json.read_json(source)
    keypoints = _keypoints(poses, path)
    seen = keypoints[..., 2] > 0
    _require_image_landmarks(keypoints, seen, path)
    in_shares = bool(seen.any()) and _are_shares(keypoints, seen)
    told = zip(poses.frames.tolist(), poses.identities.tolist(), keypoints, strict=True)
    detections = [Detection(frame, identity, pose, path) for frame, identity, pose in told]
    rate, size = poses.fps or fps, poses.image_size
    return clip_of_detections(
        path, "MediaPipe", detections, [MEDIAPIPE_33], poses.frame_count, rate, size, in_shares=in_shares
    )


def _is_json(source: Source) -> bool:
    return next(source.heads(source.names)).lstrip(b"\xef\xbb\xbf \r\n\t").startswith((b"{", b"["))


def _keypoints(poses: Poses, path: str) -> np.ndarray:
    """x, y and confidence (N, 33, 3) in the file's own units; zeros where a landmark is missing."""
    points, depth, visibility = poses.values[..., :2], poses.values[..., 2], poses.values[..., 3]
    # What is written where nobody was found is zeros.
    seen = ~np.isnan(points).any(axis=2) & (points != 0).any(axis=2)
    if not (np.abs(points[seen]) <= LARGEST_COORDINATE).all():
        raise InputError(f"{path}: holds the number {np.abs(points[seen]).max():g}, which is no place in an image")
    third = depth[seen & ~np.isnan(depth)]
    if np.isnan(visibility[seen]).all() and third.size and 0 <= third.min() <= third.max() <= 1:
        visibility = depth  # triples are x, y, z, or x, y and visibility; depth is negative for half of a body
    confidence = np.where(np.isnan(visibility), 1.0, np.clip(visibility, 0, 1))
    keypoints = np.concatenate([points, confidence[..., None]], axis=2)
    return np.where(seen[..., None], keypoints, 0).astype(np.float32)


def _require_image_landmarks(keypoints: np.ndarray, seen: np.ndarray, path: str) -> None:
    """Raises InputError where `keypoints` (N, 33, 3), `seen` (N, 33) or not, are MediaPipe's world landmarks."""
    whole = keypoints[seen[:, _HIPS].all(axis=1)][:, _HIPS, :2]
    if len(whole) and np.median(np.abs(whole.mean(axis=1))) < _ORIGIN:
        raise InputError(
            f"{path}: holds MediaPipe's world landmarks (metres from the middle of the hips); "
            "save pose_landmarks, which are places in the image"
        )


def _are_shares(keypoints: np.ndarray, seen: np.ndarray) -> bool:
    """Whether the points of `keypoints` (N, 33, 3) are shares of the image, not pixels."""
    farthest = np.abs(keypoints[seen.any(axis=1), :, :2]).max(axis=(1, 2))
    return bool(np.median(farthest) <= _LARGEST_SHARE)
