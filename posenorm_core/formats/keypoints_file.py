"""Our own keypoints file (`.npz`, format posenorm-keypoints): one person, already on the 24 landmarks."""

import numpy as np

from posenorm_core.clip import Clip
from posenorm_core.formats.source import Source
from posenorm_core.keypoints import load_keypoints
from posenorm_core.people import Detections, find_people

DESCRIPTION = "PoseNorm keypoints (.npz)"


def recognises(source: Source) -> bool:
    """Whether `source` is a zip of arrays, one of them telling a format as our files do."""
    return source.kind == "zip" and "format.npy" in source.names


def read(source: Source, fps: float | None) -> Clip:
    """Reads the file; its own frame rate stands, whatever `fps` says.

    Raises InputError naming the file and what is wrong with it.
    """
    keypoints = load_keypoints(source.path)
    alone = np.zeros(len(keypoints), dtype=np.int64)
    found = Detections(np.arange(len(keypoints)), keypoints.points, keypoints.confidence, alone)
    people = find_people(found, len(keypoints), keypoints.fps)
    return Clip(str(source.path), "PoseNorm keypoints", keypoints.fps, keypoints.image_size, len(keypoints), people)
