"""A preview to judge a motion by: the video with the 2D pose on it, beside the normalized skeleton from front and side.

All three show the same instant. The subject's left is blue, the right orange (Okabe and Ito's, told apart by the
colour-blind); what is uncertain is pale. Drawn by OpenCV, encoded by PyAV (H.264). Needs the extra `[video]`.
"""

from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import chain, repeat
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from posenorm_core.condition_skeleton import JOINT_NAMES, PARENTS
from posenorm_core.errors import InputError
from posenorm_core.files import write_aside
from posenorm_core.keypoints import Keypoints
from posenorm_core.landmarks import FIXED_TO, LANDMARK_NAMES
from posenorm_core.motion import Motion
from posenorm_core.video import Video, pictures

# Done and total frames; what it raises passes through, which is how a caller stops the work.
Progress = Callable[[int, int], None]

# Pixels: the whole, the part with the picture, and each of the two beside it.
_WIDTH, _HEIGHT, _STAGE, _SIDE = 960, 540, 620, 270
_LEFT, _RIGHT, _MIDDLE = (0, 114, 178), (213, 94, 0), (74, 80, 88)
_PAPER, _NIGHT, _INK = (244, 245, 247), (28, 30, 33), (107, 114, 122)
# The metres that a view of the skeleton shows from top to bottom, and how far above its middle the pelvis stands.
_SHOWN, _ABOVE = 2.4, 0.02
# Less sure than this a 2D landmark is drawn pale.
_SURE = 0.3
# Which of a skeleton's axes go right and up in each view: the front looks at the face, the side sees it turned right.
_VIEWS = (("front", (0, 1)), ("side", (2, 1)))
_BONES = [(joint, parent) for joint, parent in enumerate(PARENTS) if parent >= 0]
_LANDMARK_PARENTS = (*PARENTS, *FIXED_TO)
_HEAD, _NECK = JOINT_NAMES.index("head"), JOINT_NAMES.index("neck")


def write_preview(
    path: str | Path,
    motion: Motion,
    keypoints: Keypoints,
    *,
    video: Video | None = None,
    first: int = 0,
    progress: Progress | None = None,
) -> None:
    """Writes the preview of `motion`, made of `keypoints`, to `path` (.mp4).

    Behind the 2D pose stand the pictures of `video` from its frame `first` on, or an empty stage. Raises InputError
    where the file cannot be written.
    """
    behind: Iterator[np.ndarray | None] = (
        chain(pictures(video, first, largest=_STAGE), repeat(None)) if video else repeat(None)
    )
    place = _place(keypoints, video)
    positions = motion.positions()
    with write_aside(path) as aside, _av().open(str(aside), "w", format="mp4") as container:
        stream = _stream(container, motion.fps)
        for frame, picture in zip(range(len(motion)), behind, strict=False):
            canvas = np.empty((_HEIGHT, _WIDTH, 3), dtype=np.uint8)
            _draw_stage(canvas[:, :_STAGE], picture, keypoints.points[frame], keypoints.confidence[frame], place)
            for number, (name, axes) in enumerate(_VIEWS):
                panel = canvas[number * _SIDE : (number + 1) * _SIDE, _STAGE:]
                _draw_skeleton(panel, positions[frame], motion.confidence[frame], axes, name)
            _write(canvas, f"{frame / motion.fps:.2f} s", (12, _HEIGHT - 12))
            _encode(container, stream, canvas)
            if progress is not None:
                progress(frame + 1, len(motion))
        container.mux(stream.encode(None))


def _place(keypoints: Keypoints, video: Video | None) -> tuple[float, float, float]:
    """Scale and shift (x, y) from the points' pixels to the stage's: all of the picture, or of the person, fits."""
    seen = keypoints.points[keypoints.confidence > 0]
    width, height = keypoints.image_size
    if video and not width * height:
        width, height = video.size
    low, high = np.zeros(2), np.array([width, height])
    if not width * height:
        margin = 0.15 * np.ptp(seen, axis=0)
        low, high = seen.min(axis=0) - margin, seen.max(axis=0) + margin
    extent = np.maximum(high - low, 1)
    scale = float(min(_STAGE / extent[0], _HEIGHT / extent[1]))
    shift = (np.array([_STAGE, _HEIGHT]) - scale * (low + high)) / 2
    return scale, float(shift[0]), float(shift[1])


def _draw_stage(
    stage: np.ndarray,
    picture: np.ndarray | None,
    points: np.ndarray,
    confidence: np.ndarray,
    place: tuple[float, float, float],
) -> None:
    """The picture, if there is one, and the 2D pose on it."""
    stage[:] = _NIGHT if picture is not None else _PAPER
    if picture is not None:
        scale = min(_STAGE / picture.shape[1], _HEIGHT / picture.shape[0])
        width, height = round(picture.shape[1] * scale), round(picture.shape[0] * scale)
        left, top = (_STAGE - width) // 2, (_HEIGHT - height) // 2
        fitted = _cv2().resize(picture, (width, height), interpolation=_cv2().INTER_AREA)
        stage[top : top + height, left : left + width] = fitted
    scale, right, down = place
    at = _pixels(points * scale + np.array([right, down]))
    for landmark in np.flatnonzero(confidence > 0).tolist():
        ends = (landmark, _nearest_seen(landmark, confidence))
        sure = min(confidence[end] for end in ends) >= _SURE
        _line(stage, at[ends[0]], at[ends[1]], _colour(LANDMARK_NAMES[landmark], sure), 3 if sure else 1)


def _nearest_seen(landmark: int, confidence: np.ndarray) -> int:
    """The first of the landmark's ancestors that is seen: few detectors have a spine, yet there is a trunk."""
    above = _LANDMARK_PARENTS[landmark]
    while above >= 0 and confidence[above] <= 0:
        above = _LANDMARK_PARENTS[above]
    return above if above >= 0 else landmark


def _draw_skeleton(
    panel: np.ndarray, positions: np.ndarray, confidence: np.ndarray, axes: tuple[int, int], name: str
) -> None:
    """The skeleton (19, 3) seen along an axis, on paper; pale is what nobody saw: `confidence` (19) is 0."""
    panel[:] = _PAPER
    panel[:, :1] = panel[:1] = _INK
    height, width = panel.shape[:2]
    scale = height / _SHOWN
    places = np.array([width / 2, height * (0.5 - _ABOVE)]) + positions[:, axes] * np.array([scale, -scale])
    at = _pixels(places)
    # What is nearer is drawn last: the front looks down z, the side along x from the right.
    depth = positions[:, 2] if axes[0] == 0 else -positions[:, 0]
    for joint, parent in sorted(_BONES, key=lambda bone: depth[bone[0]] + depth[bone[1]]):
        _line(panel, at[joint], at[parent], _colour(JOINT_NAMES[joint], confidence[joint] > 0), 4)
    middle = _pixels(0.55 * places[[_HEAD]] + 0.45 * places[[_NECK]])[0]
    _cv2().circle(panel, middle, round(0.1 * scale), _colour("head", confidence[_HEAD] > 0), -1, _cv2().LINE_AA)
    _write(panel, name, (10, 20))


def _colour(name: str, sure: bool) -> tuple[int, int, int]:
    colour = _LEFT if name.startswith("left_") else _RIGHT if name.startswith("right_") else _MIDDLE
    return colour if sure else tuple((part + 2 * 200) // 3 for part in colour)  # type: ignore[return-value]


def _line(image: np.ndarray, a: tuple[int, int], b: tuple[int, int], colour: tuple[int, int, int], thick: int) -> None:
    _cv2().line(image, a, b, colour, thick, _cv2().LINE_AA)


def _pixels(places: np.ndarray) -> list[tuple[int, int]]:
    """Places (N, 2) in whole pixels, far outside at most by what OpenCV can count."""
    whole = np.clip(places, -10_000, 10_000).round().astype(int).tolist()
    return [(x, y) for x, y in whole]


def _write(image: np.ndarray, words: str, corner: tuple[int, int]) -> None:
    _cv2().putText(image, words, corner, _cv2().FONT_HERSHEY_SIMPLEX, 0.5, _INK, 1, _cv2().LINE_AA)


def _stream(container: Any, fps: float) -> Any:
    stream = container.add_stream("libx264", rate=Fraction(fps).limit_denominator(1001))
    stream.width, stream.height, stream.pix_fmt = _WIDTH, _HEIGHT, "yuv420p"
    stream.options = {"preset": "veryfast", "crf": "22"}
    return stream


def _encode(container: Any, stream: Any, canvas: np.ndarray) -> None:
    container.mux(stream.encode(_av().VideoFrame.from_ndarray(canvas, format="rgb24")))


def _av() -> ModuleType:
    return _needed("av")


def _cv2() -> ModuleType:
    return _needed("cv2")


def _needed(name: str) -> ModuleType:
    """A package of the extra; raises InputError, with the way to have it, where it is not installed."""
    try:
        return __import__(name)
    except ImportError:
        raise InputError('previews need the extra [video]: pip install "posenorm-core[video]"') from None
