"""Pickles without running them: what plain Python reads comes out the same, whatever would run is refused by name."""

import base64
import collections
import contextlib
import os
import pickle
import random
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from posenorm_core import pickle_file
from posenorm_core.errors import InputError
from posenorm_core.pickle_file import is_pickle, load_pickle, uncompressed
from posenorm_core.safe_pickle import unpickle
from tests.fuzz.watch import Watch

# What joblib 1.6 wrote of {"a": 0…5 as float32 (2, 3), "f": 0…3 as float64 (2, 2) in Fortran's order, "n": [1, "x"]},
# bare and by compress=3.
JOBLIB = {
    "bare": """
gASV2gAAAAAAAAB9lCiMAWGUjBNqb2JsaWIubnVtcHlfcGlja2xllIwRTnVtcHlBcnJheVdyYXBwZXKUk5QpgZR9lCiMCHN1YmNsYXNz
lIwFbnVtcHmUjAduZGFycmF5lJOUjAVzaGFwZZRLAksDhpSMBW9yZGVylIwBQ5SMBWR0eXBllGgIjAVkdHlwZZSTlIwCZjSUiYiHlFKU
KEsDjAE8lE5OTkr/////Sv////9LAHSUYowKYWxsb3dfbW1hcJSIjBtudW1weV9hcnJheV9hbGlnbm1lbnRfYnl0ZXOUSxB1Ygr/////
////////AAAAAAAAgD8AAABAAABAQAAAgEAAAKBAlU0AAAAAAAAAjAFmlGgEKYGUfZQoaAdoCmgLSwJLAoaUaA2MAUaUaA9oEYwCZjiU
iYiHlFKUKEsDaBVOTk5K/////0r/////SwB0lGJoF4hoGEsQdWIB/wAAAAAAAAAAAAAAAAAAAEAAAAAAAADwPwAAAAAAAAhAlRAAAAAA
AAAAjAFulF2UKEsBjAF4lGV1Lg==""",
    "zlib": """
eF5lUD1LxEAQvc3dcSEi3iGi4B84m6ssLAQjgoXBFDZWEnYvOTeaL/KBphBic0aYzknv7/JX+A90Nola+NgZZth5+95sNWo+Bh2ecA6M
I2zfxSLwxSIqwqR0En95H3gIM1u1p2nKy+uUJ4mX4hsePKNi6VkhlgHPMoRxy0KYRC5XszQE40zyxENLs4Zr6uLUJTKwM6rdvKQbqf9U
NK2tDvG1fsErnFtDYMdo2/bFF6FN1iBHAQYPgvjBCUOeYA37ndNWz+GBfxuFXpQ7osy9DK1pIQzF7NCtWp1QMulQVBTvZnPZ/wKwFcpR
t5icSENukG9tjXIT2DnKLTkjh0d/DuXOf39yt5Z7Spj1ev3brabCp9In6GYz/dWN8IZWZsAe0SsW3wrGkoQ=""",
}


class _Trap:
    """Unpickling this makes a folder: the sign that a pickle was run."""

    def __init__(self, folder: Path) -> None:
        self.folder = str(folder)

    def __reduce__(self) -> tuple:
        return os.mkdir, (self.folder,)


def assert_same(found: Any, expected: Any) -> None:
    if isinstance(expected, dict):
        assert list(found) == list(expected)
        for key in expected:
            assert_same(found[key], expected[key])
    elif isinstance(expected, np.ndarray):
        assert found.shape == expected.shape
        assert found.dtype.newbyteorder("=") == expected.dtype.newbyteorder("=")
        np.testing.assert_array_equal(found, expected)
    else:
        assert found == expected


def many_values() -> dict[str, Any]:
    rng = np.random.default_rng(1)
    table = rng.normal(size=(4, 3)).astype(np.float32)
    people: dict = collections.defaultdict(dict)
    people[7]["pose"] = table
    return {
        "table": table,
        "again": table,
        "fortran": np.asfortranarray(table),
        "big endian": table.astype(">f8"),
        "part": table[1:3, ::2],
        "none": np.zeros((0, 3)),
        "one": np.array(3),
        "truth": table > 0,
        "words": np.array(["left", "right"]),
        "bytes": np.array([b"a", b"bc"]),
        "whole": np.arange(5, dtype=np.uint8),
        "scalar": np.float32(0.5),
        "plain": ["a", b"", b"\xff", 1, 2**80, -0.5, None, True, (1, (2,)), {"x": {}}],
        "people": people,
        "ordered": collections.OrderedDict(b=1, a=2),
    }


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_plain_values_come_out_as_python_reads_them(protocol: int) -> None:
    values = many_values()
    found = unpickle(pickle.dumps(values, protocol=protocol), "p.pkl")
    assert_same(found, values)
    assert found["table"] is found["again"]


def test_arrays_of_objects_are_read_as_safely(tmp_path: Path) -> None:
    held = np.array([{"x": np.arange(3)}, None], dtype=object)
    found = unpickle(pickle.dumps(held), "p.pkl")
    assert_same(found[0], held[0])
    with pytest.raises(InputError, match="mkdir"):
        unpickle(pickle.dumps(np.array([_Trap(tmp_path / "sprung")], dtype=object)), "p.pkl")
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("form", JOBLIB)
def test_joblib_files_are_read(tmp_path: Path, form: str) -> None:
    path = tmp_path / "j.pkl"
    path.write_bytes(base64.b64decode(JOBLIB[form]))
    assert is_pickle(path.read_bytes()[:100])
    expected = {
        "a": np.arange(6, dtype=np.float32).reshape(2, 3),
        "f": np.arange(4.0).reshape(2, 2),
        "n": [1, "x"],
    }
    assert_same(load_pickle(path), expected)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_nothing_is_run(tmp_path: Path, protocol: int) -> None:
    trap = tmp_path / "sprung"
    with pytest.raises(InputError, match=r"holds '(posix|nt)\.mkdir'") as refused:
        unpickle(pickle.dumps({"a": [1, _Trap(trap)]}, protocol=protocol), "p.pkl")
    assert not trap.exists()
    assert "\n" not in str(refused.value)
    assert "numpy.savez" in str(refused.value)


# Programs that no pickler writes: (what it does, the pickle, what the refusal names).
HOSTILE = {
    "calls by the oldest instruction": (b"(S'echo'\nios\nsystem\n.", "os.system"),
    "imports by protocol 4": (b"\x80\x04\x8c\x08builtins\x8c\x04eval\x93\x8c\x011\x85R.", "builtins.eval"),
    "changes a maker": (
        b"\x80\x02cnumpy\ndtype\n}X\x0c\x00\x00\x00__defaults__X\x00\x00\x00\x00sb.",
        "a state of its own",
    ),
    "reaches an attribute": (b"\x80\x04\x8c\x08builtins\x8c\x07getattr\x93.", "builtins.getattr"),
    "refers to what is outside": (b"\x80\x02X\x01\x00\x00\x00aQ.", "damaged"),
    "makes a set": (b"\x80\x04\x8f(K\x01\x90.", "a set"),
    "has keys that are deep": (b"\x80\x04}" + b"(" * 1 + b")" + b"\x85" * 100_000 + b"K\x01u.", "keys"),
    "asks for a registered name": (b"\x80\x02\x82\x01.", "registered"),
    "hands out what may only be called": (b"\x80\x02]cnumpy\ndtype\na.", "a function"),
    "is in itself": (b"\x80\x02]q\x00h\x00a]cnumpy\nndarray\na\x86.", "a _Named"),
    "claims a memory of 4 GB": (b"\x80\x02K\x01r\xff\xff\xff\xff.", ""),
    "claims bytes it does not have": (b"\x80\x04\x8e" + (2**62).to_bytes(8, "little") + b"a.", "damaged"),
    "claims a bytearray it does not have": (b"\x80\x05\x96" + (2**40).to_bytes(8, "little") + b"a.", "damaged"),
}


@pytest.mark.parametrize("program", HOSTILE)
def test_hostile_programs_end_in_one_line(program: str) -> None:
    content, named = HOSTILE[program]
    if not named:  # harmless: Python's own unpickler only notes a number
        assert unpickle(content, "p.pkl") == 1
        return
    with pytest.raises(InputError, match=named) as refused:
        unpickle(content, "p.pkl")
    assert str(refused.value).startswith("p.pkl: ")
    assert len(str(refused.value)) < 400


# Pairs of themselves, sixty deep: small in memory, but endless to print, to hash and to compare.
ENDLESS = b")" + b"2\x86" * 60
JOBLIB_ARRAY = b"cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81"


@pytest.mark.parametrize(
    "program",
    [
        b"c_codecs\nencode\nX\x01\x00\x00\x00a" + ENDLESS + b"\x86R.",
        b"cnumpy\ndtype\n" + ENDLESS + b"\x85R.",
        b"cnumpy\ndtype\nX\x02\x00\x00\x00f8\x85R(K\x03" + ENDLESS + b"NNNtb.",
        JOBLIB_ARRAY + b"(" + ENDLESS + b"K\x01\x86lb.",
    ],
    ids=["printed as an encoding", "printed as a type", "hashed as an order", "hashed as a description"],
)
def test_what_would_take_without_end_is_refused(tmp_path: Path, program: bytes) -> None:
    path = tmp_path / "p.pkl"
    path.write_bytes(b"\x80\x02" + program)
    with Watch() as watched:
        outcome = watched.outcome(lambda path: load_pickle(path), path, len(program))
    assert outcome.kind == "refusal", outcome


def test_a_value_may_be_in_itself() -> None:
    held = unpickle(b"\x80\x02]q\x00h\x00a.", "p.pkl")
    assert held[0] is held


def test_a_pickle_makes_no_more_than_it_holds() -> None:
    # A text that is encoded again and again: five bytes of instructions for a megabyte each time.
    text = b"X" + (10**6).to_bytes(4, "little") + b"a" * 10**6 + b"q\x01X\x06\x00\x00\x00latin1q\x02\x86q\x03"
    program = b"\x80\x02](c_codecs\nencode\nq\x00" + text + b"R" + b"h\x00h\x03R" * 100 + b"e."
    with pytest.raises(InputError, match="more values than it has bytes for"):
        unpickle(program, "p.pkl")


@pytest.mark.parametrize(
    ("shape", "raw", "code"),
    [
        ((10**9,), b"1234", "f4"),
        ((2,), b"1234", "f4"),
        ((-1,), b"1234", "f4"),
        ((1,), b"1234", "V4"),
        ((1,), [1], "M8"),
    ],
)
def test_arrays_of_other_sizes_and_types_than_they_tell_are_refused(shape: tuple, raw: Any, code: str) -> None:
    class Array:
        def __reduce__(self) -> tuple:
            return np.zeros(1).__reduce__()[0], (np.ndarray, (0,), b"b"), (1, shape, np.dtype(code), False, raw)

    with pytest.raises(InputError):
        unpickle(pickle.dumps(Array()), "p.pkl")


def test_every_cut_and_many_changes_end_in_a_value_or_one_line() -> None:
    whole = pickle.dumps(many_values())
    for end in range(0, len(whole), 23):
        with pytest.raises(InputError):
            unpickle(whole[:end], "p.pkl")
    choose = random.Random(3)
    for _ in range(300):
        changed = bytearray(whole)
        for _ in range(choose.randint(1, 4)):
            changed[choose.randrange(len(changed))] = choose.randrange(256)
        with contextlib.suppress(InputError):
            unpickle(bytes(changed), "p.pkl")


def test_bombs_and_cut_compression_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pickle_file, "_SMALL", 2**20)
    bomb = zlib.compress(b"\x80\x04" + bytes(2 * 2**20))
    with pytest.raises(InputError, match="times its size"):
        uncompressed(bomb, "p.pkl")
    with pytest.raises(InputError, match="cut short"):
        uncompressed(base64.b64decode(JOBLIB["zlib"])[:-20], "p.pkl")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.pkl"):
        load_pickle(tmp_path / "nowhere.pkl")
    assert not is_pickle(b"")
    assert not is_pickle(b"HIERARCHY")
