"""The detector formats, and `read_clip`, which finds out by itself which one it has before it.

To add a format: one module here with `DESCRIPTION`, `recognises(source) -> bool`, told from the content, and
`read(source, fps) -> Clip`; and its row in `FORMATS`.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from posenorm_core.clip import Clip
from posenorm_core.errors import InputError
from posenorm_core.formats import alphapose, coco, human36m17, keypoints_file, mediapipe, mmpose, openpose, videopose3d
from posenorm_core.formats.source import Source
from posenorm_core.frame_rate import require_fps
from posenorm_core.video import is_video

__all__ = ["FORMATS", "Format", "read_clip"]


class Format(NamedTuple):
    """A row of the registry."""

    description: str
    recognises: Callable[[Source], bool]
    read: Callable[[Source, float | None], Clip]


FORMATS = (
    Format(openpose.DESCRIPTION, openpose.recognises, openpose.read),
    Format(alphapose.DESCRIPTION, alphapose.recognises, alphapose.read),
    Format(coco.DESCRIPTION, coco.recognises, coco.read),
    Format(mediapipe.DESCRIPTION, mediapipe.recognises, mediapipe.read),
    Format(mmpose.DESCRIPTION, mmpose.recognises, mmpose.read),
    Format(keypoints_file.DESCRIPTION, keypoints_file.recognises, keypoints_file.read),
    Format(videopose3d.DESCRIPTION, videopose3d.recognises, videopose3d.read),
    Format(human36m17.DESCRIPTION, human36m17.recognises, human36m17.read),
)


def read_clip(path: str | Path, fps: float | None = None) -> Clip:
    """All the people in the keypoints at `path`, a file or a folder of any format in `FORMATS`.

    `fps` is the input's frame rate where its format has none; where the format tells it, that stands.
    Raises InputError with one line that names the file, what is wrong and what would be right.
    """
    if fps is not None:
        require_fps(fps)
    with Source(path) as source:
        if source.kind != "file" and not source.names:
            raise InputError(f"{path}: is an empty {source.kind}; it should hold {openpose.DESCRIPTION}")
        chosen = next((known for known in FORMATS if known.recognises(source)), None)
        if chosen is None and is_video(path):
            raise InputError(f"{path}: is a video; its keypoints are found by `detect`, or on the way by `normalize`")
        if chosen is None and source.is_cut_archive():
            raise InputError(f"{path}: begins as a zip or .npz archive and has no end; it is cut short, copy it again")
        if chosen is None:
            readable = "; ".join(known.description for known in FORMATS)
            raise InputError(f"{path}: holds no keypoints known here, which are: {readable}")
        clip = chosen.read(source, fps)
    if not len(clip):
        raise InputError(f"{path}: holds no frames")
    if not clip.people:
        raise InputError(f"{path}: nobody is in it: no keypoint of its {len(clip)} frames has a confidence above 0")
    return clip
