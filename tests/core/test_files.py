"""Files: never half of one, never a pickle, and one line for whatever cannot be read."""

import os
import pickle
import stat
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from posenorm_core.errors import InputError
from posenorm_core.files import (
    load_archive,
    read_npz,
    require,
    require_outputs,
    require_writable,
    save_archive,
    write_aside,
)


class _BrokenError(Exception):
    pass


def test_a_file_appears_whole_and_with_the_rights_of_any_other(tmp_path: Path) -> None:
    path, other = tmp_path / "out.txt", tmp_path / "other.txt"
    with write_aside(path) as aside:
        aside.write_text("half")
        assert not path.exists()
        assert aside.parent == path.parent
        assert aside.suffix == path.suffix
        aside.write_text("whole")
    other.touch()
    assert path.read_text() == "whole"
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(other.stat().st_mode)
    assert sorted(tmp_path.iterdir()) == [other, path]


@pytest.mark.parametrize("error", [_BrokenError, KeyboardInterrupt, InputError, OSError])
@pytest.mark.parametrize("before", [None, "the old one"])
def test_failure_leaves_what_was_there(tmp_path: Path, error: type[BaseException], before: str | None) -> None:
    path = tmp_path / "out.txt"
    if before:
        path.write_text(before)

    def write_half() -> None:
        with write_aside(path) as aside:
            aside.write_text("half")
            raise error

    with pytest.raises(InputError if error is OSError else error):
        write_half()
    assert [file.read_text() for file in tmp_path.iterdir()] == ([before] if before else [])


def _under_a_file(folder: Path) -> Path:
    (folder / "file").write_text("keep")
    return folder / "file" / "out.npz"


NOT_WRITABLE = {
    "a missing folder": lambda folder: folder / "missing" / "out.npz",
    "below a file": _under_a_file,
    "a folder": lambda folder: folder,
    "a name too long": lambda folder: folder / ("n" * 300 + ".npz"),
}


@pytest.mark.parametrize("case", NOT_WRITABLE)
def test_what_cannot_be_written_is_said_before_and_at_writing(tmp_path: Path, case: str) -> None:
    path = NOT_WRITABLE[case](tmp_path)
    before = sorted(tmp_path.rglob("*"))
    for write in (lambda: save_archive(path, {"a": 1}), lambda: require_writable(path)):
        with pytest.raises(InputError) as caught:
            write()
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)
        assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.skipif(os.name == "nt", reason="Windows has other links and no pipes among files")
def test_a_link_stays_a_link_and_a_pipe_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "link.txt").symlink_to("led_to.txt")
    with write_aside(tmp_path / "link.txt") as aside:
        aside.write_text("whole")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "led_to.txt").read_text() == "whole"
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="pipe: is a pipe"), write_aside(tmp_path / "pipe"):
        pass
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


def test_outputs_are_no_inputs_and_differ(tmp_path: Path) -> None:
    given, other = tmp_path / "in.npz", tmp_path / "out.npz"
    given.write_text("keep")
    require_outputs([other], [given, None])
    for written in ([given], [other, other], [tmp_path / "." / "in.npz"]):
        with pytest.raises(InputError, match="choose another name"):
            require_outputs(written, [given, None])
    assert given.read_text() == "keep"


def test_asking_whether_a_file_can_be_written_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "out.npz"
    require_writable(path)
    assert not list(tmp_path.iterdir())
    path.write_text("the old one")
    require_writable(path)
    assert [file.read_text() for file in tmp_path.iterdir()] == ["the old one"]


def test_an_archive_gives_back_what_was_saved(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    save_archive(path, {"format": "mine", "version": 3, "values": np.arange(6.0).reshape(2, 3), "names": ["a", "ü"]})
    loaded = load_archive(path, "mine", 3)
    np.testing.assert_array_equal(loaded["values"], [[0, 1, 2], [3, 4, 5]])
    assert loaded["names"].tolist() == ["a", "ü"]
    with pytest.raises(InputError, match="expected a yours file, this is a mine file"):
        load_archive(path, "yours", 3)
    with pytest.raises(InputError, match="version 3, this program reads version 4"):
        load_archive(path, "mine", 4)


class _Trap:
    """Unpickling this makes a folder: the sign that a pickle was run."""

    def __init__(self, folder: Path) -> None:
        self.folder = str(folder)

    def __reduce__(self) -> tuple:
        return os.mkdir, (self.folder,)


@pytest.mark.parametrize("save", [np.savez, np.save], ids=["npz", "npy"])
def test_no_pickle_is_ever_run(tmp_path: Path, save) -> None:
    trap, path = tmp_path / "sprung", tmp_path / "a.npz"
    with path.open("wb") as file:
        save(file, np.array([_Trap(trap)], dtype=object), **({"allow_pickle": True} if save is np.save else {}))
    with pytest.raises(InputError):
        read_npz(path)
    assert not trap.exists()


def test_a_plain_pickle_is_not_run(tmp_path: Path) -> None:
    trap, path = tmp_path / "sprung", tmp_path / "a.npz"
    path.write_bytes(pickle.dumps(_Trap(trap)))
    with pytest.raises(InputError, match=r"no \.npz archive"):
        read_npz(path)
    assert not trap.exists()


def test_arrays_that_claim_to_be_larger_than_the_memory_are_refused(tmp_path: Path) -> None:
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000000,), }"
    header += b" " * (118 - len(header) - 1) + b"\n"
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("a.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
    with pytest.raises(InputError, match="damaged"):
        read_npz(tmp_path / "a.npz")


def test_an_array_without_a_whole_header_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("a.npy", b"\x93NUMPY\x01\x00\x05\x00((((\n")
    with pytest.raises(InputError, match=r"a\.npz: is no readable"):
        read_npz(tmp_path / "a.npz")


@pytest.mark.parametrize("label", ["mine\nand yours", "x" * 5000])
def test_another_label_is_told_in_one_short_line(tmp_path: Path, label: str) -> None:
    save_archive(tmp_path / "a.npz", {"format": label, "version": 1})
    with pytest.raises(InputError) as caught:
        load_archive(tmp_path / "a.npz", "mine", 1)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=4), st.none() | st.integers(0, 900))
def test_a_damaged_archive_is_read_or_refused_in_one_line(
    tmp_path: Path, changes: list[tuple[int, int]], cut: int | None
) -> None:
    path = tmp_path / "a.npz"
    save_archive(path, {"format": "mine", "version": 1, "values": np.arange(40.0), "names": ["a", "b"]})
    content = bytearray(path.read_bytes())
    for place, value in changes:
        content[place % len(content)] = value
    path.write_bytes(content[:cut])
    try:
        loaded = load_archive(path, "mine", 1)
        require(loaded, path, values=(None,))
    except InputError as error:
        assert str(path) in str(error)  # noqa: PT017


@pytest.mark.parametrize(
    ("array", "words"),
    [(np.zeros((3, 5)), "shape"), (np.zeros(4), "shape"), (np.full((3, 4), "x"), "numbers"), (None, "lacks")],
)
def test_a_required_array_is_there_numeric_and_of_its_shape(array: np.ndarray | None, words: str) -> None:
    arrays = {} if array is None else {"a": array}
    with pytest.raises(InputError, match=words):
        require(arrays, "file.npz", a=(None, 4))
    require({"a": np.zeros((9, 4), dtype=bool)}, "file.npz", a=(None, 4))


def test_an_error_is_one_line_whatever_a_name_holds():
    assert str(InputError("clip\x0c1\n.json: is cut short")) == "clip 1 .json: is cut short"
