"""Table 3: which action a clip shows, by its nearest neighbour under DTW and by a linear classifier of pooled features.

Cross-validated on the training labels: five parts, of which no two hold clips of one film. What is known of a part is
learnt from the other four, each of their clips shown left for right too, since half of the people throw and hit with
the other hand. A row that makes nothing of a clip is wrong about it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from tqdm import tqdm

from posenorm_core.errors import InputError
from posenorm_core.keypoints import Keypoints
from training.frame_features import FrameFeatures
from training.penn_action.frame_rows import mirrored_clip
from training.penn_action.labels import LabelledClip
from training.penn_action.near_duplicates import film_groups
from training.penn_action.warped_neighbours import evened, warped_distances

PARTS = 5
# Said of a clip of which a row makes nothing.
NOTHING = ""
# How much the classifier may trust its training (the inverse of its penalty); each part's is chosen within the others.
_TRUSTS = (0.01, 0.1, 1.0)
_QUARTERS = 4
_ROUNDS = 300  # of the optimizer, at most


@dataclass(frozen=True)
class Described:
    """Of C clips what a row's methods compare: NaN where it makes nothing of a clip."""

    frames: np.ndarray  # (C, K, D), see `warped_neighbours`
    pooled: np.ndarray  # (C, P)

    @property
    def given(self) -> np.ndarray:
        """(C,) whether the row makes something of the clip."""
        return ~np.isnan(self.pooled).any(axis=1)


@dataclass(frozen=True)
class Recognized:
    """What a row says of each clip (C,), by either method; `NOTHING` where it makes nothing of it."""

    by_neighbour: np.ndarray
    by_classifier: np.ndarray


def recognize(clips: Sequence[LabelledClip], rows: Sequence[FrameFeatures]) -> dict[str, Recognized]:
    """What every row says of every clip. Raises InputError where there are too few clips to divide."""
    parts = divided(clips)
    actions = np.array([clip.action for clip in clips])
    described = _described(clips, rows)
    return {
        name: _over_parts(as_filmed, in_mirror, actions, parts)
        for name, (as_filmed, in_mirror) in tqdm(described.items(), desc="classifying", unit="row", disable=None)
    }


def divided(clips: Sequence[LabelledClip]) -> np.ndarray:
    """The part (C,) that each clip is tested in: actions evenly over the parts, a film's clips in one."""
    actions, films = np.array([clip.action for clip in clips]), film_groups(clips)
    fewest = min((len(set(films[actions == action])) for action in set(actions.tolist())), default=0)
    if fewest < PARTS or len(set(actions.tolist())) < 2:
        raise InputError(f"an action has {fewest} films only; recognition needs two actions or more of {PARTS} films")
    part = np.zeros(len(clips), dtype=int)
    dividing = StratifiedGroupKFold(PARTS, shuffle=True, random_state=0)
    for number, (_, tested) in enumerate(dividing.split(actions, actions, films)):
        part[tested] = number
    return part


def _described(clips: Sequence[LabelledClip], rows: Sequence[FrameFeatures]) -> dict[str, tuple[Described, Described]]:
    """By row: the clips as they were filmed, and left for right."""
    kept: dict[str, list[list[tuple[np.ndarray, np.ndarray] | None]]] = {}
    for number, clip in enumerate(tqdm(clips, desc="describing", unit="clip", disable=None)):
        for side, keypoints in enumerate((clip.keypoints, mirrored_clip(clip.keypoints))):
            for row in rows:
                for name, features in _made_of(row, keypoints).items():
                    places = kept.setdefault(name, [[None] * len(clips), [None] * len(clips)])
                    places[side][number] = evened(features), pooled(features)
    return {name: (_stacked(sides[0]), _stacked(sides[1])) for name, sides in kept.items()}


def _made_of(row: FrameFeatures, keypoints: Keypoints) -> dict[str, np.ndarray]:
    """The row's features; none where it refuses the clip, as `normalize` does one without hips."""
    try:
        return row(keypoints)
    except InputError:
        return {}


def _stacked(described: list[tuple[np.ndarray, np.ndarray] | None]) -> Described:
    """Of all clips; NaN for those of which nothing was made."""
    some = next(each for each in described if each is not None)
    nothing = tuple(np.full_like(values, np.nan) for values in some)
    frames, vectors = zip(*(each or nothing for each in described), strict=True)
    return Described(np.stack(frames), np.stack(vectors))


def _over_parts(as_filmed: Described, in_mirror: Described, actions: np.ndarray, parts: np.ndarray) -> Recognized:
    """Each part's clips, from those of the others."""
    said = Recognized(np.full(len(parts), NOTHING, actions.dtype), np.full(len(parts), NOTHING, actions.dtype))
    both = as_filmed.given & in_mirror.given
    vectors = np.concatenate([as_filmed.pooled, in_mirror.pooled])
    frames, told = np.concatenate([as_filmed.frames, in_mirror.frames]), np.tile(actions, 2)

    def learnt_from(chosen: np.ndarray) -> np.ndarray:
        """The places of the clips of some parts among `vectors` and `frames`, in either form."""
        return np.flatnonzero(np.tile(np.isin(parts, chosen) & both, 2))

    for part in range(PARTS):
        asked = np.flatnonzero((parts == part) & as_filmed.given)
        others = np.array([other for other in range(PARTS) if other != part])
        known = learnt_from(others)
        nearest = [known[warped_distances(as_filmed.frames[clip], frames[known]).argmin()] for clip in asked]
        said.by_neighbour[asked] = told[nearest]
        trust = _best_trust(vectors, told, learnt_from(others[1:]), np.flatnonzero((parts == others[0]) & both))
        classifier = _classifier(trust).fit(vectors[known], told[known])
        said.by_classifier[asked] = classifier.predict(as_filmed.pooled[asked])
    return said


def _best_trust(vectors: np.ndarray, told: np.ndarray, known: np.ndarray, asked: np.ndarray) -> float:
    """The classifier's that learns best from the clips `known` what those `asked` show; of equals the most cautious."""
    scores = [
        _classifier(trust).fit(vectors[known], told[known]).score(vectors[asked], told[asked]) for trust in _TRUSTS
    ]
    return _TRUSTS[int(np.argmax(scores))]


def _classifier(trust: float) -> Pipeline:
    """Linear, of vectors whose every number has been given the same spread."""
    return make_pipeline(StandardScaler(), LogisticRegression(C=trust, max_iter=_ROUNDS))


def pooled(features: np.ndarray) -> np.ndarray:
    """Features (T, D) of a clip as one vector (7·D,): mean, spread, means of its quarters, and how fast they change."""
    quarters = [features[_quarter(len(features), k)].mean(axis=0) for k in range(_QUARTERS)]
    pace = np.abs(np.diff(features, axis=0)).mean(axis=0) if len(features) > 1 else np.zeros(features.shape[1])
    return np.concatenate([features.mean(axis=0), features.std(axis=0), *quarters, pace])


def _quarter(frames: int, number: int) -> slice:
    """The frames of a quarter: at least one, be the clip ever so short."""
    begin = number * frames // _QUARTERS
    return slice(begin, max((number + 1) * frames // _QUARTERS, begin + 1))
