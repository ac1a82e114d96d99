"""An index on the disk: a clip costs what it costs, a kill loses one at most, one program writes, damage is told."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from search_library import run, write_library

from posenorm_core.commands import index as index_command
from posenorm_core.commands import search as search_command
from posenorm_core.errors import InputError
from posenorm_core.search.index import Index, Person, add_clip, create_index, open_index, remove_clips
from posenorm_core.search.index_list import LIST
from posenorm_core.search.lock import LOCK
from posenorm_core.search.pose_code import DIMENSIONS

posix = pytest.mark.skipif(os.name == "nt", reason="kill -9 and users without rights are POSIX's")


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    return write_library(tmp_path / "clips")


@pytest.fixture
def index(tmp_path: Path, clips: Path) -> Path:
    """The folder of an index of `clips`."""
    assert run(index_command, clips, "-o", tmp_path / "index")[0] == 0
    return tmp_path / "index"


def person(value: float, frames: int = 3) -> Person:
    """Somebody all of whose numbers are `value`."""
    return Person(1, 30.0, np.full((frames, DIMENSIONS), value, dtype=np.float32))


def grown(index: Index, folder: Path, number: int, frames: int = 3) -> Index:
    """The index with the clip of this number, which is in `folder`."""
    path = folder / f"{number}.bvh"
    path.write_bytes(b"a clip")
    return add_clip(index, path, path.name, [person(number, frames)])


def held(index: Index) -> dict[str, list[float]]:
    """What an index has: the numbers of each clip's people by its path."""
    found: dict[str, list[float]] = {}
    for clip in index.clips:
        descriptors = index.descriptors(clip)
        assert (descriptors == descriptors[0, 0]).all()
        found.setdefault(clip.path, []).append(float(descriptors[0, 0]))
    return found


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="this system does not count what a program reads")
def test_a_clip_more_reads_and_writes_the_same_however_many_there_are(tmp_path: Path) -> None:
    def moved() -> int:
        """The bytes that this program has read and written until now."""
        counts = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
        return int(counts["rchar"]) + int(counts["wchar"])

    folder, after = tmp_path / "index", []
    with create_index(folder) as index:
        for number in range(400):
            grown(index, tmp_path, number)
            if number % 100 == 99:
                after.append(moved())
    first, *_, last = np.diff(after)
    assert last < 1.05 * first
    assert len(open_index(folder).clips) == 400


def test_what_is_listed_is_what_was_added_and_not_removed(tmp_path: Path) -> None:
    """Against a dictionary, through closing, opening and writing the list anew."""
    rng = np.random.default_rng(2)
    folder, expected = tmp_path / "index", dict[str, list[float]]()
    for _ in range(12):
        with create_index(folder) as index:
            for value in rng.uniform(size=8):
                path = tmp_path / f"{rng.integers(6)}.bvh"
                path.touch()
                expected.pop(str(path), None)
                if rng.uniform() < 0.4:
                    remove_clips(index, [str(path)])
                else:
                    people = [float(np.float32(value + k)) for k in range(rng.integers(1, 3))]
                    add_clip(index, path, path.name, [person(number) for number in people])
                    expected[str(path)] = people
                assert list(held(index).items()) == list(expected.items())
        assert list(held(open_index(folder)).items()) == list(expected.items())
        assert names(folder) == {LIST, LOCK, *(clip.file for clip in index.clips)}
    assert len((folder / LIST).read_text().splitlines()) <= 1 + 2 * 6 + 8


def test_a_file_never_gets_the_name_of_another(tmp_path: Path) -> None:
    """What was made of the files by their names, as inverted lists are, would not tell them apart."""
    seen: list[str] = []
    for number in range(6):
        create_index(tmp_path / "index").close()  # writes the list anew, of nothing
        with create_index(tmp_path / "index") as index:
            grown(index, tmp_path, number)
            seen += [clip.file for clip in index.clips]
            remove_clips(index, [clip.path for clip in index.clips])
    assert len(set(seen)) == len(seen) == 6


_ADDING = """
import sys
from pathlib import Path
import numpy as np
from posenorm_core.search.index import Person, add_clip, create_index
index, clip = create_index(sys.argv[1]), Path(sys.argv[2])
for number in range(len(index.clips), 100_000):
    path = clip.with_name(f"{number}.bvh")
    path.write_bytes(b"a clip")
    add_clip(index, path, path.name, [Person(1, 30.0, np.full((500, 32), number, np.float32))])
    print(number, flush=True)
"""


@contextlib.contextmanager
def adding(folder: Path, clips: Path) -> Iterator["subprocess.Popen[str]"]:
    """Another program that adds clip after clip to an index and tells the number of each; killed at the end."""
    command = [sys.executable, "-c", _ADDING, str(folder), str(clips / "clip")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


@posix
def test_a_kill_loses_the_clip_being_added_at_most(tmp_path: Path) -> None:
    folder, told = tmp_path / "index", -1
    for attempt, more in enumerate((1, 8, 3, 17, 2, 5)):
        with adding(folder, tmp_path) as process:
            assert process.stdout is not None
            until = told + more
            for line in process.stdout:
                told = int(line)
                if told >= until:
                    break
            time.sleep(0.0007 * attempt)
            process.send_signal(signal.SIGKILL)
            told = max([told, *map(int, process.stdout)])
        found = held(open_index(folder))
        assert list(found.values()) == [[number] for number in range(len(found))]
        assert told + 1 <= len(found) <= told + 2
        told = len(found) - 1
    with create_index(folder) as index:
        grown(index, tmp_path, told + 1)
        assert names(folder) == {LIST, LOCK, *(clip.file for clip in index.clips)}
    assert len(open_index(folder).clips) == told + 2


def test_a_torn_last_line_is_as_if_it_had_not_been_written(tmp_path: Path) -> None:
    folder = tmp_path / "index"
    with create_index(folder) as index:
        for number in range(3):
            grown(index, tmp_path, number)
        whole = (folder / LIST).read_bytes()
    before = whole.rstrip(b"\n").rfind(b"\n") + 1
    for length in range(before, len(whole)):
        (folder / LIST).write_bytes(whole[:length] + b"\0" * (length % 3))
        assert len(open_index(folder).clips) == 2
    (folder / LIST).write_bytes(whole[:-1] + b"\0" * 1000)  # as a file that was to grow is after a power cut
    for number in (2, 3):
        with create_index(folder) as index:
            grown(index, tmp_path, number)
    assert list(held(open_index(folder)).values()) == [[0.0], [1.0], [2.0], [3.0]]


def test_what_cannot_be_written_whole_leaves_no_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a full disk: some of what is to be written is, the last line in part, and the rest is refused."""
    with create_index(tmp_path / "index") as index:
        grown(index, tmp_path, 0)

        def fail(_: int) -> None:
            with (tmp_path / "index" / LIST).open("ab") as file:
                file.write(b'{"path": "of many that are removed", "people": []}\n' * 9 + b'{"path": "')
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr("posenorm_core.search.journal.os.fsync", fail)
            with pytest.raises(InputError, match=r"0000002\.npy: cannot be written \(No space left on device\)"):
                grown(index, tmp_path, 1)
            with pytest.raises(InputError, match=r"index\.jsonl: cannot be written \(No space left on device\)"):
                remove_clips(index, [str(tmp_path / "0.bvh")])
        grown(index, tmp_path, 2)
    assert list(held(open_index(tmp_path / "index")).values()) == [[0.0], [2.0]]


@posix
def test_one_program_writes_at_a_time_and_a_killed_one_holds_nobody_up(tmp_path: Path, clips: Path) -> None:
    folder = tmp_path / "index"
    with adding(folder, tmp_path) as process:
        assert process.stdout is not None
        process.stdout.readline()
        code, out, err = run(index_command, clips, "-o", folder)
        assert (code, out) == (2, "")
        assert err == f"error: {folder}: another program is writing there; wait until it is done, or stop it\n"
        with pytest.raises(InputError, match="another program is writing there"):
            grown(open_index(folder), tmp_path, 1)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert (folder / LOCK).exists()
        assert run(index_command, clips, "-o", folder)[0] == 0


def test_who_adds_to_an_opened_index_adds_to_what_others_have_made_of_it(tmp_path: Path) -> None:
    create_index(tmp_path / "index").close()
    early = open_index(tmp_path / "index")
    with create_index(tmp_path / "index") as other:
        grown(other, tmp_path, 0)
        with pytest.raises(InputError, match="another program"):
            create_index(tmp_path / "index")
    with early:
        grown(early, tmp_path, 1)
    assert list(held(open_index(tmp_path / "index")).values()) == [[0.0], [1.0]]


@posix
def test_a_folder_that_cannot_be_written_is_told_and_can_be_searched() -> None:
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        folder = Path(name) / "index"
        with create_index(folder) as index:
            grown(index, Path(name), 0)
        (folder / LOCK).unlink()
        folder.chmod(0o555)
        with without_rights():
            assert list(held(open_index(folder)).values()) == [[0.0]]
            for refused, told in ((folder, "cannot be written"), (Path(name) / "new", "cannot be made a folder")):
                with pytest.raises(InputError, match=rf"{told} \(Permission denied\)"):
                    create_index(refused)


@contextlib.contextmanager
def without_rights() -> Iterator[None]:
    """As somebody who is not root."""
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_something_else_is_not_written_over(clips: Path) -> None:
    before = {path: path.read_bytes() for path in (clips / "below").iterdir()}
    code, _, err = run(index_command, clips, "-o", clips / "below")
    assert code == 2
    assert "is no index" in err
    assert {path: path.read_bytes() for path in (clips / "below").iterdir()} == before


def test_writing_where_a_file_stands_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be made a folder"):
        create_index(tmp_path / "file")


Damage = Callable[[Path], None]


def line_changed(number: int, change: Callable[[dict[str, Any]], object]) -> Damage:
    """Changes what the list's line of this number, from 0, tells."""

    def damage(folder: Path) -> None:
        lines = [json.loads(line) for line in (folder / LIST).read_text().splitlines()]
        change(lines[number])
        (folder / LIST).write_text("".join(json.dumps(line) + "\n" for line in lines))

    return damage


def head(**values: object) -> Damage:
    return line_changed(0, lambda line: line.update(values))


def clip(**values: object) -> Damage:
    return line_changed(1, lambda line: line.update(values))


def first_person(**values: object) -> Damage:
    return line_changed(1, lambda line: line["people"][0].update(values))


def broken(number: int, text: str) -> Damage:
    """Puts `text` in place of the list's line of this number."""

    def damage(folder: Path) -> None:
        lines = (folder / LIST).read_text().splitlines()
        lines[number] = text
        (folder / LIST).write_text("\n".join(lines) + "\n")

    return damage


def cut(name: str, length: int) -> Damage:
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:length])


def of_the_first_version(folder: Path) -> None:
    (folder / LIST).unlink()
    (folder / "index.json").write_text('{"format": "posenorm-index", "version": 1, "clips": []}')


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (head(version=3), "version 3, this program's is 2"),
        (head(descriptor_version=0), "descriptor version 0, this program's is 1"),
        (head(format="something"), "not the list of an index"),
        (head(next_file="one"), "line 1 is damaged"),
        (of_the_first_version, "index.json: version 1, this program's is 2"),
        (clip(people=7), "line 2 is damaged"),
        (clip(path=None), "line 2 is damaged"),
        (clip(size="large"), "line 2 is damaged"),
        (first_person(frames=91), "cut short or damaged"),
        (first_person(frames="many"), "line 2 is damaged"),
        (first_person(fps=0), "must be between"),
        (first_person(file="../secret.npy"), "line 2 is damaged"),
        (broken(2, '{"path": "../cli'), "line 3 is damaged"),
        (broken(2, ""), "line 3 is damaged"),
        (broken(3, '{"path": "../cli'), "line 4 is damaged"),
        (broken(2, "[1, 2]"), "line 3 is damaged (is no object)"),
        (broken(2, "[" * 100_000), "line 3 is damaged"),
        (cut(LIST, 0), "index.jsonl: is cut short"),
        (cut(LIST, 40), "index.jsonl: is cut short"),
        (cut("0000002.npy", 5000), "0000002.npy: is cut short or damaged"),
        (lambda folder: (folder / "0000003.npy").unlink(), "0000003.npy: is missing"),
        (lambda folder: (folder / LIST).unlink(), "is no index"),
    ],
)
def test_a_damaged_index_is_refused_in_one_line(clips: Path, index: Path, damage: Damage, told: str) -> None:
    damage(index)
    before = {path.name: path.read_bytes() for path in index.iterdir()}
    for command, arguments in ((search_command, (clips / "walk.npz", index)), (index_command, (clips, "-o", index))):
        code, out, err = run(command, *arguments)
        assert (code, out) == (2, "")
        assert told in err
        assert err.count("\n") == 1
    assert {path.name: path.read_bytes() for path in index.iterdir()} == before


def test_damage_within_a_file_is_refused_when_it_is_read(clips: Path, index: Path) -> None:
    path = index / "0000001.npy"
    path.write_bytes(b"\0" * path.stat().st_size)
    code, _, err = run(search_command, clips / "walk.npz", index)
    assert code == 2
    assert "is damaged" in err
