"""Detector layouts: which of a detector's keypoints is which of the 24 landmarks.

A layout is a table: for each landmark the keypoint that is it, or the several whose mean it is. A mean is as
sure as the least sure of its parts; a landmark the layout lacks has confidence 0.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from posenorm_core.landmarks import LANDMARK_COUNT, LANDMARK_NAMES

# The bones whose two ends most detectors give: what tells two layouts of the same length apart.
_LIMBS = tuple(
    (LANDMARK_NAMES.index(f"{side}_{upper}"), LANDMARK_NAMES.index(f"{side}_{lower}"))
    for side in ("left", "right")
    for upper, lower in (
        ("shoulder", "elbow"),
        ("elbow", "wrist"),
        ("hip", "knee"),
        ("knee", "ankle"),
        ("ankle", "toe"),
        ("ankle", "heel"),
    )
)
# So many people are looked at: more say nothing new.
_SAMPLE = 500


@dataclass(frozen=True)
class Layout:
    """A detector's keypoints: its name, how many they are, and the landmarks among them by number."""

    name: str
    keypoint_count: int
    landmarks: Mapping[str, int | tuple[int, ...]]


def to_landmarks(layout: Layout, points: np.ndarray, confidence: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points (N, K, 2) and confidence (N, K) of `layout` -> the landmarks' (N, 24, 2) and (N, 24)."""
    landmark_points = np.zeros((len(points), LANDMARK_COUNT, 2), dtype=np.float32)
    landmark_confidence = np.zeros((len(points), LANDMARK_COUNT), dtype=np.float32)
    for name, numbers in layout.landmarks.items():
        parts = [numbers] if isinstance(numbers, int) else list(numbers)
        column = LANDMARK_NAMES.index(name)
        landmark_points[:, column] = points[:, parts].mean(axis=1)
        landmark_confidence[:, column] = confidence[:, parts].min(axis=1)
    return landmark_points, landmark_confidence


def likeliest_layout(layouts: Sequence[Layout], points: np.ndarray, confidence: np.ndarray) -> Layout:
    """Of `layouts` with the same number of keypoints, the one by which the limbs of (N, K, 2) come out shortest.

    In the wrong order limbs join ears to knees, and are long beside the person. The first wins a tie.
    """
    every = max(1, len(points) // _SAMPLE)
    return min(layouts, key=lambda layout: _limb_length(*to_landmarks(layout, points[::every], confidence[::every])))


def _limb_length(points: np.ndarray, confidence: np.ndarray) -> float:
    """The mean limb beside the spread of the person's landmarks, the median over people; 0 where none is seen."""
    seen = confidence > 0
    count = np.maximum(seen.sum(axis=1), 1)[:, None]
    centre = (points * seen[..., None]).sum(axis=1) / count
    spread = np.linalg.norm((points - centre[:, None]) * seen[..., None], axis=2).sum(axis=1) / count[:, 0]
    upper, lower = (list(ends) for ends in zip(*_LIMBS, strict=True))
    both = seen[:, upper] & seen[:, lower]
    lengths = np.linalg.norm(points[:, upper] - points[:, lower], axis=2) * both
    whole = both.any(axis=1) & (spread > 0)
    if not whole.any():
        return 0.0
    return float(np.median(lengths[whole].sum(axis=1) / both[whole].sum(axis=1) / spread[whole]))
