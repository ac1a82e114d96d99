"""A video file as pictures at an even rate, upright and with square pixels, whatever the file does inside.

Phones record at a varying rate and store portrait as landscape with a note to turn it; streams tell no frame count.
So the times of all frames are read first (without decoding), a rate is found, and each of its ticks gets the frame
shown at that time. Decoding is PyAV's (FFmpeg's libraries), in a thread of its own. Needs the extra `[video]`.
"""

import contextlib
import queue
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from posenorm_core.errors import InputError
from posenorm_core.frame_rate import FASTEST_FPS, SLOWEST_FPS

# A detector sees no more in a larger picture; pixels, the longer side.
LARGEST_SIDE = 1920
# Intervals between frames that differ by less than this share are an even rate.
_EVEN = 0.02
# Decoded pictures that wait for the detector.
_AHEAD = 8


@dataclass(frozen=True)
class Video:
    """What a video file is, before any of its pictures is decoded."""

    path: Path
    fps: float
    frame_count: int  # ticks of `fps` from the first frame to the last
    size: tuple[float, float]  # width, height in pixels as it is shown
    begins: float  # seconds: the first frame's time in the file


# How the containers of videos begin: at which byte, with what.
_BEGINNINGS = (
    (4, (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")),  # MP4, MOV
    (0, (b"\x1a\x45\xdf\xa3", b"FLV\x01", b"OggS", b"GIF8")),  # Matroska and WebM, Flash, Ogg, GIF
    (0, (b"\x00\x00\x01\xba", b"\x00\x00\x01\xb3", b"\x30\x26\xb2\x75")),  # MPEG, Windows Media
    (8, (b"AVI ",)),
)


def is_video(path: str | Path) -> bool:
    """Whether the file at `path` begins as videos do, whatever it is called."""
    try:
        with Path(path).open("rb") as file:
            head = file.read(12)
    except OSError:
        return False
    return any(head[place:].startswith(beginnings) for place, beginnings in _BEGINNINGS)


def open_video(path: str | Path) -> Video:
    """Looks into the file at `path`; raises InputError where it is no video that can be read."""
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: there is no such file")
    try:
        with _av().open(str(path)) as container:
            times = _frame_times(container, path)
            width, height = _shown_size(container, path)
    except InputError:
        raise
    except (_av().FFmpegError, ValueError, OSError) as error:
        raise InputError(f"{path}: cannot be read as a video ({_reason(error)})") from None
    fps = _even_rate(times)
    return Video(path, fps, round((times[-1] - times[0]) * fps) + 1, (width, height), float(times[0]))


def pictures(
    video: Video, first: int = 0, last: int | None = None, largest: int = LARGEST_SIDE
) -> Iterator[np.ndarray]:
    """The pictures (H, W, 3), RGB, of the ticks `first` up to but not including `last`.

    Those whose longer side has more than `largest` pixels come reduced: a picture's own size over `video.size` tells
    by how much. Ends early where the file does.
    """
    waiting: queue.Queue[np.ndarray | BaseException | None] = queue.Queue(_AHEAD)
    stopped = threading.Event()
    ticks = range(first, video.frame_count if last is None else last)
    thread = threading.Thread(target=_decode_into, args=(waiting, stopped, video, ticks, largest), daemon=True)
    thread.start()
    try:
        while (picture := waiting.get()) is not None:
            if isinstance(picture, BaseException):
                raise picture
            yield picture
    finally:
        stopped.set()
        # Room for the one that the thread may be holding, so that it sees the event.
        while thread.is_alive():
            _drain(waiting)
            thread.join(0.02)


def _decode_into(
    waiting: "queue.Queue[Any]", stopped: threading.Event, video: Video, ticks: range, largest: int
) -> None:
    """The thread: pictures, then None, or what went wrong."""
    try:
        for picture in _decoded(video, ticks, largest):
            waiting.put(picture)
            if stopped.is_set():
                return
        waiting.put(None)
    except Exception as error:  # whatever it is, it is the reader's to know
        waiting.put(error)


def _drain(waiting: "queue.Queue[Any]") -> None:
    while not waiting.empty():
        waiting.get_nowait()


def _decoded(video: Video, ticks: range, largest: int) -> Iterator[np.ndarray]:
    """The picture shown at each tick: of the last frame whose time has come, to the nearest tick."""
    tick = ticks.start
    shown: Any = None
    picture: np.ndarray | None = None
    for frame in _frames(video, video.begins + ticks.start / video.fps):
        due = (float(frame.time) - video.begins) * video.fps - 0.5
        while shown is not None and tick < min(due, ticks.stop):
            picture = _picture(shown, video, largest) if picture is None else picture
            yield picture
            tick += 1
        if tick >= ticks.stop:
            return
        shown, picture = frame, None
    if shown is not None:
        yield _picture(shown, video, largest)


def _frames(video: Video, begin: float) -> Iterator[Any]:
    """Decoded frames from just before `begin` seconds on; a damaged stretch is left out."""
    with _av().open(str(video.path)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        if begin > video.begins:
            container.seek(int(begin / stream.time_base), stream=stream)
        packets = container.demux(stream)
        while True:
            try:
                packet = next(packets, None)
                if packet is None:
                    return
                yield from (frame for frame in packet.decode() if frame.time is not None)
            except _av().error.EOFError:
                return
            except _av().error.InvalidDataError:
                continue


def _picture(frame: Any, video: Video, largest: int) -> np.ndarray:
    """A decoded frame as it is meant to be seen: square pixels, upright, not too large."""
    scale = min(1.0, largest / max(video.size))
    turns = _quarter_turns(frame)
    width, height = (round(side * scale) for side in (video.size if turns % 2 == 0 else video.size[::-1]))
    image = frame.to_ndarray(format="rgb24", width=width, height=height)
    return np.ascontiguousarray(np.rot90(image, turns))


def _shown_size(container: Any, path: Path) -> tuple[float, float]:
    """Width and height of the first frame as it is shown; raises InputError where none can be decoded."""
    stream = container.streams.video[0]
    container.seek(0)
    for packet in container.demux(stream):
        try:
            frames = packet.decode()
        except _av().error.InvalidDataError:
            continue
        for frame in frames:
            # A pixel's width over its height is None or 0 where it is not told.
            size = float(frame.width * (stream.sample_aspect_ratio or 1)), float(frame.height)
            return size if _quarter_turns(frame) % 2 == 0 else size[::-1]
    raise InputError(f"{path}: none of its frames can be decoded; it is damaged or cut short")


def _quarter_turns(frame: Any) -> int:
    """How often the frame is to be turned to the left; a file may tell nonsense, which is no turn."""
    return round(frame.rotation / 90) if abs(frame.rotation) <= 360 else 0


def _frame_times(container: Any, path: Path) -> np.ndarray:
    """When each frame is shown (N,), seconds, ascending; raises InputError where there are no pictures."""
    if not container.streams.video:
        raise InputError(f"{path}: holds no pictures; it must be a video")
    stream = container.streams.video[0]
    times = []
    # Where the file is cut short, what came before it counts.
    with contextlib.suppress(_av().FFmpegError):
        for packet in container.demux(stream):
            if packet.pts is not None and packet.size:
                times.append(float(packet.pts * packet.time_base))
    if not times:
        raise InputError(f"{path}: holds no frames; it is empty or cut short")
    return np.unique(times)


def _even_rate(times: np.ndarray) -> float:
    """Frames a second of frames at `times` (N,): the mean rate where they are even, else that of the usual interval."""
    if len(times) < 2:
        return 30.0
    intervals = np.diff(times)
    usual = float(np.median(intervals))
    mean = float((times[-1] - times[0]) / (len(times) - 1))
    interval = mean if abs(mean - usual) < _EVEN * usual else usual
    # What is told in milliseconds or ticks is not told exactly.
    fps = 1 / interval
    known = min((24000 / 1001, 24.0, 25.0, 30000 / 1001, 30.0, 50.0, 60000 / 1001, 60.0), key=lambda r: abs(r - fps))
    exact = known if abs(known / fps - 1) < 2e-4 else fps
    return float(np.clip(exact, SLOWEST_FPS, FASTEST_FPS))


def _reason(error: BaseException) -> str:
    return str(getattr(error, "strerror", "") or error)


def _av() -> ModuleType:
    """PyAV; raises InputError, with the way to have it, where it is not installed."""
    try:
        import av
    except ImportError:
        raise InputError('videos need the extra [video]: pip install "posenorm-core[video]"') from None
    module: ModuleType = av
    return module
