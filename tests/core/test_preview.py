"""A preview shows every frame of the motion once, the 2D pose where it is and the skeleton the right way round."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from posenorm_core.builtin_motion import demo_clips
from posenorm_core.errors import InputError
from posenorm_core.normalizer import normalize
from posenorm_core.preview import write_preview
from posenorm_core.video import open_video

av = pytest.importorskip("av", reason="the extra [video] is not installed")
pytest.importorskip("cv2", reason="the extra [video] is not installed")

BLUE, ORANGE = np.array([0, 114, 178]), np.array([213, 94, 0])


@pytest.fixture(scope="module")
def clip():
    """Forty frames of the demo's clip, and their motion."""
    whole = demo_clips()[0]
    keypoints = replace(whole, points=whole.points[:40], confidence=whole.confidence[:40])
    return keypoints, normalize(keypoints)


def frames_of(path: Path) -> tuple[list[np.ndarray], float]:
    with av.open(str(path)) as container:
        return [f.to_ndarray(format="rgb24") for f in container.decode(video=0)], float(
            container.streams.video[0].average_rate
        )


def where(picture: np.ndarray, colour: np.ndarray) -> np.ndarray:
    """Rows and columns (N, 2) of the pixels that have about this colour."""
    return np.argwhere(np.abs(picture.astype(int) - colour).max(axis=2) < 50)


def test_every_frame_is_there_at_the_motions_rate(clip, tmp_path):
    keypoints, motion = clip
    told = []
    write_preview(tmp_path / "p.mp4", motion, keypoints, progress=lambda done, total: told.append((done, total)))
    pictures, fps = frames_of(tmp_path / "p.mp4")
    assert len(pictures) == len(motion) == 40
    assert pictures[0].shape == (540, 960, 3)
    assert fps == pytest.approx(motion.fps)
    assert told[-1] == (40, 40)


def test_the_face_looks_at_the_reader_in_front_and_to_the_right_from_the_side(clip, tmp_path):
    keypoints, motion = clip
    rest = np.zeros_like(motion.rotations)
    rest[..., 0] = 1
    write_preview(tmp_path / "p.mp4", replace(motion, rotations=rest), keypoints)
    picture = frames_of(tmp_path / "p.mp4")[0][5]
    front, side = picture[:270, 620:], picture[270:, 620:]
    # Who faces the reader has the left on the reader's right; in the T-pose the arms reach out to both sides.
    assert where(front, BLUE)[:, 1].max() > where(front, ORANGE)[:, 1].max() + 50
    # Seen from the right, the right arm and leg are in front; the toes point where the face looks.
    assert len(where(side, ORANGE)) > len(where(side, BLUE))
    feet = where(side, ORANGE)
    lowest = feet[feet[:, 0] > feet[:, 0].max() - 4]
    assert lowest[:, 1].max() > np.median(feet[:, 1]) + 8


def test_a_pose_that_nobody_saw_is_pale(clip, tmp_path):
    keypoints, motion = clip
    unseen = motion.confidence.copy()
    unseen[20:] = 0
    write_preview(tmp_path / "p.mp4", replace(motion, confidence=unseen), keypoints)
    pictures = frames_of(tmp_path / "p.mp4")[0]
    strong = [len(where(pictures[frame][:270, 620:], BLUE)) for frame in (10, 30)]
    assert strong[0] > 100
    assert strong[1] == 0


def test_the_2d_pose_stands_where_its_landmarks_are(clip, tmp_path):
    keypoints, motion = clip
    shown = replace(keypoints, image_size=(1240.0, 1080.0), points=np.full_like(keypoints.points, 0.0))
    shown.points[:, :] = [620.0, 540.0]
    shown.points[:, 3] = [1000.0, 300.0]  # the right ankle or its like: a line from the middle to up there
    write_preview(tmp_path / "p.mp4", motion, shown)
    stage = frames_of(tmp_path / "p.mp4")[0][5][:, :620]
    drawn = np.argwhere(np.abs(stage.astype(int) - [244, 245, 247]).max(axis=2) > 60)
    drawn = drawn[drawn[:, 0] < 500]  # without the time below
    assert abs(drawn[:, 1].max() - 500) < 6
    assert abs(drawn[:, 0].min() - 150) < 6


def test_points_of_another_size_than_their_video_stand_on_the_same_place(clip, tmp_path):
    from test_video import even
    from test_video import write as write_video

    keypoints, motion = clip
    video = open_video(write_video(tmp_path / "v.mp4", even(40, 25, 12800), base=12800, rate=25))
    assert video.size[0] / video.size[1] == pytest.approx(4 / 3)
    drawn = []
    for size in ((1600.0, 1200.0), (400.0, 300.0)):
        shown = replace(keypoints, image_size=size, points=np.full_like(keypoints.points, 0.5) * size)
        shown.points[:, 3] = np.multiply(size, (0.9, 0.2))
        write_preview(tmp_path / "p.mp4", motion, shown, video=video)
        drawn.append(where(frames_of(tmp_path / "p.mp4")[0][5][:, :620], ORANGE))
    assert len(drawn[0]) > 100
    np.testing.assert_allclose(drawn[0].mean(axis=0), drawn[1].mean(axis=0), atol=1)
    assert drawn[0][:, 1].max() == pytest.approx(0.9 * 620, abs=8)


def test_what_cannot_be_written_is_told_and_leaves_nothing(clip, tmp_path):
    keypoints, motion = clip
    with pytest.raises(InputError):
        write_preview(tmp_path / "no_folder" / "p.mp4", motion, keypoints)

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_preview(tmp_path / "p.mp4", motion, keypoints, progress=stop)
    assert not list(tmp_path.iterdir())
