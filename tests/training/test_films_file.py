"""Films kept in a file are those that were made, are not made again, and are of nothing else."""

from pathlib import Path

import numpy as np
import pytest

from posenorm_core.errors import InputError
from posenorm_core.weights import load_weights
from training.dataset import MotionData, builtin_data
from training.features import films_file
from training.features.films_file import kept_performances
from training.features.views import performances


@pytest.fixture(scope="module")
def data() -> MotionData:
    return builtin_data(0.15, seed=3)


def test_kept_films_are_the_same_and_not_made_again(
    data: MotionData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "films.npz"
    made = kept_performances(path, data, load_weights(), 2, 0)
    for one, other in zip(made, performances(data, load_weights(), 2, 0), strict=True):
        np.testing.assert_array_equal(one.rotations, other.rotations)
    monkeypatch.setattr(films_file, "performances", lambda *_: pytest.fail("made again"))
    read = kept_performances(path, data, load_weights(), 2, 0)
    assert [(one.family, one.clip) for one in read] == [(one.family, one.clip) for one in made]
    for one, other in zip(read, made, strict=True):
        assert one.rotations.dtype == other.rotations.dtype
        np.testing.assert_array_equal(one.rotations, other.rotations)


def test_films_of_something_else_are_refused(data: MotionData, tmp_path: Path, untrained_weights: Path) -> None:
    path, shipped = tmp_path / "films.npz", load_weights()
    kept_performances(path, data, shipped, 2, 0)
    others = [
        (builtin_data(0.15, seed=4), shipped, 2, 0),
        (data, load_weights(untrained_weights), 2, 0),
        (data, shipped, 3, 0),
        (data, shipped, 2, 1),
    ]
    for other in others:
        with pytest.raises(InputError, match="of other data, weights, views or seed"):
            kept_performances(path, *other)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"films\.npz"):
        kept_performances(path, data, shipped, 2, 0)


def test_where_they_cannot_be_kept_is_told_before_the_work(
    data: MotionData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(films_file, "performances", lambda *_: pytest.fail("made before"))
    with pytest.raises(InputError, match="cannot write there"):
        kept_performances(tmp_path / "missing" / "films.npz", data, load_weights(), 2, 0)


def test_without_a_file_they_are_made(data: MotionData) -> None:
    assert len(kept_performances(None, data, load_weights(), 2, 0)) == data.clip_count
