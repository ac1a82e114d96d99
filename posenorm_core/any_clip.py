"""What `normalize` takes but for videos: 2D keypoints of any detector, or motions, which only get another body."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from posenorm_core.cleaning import GENTLE
from posenorm_core.clip import Clip
from posenorm_core.condition_skeleton import CONDITION_SKELETON
from posenorm_core.formats import read_clip
from posenorm_core.motion import Motion, with_orientation
from posenorm_core.motion_files import MotionClip, read_motion_clip
from posenorm_core.normalizer import normalize
from posenorm_core.recorded_motion import with_skeleton
from posenorm_core.skeleton import Skeleton
from posenorm_core.weights import Weights

AnyClip = Clip | MotionClip


def read_any(path: str | Path, fps: float | None = None) -> AnyClip:
    """The keypoints or motions at `path`; `fps` is their rate where the format has none.

    Raises InputError with one line that names the file, what is wrong and what would be right.
    """
    return read_motion_clip(path, fps) or read_clip(path, fps)


def motion_of(
    clip: AnyClip,
    person: int | None = None,
    *,
    orientation: str = "unified",
    skeleton: Skeleton = CONDITION_SKELETON,
    weights: Weights | str | Path | None = None,
    smooth: float = GENTLE,
    exact: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Motion:
    """The motion of one person of `clip`, on `skeleton`; the arguments are those of `normalizer.normalize`.

    Recorded motions are neither smoothed nor judged by the network. Raises InputError where there is no such person.
    """
    if isinstance(clip, MotionClip):
        return with_orientation(with_skeleton(clip.motion(person), skeleton), orientation)
    return normalize(
        clip.keypoints(person),
        orientation=orientation,
        skeleton=skeleton,
        weights=weights,
        smooth=smooth,
        exact=exact,
        progress=progress,
    )


def with_rate(clip: AnyClip, fps: float) -> AnyClip:
    """The clip at `fps`, where its format does not tell the rate."""
    return replace(clip, fps=clip.fps or fps)
