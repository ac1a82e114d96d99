"""Videos of every kind that people have come out as upright pictures at an even rate, and what is none is told so.

Each picture of the test's videos carries its number in bright and dark fields, so that it is known which one came.
"""

import struct
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from posenorm_core.errors import InputError
from posenorm_core.video import open_video, pictures

av = pytest.importorskip("av", reason="the extra [video] is not installed")

WIDTH, HEIGHT, FIELD, BITS = 128, 96, 16, 8


def numbered(number: int) -> np.ndarray:
    """A picture whose top row of fields is `number` in binary; below, the left is dark and the right bright."""
    picture = np.full((HEIGHT, WIDTH, 3), 40, dtype=np.uint8)
    for bit in range(BITS):
        if number >> bit & 1:
            picture[:FIELD, bit * FIELD : (bit + 1) * FIELD] = 230
    picture[HEIGHT // 2 :, WIDTH // 2 :] = 230
    return picture


def number_of(picture: np.ndarray) -> int:
    """The number that a picture carries."""
    row = picture[4:12].mean(axis=(0, 2))
    return sum((row[bit * FIELD + 4 : (bit + 1) * FIELD - 4].mean() > 128) << bit for bit in range(BITS))


def write(path: Path, times: list[int], codec: str = "libx264", base: int = 1000, **options: object) -> Path:
    """A video of numbered pictures shown at `times`, in units of 1 / `base` seconds."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=options.get("rate", 30))
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.codec_context.time_base = Fraction(1, base)
        for number, time in enumerate(times):
            frame = av.VideoFrame.from_ndarray(numbered(number), format="rgb24")
            frame.pts, frame.time_base = time, Fraction(1, base)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def even(count: int, fps: float, base: int) -> list[int]:
    return [round(number * base / fps) for number in range(count)]


@pytest.mark.parametrize(
    ("suffix", "codec", "fps"),
    [
        ("mp4", "libx264", 30),
        ("mov", "libx264", 24),
        ("avi", "mpeg4", 25),
        ("webm", "libvpx", 30),
        ("mkv", "mpeg4", 60),
    ],
)
def test_every_frame_comes_once_and_in_order(tmp_path, suffix, codec, fps):
    base = fps if suffix == "avi" else 1000 if suffix in ("webm", "mkv") else 90 * fps
    path = write(tmp_path / f"clip.{suffix}", even(40, fps, base), codec, base, rate=fps)
    video = open_video(path)
    assert video.fps == pytest.approx(fps, rel=1e-3)
    assert video.size == (WIDTH, HEIGHT)
    found = [number_of(picture) for picture in pictures(video)]
    assert found == list(range(40))
    assert video.frame_count == 40


def test_the_rate_of_broadcast_is_told_exactly(tmp_path):
    path = write(tmp_path / "clip.mp4", even(60, 30000 / 1001, 30000), base=30000, rate=Fraction(30000, 1001))
    assert open_video(path).fps == 30000 / 1001


def test_a_varying_rate_becomes_even_and_nothing_moves_in_time(tmp_path):
    # Thirty a second, of which a phone in the dark left some out.
    left_out = {7, 8, 20, 33}
    times = [time for number, time in enumerate(even(45, 30, 90000)) if number not in left_out]
    video = open_video(write(tmp_path / "clip.mp4", times, base=90000))
    assert video.fps == pytest.approx(30, rel=1e-3)
    found = [number_of(picture) for picture in pictures(video)]
    kept = [number for number in range(45) if number not in left_out]
    assert found == [max(k for k, number in enumerate(kept) if number <= tick) for tick in range(45)]


def test_a_part_is_what_it_is_of_the_whole(tmp_path):
    video = open_video(write(tmp_path / "clip.mp4", even(50, 30, 90000), base=90000))
    assert [number_of(p) for p in pictures(video, 17, 31)] == list(range(17, 31))
    first = pictures(video)
    assert number_of(next(first)) == 0
    first.close()  # a reader who has enough leaves no thread behind


@pytest.mark.parametrize(("quarters", "matrix"), [(1, (0, 1, -1, 0)), (2, (-1, 0, 0, -1)), (3, (0, -1, 1, 0))])
def test_a_video_that_is_to_be_turned_comes_upright(tmp_path, quarters, matrix):
    path = write(tmp_path / "clip.mp4", even(5, 30, 90000), base=90000)
    content = bytearray(path.read_bytes())
    a, b, c, d = (value * 65536 for value in matrix)
    place = content.index(b"tkhd") + 44
    content[place : place + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(content)
    video = open_video(path)
    assert video.size == ((HEIGHT, WIDTH) if quarters % 2 else (WIDTH, HEIGHT))
    # The matrix turns clockwise.
    expected = np.rot90(numbered(0), -quarters)
    for picture in pictures(video):
        assert picture.shape == expected.shape
        break
    first = next(iter(pictures(video)))
    assert np.abs(first.astype(float) - expected).mean() < 10


def test_a_large_picture_comes_reduced(tmp_path):
    path = tmp_path / "large.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 3840, 2160, "yuv420p"
        frame = av.VideoFrame.from_ndarray(np.zeros((2160, 3840, 3), np.uint8), format="rgb24")
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    video = open_video(path)
    assert video.size == (3840, 2160)
    assert next(iter(pictures(video))).shape == (1080, 1920, 3)


def test_a_video_cut_short_gives_what_is_there(tmp_path):
    path = write(tmp_path / "clip.mkv", even(60, 30, 1000), "mpeg4")
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    video = open_video(path)
    found = [number_of(picture) for picture in pictures(video)]
    assert 10 < len(found) < 60
    assert found == list(range(len(found)))


def test_what_is_no_video_is_told_so_in_one_line(tmp_path):
    text, sound, headless = tmp_path / "clip.mp4", tmp_path / "sound.mp4", tmp_path / "cut.mp4"
    text.write_text("no video")
    with av.open(str(sound), "w") as container:
        stream = container.add_stream("aac", rate=44100)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 44100
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    whole = write(tmp_path / "whole.mp4", even(30, 30, 90000), base=90000).read_bytes()
    headless.write_bytes(whole[: len(whole) // 2])  # the table of frames stands at the end
    for path, words in ((text, "video"), (sound, "no pictures"), (headless, "video"), (tmp_path / "no.mp4", "no such")):
        with pytest.raises(InputError, match=words) as caught:
            open_video(path)
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)
