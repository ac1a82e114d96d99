"""Retrieval: the right instant of the right performance, counted by hand and against a loop over all frames."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from posenorm_core.keypoints import Keypoints
from training import evaluate, evaluate_features, splits
from training.correspondence import HIT
from training.dataset import MotionData, builtin_data
from training.frame_features import features_2d
from training.retrieval import NEAREST, gallery_of, hit_rates, retrieval
from training.video_pairs import SETTINGS


@pytest.fixture(scope="module")
def data() -> MotionData:
    return builtin_data(0.4, seed=5)


def test_hits_are_of_the_right_performance_and_near_in_time() -> None:
    """Two performances of 40 frames along a line; the second begins where the first ends."""
    gallery = gallery_of([np.arange(40.0)[:, None], np.arange(40.0, 80.0)[:, None]])
    # Nearest: frame 3 of the first, frame 38 of the first, frame 12 of the second.
    asked = np.array([[3.1], [38.2], [52.1]])
    np.testing.assert_allclose(hit_rates(gallery, 0, asked, np.array([5, 30, 12])), [1 / 3, 2 / 3])
    np.testing.assert_allclose(hit_rates(gallery, 1, asked, np.array([3, 0, 17])), [1 / 3, 2 / 3])


def test_the_ten_nearest_are_those_a_loop_finds() -> None:
    rng = np.random.default_rng(0)
    sources = [rng.normal(size=(count, 3)) for count in (30, 50, 20)]
    asked, answers = rng.normal(size=(25, 3)), rng.integers(0, 50, 25)
    first, any_ = [], []
    for features, answer in zip(asked, answers, strict=True):
        order = sorted(
            (float(np.linalg.norm(frame - features)), clip == 1 and abs(number - answer) <= HIT)
            for clip, source in enumerate(sources)
            for number, frame in enumerate(source)
        )
        first.append(order[0][1])
        any_.append(any(hit for _, hit in order[:NEAREST]))
    assert 0 < np.mean(first) < np.mean(any_) < 1
    np.testing.assert_allclose(hit_rates(gallery_of(sources), 1, asked, answers), [np.mean(first), np.mean(any_)])


def test_a_gallery_smaller_than_ten_frames_is_searched_whole() -> None:
    gallery = gallery_of([np.arange(4.0)[:, None]])
    np.testing.assert_allclose(hit_rates(gallery, 0, np.array([[0.1]]), np.array([9])), [0, 0])
    np.testing.assert_allclose(hit_rates(gallery, 0, np.array([[0.1]]), np.array([8])), [0, 1])


def test_who_knows_nothing_finds_less_than_who_sees_the_picture(data: MotionData) -> None:
    def blind(clip: Keypoints) -> dict[str, np.ndarray]:
        return {"blind": np.random.default_rng(len(clip)).normal(size=(len(clip), 3))}

    found = retrieval(data.subset(np.arange(data.clip_count) < 3), [features_2d, blind], [0, 1])
    assert set(found) == set(SETTINGS)
    for rows in found.values():
        assert set(rows) == {"2D joint angles", "2D positions, similarity-aligned", "blind"}
        assert rows["blind"].hit_1 < 0.2
        assert all(0 <= row.hit_1 <= row.hit_10 <= 1 and row.hit_1_spread >= 0 for row in rows.values())
    assert any(row.hit_1_spread > 0 for row in found["noise"].values())


@pytest.mark.parametrize("command", ["correspondence", "retrieval"])
def test_the_commands_tell_the_same_on_the_terminal_and_in_the_file(
    command: str,
    data: MotionData,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "figures.json"
    monkeypatch.setattr(evaluate_features, "load_data", lambda path: data.subset(np.arange(data.clip_count) < 2))
    monkeypatch.setattr(splits, "part", lambda clips, label: clips)
    monkeypatch.setattr(evaluate_features, "rows_of", lambda *given: [features_2d])
    monkeypatch.setattr(sys, "argv", ["evaluate", command, "--data", "none", "--seeds", "1", "-o", str(out)])
    assert evaluate.main() == 0
    told = json.loads(out.read_text())[command]
    line = next(line for line in capsys.readouterr().out.splitlines() if "similarity-aligned" in line)
    cells = [cell.strip() for cell in line.split("|")[2:-1]]
    assert list(told) == list(SETTINGS)
    first = [next(iter(rows["2D positions, similarity-aligned"].values())) for rows in told.values()]
    assert cells[::4] == [f"{100 * value:.1f}" for value in first]
