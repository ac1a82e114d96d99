"""The commands on a folder of clips: what is new, changed, gone or refused, what is moved, and what is found."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from openpose_files import walking_clip
from search_library import run, write_clip, write_library

from posenorm_core.commands import index as index_command
from posenorm_core.commands import search as search_command
from posenorm_core.motion import load_motion
from posenorm_core.search import library as search_library
from posenorm_core.search.index import create_index, open_index
from posenorm_core.search.index_list import LIST
from posenorm_core.search.pose_code import pose_descriptors
from posenorm_core.weights import load_weights


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    return write_library(tmp_path / "clips")


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    """What each file of `folder` holds, and when it was changed."""
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}


def listed(folder: Path) -> list[str]:
    return [clip.name for clip in open_index(folder).clips]


def test_an_index_holds_every_frame_of_every_clip(clips: Path, tmp_path: Path) -> None:
    code, out, err = run(index_command, clips, "-o", tmp_path / "index")
    assert (code, err) == (0, "")
    assert "3 people's motions, 270 frames; 3 clips added, 0 unchanged, 0 left out, 0 gone" in out
    index = open_index(tmp_path / "index")
    assert [clip.name for clip in index.clips] == ["below/throw.npz", "kick.npz", "walk.npz"]
    for clip in index.clips:
        expected = pose_descriptors(load_motion(clips / clip.name))
        np.testing.assert_allclose(index.descriptors(clip), expected, atol=1e-6)


def test_adding_leaves_what_was_there_as_it_was(clips: Path, tmp_path: Path) -> None:
    folder = tmp_path / "index"
    run(index_command, clips, "-o", folder)
    before = contents(folder)
    write_clip(clips / "squat.npz", "squat")
    _, out, _ = run(index_command, clips, "-o", folder)
    assert "1 clips added, 3 unchanged" in out
    after = contents(folder)
    assert {name: after[name] for name in before if name != LIST} == {n: v for n, v in before.items() if n != LIST}
    assert after[LIST][0].startswith(before[LIST][0])
    assert len(after) == len(before) + 1


def test_another_rate_or_other_weights_are_another_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    walking_clip(tmp_path / "clips")
    counts = []
    for fps in (None, 25, 25, None):
        _, out, err = run(index_command, tmp_path / "clips", "-o", tmp_path / "index", *(["--fps", fps] if fps else []))
        assert err == ""
        counts.append((out.split("; ")[1].split(" clips")[0], open_index(tmp_path / "index").clips[0].fps))
    assert counts == [("1", 30), ("1", 25), ("0", 25), ("1", 30)]
    other = replace(load_weights(), digest="other")
    monkeypatch.setattr(search_library, "load_weights", lambda: other)
    assert "1 clips added, 0 unchanged" in run(index_command, tmp_path / "clips", "-o", tmp_path / "index")[1]
    assert "0 clips added, 1 unchanged" in run(index_command, tmp_path / "clips", "-o", tmp_path / "index")[1]


def test_clips_of_which_is_not_told_what_read_them_are_read_again(clips: Path, tmp_path: Path) -> None:
    run(index_command, clips, "-o", tmp_path / "index")
    path = tmp_path / "index" / LIST
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    told = [{key: value for key, value in line.items() if key != "made_by"} for line in lines]
    path.write_text("".join(json.dumps(line) + "\n" for line in told))
    before = listed(tmp_path / "index")
    assert "3 clips added, 0 unchanged" in run(index_command, clips, "-o", tmp_path / "index")[1]
    assert listed(tmp_path / "index") == before


def test_a_changed_clip_takes_the_place_of_the_former(clips: Path, tmp_path: Path) -> None:
    run(index_command, clips, "-o", tmp_path / "index")
    write_clip(clips / "walk.npz", "wave", seconds=2.0)
    _, out, _ = run(index_command, clips, "-o", tmp_path / "index")
    assert "3 people's motions, 240 frames; 1 clips added, 2 unchanged" in out
    assert len(list((tmp_path / "index").glob("*.npy"))) == 3


def test_a_changed_clip_that_is_none_any_more_is_not_found_as_it_was(clips: Path, tmp_path: Path) -> None:
    run(index_command, clips, "-o", tmp_path / "index")
    whole = (clips / "walk.npz").read_bytes()
    (clips / "walk.npz").write_bytes(whole[:500])
    for told in ("; its former poses are taken out\n", "\n"):
        _, out, err = run(index_command, clips, "-o", tmp_path / "index")
        assert "2 people's motions, 180 frames; 0 clips added, 2 unchanged, 1 left out" in out
        assert err.startswith(f"left out: {clips / 'walk.npz'}: ")
        assert err.endswith(told)
        assert ("former" in err) == ("former" in told)
    (clips / "walk.npz").write_bytes(whole)
    assert "270 frames; 1 clips added" in run(index_command, clips, "-o", tmp_path / "index")[1]


def test_a_clip_that_changes_while_it_is_read_is_read_again(
    clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = search_library.people_of

    def changing(path: Path, *others: object) -> object:
        found = read(path, *others)  # type: ignore[arg-type]
        if path.name == "walk.npz":
            write_clip(path, "wave", seconds=2.0)
        return found

    with monkeypatch.context() as patch:
        patch.setattr(search_library, "people_of", changing)
        run(index_command, clips, "-o", tmp_path / "index")
    _, out, _ = run(index_command, clips, "-o", tmp_path / "index")
    assert "240 frames; 1 clips added, 2 unchanged" in out


def test_what_is_gone_from_the_folder_is_taken_out_and_nothing_else(clips: Path, tmp_path: Path) -> None:
    other, folder = write_library(tmp_path / "clips beside"), tmp_path / "index"
    for library in (clips, other):
        run(index_command, library, "-o", folder)
    (clips / "kick.npz").unlink()
    (other / "kick.npz").unlink()
    shutil.rmtree(clips / "below")
    _, out, _ = run(index_command, clips, "-o", folder)
    assert "4 people's motions, 360 frames; 0 clips added, 1 unchanged, 0 left out, 2 gone" in out
    assert listed(folder) == ["walk.npz", "below/throw.npz", "kick.npz", "walk.npz"]
    assert len(list(folder.glob("*.npy"))) == 4
    # One clip of a folder says nothing of the others.
    (other / "walk.npz").unlink()
    assert ", 0 gone" in run(index_command, other / "below" / "throw.npz", "-o", folder)[1]
    assert ", 2 gone" in run(index_command, other, "-o", folder)[1]


def test_a_folder_that_is_empty_or_cannot_be_seen_empties_no_index(
    clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(index_command, clips, "-o", tmp_path / "index")
    before = contents(tmp_path / "index")
    import os

    scan = os.scandir

    def denied(path: Path) -> object:
        if Path(path).name == "below":
            raise PermissionError(13, "Permission denied")
        return scan(path)

    with monkeypatch.context() as patch:
        patch.setattr("posenorm_core.formats.source.os.scandir", denied)
        code, _, err = run(index_command, clips, "-o", tmp_path / "index")
        assert (code, err) == (2, f"error: {clips / 'below'}: cannot be read (Permission denied)\n")
    for gone, told in ((lambda: None, "holds no files"), (clips.rmdir, "there is no such folder")):
        shutil.rmtree(clips, ignore_errors=True)
        clips.mkdir()
        gone()
        code, _, err = run(index_command, clips, "-o", tmp_path / "index")
        assert code == 2
        assert told in err
    assert contents(tmp_path / "index") == before


def test_a_clip_that_vanishes_meanwhile_is_left_out(
    clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vanished = [clips / "gone.npz", *search_library.clip_paths(clips, tmp_path)]
    monkeypatch.setattr(index_command, "clip_paths", lambda *_: vanished)
    code, out, err = run(index_command, clips, "-o", tmp_path / "index")
    assert code == 0
    assert "3 clips added, 0 unchanged, 1 left out" in out
    assert err == f"left out: {clips / 'gone.npz'}: cannot be read (No such file or directory)\n"


def test_every_person_is_indexed_and_what_is_no_clip_is_told(clips: Path) -> None:
    walking_clip(clips / "openpose")
    (clips / "notes.txt").write_text("no clip")
    (clips / "cut.npz").write_bytes((clips / "walk.npz").read_bytes()[:500])
    code, out, err = run(index_command, clips, "-o", clips / "index")
    assert code == 0
    assert "4 clips added, 0 unchanged, 2 left out" in out
    assert len([line for line in err.splitlines() if line.startswith("left out: ")]) == 2
    # The index inside the folder is no clip of it.
    assert "0 clips added, 4 unchanged, 2 left out, 0 gone" in run(index_command, clips, "-o", clips / "index")[1]


def test_a_folder_with_nothing_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for folder, told in ((tmp_path / "empty", "holds no files"), (tmp_path / "missing", "there is no such folder")):
        code, _, err = run(index_command, folder, "-o", tmp_path / "index")
        assert code == 2
        assert told in err
        assert not (tmp_path / "index").exists()


@pytest.mark.parametrize("place", ["index", "clips/index"])
def test_an_index_that_is_moved_with_its_library_is_as_it_was(tmp_path: Path, place: str) -> None:
    before, after = tmp_path / "here", tmp_path / "elsewhere" / "and deeper"
    write_library(before / "clips")
    run(index_command, before / "clips", "-o", before / place)
    after.parent.mkdir()
    before.rename(after)
    files = contents(after / place)
    _, out, _ = run(index_command, after / "clips", "-o", after / place)
    assert "3 people's motions, 270 frames; 0 clips added, 3 unchanged, 0 left out, 0 gone" in out
    assert contents(after / place) == files
    found = tmp_path / "found.json"
    run(search_command, after / "clips" / "kick.npz", after / place, "--json", found, "--count", 1)
    assert json.loads(found.read_text())[0]["path"] == str((after / "clips" / "kick.npz").resolve())


def test_an_index_is_the_same_from_wherever_it_is_named(
    clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(index_command, clips, "-o", tmp_path / "index")
    monkeypatch.chdir(clips)
    assert "0 clips added, 3 unchanged, 0 left out, 0 gone" in run(index_command, ".", "-o", "../index")[1]
    assert [clip.path for clip in open_index("../index").clips] == [
        str((clips / name).resolve()) for name in ("below/throw.npz", "kick.npz", "walk.npz")
    ]


def test_search_prints_a_table_and_writes_what_it_found(clips: Path, tmp_path: Path) -> None:
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


def test_the_contact_sheet_shows_the_query_and_the_hits(clips: Path, tmp_path: Path) -> None:
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


def test_an_empty_index_is_told(clips: Path, tmp_path: Path) -> None:
    create_index(tmp_path / "index").close()
    code, _, err = run(search_command, clips / "kick.npz", tmp_path / "index")
    assert code == 2
    assert "the index is empty" in err
