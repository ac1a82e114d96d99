"""An index on the disk: adding leaves the rest as it is, a kill loses one clip at most, damage is refused in a line."""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from openpose_files import walking_clip

from posenorm_core.builtin_motion import builtin_clip
from posenorm_core.command import exit_code
from posenorm_core.commands import index as index_command
from posenorm_core.commands import search as search_command
from posenorm_core.errors import InputError
from posenorm_core.motion import load_motion, save_motion
from posenorm_core.search.index import LIST, Person, add_clip, create_index, open_index
from posenorm_core.search.pose_code import DIMENSIONS, pose_descriptors

ACTIONS = ("walk", "kick", "throw")
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    """A folder of motions, one of them in a folder below."""
    folder = tmp_path / "clips"
    (folder / "below").mkdir(parents=True)
    for action in ACTIONS:
        path = folder / f"{action}.npz" if action != "throw" else folder / "below" / "throw.npz"
        save_motion(builtin_clip(action, seed=1, seconds=3.0, fps=30.0).motion(), path)
    return folder


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command on the arguments given: (exit code, stdout, stderr)."""

    def run_command(command: object, *arguments: object) -> tuple[int, str, str]:
        parser = argparse.ArgumentParser()
        command.add(parser)  # type: ignore[attr-defined]
        options = parser.parse_args([str(argument) for argument in arguments])
        code = exit_code(lambda: options.command(options))
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run_command


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    """What each file of `folder` holds, and when it was changed."""
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}


def test_an_index_holds_every_frame_of_every_clip(run: Run, clips: Path, tmp_path: Path) -> None:
    code, out, err = run(index_command, clips, "-o", tmp_path / "index")
    assert (code, err) == (0, "")
    assert "3 people's motions, 270 frames; 3 clips added, 0 unchanged, 0 left out" in out
    index = open_index(tmp_path / "index")
    assert [clip.name for clip in index.clips] == ["below/throw.npz", "kick.npz", "walk.npz"]
    for clip in index.clips:
        expected = pose_descriptors(load_motion(clips / clip.name))
        np.testing.assert_allclose(index.descriptors(clip), expected, atol=1e-6)


def test_adding_leaves_what_was_there_as_it_was(run: Run, clips: Path, tmp_path: Path) -> None:
    folder = tmp_path / "index"
    run(index_command, clips, "-o", folder)
    before = contents(folder)
    save_motion(builtin_clip("squat", seconds=2.0, fps=30.0).motion(), clips / "squat.npz")
    _, out, _ = run(index_command, clips, "-o", folder)
    assert "1 clips added, 3 unchanged" in out
    after = contents(folder)
    assert {name: after[name] for name in before if name != LIST} == {n: v for n, v in before.items() if n != LIST}
    assert len(after) == len(before) + 1


def test_a_changed_clip_takes_the_place_of_the_former(run: Run, clips: Path, tmp_path: Path) -> None:
    run(index_command, clips, "-o", tmp_path / "index")
    save_motion(builtin_clip("wave", seconds=2.0, fps=30.0).motion(), clips / "walk.npz")
    _, out, _ = run(index_command, clips, "-o", tmp_path / "index")
    assert "3 people's motions, 240 frames; 1 clips added, 2 unchanged" in out
    assert len(list((tmp_path / "index").glob("*.npy"))) == 3


def test_every_person_is_indexed_and_what_is_no_clip_is_told(run: Run, clips: Path, tmp_path: Path) -> None:
    walking_clip(clips / "openpose")
    (clips / "notes.txt").write_text("no clip")
    (clips / "cut.npz").write_bytes((clips / "walk.npz").read_bytes()[:500])
    code, out, err = run(index_command, clips, "-o", clips / "index")
    assert code == 0
    assert "4 clips added, 0 unchanged, 2 left out" in out
    lines = err.splitlines()
    assert len([line for line in lines if line.startswith("left out: ")]) == 2
    # The index inside the folder is no clip of it.
    assert "0 clips added, 4 unchanged, 2 left out" in run(index_command, clips, "-o", clips / "index")[1]


def test_a_folder_with_nothing_in_it_is_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for folder, told in ((tmp_path / "empty", "holds no files"), (tmp_path / "missing", "there is no such folder")):
        code, _, err = run(index_command, folder, "-o", tmp_path / "index")
        assert code == 2
        assert told in err
        assert not (tmp_path / "index").exists()


def test_something_else_is_not_written_over(run: Run, clips: Path, tmp_path: Path) -> None:
    before = contents(clips / "below")
    code, _, err = run(index_command, clips, "-o", clips / "below")
    assert code == 2
    assert "is no index" in err
    assert contents(clips / "below") == before


def changed(key: str, value: object) -> Callable[[Path], None]:
    """Writes another value into the list."""

    def change(folder: Path) -> None:
        listed = json.loads((folder / LIST).read_text())
        listed[key] = value
        (folder / LIST).write_text(json.dumps(listed))

    return change


def changed_clip(key: str, value: object) -> Callable[[Path], None]:
    """Writes another value into the first row of the list."""

    def change(folder: Path) -> None:
        listed = json.loads((folder / LIST).read_text())
        listed["clips"][0][key] = value
        (folder / LIST).write_text(json.dumps(listed))

    return change


def cut(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:-100])


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (changed("version", 2), "version 2, this program's is 1"),
        (changed("descriptor_version", 0), "descriptor version 0, this program's is 1"),
        (changed("format", "something"), "not the list of an index"),
        (changed("clips", 7), "damaged"),
        (changed_clip("frames", 91), "cut short or damaged"),
        (changed_clip("frames", "many"), "damaged"),
        (changed_clip("fps", 0), "must be between"),
        (changed_clip("file", "../secret.npy"), "damaged"),
        (cut(LIST), "cannot be read"),
        (cut("0000002.npy"), "cut short or damaged"),
        (lambda folder: (folder / "0000003.npy").unlink(), "is missing"),
        (lambda folder: (folder / LIST).unlink(), "is no index"),
    ],
)
def test_a_damaged_index_is_refused_in_one_line(
    run: Run, clips: Path, tmp_path: Path, damage: Callable[[Path], None], told: str
) -> None:
    run(index_command, clips, "-o", tmp_path / "index")
    damage(tmp_path / "index")
    code, out, err = run(search_command, clips / "walk.npz", tmp_path / "index")
    assert (code, out) == (2, "")
    assert told in err
    assert err.count("\n") == 1


def test_damage_within_a_file_is_refused_when_it_is_read(run: Run, clips: Path, tmp_path: Path) -> None:
    run(index_command, clips, "-o", tmp_path / "index")
    path = tmp_path / "index" / "0000001.npy"
    path.write_bytes(b"\0" * path.stat().st_size)
    code, _, err = run(search_command, clips / "walk.npz", tmp_path / "index")
    assert code == 2
    assert "is damaged" in err


_ADDING = """
import sys
from pathlib import Path
import numpy as np
from posenorm_core.search.index import Person, add_clip, create_index
index, clip = create_index(sys.argv[1]), Path(sys.argv[2])
for number in range(100_000):
    path = clip.with_name(f"{number}.bvh")
    path.write_bytes(b"a clip")
    index = add_clip(index, path, path.name, [Person(1, 30.0, np.full((500, 32), number, np.float32))])
    print(number, flush=True)
"""


@pytest.mark.skipif(os.name == "nt", reason="kill -9 is POSIX's")
@pytest.mark.parametrize("after", [0, 7, 23])
def test_a_kill_loses_the_clip_being_added_at_most(tmp_path: Path, after: int) -> None:
    folder = tmp_path / "index"
    adding = [sys.executable, "-c", _ADDING, str(folder), str(tmp_path / "clip")]
    with subprocess.Popen(adding, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if int(line) >= after:
                break
        time.sleep(0.003 * (after % 5))
        process.send_signal(signal.SIGKILL)
        told = [int(line) for line in process.stdout]
    last = max([after, *told])
    index = open_index(folder)
    assert last + 1 <= len(index.clips) <= last + 2
    for number, clip in enumerate(index.clips):
        assert (index.descriptors(clip) == number).all()
    new = tmp_path / "new.bvh"
    new.write_bytes(b"a clip")
    grown = add_clip(create_index(folder), new, "new", [Person(1, 30.0, np.zeros((3, DIMENSIONS)))])
    assert open_index(folder) == grown
    assert {path.name for path in folder.iterdir()} == {LIST, *(clip.file for clip in grown.clips)}


def test_search_prints_a_table_and_writes_what_it_found(run: Run, clips: Path, tmp_path: Path) -> None:
    run(index_command, clips, "-o", tmp_path / "index")
    arguments = (clips / "walk.npz", tmp_path / "index", "--at", 1, "--count", 4, "--json", tmp_path / "found.json")
    code, out, _ = run(search_command, *arguments, "--mirrored")
    assert code == 0
    head, first, *rest = out.splitlines()
    assert head.split() == ["clip", "person", "time", "s", "frame", "distance", "mm"]
    assert first.split() == ["walk.npz", "1", "1.00", "30", "0.0"]
    assert len(rest) == 3
    found = json.loads((tmp_path / "found.json").read_text())
    assert [hit["clip"] for hit in found] == [line.split()[0] for line in [first, *rest]]
    assert found[0] | {"distance_mm": 0} == {
        "clip": "walk.npz",
        "path": str((clips / "walk.npz").resolve()),
        "person": 1,
        "seconds": 1.0,
        "frame": 30,
        "distance_mm": 0,
        "mirrored": False,
    }


def test_the_contact_sheet_shows_the_query_and_the_hits(run: Run, clips: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="needs the extra [plot]")
    run(index_command, clips, "-o", tmp_path / "index")
    sheet = tmp_path / "sheet.svg"
    code, _, err = run(
        search_command, clips / "kick.npz", tmp_path / "index", "--for", 0.5, "--sheet", sheet, "--count", 3
    )
    assert (code, err) == (0, "")
    # Text is drawn as paths with the text in a comment beside them.
    assert sheet.read_text().count("<!-- kick.npz -->") >= 2
    code, _, err = run(search_command, clips / "kick.npz", tmp_path / "index", "--sheet", tmp_path / "sheet.txt")
    assert code == 2
    assert "must end in .png" in err


def test_an_empty_index_is_told(run: Run, clips: Path, tmp_path: Path) -> None:
    create_index(tmp_path / "index")
    code, _, err = run(search_command, clips / "kick.npz", tmp_path / "index")
    assert code == 2
    assert "the index is empty" in err


def test_writing_where_a_file_stands_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be made a folder"):
        create_index(tmp_path / "file")
