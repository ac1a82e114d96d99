"""The main button: keypoints to a keyed armature."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import bpy

from posenorm_core.clip import Clip
from posenorm_core.condition_skeleton import CONDITION_SKELETON, require_condition_joints
from posenorm_core.errors import InputError
from posenorm_core.formats import read_clip
from posenorm_core.motion import Motion
from posenorm_core.normalizer import normalize
from posenorm_core.skeleton import Skeleton, load_skeleton

from .. import source
from ..job import Report, Work
from ..preferences import weights_path
from ..properties import MOST_VISIBLE, settings_of
from ..registration import registration_of
from ..scene.keyed_motion import add_motion
from .job_operator import JobOperator


@dataclass(frozen=True)
class _Choices:
    """The panel's choices as plain data, which the work may read on its thread."""

    path: str
    clip: Clip | None  # None: not read yet
    person: int | None
    fps: float
    orientation: str
    skeleton_path: Path | None
    weights: Path | None

    def compute(self, report: Report) -> tuple[Clip, Motion]:
        """Reads what is not read yet, and normalizes."""
        clip = self.clip or read_clip(self.path)
        keypoints = replace(clip, fps=clip.fps or self.fps).keypoints(self.person)
        motion = normalize(
            keypoints,
            orientation=self.orientation,
            skeleton=_read_skeleton(self.skeleton_path),
            weights=self.weights,
            progress=report,
        )
        return clip, motion


class PosenormNormalize(JobOperator):
    """Make an armature that moves as the person in the video does (Esc stops)."""

    bl_idname = "posenorm.normalize"
    bl_label = "Normalize"
    bl_description = "Make an armature that moves as the person in the video does (Esc stops)"
    bl_options = {"UNDO"}  # noqa: RUF012 - Blender's own spelling

    verb = "Normalizing"

    def prepare(self, context: bpy.types.Context) -> Work:
        """Takes the panel's choices."""
        settings = settings_of(context)
        self._source, self._start_frame = settings.source, settings.start_frame
        if settings.body == "FILE" and not settings.skeleton_path:
            raise InputError("Skeleton: no file is chosen; choose one, or the condition skeleton")
        clip = source.recall(settings.source)
        self._person = int(settings.person) if clip and settings.person != MOST_VISIBLE else None
        return _Choices(
            path=bpy.path.abspath(settings.source),
            clip=clip,
            person=self._person,
            fps=settings.fps,
            orientation=settings.orientation,
            skeleton_path=Path(bpy.path.abspath(settings.skeleton_path)) if settings.body == "FILE" else None,
            weights=weights_path(context),
        ).compute

    def finish(self, context: bpy.types.Context, result: Any) -> str:
        """Adds the armature."""
        clip, motion = result
        source.remember(self._source, clip)
        armature = add_motion(context, motion, _name(clip, self._person), self._start_frame)
        return f"{armature.name}: {len(motion)} frames at {motion.fps:g} frames/s"


def _read_skeleton(path: Path | None) -> Skeleton:
    """The skeleton file's body, or the condition skeleton."""
    if path is None:
        return CONDITION_SKELETON
    skeleton = load_skeleton(path)
    try:
        require_condition_joints(skeleton)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    return skeleton


def _name(clip: Clip, person: int | None) -> str:
    """The clip's name, with the person's number where one was chosen."""
    path = Path(clip.path)
    name = path.name if path.is_dir() else path.stem
    return name if person is None else f"{name} person {person}"


register, unregister = registration_of(PosenormNormalize)
