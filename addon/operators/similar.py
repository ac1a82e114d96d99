"""The buttons of the part Similar Poses: find them, and bring a clip of the index in which one was found."""

from pathlib import Path
from typing import Any

import bpy

from ..job import Work
from ..properties import settings_of
from ..registration import registration_of
from ..scene.file_motions import file_motions, frame_at
from ..scene.keyed_motion import has_motion
from ..scene.timing import scene_fps
from ..settings.compare import compare_settings_of
from ..settings.similar import chosen_place, show_places, similar_settings_of
from ..similar import Search
from .job_operator import JobOperator
from .normalize import add_normalized, choices_of


class PosenormFindSimilar(JobOperator):
    """List where the pose of the present frame comes again."""

    bl_idname = "posenorm.find_similar"
    bl_label = "Find Similar"
    bl_description = (
        "List where the pose that the active armature, else A, has at the present frame comes again: in all motions "
        "of this file, also at the timing from before Align, and in the index. Its own surroundings of half a second "
        "are left out. Click a row to go there (Esc stops)"
    )
    bl_options = {"UNDO"}  # noqa: RUF012 - Blender's own spelling

    verb = "Searching"
    needs_source = False

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """There must be an armature to ask about."""
        if asked_armature(context) is None:
            cls.poll_message_set("Select an armature that PoseNorm made, or pick A")
            return False
        return super().poll(context)

    def prepare(self, context: bpy.types.Context) -> Work:
        """Reads the file's motions; the search is the work."""
        settings, scene = similar_settings_of(context), context.scene
        motions, self._refused = file_motions(asked_armature(context))  # type: ignore[arg-type]
        frame = frame_at(motions[0], scene.frame_current_final, settings.seconds)
        self._asked = f"{motions[0].armature} at frame {motions[0].frames[frame]:.0f}"
        return Search(
            motions=tuple(motions),
            frame=frame,
            seconds=settings.seconds,
            mirrored=settings.mirrored,
            count=settings.count,
            index=Path(bpy.path.abspath(settings.index)) if settings.index else None,
        ).run

    def finish(self, context: bpy.types.Context, result: Any) -> str:
        """Lists the places."""
        show_places(similar_settings_of(context), result)
        count = "1 place" if len(result) == 1 else f"{len(result)} places"
        return "; ".join([f"{count} like {self._asked}", *(f"left out: {why}" for why in self._refused)])


class PosenormNormalizeSimilar(JobOperator):
    """Bring the clip of the index in which the chosen place is."""

    bl_idname = "posenorm.normalize_similar"
    bl_label = "Normalize Clip"
    bl_description = (
        "Make an armature of the clip in which the chosen place is, as Normalize does with the choices there, and go "
        "to the frame of the place (Esc stops)"
    )
    bl_options = {"UNDO"}  # noqa: RUF012 - Blender's own spelling

    verb = "Normalizing"
    needs_source = False

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """A place of the index must be chosen."""
        place = chosen_place(similar_settings_of(context))
        if place is None or place.armature:
            cls.poll_message_set("Choose a place of the index in the list")
            return False
        return super().poll(context)

    def prepare(self, context: bpy.types.Context) -> Work:
        """Takes the place's clip, and the choices of the section Normalize."""
        place: Any = chosen_place(similar_settings_of(context))
        scene: Any = context.scene
        self._start_frame, self._person = settings_of(context).start_frame, place.person
        self._frame = round(self._start_frame + place.seconds * scene_fps(scene))
        return choices_of(context, path=place.path, clip=None, person=place.person, fps=place.fps).compute

    def finish(self, context: bpy.types.Context, result: Any) -> str:
        """Adds the armature, and goes to the place."""
        clip, motion = result
        person = self._person if len(clip.people) > 1 else None
        told = add_normalized(context, clip, motion, person, self._start_frame)
        scene: Any = context.scene
        scene.frame_set(self._frame)
        return told


def asked_armature(context: bpy.types.Context) -> bpy.types.Object | None:
    """The armature whose pose is looked for: the active one of ours, else A of the comparison."""
    for candidate in (context.object, compare_settings_of(context).armature_a):
        if candidate is not None and has_motion(candidate):
            return candidate
    return None


register, unregister = registration_of(PosenormFindSimilar, PosenormNormalizeSimilar)
