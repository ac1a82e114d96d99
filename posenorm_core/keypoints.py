"""2D keypoints of one person over time: the 24 landmarks in pixels with a confidence each, and their file.

Every detector format becomes this. Missing is confidence 0, whatever the coordinates say.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from posenorm_core.errors import InputError
from posenorm_core.files import load_archive, require, save_archive
from posenorm_core.frame_rate import require_fps
from posenorm_core.landmarks import LANDMARK_COUNT, LANDMARK_NAMES

FORMAT, VERSION = "posenorm-keypoints", 1
# Pixels; no image is as large, and what is larger is damage.
LARGEST_COORDINATE = 1e7


@dataclass(frozen=True)
class Keypoints:
    """T frames of the 24 landmarks of one person."""

    fps: float
    image_size: tuple[float, float]  # width, height in pixels; (0, 0) where the format does not tell
    points: np.ndarray  # (T, 24, 2) pixels, origin top left, y down
    confidence: np.ndarray  # (T, 24) in 0…1, 0 = missing
    source: dict[str, Any]

    def __post_init__(self) -> None:
        """What is missing or not finite gets confidence 0 and the point (0, 0)."""
        points = np.asarray(self.points, dtype=np.float32)
        confidence = np.asarray(self.confidence, dtype=np.float32)
        if points.ndim != 3 or points.shape[1:] != (LANDMARK_COUNT, 2) or confidence.shape != points.shape[:2]:
            raise InputError(f"keypoints must be (frames, {LANDMARK_COUNT}, 2) with a confidence each")
        seen = np.isfinite(points).all(axis=2) & np.isfinite(confidence) & (confidence > 0)
        object.__setattr__(self, "points", np.where(seen[..., None], points, 0).astype(np.float32))
        object.__setattr__(self, "confidence", np.where(seen, np.clip(confidence, 0, 1), 0).astype(np.float32))

    def __len__(self) -> int:
        """The number of frames."""
        return len(self.points)


def save_keypoints(keypoints: Keypoints, path: str | Path) -> None:
    """Writes the keypoints file aside and renames it."""
    save_archive(
        path,
        {
            "format": FORMAT,
            "version": VERSION,
            "fps": float(keypoints.fps),
            "image_size": np.asarray(keypoints.image_size, dtype=np.float64),
            "joint_names": np.array(LANDMARK_NAMES),
            "points": keypoints.points,
            "confidence": keypoints.confidence,
            "source": json.dumps(keypoints.source),
        },
    )


def load_keypoints(path: str | Path) -> Keypoints:
    """Reads a keypoints file whose joint names are among the 24 landmarks; what it lacks counts as missing.

    Raises InputError naming the file and what is wrong with it.
    """
    arrays = load_archive(path, FORMAT, VERSION)
    require(arrays, path, points=(None, None, 2), confidence=(None, None), fps=(), image_size=(2,))
    names = [str(name) for name in np.atleast_1d(arrays.get("joint_names", np.array([])))]
    unknown = [name for name in names if name not in LANDMARK_NAMES]
    if unknown:
        raise InputError(f"{path}: joint {unknown[0]!r:.60} is none of the landmarks ({', '.join(LANDMARK_NAMES)})")
    if len(set(names)) != len(names):
        raise InputError(f"{path}: two joints have the same name")
    frames = len(arrays["points"])
    if arrays["points"].shape[1] != len(names) or arrays["confidence"].shape != (frames, len(names)):
        raise InputError(
            f"{path}: {len(names)} joints are named, points are {arrays['points'].shape}, "
            f"confidence {arrays['confidence'].shape}; they must agree"
        )
    fps = require_fps(float(arrays["fps"]), f"{path}: its frame rate")
    if not np.isfinite(arrays["confidence"]).all():
        raise InputError(f"{path}: a confidence is not a finite number; write 0 for what is missing")
    seen_points = arrays["points"][arrays["confidence"] > 0]
    if not (np.abs(seen_points.astype(np.float64)) <= LARGEST_COORDINATE).all():  # false for nan too
        raise InputError(f"{path}: a point that has a confidence is no pixel: not finite, or beyond any image")
    if not (np.isfinite(arrays["image_size"]).all() and (arrays["image_size"] >= 0).all()):
        raise InputError(f"{path}: its image size is {tuple(arrays['image_size'])}; it must be pixels, 0 if not known")
    points = np.zeros((frames, LANDMARK_COUNT, 2), dtype=np.float32)
    confidence = np.zeros((frames, LANDMARK_COUNT), dtype=np.float32)
    columns = [LANDMARK_NAMES.index(name) for name in names]
    missing = (arrays["confidence"] <= 0)[..., None]
    points[:, columns] = np.where(missing, 0, arrays["points"])
    confidence[:, columns] = np.clip(arrays["confidence"], 0, 1)
    width, height = (float(side) for side in arrays["image_size"])
    return Keypoints(fps, (width, height), points, confidence, {"file": str(path)})
