"""Bridging: a path for what was not seen, so that nothing jumps; that it was not seen stays in the confidence."""

import numpy as np


def bridge(points: np.ndarray, confidence: np.ndarray) -> np.ndarray:
    """`points` (T, K, n) with the gaps, where `confidence` (T, K) is 0, filled along time.

    Between two frames seen by a straight line at even speed, before the first and after the last by holding it.
    What is never seen becomes zero. The points seen are returned as they are.
    """
    seen = np.asarray(confidence) > 0
    bridged = np.where(seen[..., None], points, 0).astype(points.dtype)
    frames = np.arange(len(points))
    for joint in np.flatnonzero(seen.any(axis=0) & ~seen.all(axis=0)):
        known, missing = frames[seen[:, joint]], frames[~seen[:, joint]]
        for axis in range(points.shape[2]):
            bridged[missing, joint, axis] = np.interp(missing, known, points[known, joint, axis])
    return bridged
