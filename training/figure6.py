"""`python -m training.figure6`: the paper's Figure 6, one pose of a test clip from around and what models make of it.

    python -m training.figure6 --data DATA --checkpoint LIFTER.pt -o figure6.png

Each column is a camera; the rows are its 2D points, a lifter's 3D pose as it comes and after Procrustes alignment to
the T-pose, and the normalizer's unified pose. The last column lays a row's poses over each other: where the viewpoint
is gone they are one.
"""

import argparse
import math
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from posenorm_core import quaternion
from posenorm_core.command import exit_code
from posenorm_core.condition_skeleton import CONDITION_SKELETON, JOINT_COUNT, JOINT_NAMES, PARENTS
from posenorm_core.errors import InputError
from posenorm_core.files import require_writable
from posenorm_core.kinematics import forward_kinematics
from posenorm_core.network_input import landmarks_of
from posenorm_core.weights import load_weights
from training import metrics, splits
from training.answer import Answer, Predict
from training.dataset import MotionData, load_data
from training.filmed_clips import film_around
from training.filming import Batch
from training.models import LIFTERS
from training.scoring import unified
from training.shipped import predictor
from training.stick_figure import PoseRow, draw_pose_grid
from training.trainer import trained

_FAMILY = "papagina"
# Of the eight cameras around the subject, those that are shown: all sides, level and from above.
_SHOWN = (0, 2, 5, 7)
_BENT = [JOINT_NAMES.index(f"{side}_{joint}") for side in ("left", "right") for joint in ("elbow", "wrist", "ankle")]
# A lifter's pose as it comes is drawn from here, degrees to the camera's side and above it: from the camera itself
# any depth looks like the 2D points again.
_ASIDE, _ABOVE = 40.0, 15.0
_SIDES = ("front", "front left", "left", "back left", "back", "back right", "right", "front right")
_TITLE = "One pose, four cameras: which description of it stays the same?"
_FOOT = "Spread: mean distance of a joint from its mean over all {} cameras around the subject."
_WRITTEN = (".png", ".svg", ".pdf")


@dataclass(frozen=True)
class Asked:
    """A model: how it is asked, and how many frames of 2D points it needs on either side."""

    predict: Predict
    context: int

    def answer(self, batch: Batch, context: int) -> Answer:
        """What it says about the condition skeleton in a batch filmed with `context` frames on either side.

        Raises InputError where a pose is not finite.
        """
        spare = context - self.context
        features = batch.features[:, spare : batch.features.shape[1] - spare]
        answer = self.predict(features, batch.offsets.new_tensor(CONDITION_SKELETON.offsets).expand_as(batch.offsets))
        if not bool(torch.isfinite(answer.positions).all()):
            raise InputError("a model's poses are not finite; its training has diverged")
        return answer


@dataclass(frozen=True)
class View:
    """A whole clip from one camera: poses (T, 19, 3) in metres, x to the right, y up, z towards the reader."""

    image: torch.Tensor  # the 2D points, without depth
    lifted: torch.Tensor
    aligned: torch.Tensor
    normalized: torch.Tensor
    camera: torch.Tensor  # (T, 2) radians: from the subject's front to his left, and above him


def views_around(data: MotionData, clip: int, lifter: Asked, normalizer: Asked) -> list[View]:
    """The clip as each of eight cameras around it has it; raises InputError where a model's pose is not finite."""
    context = max(lifter.context, normalizer.context)
    views = []
    with torch.no_grad():
        for batch in film_around(data, clip, context):
            lifted = lifter.answer(batch, context)
            ours = unified(normalizer.answer(batch, context))
            lifted_aside = quaternion.rotate(_aside().expand(*lifted.positions.shape[:-1], 4), lifted.positions)
            views.append(View(_image(batch), lifted_aside[0], unified(lifted)[0], ours[0], _camera(batch)))
    return views


def rows_of(views: list[View], frame: int, lifter: str) -> list[PoseRow]:
    """The figure's four rows at one frame, each with its spread in millimetres over the frame and over the clip."""
    front = "seen from the front"
    told = {
        "image": ("(a) 2D input", "what each camera sees", "2D "),
        "lifted": ("(b) Lifter", f"{lifter}'s 3D pose,\nfrom beside the camera:\nit turns with it", ""),
        "aligned": ("(c) Lifter, aligned", f"(b) brought onto the T-pose\nby Procrustes alignment,\n{front}", ""),
        "normalized": ("(d) Ours, unified", f"joint rotations, root at rest,\non the condition skeleton,\n{front}", ""),
    }
    rows = []
    for name, (title, words, kind) in told.items():
        poses = torch.stack([getattr(view, name) for view in views])
        spread = spread_millimetres(poses[:, frame]), spread_millimetres(poses)
        rows.append(PoseRow(title, words, poses[list(_SHOWN), frame].numpy(), *spread, kind))
    return rows


def spread_millimetres(poses: torch.Tensor) -> float:
    """Mean distance of each view's joints from their mean over the views (V, …, 19, 3)."""
    return 1000 * float(metrics.view_spread(poses))


def camera_words(view: View, frame: int) -> str:
    """Where the view's camera stands at a frame, as the subject would say it."""
    azimuth, elevation = view.camera[frame].rad2deg().tolist()
    side = _SIDES[round(azimuth / 45) % len(_SIDES)]
    height = f"{abs(elevation):.0f}° {'above' if elevation > 0 else 'below'}" if abs(elevation) >= 1 else "level"
    return f"camera at his {side},\n{height}"


def strangest_frame(data: MotionData, clip: int) -> int:
    """The frame of a clip whose limbs are furthest from the T-pose's, all on the condition skeleton."""
    rotations = data.rotations[int(data.clip_start[clip]) : int(data.clip_start[clip + 1])][None]
    condition = rotations.new_tensor(CONDITION_SKELETON.offsets)
    still = quaternion.identity_like(rotations.new_zeros(JOINT_COUNT, 4))
    pose = unified(Answer(forward_kinematics(condition, rotations, PARENTS), rotations))[0]
    away = torch.linalg.vector_norm(pose - forward_kinematics(condition, still, PARENTS), dim=-1)
    return int(away[:, _BENT].mean(dim=-1).argmax())


def _image(batch: Batch) -> torch.Tensor:
    """The 2D points (T, 19, 3), z zero, on the scale of the subject: his extent across the line of sight."""
    frames = batch.positions.shape[1]
    spare = (batch.features.shape[1] - frames) // 2
    points = landmarks_of(batch.features[0, spare : spare + frames])[:, :JOINT_COUNT]
    flat = points.new_tensor([1.0, 1.0, 0.0])
    extent = [torch.linalg.vector_norm(pose * flat, dim=(-2, -1)) for pose in (batch.positions[0], points)]
    return points * flat * (extent[0] / extent[1])[:, None, None]


def _camera(batch: Batch) -> torch.Tensor:
    """(T, 2) radians: where the camera stands around the subject, from his front to his left, and above him."""
    to_world = quaternion.inverse(batch.view_from_world[0])
    ahead = to_world.new_tensor([0.0, 0.0, 1.0]).expand(*to_world.shape[:-1], 3)
    camera = quaternion.rotate(to_world, ahead)
    facing = quaternion.rotate(quaternion.multiply(to_world, batch.rotations[0, :, 0]), ahead)
    azimuth = torch.atan2(camera[:, 0], camera[:, 2]) - torch.atan2(facing[:, 0], facing[:, 2])
    return torch.stack([azimuth, torch.asin(camera[:, 1].clamp(-1, 1))], dim=-1)


def _aside() -> torch.Tensor:
    """The rotation (4) from the view frame to the frame of a reader aside and above."""
    turn = quaternion.from_rotation_vector(torch.tensor([0.0, math.radians(-_ASIDE), 0.0]))
    return quaternion.multiply(quaternion.from_rotation_vector(torch.tensor([math.radians(_ABOVE), 0.0, 0.0])), turn)


def _chosen_clip(data: MotionData, name: str | None) -> int:
    """The test clip of that name, or the family's first; raises InputError where there is none."""
    found = np.flatnonzero(data.clip_name == name if name else data.clip_family == _FAMILY)
    if not len(found):
        wanted = f"is called '{name}'" if name else f"is of {_FAMILY}"
        raise InputError(f"no test clip {wanted}; choose one with --clip: {', '.join(data.clip_name[:5])}, …")
    return int(found[0])


def _chosen_frame(data: MotionData, clip: int, frame: int | None) -> int:
    """That frame of the clip, or its strangest; raises InputError where the clip does not have it."""
    length = int(data.clip_length[clip])
    if frame is not None and not 0 <= frame < length:
        raise InputError(f"--frame {frame}: {data.clip_name[clip]} has the frames 0 to {length - 1}")
    return strangest_frame(data, clip) if frame is None else frame


def _lifter(path: Path) -> tuple[str, Asked]:
    """The position lifter of a checkpoint and its name; raises InputError where it is of a normalizer."""
    trainer = trained(path)
    name = trainer.configuration.model
    if name not in LIFTERS:
        raise InputError(f"{path}: is of a {name}; give the checkpoint of a lifter ({', '.join(LIFTERS)})")
    return name, Asked(trainer.predict(mirror=True), trainer.context)


def _run(options: argparse.Namespace) -> None:
    """Draws the figure and prints its spreads."""
    if options.out.suffix not in _WRITTEN:
        raise InputError(f"{options.out}: the name of the figure must end in {', '.join(_WRITTEN)}")
    require_writable(options.out)
    (name, lifter), weights = _lifter(options.checkpoint), load_weights(options.weights)
    data = splits.part(load_data(options.data), "test")
    clip = _chosen_clip(data, options.clip)
    frame = _chosen_frame(data, clip, options.frame)
    views = views_around(data, clip, lifter, Asked(predictor(weights), weights.architecture.context))
    rows = rows_of(views, frame, name)
    columns = [camera_words(views[k], frame) for k in _SHOWN]
    foot = f"{data.clip_name[clip]}, frame {frame}. {_FOOT.format(len(views))}"
    draw_pose_grid(options.out, _TITLE, columns, rows, foot)
    for row in rows:
        print(f"{row.title}: {row.frame_spread:.0f} mm at frame {frame}, {row.clip_spread:.0f} mm over the clip")
    print(options.out)


def main(arguments: list[str] | None = None) -> int:
    """The command: see the top of the file; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m training.figure6", description="Draw the paper's Figure 6.")
    parser.add_argument("--data", type=Path, required=True, help="data set of training.prepare")
    parser.add_argument("--checkpoint", type=Path, required=True, help="a lifter's, of training.fit")
    parser.add_argument("--weights", type=Path, help="weights file (default: the shipped one)")
    parser.add_argument("--clip", help=f"name of a test clip (default: the first of {_FAMILY})")
    parser.add_argument("--frame", type=int, help="of the clip (default: the one furthest from the T-pose)")
    parser.add_argument("-o", "--out", type=Path, default=Path("figure6.png"), help="picture (default: figure6.png)")
    options = parser.parse_args(arguments)
    return exit_code(lambda: _run(options))


if __name__ == "__main__":
    sys.exit(main())
