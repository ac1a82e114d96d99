"""The main button: keypoints to a keyed armature."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from posenorm_core.any_clip import AnyClip, motion_of, read_any, with_rate
from posenorm_core.condition_skeleton import CONDITION_SKELETON, require_condition_joints
from posenorm_core.errors import InputError
from posenorm_core.motion import Motion
from posenorm_core.retargeting.body import body_of
from posenorm_core.skeleton import Skeleton, load_skeleton

from .. import source
from ..job import Report, Work
from ..preferences import weights_path
from ..properties import chosen_person, settings_of
from ..registration import registration_of
from ..scene.bone_list import listed_mapping
from ..scene.confidence_marks import mark_uncertain
from ..scene.keyed_motion import add_motion
from ..scene.rig import rig_of
from ..scene.units import metres_a_unit
from ..settings.retarget import retarget_settings_of, still_there
from .job_operator import JobOperator


@dataclass(frozen=True)
class Choices:
    """What to normalize and how, as plain data, which the work may read on its thread."""

    path: str
    clip: AnyClip | None  # None: not read yet
    person: int | None
    fps: float
    orientation: str
    body: Skeleton
    weights: Path | None

    def compute(self, report: Report) -> tuple[AnyClip, Motion]:
        """Reads what is not read yet, and normalizes."""
        clip = self.clip or read_any(self.path)
        motion = motion_of(
            with_rate(clip, self.fps),
            self.person,
            orientation=self.orientation,
            skeleton=self.body,
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
        clip = source.recall(settings.source)
        self._person = chosen_person(settings)
        return choices_of(
            context, path=bpy.path.abspath(settings.source), clip=clip, person=self._person, fps=settings.fps
        ).compute

    def finish(self, context: bpy.types.Context, result: Any) -> str:
        """Adds the armature."""
        clip, motion = result
        source.remember(self._source, clip)
        return add_normalized(context, clip, motion, self._person, self._start_frame)


def choices_of(
    context: bpy.types.Context, *, path: str, clip: AnyClip | None, person: int | None, fps: float
) -> Choices:
    """A person of a clip, and for the rest what the section Normalize shows. Raises InputError like `chosen_body`."""
    return Choices(
        path, clip, person, fps, settings_of(context).orientation, chosen_body(context), weights_path(context)
    )


def add_normalized(
    context: bpy.types.Context, clip: AnyClip, motion: Motion, person: int | None, start_frame: int
) -> str:
    """Adds the armature of the clip's motion, uncertain keys marked, and returns the news."""
    armature = add_motion(context, motion, _name(clip, person), start_frame)
    told = f"{armature.name}: {len(motion)} frames at {motion.fps:g} frames/s"
    stretches = mark_uncertain(armature)
    count = "1 uncertain stretch" if len(stretches) == 1 else f"{len(stretches)} uncertain stretches"
    return told + (f"; {count}, see Clean" if stretches else "")


def chosen_body(context: bpy.types.Context) -> Skeleton:
    """The body that the panel shows. Raises InputError where none is chosen, or what is chosen is none."""
    settings = settings_of(context)
    if settings.body == "FILE":
        if not settings.skeleton_path:
            raise InputError("Skeleton: no file is chosen; choose one, or the condition skeleton")
        return _read_skeleton(Path(bpy.path.abspath(settings.skeleton_path)))
    if settings.body == "CHARACTER":
        retargeting = retarget_settings_of(context)
        character = still_there(retargeting.character)
        if character is None:
            raise InputError("Body: no character is chosen; pick its armature, or the condition skeleton")
        scales: Any = character.matrix_world.to_scale()
        metres = float(np.abs(scales).mean()) * metres_a_unit(context.scene)
        return body_of(rig_of(character), listed_mapping(retargeting), metres)
    return CONDITION_SKELETON


def _read_skeleton(path: Path) -> Skeleton:
    """The skeleton file's body."""
    skeleton = load_skeleton(path)
    try:
        require_condition_joints(skeleton)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    return skeleton


def _name(clip: AnyClip, person: int | None) -> str:
    """The clip's name, with the person's number where one was chosen."""
    path = Path(clip.path)
    name = path.name if path.is_dir() else path.stem.removesuffix(".keypoints")
    return name if person is None else f"{name} person {person}"


register, unregister = registration_of(PosenormNormalize)
