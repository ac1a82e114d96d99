"""Label files as Penn Action's, of people of the built-in motion."""

import io
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
from scipy.io import savemat

from posenorm_core.builtin_motion import builtin_clip
from posenorm_core.landmarks import LANDMARK_NAMES
from posenorm_core.synthetic_view import film
from training.penn_action.labels import JOINTS

_WIDTH, _HEIGHT = 480, 320


def label(action: str = "walk", seed: int = 0, **changed: Any) -> dict[str, Any]:
    """What a label file holds; `changed` stands in place of what it should."""
    clip = builtin_clip(action, seed=seed, seconds=2.0, fps=30.0)
    seen = film(
        clip.rotations,
        clip.root_position,
        clip.skeleton,
        azimuth=0.4 + seed / 10,
        elevation=0.05,
        distance=5.0,
        focal_length=450.0,
        image_size=(_WIDTH, _HEIGHT),
        fps=clip.fps,
    )
    points = seen.points[:, [LANDMARK_NAMES.index(name) for name in JOINTS]].astype(np.float64)
    told = {"action": action, "pose": "front", "x": points[..., 0], "y": points[..., 1]}
    size = np.array([[_HEIGHT, _WIDTH, len(points)]], dtype=np.float64)
    return {**told, "visibility": np.ones(points.shape[:2]), "dimensions": size, **changed}


def saved(told: dict[str, Any]) -> bytes:
    """The label file."""
    file = io.BytesIO()
    savemat(file, told)
    return file.getvalue()


def packed(path: Path, labels: dict[str, bytes]) -> Path:
    """An archive at `path` of label files by name."""
    with tarfile.open(path, "w:xz") as archive:
        for name, content in labels.items():
            member = tarfile.TarInfo(f"labels/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path
