"""Which clips of Penn Action are cut from the same film, as far as the labels tell: they stay on one side of any split.

The data set does not name its films. Clips of one film have the same action and picture size and numbers close by, and
somebody who does a thing again in front of a camera that stays stands in about the same place.
"""

from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from posenorm_core.keypoints import Keypoints
from training.penn_action.labels import LabelledClip

# At most so far apart in number; joints' usual places at most such a share of the person's reach in the picture apart.
_NUMBERS, _PLACES = 10, 0.25
_REACH = (5, 95)  # percentiles of all places, lest one wrong label makes a giant


def film_groups(clips: Sequence[LabelledClip]) -> np.ndarray:
    """For each clip (C,) the number of its group: chains of clips of which each is as one of the others."""
    places = [_usual_places(clip.keypoints) for clip in clips]
    pairs = [
        (i, j)
        for i, first in enumerate(clips)
        for j, second in enumerate(clips[:i])
        if _alike(first, second) and _distance(places[i], places[j]) < _PLACES
    ]
    rows, columns = np.array(pairs, dtype=int).reshape(-1, 2).T
    joined = csr_array((np.ones(len(rows)), (rows, columns)), shape=(len(clips), len(clips)))
    return np.asarray(connected_components(joined, directed=False)[1])


def _alike(first: LabelledClip, second: LabelledClip) -> bool:
    """Whether all but the joints agrees with their being of one film."""
    return (
        first.action == second.action
        and abs(first.number - second.number) <= _NUMBERS
        and first.keypoints.image_size == second.keypoints.image_size
    )


def _usual_places(keypoints: Keypoints) -> tuple[np.ndarray, float]:
    """Each landmark's median place (24, 2), NaN where it is never seen, and how far all of them reach, in pixels."""
    seen = keypoints.confidence > 0
    points = np.where(seen[..., None], keypoints.points, np.nan).astype(np.float64)
    places = np.full(points.shape[1:], np.nan)
    ever = seen.any(axis=0)
    places[ever] = np.nanmedian(points[:, ever], axis=0)
    low, high = np.percentile(points[seen], _REACH, axis=0) if ever.any() else np.zeros((2, 2))
    return places, float(np.linalg.norm(high - low))


def _distance(first: tuple[np.ndarray, float], second: tuple[np.ndarray, float]) -> float:
    """The mean distance of the places that both have, in units of the larger reach; infinite where there is none."""
    apart = np.linalg.norm(first[0] - second[0], axis=1)
    both = ~np.isnan(apart)
    reach = max(first[1], second[1])
    return float(apart[both].mean() / reach) if both.any() and reach else np.inf
