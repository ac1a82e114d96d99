"""The video behind the armature: a camera that saw what the video's camera saw, and the view through it."""

from dataclasses import replace
from typing import Any

import bpy

from posenorm_core.any_clip import read_any
from posenorm_core.clip import Clip
from posenorm_core.errors import InputError
from posenorm_core.keypoints import Keypoints

from .. import source
from ..properties import chosen_person, settings_of
from ..registration import registration_of
from ..scene.keyed_motion import has_motion, orientation_of
from ..scene.video_camera import add_video_camera, look_through, picture_size
from ..settings.video import video_settings_of
from .telling import TellingOperator


class PosenormShowVideo(TellingOperator, bpy.types.Operator):  # type: ignore[misc]
    """Put the video behind the selected armature, seen through a camera of its own, in step with the frames."""

    bl_idname = "posenorm.show_video"
    bl_label = "Show Video"
    bl_description = (
        "Put the video behind the active armature, seen through a camera of its own, in step with the frames. "
        "In the orientation View the armature lies over the person"
    )
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012 - Blender's own spelling

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """There must be a video and its 2D pose."""
        if not video_settings_of(context).video:
            cls.poll_message_set("Pick a video first")
        elif not settings_of(context).source:
            cls.poll_message_set("Detect the 2D pose first, or pick its file as the source")
        else:
            return True
        return False

    def work(self, context: bpy.types.Context) -> str:
        """Adds the camera, and looks through it."""
        settings, choices = settings_of(context), video_settings_of(context)
        scene: Any = context.scene
        armature = context.object if has_motion(context.object) else None
        keypoints = _keypoints(settings, choices.video)
        camera = add_video_camera(context, choices.video, keypoints, armature, settings.start_frame)
        if context.space_data is not None and context.space_data.type == "VIEW_3D":
            look_through(context.space_data, scene, camera)
        turned = armature is None or orientation_of(armature) == "view"
        return camera.name + ("" if turned else ": set the orientation View to see the armature over the person")


def _keypoints(settings: Any, video: str) -> Keypoints:
    """The source's 2D pose, of the person and at the rate that Normalize takes. May raise InputError."""
    clip = source.recall(settings.source) or read_any(bpy.path.abspath(settings.source))
    if not isinstance(clip, Clip):
        raise InputError(f"{clip.path}: is a motion, no 2D pose; pick the 2D pose of the video as the source")
    clip = replace(clip.in_image(picture_size(video)), fps=clip.fps or settings.fps)
    return clip.keypoints(chosen_person(settings))


register, unregister = registration_of(PosenormShowVideo)
