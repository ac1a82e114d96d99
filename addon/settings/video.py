"""What the user chooses of a video, kept with the scene as `scene.posenorm_video`."""

from typing import Any, cast

import bpy
from bpy.app.handlers import persistent

from ..scene import pose_overlay


def _video_changed(settings: "PosenormVideoSettings", _context: bpy.types.Context) -> None:
    """What was found in another video is not of this one."""
    settings.detected = ""


def _show_pose_changed(_settings: "PosenormVideoSettings", _context: bpy.types.Context) -> None:
    _follow_settings()


class PosenormVideoSettings(bpy.types.PropertyGroup):
    """The choices of the section Video."""

    video: bpy.props.StringProperty(  # type: ignore[valid-type]
        name="Video", description="A video of the person: MP4, MOV, AVI, WebM or MKV", update=_video_changed
    )
    detected: bpy.props.StringProperty(  # type: ignore[valid-type]
        name="Detected", description="The keypoints file that was found in the video", options={"HIDDEN"}
    )
    person: bpy.props.IntProperty(  # type: ignore[valid-type]
        name="Detect Person", description="Whom to detect where several are seen: 1 is seen the most", default=1, min=1
    )
    show_pose: bpy.props.BoolProperty(  # type: ignore[valid-type]
        name="2D Pose",
        description="Draw the 2D pose over the video, where the view looks through the video's camera",
        update=_show_pose_changed,
    )


def video_settings_of(context: bpy.types.Context) -> Any:
    """The video's settings kept with the context's scene."""
    scene: Any = context.scene
    return scene.posenorm_video


@persistent
def _follow_settings(*_: object) -> None:
    """The 2D pose is drawn exactly while a scene of the file, which may just have been read or undone, wants it."""
    scenes: Any = bpy.data.scenes
    pose_overlay.draw_pose(any(scene.posenorm_video.show_pose for scene in scenes))


def register() -> None:
    """Adds `scene.posenorm_video`, and listens for files being read."""
    bpy.utils.register_class(PosenormVideoSettings)
    scene, properties = cast(Any, bpy.types.Scene), cast(Any, bpy.props)
    scene.posenorm_video = properties.PointerProperty(type=PosenormVideoSettings)
    for handlers in _listened():
        handlers.append(_follow_settings)


def unregister() -> None:
    """Removes it, and whatever is drawn."""
    for handlers in _listened():
        handlers.remove(_follow_settings)
    pose_overlay.draw_pose(False)
    scene: Any = bpy.types.Scene
    del scene.posenorm_video
    bpy.utils.unregister_class(PosenormVideoSettings)


def _listened() -> tuple[Any, ...]:
    """After these the settings may be others without anybody having been told."""
    return bpy.app.handlers.load_post, bpy.app.handlers.undo_post, bpy.app.handlers.redo_post
