"""Our own keypoints file (`.npz`, format posenorm-keypoints): one person, already on the 24 landmarks."""

import numpy as np

from posenorm_core.clip import Clip, Person
from posenorm_core.formats.source import Source
from posenorm_core.keypoints import load_keypoints

DESCRIPTION = "PoseNorm keypoints (.npz)"


def recognises(source: Source) -> bool:
    """Whether `source` is a zip of arrays, one of them telling a format as our files do."""
    return source.kind == "zip" and "format.npy" in source.names


def read(source: Source, fps: float | None) -> Clip:
    """Reads the file; its own frame rate stands, whatever `fps` says.

    Raises InputError naming the file and what is wrong with it.
    """
    keypoints = load_keypoints(source.path)
    seen = np.flatnonzero((keypoints.confidence > 0).any(axis=1))
    alone = Person(1, len(keypoints), seen, keypoints.points[seen], keypoints.confidence[seen])
    people = (alone,) if len(seen) else ()
    return Clip(str(source.path), "PoseNorm keypoints", keypoints.fps, keypoints.image_size, len(keypoints), people)
