"""A model's figures on Human3.6M by Protocol 1, with what the paper's Table 1 has besides: ΔMPJPE.

No figure is claimed here: none was measured, for want of the data.
"""

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from posenorm_core.condition_skeleton import CONDITION_SKELETON
from posenorm_core.errors import InputError
from training.answer import Predict
from training.human36m.files import GROUND_TRUTH, JOINTS_2D
from training.human36m.protocol import ACTIONS, SHIFTED, EvaluationClip, clips, drawn_factors
from training.metrics import mpjpe, pa_mpjpe

MEAN, MEAN_WITHOUT_SHIFTED = "mean", "mean without the shifted recordings"


@dataclass(frozen=True)
class Measures:
    """Millimetres, the means over `frames` frames."""

    frames: int
    mpjpe: float  # Protocol 1
    pa_mpjpe: float  # Protocol 2: turned, scaled and shifted onto the truth
    delta_mpjpe_bone: float  # how far the answer moves where the bones in the picture are others: one factor a bone
    delta_mpjpe_chunk: float  # one factor for the whole body


def score(
    predict: Predict, context: int, folder: Path, detections: str = GROUND_TRUTH, seed: int = 0
) -> dict[str, Measures]:
    """The measures of each of the 15 actions, MEAN over them, and MEAN_WITHOUT_SHIFTED (the 3D known to be wrong).

    `context` is how many frames of 2D points the model needs on either side (`Architecture.context`), INPUT_CONTEXT
    among them. The positions are those of the subject's own body; ΔMPJPE, which is always of true projections, is
    asked about the condition skeleton. Raises InputError as `clips` does, and where an answer is not finite.
    """
    rng = np.random.default_rng(seed)
    measured: dict[str, list[tuple[EvaluationClip, Measures]]] = defaultdict(list)
    with torch.no_grad():
        for clip in clips(folder, detections):
            measured[clip.action].append((clip, measure(predict, context, clip, rng)))
    actions = {action: _mean([m for _, m in measured[action]], by_frames=True) for action in ACTIONS}
    return {**actions, MEAN: _mean(list(actions.values())), MEAN_WITHOUT_SHIFTED: _without_shifted(measured)}


def _without_shifted(measured: dict[str, list[tuple[EvaluationClip, Measures]]]) -> Measures:
    groups = (
        [m for clip, m in measured[action] if (clip.subject, clip.recording) not in SHIFTED] for action in ACTIONS
    )
    return _mean([_mean(group, by_frames=True) for group in groups if group])


def measure(predict: Predict, context: int, clip: EvaluationClip, rng: np.random.Generator) -> Measures:
    """The measures of one clip; raises InputError where an answer is not finite."""
    truth = torch.from_numpy(clip.positions)[:, :JOINTS_2D]
    answer = _answer(predict, context, clip, clip.offsets)
    condition = CONDITION_SKELETON.offsets
    original = _answer(predict, context, clip.on_bodies(np.ones(truth.shape[:1] + clip.offsets.shape[:1])), condition)
    moved = []
    for each_bone in (True, False):
        altered = clip.on_bodies(drawn_factors(len(truth), rng, each_bone=each_bone))
        moved.append(float(mpjpe(_answer(predict, context, altered, condition), original)))
    return Measures(
        frames=len(truth),
        mpjpe=1000 * float(mpjpe(answer, truth)),
        pa_mpjpe=1000 * float(pa_mpjpe(answer, truth)),
        delta_mpjpe_bone=1000 * moved[0],
        delta_mpjpe_chunk=1000 * moved[1],
    )


def _answer(predict: Predict, context: int, clip: EvaluationClip, offsets: np.ndarray) -> torch.Tensor:
    """What the model says of the clip on the body `offsets` (19, 3): the 17 joints at its own frames (T, 17, 3)."""
    features = torch.from_numpy(clip.features(context))
    found = predict(features, torch.tensor(offsets[None], dtype=features.dtype)).positions[0]
    if not torch.isfinite(found).all():
        raise InputError(
            f"{clip.subject} {clip.recording}: the model's answer is not finite; its training has diverged"
        )
    return torch.from_numpy(clip.at_own_frames(found.double().cpu().numpy()))[:, :JOINTS_2D]


def _mean(measures: list[Measures], *, by_frames: bool = False) -> Measures:
    """The plain mean, or that over all frames."""
    weights = [m.frames if by_frames else 1 for m in measures]
    rows = [(m.mpjpe, m.pa_mpjpe, m.delta_mpjpe_bone, m.delta_mpjpe_chunk) for m in measures]
    return Measures(sum(m.frames for m in measures), *np.average(rows, axis=0, weights=weights).tolist())
