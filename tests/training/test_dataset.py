"""A data set on disk is the data in memory, and one that cannot be trained on is refused by what is wrong with it."""

import numpy as np
import pytest

from posenorm_core.condition_skeleton import JOINT_NAMES
from posenorm_core.errors import InputError
from training.dataset import builtin_data, load_data
from training.mocap.dataset import FORMAT, VERSION


@pytest.fixture(scope="module")
def arrays():
    """Two built-in clips as the arrays of a data set."""
    data = builtin_data(0.05, seed=1, seconds_a_clip=0.5).subset(np.arange(12) < 2)
    names = ("clip_name", "clip_subject", "clip_action", "clip_source", "clip_family")
    return {
        "format": FORMAT,
        "version": VERSION,
        "fps": 30.0,
        "joint_names": np.array(JOINT_NAMES),
        "rotations": data.rotations.numpy(),
        "root_position": data.root_position.numpy(),
        "contacts": data.contacts.numpy().astype(np.uint8),
        "clip_start": data.clip_start.numpy(),
        "clip_offsets": data.clip_offsets.numpy(),
        **{name: getattr(data, name) for name in names},
    }


def test_what_is_loaded_is_what_was_saved(tmp_path, arrays):
    np.savez(tmp_path / "d.npz", **arrays)
    data = load_data(tmp_path / "d.npz")
    assert data.clip_count == 2
    np.testing.assert_array_equal(data.rotations.numpy(), arrays["rotations"])
    np.testing.assert_array_equal(data.contacts.numpy(), arrays["contacts"])
    assert data.clip_name.tolist() == arrays["clip_name"].tolist()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"version": 0}, "version 0"),
        ({"format": "posenorm-motion"}, "posenorm-motion"),
        ({"rotations": None}, "rotations"),
        ({"rotations": np.zeros((30, 17, 4))}, "rotations"),
        ({"joint_names": np.array(["hip"] * 19)}, "joints"),
        ({"clip_start": np.array([0, 7, 1000])}, "add up"),
        ({"clip_start": np.array([0, 0, 30])}, "add up"),
        ({"clip_family": np.array(["one"])}, "description"),
        ({"root_position": np.full((30, 3), np.nan, dtype=np.float32)}, "root_position"),
    ],
)
def test_data_that_cannot_be_trained_on_is_refused(tmp_path, arrays, changes, words):
    path = tmp_path / "d.npz"
    np.savez(path, **{name: value for name, value in {**arrays, **changes}.items() if value is not None})
    with pytest.raises(InputError, match=words) as error:
        load_data(path)
    assert "\n" not in str(error.value)


def test_a_file_cut_short_is_refused(tmp_path, arrays):
    path = tmp_path / "d.npz"
    np.savez(path, **arrays)
    path.write_bytes(path.read_bytes()[:-300])
    with pytest.raises(InputError, match="archive"):
        load_data(path)
