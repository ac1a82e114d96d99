"""A data set on disk is the data in memory, and one that cannot be trained on is refused by what is wrong with it."""

import itertools
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from posenorm_core.condition_skeleton import JOINT_NAMES
from posenorm_core.errors import InputError
from training.configuration import Configuration, Optimization
from training.dataset import MotionData, builtin_data, joined, load_data
from training.mapped import MappedFrames, save_folder
from training.mocap.dataset import FORMAT, VERSION, DataClip, save_dataset
from training.trainer import draw_batch
from training.windows import clip_probabilities

FRAMES = ("rotations", "root_position", "contacts")


@pytest.fixture(scope="module")
def motion():
    """Two clips of fifteen frames."""
    return builtin_data(0.05, seed=1, seconds_a_clip=0.5).subset(np.arange(12) < 2)


@pytest.fixture(scope="module")
def arrays(motion):
    """The clips as the arrays of a data set."""
    names = ("clip_name", "clip_subject", "clip_action", "clip_source", "clip_family")
    return {
        "format": FORMAT,
        "version": VERSION,
        "fps": 30.0,
        "joint_names": np.array(JOINT_NAMES),
        "rotations": motion.rotations.numpy(),
        "root_position": motion.root_position.numpy(),
        "contacts": motion.contacts.numpy().astype(np.uint8),
        "clip_start": np.array([0, 15, 30]),
        "clip_offsets": motion.clip_offsets.numpy(),
        **{name: getattr(motion, name) for name in names},
    }


def data_clips(data: MotionData) -> list[DataClip]:
    """The clips as `training.prepare` has them."""
    told = zip(data.clip_name, data.clip_subject, data.clip_action, data.clip_source, data.clip_family, strict=True)
    spans = [slice(int(begin), int(end)) for begin, end in itertools.pairwise(data.clip_start)]
    return [
        DataClip(*names, offsets.numpy(), *(getattr(data, name)[span].numpy() for name in FRAMES))
        for names, offsets, span in zip(told, data.clip_offsets, spans, strict=True)
    ]


@pytest.fixture(scope="module")
def folder(motion, tmp_path_factory):
    """The clips as a mapped data set."""
    path = tmp_path_factory.mktemp("mapped") / "data"
    save_folder(data_clips(motion), path)
    return path


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
        ({"joint_names": np.array("pelvis")}, "joints"),
        ({"clip_name": np.array("one")}, "description"),
        ({"clip_start": np.array([0, 7, 1000])}, "add up"),
        ({"clip_start": np.array([0, 0, 30])}, "add up"),
        ({"contacts": np.zeros((29, 2))}, "add up"),
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


def test_a_mapped_data_set_is_the_one_in_memory(motion, folder, tmp_path):
    save_dataset(data_clips(motion), tmp_path / "d.npz")
    whole, mapped = load_data(tmp_path / "d.npz"), load_data(folder)
    second, batches = np.array([False, True]), []
    for read in (whole, mapped):
        data = joined(joined(read.subset(second), motion), read).subset(np.array([True, False, True, True, True]))
        probabilities = clip_probabilities(data, 0.5, 0.5)[0]
        course = Configuration(optimization=Optimization(batch=5, frames=4))
        batches.append(draw_batch(course, 50, data, probabilities, 7, torch.device("cpu")))
    assert torch.equal(batches[0].features, batches[1].features)
    assert torch.equal(batches[0].contacts, batches[1].contacts)
    for name in FRAMES:
        assert torch.equal(getattr(mapped.subset(second).in_memory(), name), getattr(whole.subset(second), name))


def test_mapped_frames_stay_on_the_disk(folder, motion):
    data = load_data(folder)
    ((mapped, *_),) = data.rotations.pieces
    for changed in (data.subset(np.array([False, True])), joined(data, motion), joined(motion, data)):
        frames = changed.rotations
        assert isinstance(frames, MappedFrames)
        assert any(array is mapped for array, *_ in frames.pieces)
    assert isinstance(mapped, np.memmap)
    assert not mapped.flags.writeable


def test_only_the_frames_asked_for_are_read(motion):
    class Counting:
        def __init__(self, array):
            self.array, self.read, self.shape = array, [], array.shape

        def __len__(self):
            return len(self.array)

        def __getitem__(self, numbers):
            self.read.append(numbers)
            return self.array[numbers]

    first, second = Counting(motion.rotations.numpy()), Counting(motion.rotations.numpy()[:4])
    frames = MappedFrames([(first, 0, 30), (second, 0, 4)])
    asked = torch.tensor([[3, 31], [33, 0]])
    both = torch.cat([motion.rotations, motion.rotations[:4]])
    assert torch.equal(frames[asked], both[asked])
    assert np.concatenate(first.read).tolist() == [3, 0]
    assert np.concatenate(second.read).tolist() == [1, 3]
    assert torch.equal(frames[25:32], both[25:32])
    assert len(frames) == 34
    assert torch.equal(frames.spans(np.array([31, 15]), np.array([3, 15]))[:], both[[31, 32, 33, *range(15, 30)]])


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda p: (p / "clips.npz").unlink(), "is no data set"),
        (lambda p: (p / "contacts.npy").unlink(), "contacts.npy: is missing"),
        (lambda p: (p / "rotations.npy").write_bytes((p / "rotations.npy").read_bytes()[:-500]), "cut short"),
        (lambda p: (p / "rotations.npy").write_bytes(b""), "rotations.npy"),
        (lambda p: (p / "rotations.npy").write_bytes(b"\x93NUMPY\x01\x00\x05\x00((((\n"), "is no .npy file"),
        (lambda p: np.save(p / "root_position.npy", np.zeros((30, 3))), "float32"),
        (lambda p: np.save(p / "contacts.npy", np.zeros((29, 2), np.uint8)), "add up"),
        (lambda p: np.savez(p / "clips.npz", **{**np.load(p / "clips.npz"), "version": 0}), "version 0"),
    ],
)
def test_a_damaged_folder_is_one_clear_line(folder, tmp_path, damage, words):
    copy = tmp_path / "data"
    shutil.copytree(folder, copy)
    damage(copy)
    with pytest.raises(InputError, match=words) as error:
        load_data(copy)
    assert str(copy) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_folder_is_written_whole_or_not_at_all(motion, tmp_path):
    good, other = data_clips(motion)
    broken = replace(other, root_position=np.full_like(other.root_position, np.nan))
    with pytest.raises(InputError, match="finite"):
        save_folder([good, broken], tmp_path / "data")
    (tmp_path / "there").mkdir()
    for place, words in ((tmp_path / "there", "already"), (tmp_path / "nowhere" / "data", "cannot write")):
        with pytest.raises(InputError, match=words):
            save_folder([good], place)
    assert [path.name for path in Path(tmp_path).iterdir()] == ["there"]
