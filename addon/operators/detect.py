"""The buttons of a video: choose one, and find the 2D pose in it, in a Python of the user's own beside Blender."""

import hashlib
from pathlib import Path
from typing import Any

import bpy

from posenorm_core.errors import InputError
from posenorm_core.files import require_writable
from posenorm_core.formats import read_clip

from .. import source
from ..job import Work
from ..preferences import own_folder, python_path
from ..properties import settings_of
from ..registration import registration_of
from ..settings.video import video_settings_of
from ..status import status
from ..video_detection import detect_video
from .job_operator import JobOperator

_SUFFIX = ".keypoints.npz"


class PosenormChooseVideo(bpy.types.Operator):
    """Pick a video of the person."""

    bl_idname = "posenorm.choose_video"
    bl_label = "Choose Video"
    bl_description = "Pick a video of the person: MP4, MOV, AVI, WebM or MKV"

    filepath: bpy.props.StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})  # type: ignore[valid-type]
    filter_glob: bpy.props.StringProperty(  # type: ignore[valid-type]
        default="*.mp4;*.mov;*.avi;*.webm;*.mkv;*.m4v", options={"HIDDEN"}
    )

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> Any:
        """Opens the file browser."""
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> Any:
        """Takes the file."""
        video_settings_of(context).video = self.filepath
        return {"FINISHED"}


class PosenormDetect(JobOperator):
    """Find the person's 2D pose in the video, and take it as the source (Esc stops)."""

    bl_idname = "posenorm.detect"
    bl_label = "Detect"
    bl_description = (
        "Find the person's 2D pose in the video, and take it as the source (Esc stops). "
        "What was found in it before is taken again"
    )

    verb = "Detecting"

    again: bpy.props.BoolProperty(  # type: ignore[valid-type]
        name="Again", description="Detect anew, whatever was found before", options={"SKIP_SAVE"}
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """There must be a video and no running job."""
        if not video_settings_of(context).video:
            cls.poll_message_set("Pick a video first")
        elif status.progress is not None:
            cls.poll_message_set("Wait for the running job, or stop it with Esc")
        else:
            return True
        return False

    def prepare(self, context: bpy.types.Context) -> Work:
        """Looks for what was found before; the detecting is the work."""
        video = Path(bpy.path.abspath(video_settings_of(context).video))
        if not video.is_file():
            raise InputError(f"{video}: there is no such file; choose the video again")
        person = video_settings_of(context).person
        places = _places(video, person, own_folder("keypoints"))
        self._earlier = None if self.again else _earlier_result(video, places)
        if self._earlier is not None:
            earlier = self._earlier
            return lambda _report: (earlier, read_clip(earlier), "")
        python, output, log = python_path(context), _writable(places), own_folder("logs") / "detect.log"

        def work(report: Any) -> Any:
            people = detect_video(python, video, person, output, log, report)
            return output, read_clip(output), people

        return work

    def finish(self, context: bpy.types.Context, result: Any) -> str:
        """Makes the keypoints the source."""
        path, clip, people = result
        source.remember(str(path), clip)
        video_settings_of(context).detected = str(path)
        settings_of(context).source = str(path)
        if self._earlier is not None:
            return f"{path.name} was there: {len(clip)} frames; Detect Again makes it anew"
        others = f". Several were seen, choose by Person: {people}" if people else ""
        return f"{len(clip)} frames, a person in {clip.people[0].share:.0%} of them: {path}{others}"


def _places(video: Path, person: int, own: Path) -> tuple[Path, Path]:
    """Where a person's keypoints may be: beside the video, and where none can be written among the user's files."""
    name = video.name + (f".person{person}" if person > 1 else "") + _SUFFIX
    return video.with_name(name), own / hashlib.sha256(str(video).encode()).hexdigest()[:12] / name


def _earlier_result(video: Path, places: tuple[Path, Path]) -> Path | None:
    """The keypoints made of `video` as it is now, if there are any that can be read."""
    for place in places:
        try:
            if place.stat().st_mtime >= video.stat().st_mtime:
                read_clip(place)
                return place
        except (OSError, InputError):
            continue
    return None


def _writable(places: tuple[Path, Path]) -> Path:
    """The first of `places` that can be written; raises InputError where none can."""
    beside, own = places
    try:
        require_writable(beside)
    except InputError:
        own.parent.mkdir(exist_ok=True)
        require_writable(own)
        return own
    return beside


register, unregister = registration_of(PosenormChooseVideo, PosenormDetect)
