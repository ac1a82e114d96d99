"""Penn Action's label files: what is in them comes out, on the right landmarks; what is broken is told in a line."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from penn_action_files import label, packed, saved

from posenorm_core.errors import InputError
from posenorm_core.landmarks import LANDMARK_NAMES
from training.penn_action.labels import JOINTS, labelled_clip, read_labels

REAL = Path(__file__).parents[3] / "shared/data/benchmarks/penn_action_train_labels.tar.xz"


def test_clips_come_in_the_order_of_their_numbers_with_their_joints_as_landmarks(tmp_path: Path) -> None:
    walk, wave = label("walk"), label("wave")
    clips = read_labels(packed(tmp_path / "labels.tar.xz", {"0012.mat": saved(wave), "0007.mat": saved(walk)}))
    assert [(clip.number, clip.action, clip.viewpoint) for clip in clips] == [
        (7, "walk", "front"),
        (12, "wave", "front"),
    ]
    keypoints = clips[0].keypoints
    assert keypoints.image_size == (480.0, 320.0)
    for column, name in enumerate(JOINTS):
        place = keypoints.points[:, LANDMARK_NAMES.index(name)]
        np.testing.assert_allclose(place, np.stack([walk["x"][:, column], walk["y"][:, column]], axis=1), atol=1e-3)
    hips = [keypoints.points[:, LANDMARK_NAMES.index(f"{side}_hip")] for side in ("left", "right")]
    np.testing.assert_allclose(keypoints.points[:, LANDMARK_NAMES.index("pelvis")], np.mean(hips, axis=0), atol=1e-3)
    for name in ("spine", "left_toe", "left_ear"):
        assert not keypoints.confidence[:, LANDMARK_NAMES.index(name)].any()


def test_what_is_hidden_counts_half_and_what_was_not_placed_is_missing() -> None:
    told = label()
    told["visibility"][3, JOINTS.index("left_wrist")] = 0
    told["x"][5, JOINTS.index("right_knee")] = told["y"][5, JOINTS.index("right_knee")] = 1
    confidence = labelled_clip(saved(told), "0001.mat", "labels").keypoints.confidence
    assert confidence[3, LANDMARK_NAMES.index("left_wrist")] == 0.5
    assert confidence[5, LANDMARK_NAMES.index("right_knee")] == 0
    assert confidence[4, LANDMARK_NAMES.index("right_knee")] == 1


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"x": np.ones((60, 12))}, "must be (frames, 13)"),
        ({"x": np.zeros((0, 13)), "y": np.zeros((0, 13)), "visibility": np.zeros((0, 13))}, "must be (frames, 13)"),
        ({"x": np.full((60, 13), np.nan)}, "a joint is at no pixel"),
        ({"x": np.full((60, 13), 1e30)}, "a joint is at no pixel"),
        ({"dimensions": np.array([[0.0, 480.0]])}, "height and width"),
        ({"x": "left"}, "is no label file"),
    ],
)
def test_a_wrong_label_is_told_by_its_name(changed: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError, match=r"0001\.mat") as refused:
        labelled_clip(saved(label(**changed)), "0001.mat", "labels.tar")
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)


def test_every_cut_of_a_label_file_is_refused() -> None:
    whole = saved(label())
    for length in (0, 60, 127, 128, 200, len(whole) // 2, len(whole) - 8):
        with pytest.raises(InputError, match="is no label file"):
            labelled_clip(whole[:length], "0001.mat", "labels.tar")


def test_archives_that_are_none_are_told(tmp_path: Path) -> None:
    whole = packed(tmp_path / "labels.tar.xz", {"0001.mat": saved(label())})
    cut, text, other = tmp_path / "cut.tar.xz", tmp_path / "text.tar", tmp_path / "other.tar.xz"
    cut.write_bytes(whole.read_bytes()[:-200])
    text.write_text("no archive")
    packed(other, {"readme.txt": b"nothing"})
    for path, told in (
        (cut, "is no whole tar archive"),
        (text, "is no whole tar archive"),
        (other, "holds no label file"),
        (tmp_path / "missing.tar", "cannot be read"),
        (tmp_path, "cannot be read"),
    ):
        with pytest.raises(InputError, match=told):
            read_labels(path)


@pytest.mark.skipif(not REAL.is_file(), reason=f"{REAL.name} is not here")
def test_the_real_labels_are_all_read() -> None:
    clips = read_labels(REAL)
    assert len(clips) == 1258
    assert len({clip.action for clip in clips}) == 15
    # The subject's left and right: of people filmed from the front the right shoulder is on the picture's left.
    sides = [_right_is_left_in_the_picture(clip.keypoints.points) for clip in clips if clip.viewpoint == "front"]
    assert np.mean(sides) > 0.8


def _right_is_left_in_the_picture(points: np.ndarray) -> bool:
    right, left = (points[:, LANDMARK_NAMES.index(f"{side}_shoulder"), 0] for side in ("right", "left"))
    return bool(np.median(left - right) > 0)
