"""Our keypoints file as an input: one person, its own frame rate, and one line for whatever is wrong with it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from posenorm_core.errors import InputError
from posenorm_core.formats import read_clip
from posenorm_core.keypoints import Keypoints, save_keypoints
from posenorm_core.landmarks import LANDMARK_NAMES


def fields(frames: int = 6) -> dict[str, Any]:
    """A sound file's arrays."""
    rng = np.random.default_rng(2)
    return {
        "format": "posenorm-keypoints",
        "version": 1,
        "fps": 59.94,
        "image_size": np.array([1920.0, 1080.0]),
        "joint_names": np.array(LANDMARK_NAMES),
        "points": rng.uniform(0, 1000, (frames, 24, 2)),
        "confidence": np.full((frames, 24), 0.5),
    }


def test_a_file_is_one_person_at_its_own_rate(tmp_path: Path) -> None:
    points = fields()["points"].astype(np.float32)
    confidence = np.full((6, 24), 0.5, dtype=np.float32)
    confidence[2] = 0
    save_keypoints(Keypoints(59.94, (640, 480), points, confidence, {}), tmp_path / "k.npz")
    clip = read_clip(tmp_path / "k.npz", fps=25)
    assert (clip.fps, clip.image_size, len(clip), len(clip.people)) == (59.94, (640, 480), 6, 1)
    assert clip.people[0].share == pytest.approx(5 / 6)
    np.testing.assert_array_equal(clip.keypoints().confidence, confidence)
    np.testing.assert_array_equal(clip.keypoints().points[confidence > 0], points[confidence > 0])


def test_one_frame_is_enough(tmp_path: Path) -> None:
    np.savez(tmp_path / "k.npz", **fields(1))
    assert len(read_clip(tmp_path / "k.npz")) == 1


def _nan_where_seen(arrays: dict[str, Any]) -> None:
    arrays["points"][3, 4, 1] = np.nan


def _nan_where_missing(arrays: dict[str, Any]) -> None:
    arrays["points"][3, 4], arrays["confidence"][3, 4] = np.nan, 0


def test_nan_where_nothing_is_seen_is_a_way_to_say_missing(tmp_path: Path) -> None:
    arrays = fields()
    _nan_where_missing(arrays)
    np.savez(tmp_path / "k.npz", **arrays)
    assert read_clip(tmp_path / "k.npz").keypoints().confidence[3, 4] == 0


BROKEN = {
    "nan where seen": (_nan_where_seen, "not finite"),
    "a huge coordinate": (lambda a: a["points"].fill(1e300), "beyond any image"),
    "nan confidence": (lambda a: a["confidence"].fill(np.nan), "confidence"),
    "nobody": (lambda a: a["confidence"].fill(0), "nobody is in it"),
    "no frames": (lambda a: a.update(fields(0)), "holds no frames"),
    "another joint count": (lambda a: a.update(points=np.zeros((6, 17, 2))), "24 joints are named"),
    "three coordinates": (lambda a: a.update(points=np.zeros((6, 24, 3))), "'points' should be"),
    "fewer confidences": (lambda a: a.update(confidence=np.ones((5, 24))), "must agree"),
    "another joint": (lambda a: a.update(joint_names=np.array(["tail", *LANDMARK_NAMES[1:]])), "'tail'"),
    "a joint of two lines": (
        lambda a: a.update(joint_names=np.array(["a\nb", *LANDMARK_NAMES[1:]])),
        "joint 'a\\nb'",
    ),
    "a joint twice": (lambda a: a.update(joint_names=np.array(LANDMARK_NAMES[:1] * 24)), "same name"),
    "no joint names": (lambda a: a.pop("joint_names"), "0 joints are named"),
    "no points": (lambda a: a.pop("points"), "lacks the array 'points'"),
    "text for points": (lambda a: a.update(points=np.full((6, 24, 2), "x")), "'points' should be"),
    "pickles": (lambda a: a.update(points=np.full((6, 24, 2), None)), "no readable .npz"),
    "no rate": (lambda a: a.update(fps=0.0), "frame rate 0"),
    "a rate of nan": (lambda a: a.update(fps=np.nan), "frame rate nan"),
    "a rate a row": (lambda a: a.update(fps=np.ones(6)), "'fps' should be"),
    "an image size of nan": (lambda a: a.update(image_size=np.array([np.nan, 1])), "image size"),
    "another version": (lambda a: a.update(version=2), "version 2"),
    "a version in words": (lambda a: a.update(version="new"), "version new"),
    "another format": (lambda a: a.update(format="posenorm-motion"), "posenorm-motion"),
    "formats": (lambda a: a.update(format=np.array(["a", "b"] * 500)), "something else"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_wrong_is_said_in_one_line(tmp_path: Path, case: str) -> None:
    spoil, words = BROKEN[case]
    arrays = fields()
    spoil(arrays)
    path = tmp_path / "k.npz"
    np.savez(path, **arrays)
    with pytest.raises(InputError) as caught:
        read_clip(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert words in message
    assert "\n" not in message


@pytest.mark.filterwarnings("error")
def test_a_confidence_beyond_all_is_a_sure_one(tmp_path: Path) -> None:
    arrays = fields()
    arrays["confidence"][3] = 1e300
    np.savez(tmp_path / "k.npz", **arrays)
    assert (read_clip(tmp_path / "k.npz").keypoints().confidence[3] == 1).all()


def test_ten_minutes_of_somebody_who_hardly_moves_is_no_bomb(tmp_path: Path) -> None:
    """The same two seconds over and over pack into a small part of their size."""
    once = np.random.default_rng(0).uniform(0, 500, (60, len(LANDMARK_NAMES), 2))
    points = np.tile(once, (300, 1, 1))
    save_keypoints(Keypoints(30.0, (640.0, 480.0), points, np.ones(points.shape[:2]), {}), tmp_path / "long.npz")
    assert points.size * 6 > 20 * (tmp_path / "long.npz").stat().st_size
    assert len(read_clip(tmp_path / "long.npz")) == 18_000


def test_a_cut_makes_nobody_else_of_him(tmp_path: Path) -> None:
    """Two cameras in turns: the file is of one person, wherever he stands in the picture."""
    points = np.random.default_rng(1).uniform(0, 60, (1, 24, 2)) + np.zeros((240, 1, 1))
    points[np.arange(240) // 24 % 2 == 1] += 900
    save_keypoints(Keypoints(30.0, (1920, 1080), points, np.ones((240, 24)), {}), tmp_path / "k.npz")
    clip = read_clip(tmp_path / "k.npz")
    assert [person.share for person in clip.people] == [1.0]
