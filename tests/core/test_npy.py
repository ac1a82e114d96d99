"""Arrays and dictionaries out of `.npy` and `.npz`: as they were saved, in every age of pickle, and never run."""

import io
import pickle
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from reading import Runs

from posenorm_core import npy as npy_module
from posenorm_core.errors import InputError
from posenorm_core.npy import npy_header, read_arrays, read_members, read_npy


def header(shape: tuple[int, ...] = (), descr: str = "|O") -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": descr, "fortran_order": False, "shape": shape})
    return file.getvalue()


def npz(path: Path, content: bytes, bare: bool = False) -> Path:
    """An archive whose member `a` is an array of one object, by this pickle; or this `content` where it is `bare`."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.npy", content if bare else header() + content)
    return path


@pytest.mark.parametrize("protocol", range(6))
def test_pickles_of_all_ages_are_read(tmp_path: Path, protocol: int) -> None:
    held = {
        "float32": np.random.default_rng(0).normal(500, 100, (90, 17, 2)).astype(np.float32),
        "big-endian": np.arange(3, dtype=">f8"),
        "column by column": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        "number": np.float64(1.5),
        "plain": [1, 2.5, "three", (True, b"\xff")],
    }
    (found,) = read_members(npz(tmp_path / "a.npz", pickle.dumps(np.array(held, dtype=object), protocol)), "a")
    assert found["plain"] == held["plain"]
    for name in ("float32", "big-endian", "column by column", "number"):
        assert_array_equal(found[name], held[name])
        assert found[name].dtype.newbyteorder("=") == held[name].dtype.newbyteorder("=")


@pytest.mark.parametrize("dtype", ["<f4", ">f8", "<i8", "u1"])
@pytest.mark.parametrize("shape", [(), (0, 17, 2), (5, 17, 2)])
@pytest.mark.parametrize("order", ["C", "F"])
def test_an_array_comes_back_as_it_was_saved(dtype: str, shape: tuple[int, ...], order: Any) -> None:
    values = np.asarray(np.arange(np.prod(shape)).reshape(shape), dtype=dtype, order=order)
    file = io.BytesIO()
    np.save(file, values)
    found = read_npy(file.getvalue(), "x")
    assert_array_equal(found, values)
    assert (found.dtype, found.shape) == (values.dtype, values.shape)
    assert npy_header(io.BytesIO(file.getvalue())) == (shape, np.dtype(dtype), values.flags.fnc)


def test_what_a_pickle_would_run_is_not_run(tmp_path: Path) -> None:
    path = npz(tmp_path / "a.npz", pickle.dumps(np.array({"S1": Runs(tmp_path / "made")}, dtype=object)))
    with pytest.raises(InputError, match=r"a\.npz: 'a': holds 'posix\.mkdir', which is not read"):
        read_members(path, "a")
    assert not (tmp_path / "made").exists()
    np.load(path, allow_pickle=True)["a"]
    assert (tmp_path / "made").exists()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "no .npy array"),
        (b"\x93NUMPY\x01\x00v\x00{'descr'", "no .npy array"),
        (b"\x93NUMPY\x01\x00\x05\x00((((\n", "no .npy array"),
        (header((-3, 17, 2), "<f4"), "no .npy array"),
        (header((0, 2**62, 17), "<f4"), "no .npy array"),
        (header((1,) * 33, "<f4") + bytes(4), "no .npy array"),
        (header((10**15, 17, 2), "<f4") + bytes(100), "cut short"),
        (header((2,), "<f4") + bytes(7), "cut short"),
        (header((2,), "<U5") + bytes(40), "should be of numbers"),
        (header((2,)) + bytes(40), "should be of numbers"),
        (header() + pickle.dumps(5), "damaged"),
        (header() + pickle.dumps(np.array({"a": 1}, dtype=object))[:-20], "cut short"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_is_damaged_is_told_in_one_line(content: bytes, told: str) -> None:
    with pytest.raises(InputError, match=told) as error:
        read_npy(content, "x.npy")
    assert str(error.value).startswith("x.npy: ")
    assert "\n" not in str(error.value)


def test_the_arrays_of_an_archive_are_those_that_numpy_reads_and_may_be_written_to(tmp_path: Path) -> None:
    saved = {
        "a": np.arange(6.0).reshape(2, 3),
        "b": np.array(["left", "ü"]),
        "c": np.array(3),
        "d": np.zeros((0, 3)),
    }
    np.savez_compressed(tmp_path / "a.npz", **saved, e=np.asfortranarray(saved["a"]), f=np.array(["rechts"], ">U6"))
    found = read_arrays(tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz") as archive:
        assert list(found) == archive.files
        for name in archive.files:
            assert_array_equal(found[name], archive[name])
            assert found[name].flags.writeable
    assert list(read_arrays(tmp_path / "a.npz", ("c", "x"))) == ["c"]


@pytest.mark.parametrize(
    "content",
    [
        b"30",
        b"\x93NUMPY\x01\x00\x05\x00((((\n",
        header((10**12,), "<f8"),
        header((10**12,), "<U0"),
        header((10**12, 0), "<f8"),
        header((1,), "<U1") + b"\xff\xff\xff\x7f",
        header((1,), ">U1") + b"\x00\x11\x00\x00",
        header() + pickle.dumps(5),
    ],
    ids=[
        "no header",
        "brackets",
        "much",
        "much of nothing",
        "nothing of much",
        "no text",
        "no swapped text",
        "a pickle",
    ],
)
def test_an_archive_with_what_is_no_array_is_refused_without_taking_memory(tmp_path: Path, content: bytes) -> None:
    tracemalloc.start()
    with pytest.raises(InputError, match=r"a\.npz: is no readable \.npz archive") as error:
        read_arrays(npz(tmp_path / "a.npz", content, bare=True))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**20
    assert "\n" not in str(error.value)


def test_an_archive_that_unpacks_to_far_more_than_its_size_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(npy_module, "_SMALL", 2**20)
    np.savez_compressed(tmp_path / "a.npz", a=np.zeros(2**20))
    for read in (lambda path: read_arrays(path), lambda path: read_members(path, "a")):
        with pytest.raises(InputError, match="unpacks to more than 20 times its size"):
            read(tmp_path / "a.npz")
    np.savez_compressed(tmp_path / "a.npz", a=np.random.default_rng(0).normal(size=2**18))
    assert len(read_arrays(tmp_path / "a.npz")["a"]) == 2**18


@pytest.mark.filterwarnings("error")
def test_headers_of_python_2_are_read_in_silence() -> None:
    old = header((2,), "<f4").replace(b"(2,), } ", b"(2L,), }") + bytes(8)
    assert_array_equal(read_npy(old, "x.npy"), [0, 0])


def test_a_header_that_claims_to_be_endless_takes_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    path.write_bytes(b"\x93NUMPY\x02\x00\xff\xff\xff\x4d" + b"{'descr': '<f4'" + bytes(100))
    tracemalloc.start()
    with path.open("rb") as file:
        assert npy_header(file) is None
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**20
