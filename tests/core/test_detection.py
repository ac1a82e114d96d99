"""A video's people arrive at its own rate and in its own pixels, whatever the detector; what is missing is told."""

import sys
from pathlib import Path

import numpy as np
import pytest
from test_video import HEIGHT, WIDTH, even, number_of, write

from posenorm_core import __main__ as command_line
from posenorm_core import detection
from posenorm_core.detection import chosen_frames, detect
from posenorm_core.detectors import DETECTORS
from posenorm_core.errors import InputError
from posenorm_core.formats.mediapipe_layout import MEDIAPIPE_33
from posenorm_core.landmarks import LANDMARK_NAMES
from posenorm_core.video import Video

NOSE = LANDMARK_NAMES.index("nose")


class Reader:
    """A detector that finds somebody whose nose stands at the number that the picture carries; nobody in frame 3."""

    name, layout = "reader", MEDIAPIPE_33
    closed = 0

    def people(self, picture: np.ndarray) -> np.ndarray:
        number = number_of(picture)
        body = np.random.default_rng(0).uniform(0, 100, size=(33, 2))
        body[MEDIAPIPE_33.landmarks["nose"]] = 0
        person = np.concatenate([body + np.array([number, 10]), np.full((33, 1), 0.5)], axis=1)[None]
        return person[:0] if number == 3 else person

    def close(self) -> None:
        Reader.closed += 1


@pytest.fixture
def clip(tmp_path, monkeypatch) -> Path:
    pytest.importorskip("av", reason="the extra [video] is not installed")
    monkeypatch.setitem(DETECTORS, "reader", Reader)
    return write(tmp_path / "clip.mp4", even(30, 25, 12800), base=12800, rate=25)


def test_each_frame_is_detected_once_and_keeps_its_place(clip):
    told = []
    found = detect(clip, detector="reader", progress=lambda done, total: told.append((done, total)))
    assert (len(found), found.fps, found.image_size) == (30, 25.0, (WIDTH, HEIGHT))
    keypoints = found.keypoints()
    seen = np.arange(30) != 3
    np.testing.assert_allclose(keypoints.points[seen, NOSE, 0], np.arange(30)[seen])
    np.testing.assert_array_equal(keypoints.confidence[:, NOSE] > 0, seen)
    assert told == [(done, 30) for done in range(1, 31)]


def test_a_program_is_told_the_progress_in_lines(clip, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(DETECTORS, "mediapipe", Reader)
    words = ["detect", str(clip), "-o", str(tmp_path / "k.npz")]
    assert command_line.main([*words, "--progress-lines"]) == 0
    *progress, result = capsys.readouterr().out.splitlines()
    assert progress == [f"progress {done} 30" for done in range(1, 31)]
    assert result.endswith("k.npz")
    assert command_line.main(words) == 0
    assert capsys.readouterr().out.splitlines() == [result], "a person is not told so"


def test_a_part_in_seconds(clip):
    found = detect(clip, detector="reader", start=0.4, end=0.8)
    np.testing.assert_allclose(found.keypoints().points[:, NOSE, 0], np.arange(10, 20))


@pytest.mark.parametrize(
    ("start", "end"), [(0.5, 0.5), (9.0, None), (-1.0, None), (0.6, 0.2), (np.nan, None), (0.0, np.inf)]
)
def test_a_part_without_a_frame_is_refused(start, end):
    video = Video(Path("clip.mp4"), 25.0, 30, (10, 10), 0.0)
    with pytest.raises(InputError, match=r"clip.mp4: lasts 1.20 s"):
        chosen_frames(video, start, end)


def test_the_detector_is_closed_however_it_ends(clip, monkeypatch):
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    before = Reader.closed
    with pytest.raises(KeyboardInterrupt):
        detect(clip, detector="reader", progress=stop)
    assert Reader.closed == before + 1
    monkeypatch.setattr(Reader, "people", lambda self, picture: np.zeros((0, 33, 3)))
    with pytest.raises(InputError, match="nobody is seen in any of its 30 frames"):
        detect(clip, detector="reader")
    assert Reader.closed == before + 2


def test_points_are_the_videos_pixels_where_pictures_come_reduced(clip, monkeypatch):
    monkeypatch.setattr(detection, "pictures", lambda *_: iter([np.zeros((HEIGHT // 2, WIDTH // 2, 3), np.uint8)]))
    monkeypatch.setattr(Reader, "people", lambda self, picture: np.ones((1, 33, 3)) * [20, 10, 1])
    keypoints = detect(clip, detector="reader").keypoints()
    np.testing.assert_allclose(keypoints.points[0, NOSE], [40, 20])


def test_what_is_missing_is_told_with_the_way_to_have_it(clip, monkeypatch):
    with pytest.raises(InputError, match="there is mediapipe"):
        detect(clip, detector="none")
    monkeypatch.setitem(sys.modules, "mediapipe", None)
    with pytest.raises(InputError, match=r"posenorm-core\[video\]"):
        detect(clip)


def test_a_real_video_gives_a_person(shared_data):
    pytest.importorskip("mediapipe", reason="MediaPipe is not installed: there is none for this Python")
    found = detect(shared_data / "videos" / "balancing_cam02.mp4", end=0.5)
    keypoints = found.keypoints()
    assert len(keypoints) == 30
    assert keypoints.image_size == (1080, 1920)
    right, left, head, foot = (
        keypoints.points[:, LANDMARK_NAMES.index(name)].mean(axis=0)
        for name in ("right_shoulder", "left_shoulder", "nose", "left_ankle")
    )
    # He faces the camera: his right is on the picture's left.
    assert right[0] < left[0]
    assert head[1] < right[1] < foot[1]
