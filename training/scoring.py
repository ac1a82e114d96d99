"""Every measure of a model on every clip, and their means: over a family's frames, an action's, over the families.

The mean over families is a plain one, so that hours of one kind of motion do not flatter it. Millimetres, degrees and
frames at 30 frames/s. What a model does not tell (a lifter: rotations), or a clip cannot show (no foot stands), is
left out of its measures.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import torch

from posenorm_core import quaternion
from posenorm_core.condition_skeleton import CONDITION_SKELETON, JOINT_COUNT, PARENTS
from posenorm_core.errors import InputError
from posenorm_core.kinematics import forward_kinematics
from training import metrics
from training.answer import Answer, Predict
from training.baselines.own_bones import with_bones_of
from training.dataset import MotionData
from training.filmed_clips import chunk_bodies, film_around, film_bodies, film_clip, generator, hidden_as
from training.filming import Batch, feet_in_world
from training.procrustes import aligned

# A filmed batch and the bodies (B, 19, 3) that are asked about -> the model's answer.
Ask = Callable[[Batch, torch.Tensor], Answer]


@dataclass(frozen=True)
class Figures:
    """Measures by name, the means over `frames`."""

    frames: int
    measures: dict[str, float]

    def flat(self) -> dict[str, float]:
        """All in one mapping, for files."""
        return {**self.measures, "frames": self.frames}


@dataclass(frozen=True)
class Scores(Figures):
    """The measures of one clip."""

    name: str
    family: str
    action: str
    subject: str


def score_clips(
    predict: Predict,
    data: MotionData,
    context: int,
    *,
    layout: str = "all",
    seed: int = 0,
    views: int = 2,
    longest: int | None = None,
    full: bool = True,
    cameras: str = "random",
) -> list[Scores]:
    """Scores of each clip (its first `longest` frames), from `views` random cameras, seen through `layout`.

    `cameras` is their kind; the view spread has cameras of its own. `context` is how many frames of 2D points the model
    needs on either side. Not `full`: only what choosing takes, at a tenth of the cost. Raises InputError where an
    answer is not finite.
    """

    def ask(batch: Batch, offsets: torch.Tensor) -> Answer:
        return predict(hidden_as(layout, batch), offsets)

    scores = []
    with torch.no_grad():
        for clip in range(data.clip_count):
            batch = film_clip(data, clip, context, seed=seed, views=views, longest=longest, cameras=cameras)
            answer = ask(batch, batch.offsets)
            measures = accuracy(answer, batch)
            if full:
                rng = generator(data, clip, seed + 1)
                around = film_around(data, clip, context, longest=longest)
                measures |= details(answer, batch) | body_spread(ask, batch, rng) | view_spread(ask, around)
            scores.append(_scores(data, clip, batch, measures))
    return scores


def unified(answer: Answer) -> torch.Tensor:
    """What was answered about the condition skeleton, brought to one orientation: positions (B, T, 19, 3).

    Rotations by leaving the root's out; positions, which tell no root, by Procrustes alignment to the T-pose (the
    alternative of the paper's Figure 6).
    """
    condition = answer.positions.new_tensor(CONDITION_SKELETON.offsets)
    if answer.rotations is None:
        still = quaternion.identity_like(condition.new_zeros(JOINT_COUNT, 4))
        return aligned(answer.positions, forward_kinematics(condition, still, PARENTS))
    root = quaternion.identity_like(answer.rotations[..., :1, :])
    return forward_kinematics(condition, torch.cat([root, answer.rotations[..., 1:, :]], dim=-2), PARENTS)


def by_family(scores: Sequence[Scores]) -> dict[str, Figures]:
    """Frame-weighted means of each family's clips."""
    return _grouped(scores, lambda score: score.family)


def by_action(scores: Sequence[Scores]) -> dict[str, Figures]:
    """Frame-weighted means of each `family/action`."""
    return _grouped(scores, lambda score: f"{score.family}/{score.action}")


def over_families(families: dict[str, Figures]) -> Figures:
    """The plain mean of the families' figures: every family counts the same."""
    return _mean(list(families.values()), [1] * len(families))


def accuracy(answer: Answer, batch: Batch) -> dict[str, float]:
    """What a model is chosen by."""
    measures = {"mpjpe": _millimetres(metrics.mpjpe(answer.positions, batch.positions))}
    if answer.rotations is not None:
        measures["rotation"] = _degrees(metrics.rotation_error(answer.rotations, batch.rotations))
        measures["root"] = _degrees(metrics.root_error(answer.rotations, batch.rotations))
    return measures


def details(answer: Answer, batch: Batch) -> dict[str, float]:
    """What is wrong about an answer on the subject's own body, besides `accuracy`."""
    measures = {"pa_mpjpe": _millimetres(metrics.pa_mpjpe(answer.positions, batch.positions))}
    if answer.rotations is None:
        own = with_bones_of(answer.positions, batch.offsets[:, None])
        measures["mpjpe_own_bones"] = _millimetres(metrics.mpjpe(own, batch.positions))
    else:
        swing, twist = metrics.swing_and_twist_errors(answer.rotations, batch.rotations)
        measures |= {"swing": _degrees(swing), "twist": _degrees(twist)}
    if batch.positions.shape[1] >= 3:
        measures["acceleration"] = _millimetres(metrics.acceleration_error(answer.positions, batch.positions))
    if metrics.steps_standing(batch.contacts).any():
        feet = feet_in_world(batch, answer.positions)
        measures["foot_slide"] = _millimetres(metrics.foot_slide(feet, batch.contacts))
    return measures


def body_spread(ask: Ask, batch: Batch, rng: torch.Generator) -> dict[str, float]:
    """ΔMPJPE, in both of its readings: how far the answer moves where only the body in the picture is another."""
    frames = batch.positions.shape[1]
    condition = batch.offsets.new_tensor(CONDITION_SKELETON.offsets).expand_as(batch.offsets)
    original = ask(batch, condition).positions
    measures = {}
    for name, each_bone in (("delta_mpjpe_bone", True), ("delta_mpjpe_chunk", False)):
        bodies = chunk_bodies(batch.offsets[0], frames, rng, each_bone=each_bone)
        altered = ask(film_bodies(batch, bodies), condition).positions
        measures[name] = _millimetres(metrics.mpjpe(altered, original))
    return measures


def view_spread(ask: Ask, around: Iterable[Batch]) -> dict[str, float]:
    """How far the answers to the same frames from all around differ, orientation unified."""
    poses = []
    for batch in around:
        condition = batch.offsets.new_tensor(CONDITION_SKELETON.offsets).expand_as(batch.offsets)
        poses.append(unified(ask(batch, condition)))
    return {"view_spread": _millimetres(metrics.view_spread(torch.cat(poses)))}


def _scores(data: MotionData, clip: int, batch: Batch, measures: dict[str, float]) -> Scores:
    """The clip's measures beside what it is; raises InputError where one is not finite."""
    name = str(data.clip_name[clip])
    for measure, value in measures.items():
        if not math.isfinite(value):
            raise InputError(f"{name}: the model's {measure} is not finite; its training has diverged")
    frames = batch.positions.shape[0] * batch.positions.shape[1]
    told = (str(names[clip]) for names in (data.clip_family, data.clip_action, data.clip_subject))
    return Scores(frames, measures, name, *told)


def _grouped(scores: Sequence[Scores], key: Callable[[Scores], str]) -> dict[str, Figures]:
    groups: dict[str, list[Scores]] = {}
    for score in scores:
        groups.setdefault(key(score), []).append(score)
    return {name: _mean(group, [score.frames for score in group]) for name, group in sorted(groups.items())}


def _mean(figures: Sequence[Figures], weights: Sequence[int]) -> Figures:
    """Weighted means, each over those that have the measure."""
    measures = {}
    for name in dict.fromkeys(name for figure in figures for name in figure.measures):
        having = [(f.measures[name], w) for f, w in zip(figures, weights, strict=True) if name in f.measures]
        measures[name] = sum(value * weight for value, weight in having) / sum(weight for _, weight in having)
    return Figures(sum(figure.frames for figure in figures), measures)


def _millimetres(metres: torch.Tensor) -> float:
    return 1000 * float(metres)


def _degrees(radians: torch.Tensor) -> float:
    return float(radians.rad2deg())
