"""The button of the section Batch: a folder of clips to armatures, to actions of the character, or to files."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy

from posenorm_core.errors import InputError
from posenorm_core.files import require_writable
from posenorm_core.motion import Motion
from posenorm_core.retargeting.mapping import BoneMapping
from posenorm_core.retargeting.retarget import RetargetOptions

from ..clip_folder import Failures, clips_in, normalized_clips
from ..job import Report, Work
from ..preferences import weights_path
from ..properties import settings_of
from ..registration import registration_of
from ..scene.bone_list import listed_mapping
from ..scene.export_presets import PRESETS
from ..scene.keyed_motion import add_motion, discard
from ..scene.moved_meanwhile import moved_meanwhile
from ..scene.retarget import Placement, require_animatable, retarget_onto
from ..settings.batch import batch_settings_of
from ..settings.retarget import retarget_settings_of, still_there
from .job_operator import JobOperator
from .normalize import chosen_body

# Puts one clip's motion, under its name, where it belongs.
_Put = Callable[[str, Motion], object]


class PosenormBatch(JobOperator):
    """Normalize every clip of a folder (Esc stops)."""

    bl_idname = "posenorm.batch"
    bl_label = "Normalize Folder"
    bl_description = "Normalize every clip of a folder (Esc stops); a clip that fails does not stop the others"
    bl_options = {"UNDO"}  # noqa: RUF012 - Blender's own spelling

    verb = "Normalizing"
    needs_source = False

    def prepare(self, context: bpy.types.Context) -> Work:
        """Takes the panel's choices; what would be refused at the end is refused now."""
        settings = settings_of(context)
        clips = clips_in(_folder(context))
        self._put = _putter(context)
        choices = {
            "orientation": settings.orientation,
            "skeleton": chosen_body(context),
            "weights": weights_path(context),
        }

        def work(report: Report) -> tuple[list[tuple[str, Motion]], Failures]:
            failures = Failures()
            return list(normalized_clips(clips, failures, report, **choices)), failures

        return work

    def finish(self, _context: bpy.types.Context, result: Any) -> str:
        """Puts each motion where it belongs."""
        motions, failures = result
        for name, motion in motions:
            try:
                self._put(name, motion)
                failures.done += 1
            except InputError as error:
                failures.why[name] = f"{name}: {error}"
        if not failures.done:
            raise InputError(str(failures.told()))
        return str(failures.told())


def _folder(context: bpy.types.Context) -> str:
    """The folder of the clips: the one chosen, or else the file's own. Raises InputError where there is neither."""
    chosen = batch_settings_of(context).folder
    if not chosen and not bpy.data.filepath:
        raise InputError("no folder of clips is chosen; choose one, or save the file among them")
    return str(bpy.path.abspath(chosen or "//"))


def _putter(context: bpy.types.Context) -> _Put:
    """What is to become of each motion, by the panel's choices. Raises InputError where one of them is missing."""
    settings = batch_settings_of(context)
    start = settings_of(context).start_frame
    if settings.result == "ARMATURES":
        return lambda name, motion: add_motion(context, motion, name, start)
    if settings.result == "ACTIONS":
        return _onto_character(context)
    if not settings.output:
        raise InputError("Into: no folder is chosen for the files; choose one")
    folder, preset = Path(bpy.path.abspath(settings.output)), PRESETS[settings.preset]
    require_writable(folder / f"clip{preset.suffix}")
    onto = _onto_character(context) if still_there(retarget_settings_of(context).character) is not None else None

    def write(name: str, motion: Motion) -> None:
        path = folder / f"{name}{preset.suffix}"
        if onto is not None:
            with moved_meanwhile(_chosen_character(context)):
                onto(name, motion)
                preset.write(context, _chosen_character(context), path)
            return
        armature = add_motion(context, motion, name, start)
        try:
            preset.write(context, armature, path)
        finally:
            discard(armature)

    return write


def _onto_character(context: bpy.types.Context) -> _Put:
    """Keys each motion on the character, in an action of its own."""
    _chosen_character(context)
    start = settings_of(context).start_frame

    def put(name: str, motion: Motion) -> None:
        # Asked anew: an undo while the clips were computed has made all objects and settings anew.
        retarget_onto(context, _chosen_character(context), motion, *_how(context), Placement(name, start))

    return put


def _chosen_character(context: bpy.types.Context) -> bpy.types.Object:
    """The section Retarget's character. Raises InputError where none is chosen, or it may not be animated."""
    character = still_there(retarget_settings_of(context).character)
    if character is None:
        raise InputError("no character is chosen in the section Retarget; pick its armature")
    require_animatable(character)
    return character


def _how(context: bpy.types.Context) -> tuple[BoneMapping, RetargetOptions]:
    """The section Retarget's bones and options."""
    settings = retarget_settings_of(context)
    return listed_mapping(settings), RetargetOptions(settings.root_motion, settings.path_scale, settings.feet)


register, unregister = registration_of(PosenormBatch)
