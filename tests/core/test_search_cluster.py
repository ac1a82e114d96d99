"""Indexing by a Ray cluster: the same index as without, by several workers, whatever dies; no cluster is told."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from openpose_files import walking_clip
from search_library import run, write_library

from posenorm_core.commands import index as index_command
from posenorm_core.errors import InputError
from posenorm_core.search import cluster as cluster_module
from posenorm_core.search.cluster import Cluster, Lost
from posenorm_core.search.index import Index, open_index
from posenorm_core.search.index_list import LIST

pytest.importorskip("ray", reason="needs the extra [cluster]")


@pytest.fixture(scope="module")
def machines() -> Iterator[Any]:
    """A cluster of two machines of one processor each, on this one."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    from ray import cluster_utils

    found = cluster_utils.Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    found.add_node(num_cpus=1)
    yield found
    found.shutdown()


@pytest.fixture(scope="module")
def cluster(machines: Any) -> Iterator[Cluster]:
    """Connected to it; a program has one connection, so tests that have the command make one come before."""
    with Cluster(machines.address) as connected:
        yield connected


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """Motions, a clip of 2D keypoints, and what is no clip."""
    folder = write_library(tmp_path / "clips")
    walking_clip(folder / "openpose")
    (folder / "notes.txt").write_text("no clip")
    return folder


def by_name(index: Index) -> dict[tuple[str, int], tuple[object, ...]]:
    """What an index has of each person of each clip, but for the names of its own files."""
    return {
        (clip.name, clip.person): (clip.path, clip.frames, clip.fps, clip.size, clip.modified) for clip in index.clips
    }


def test_the_cluster_makes_the_index_that_is_made_without_it(
    machines: Any, library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, _, expected_err = run(index_command, library.resolve(), "-o", tmp_path / "without")

    def fail(*_: object) -> None:
        raise AssertionError("read here and not by a worker")

    with monkeypatch.context() as patch:
        patch.setattr("posenorm_core.search.library.people_of", fail)
        code, out, err = run(index_command, library, "-o", tmp_path / "with", "--ray", machines.address)
    assert (code, err) == (0, expected_err)
    assert "4 clips added, 0 unchanged, 1 left out, 0 gone" in out
    found, expected = open_index(tmp_path / "with"), open_index(tmp_path / "without")
    assert by_name(found) == by_name(expected)
    for clip in expected.clips:
        (same,) = [other for other in found.clips if (other.name, other.person) == (clip.name, clip.person)]
        np.testing.assert_array_equal(found.descriptors(same), expected.descriptors(clip))
    assert "0 clips added, 4 unchanged" in run(index_command, library, "-o", tmp_path / "with")[1]


def test_work_is_done_by_several_workers_and_drawn_as_it_is_done(cluster: Cluster, tmp_path: Path) -> None:
    give_up = time.time() + 60

    def where(_: int) -> int:
        # The first worker waits for another, which may be long in starting where the machine is busy.
        (tmp_path / str(os.getpid())).touch()
        while len(list(tmp_path.iterdir())) < 2 and time.time() < give_up:
            time.sleep(0.05)
        return os.getpid()

    drawn: list[int] = []
    done: list[tuple[int, Any]] = []

    def items() -> Iterator[int]:
        for item in range(40):
            drawn.append(item)
            yield item

    for result in cluster.map(where, items()):
        done.append(result)
        assert len(drawn) - len(done) < 8
    assert sorted(item for item, _ in done) == drawn == list(range(40))
    workers = {pid for _, pid in done}
    assert len(workers) > 1
    assert os.getpid() not in workers


def test_a_task_is_run_again_where_its_worker_dies_and_told_where_all_do(
    cluster: Cluster, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    def dying(item: str) -> str:
        tried = tmp_path / item
        with tried.open("a") as file:
            file.write("x")
        if item == "always" or (item == "once" and tried.stat().st_size == 1):
            os._exit(1)
        return item

    done = dict(cluster.map(dying, ["never", "once", "always"]))
    assert isinstance(done.pop("always"), Lost)
    assert done == {"never": "never", "once": "once"}
    assert (tmp_path / "always").read_text() == "xxxx"
    assert capfd.readouterr() == ("", "")


def test_a_clip_that_is_lost_is_left_out_and_the_others_are_added(
    library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Losing:
        def __init__(self, _: str) -> None: ...
        def __enter__(self) -> "Losing":
            return self

        def __exit__(self, *_: object) -> None: ...
        def map(self, function: Callable[[Path], object], items: dict[Path, object]) -> Iterator[tuple[Path, object]]:
            for path in items:
                yield path, Lost("its worker was lost") if path.name == "kick.npz" else function(path)

    monkeypatch.setattr(cluster_module, "Cluster", Losing)
    code, out, err = run(index_command, library, "-o", tmp_path / "index", "--ray", "anywhere")
    assert code == 0
    assert "3 clips added, 0 unchanged, 2 left out" in out
    told = f"left out: {library.resolve() / 'kick.npz'}: its worker was lost; run index again to try once more"
    assert told in err.splitlines()
    # Nobody has looked into it when it is lost again, changed meanwhile: what the index had of it stays.
    run(index_command, library, "-o", tmp_path / "index")
    (library / "kick.npz").write_bytes((library / "walk.npz").read_bytes())
    assert told in run(index_command, library, "-o", tmp_path / "index", "--ray", "anywhere")[2].splitlines()
    assert "kick.npz" in [clip.name for clip in open_index(tmp_path / "index").clips]


def test_the_tasks_of_a_machine_that_is_lost_are_done_by_the_others(machines: Any, cluster: Cluster) -> None:
    lost = machines.add_node(num_cpus=1)

    def slow(item: int) -> int:
        time.sleep(0.2)
        return item

    results = cluster.map(slow, range(12))
    done = [next(results)]
    machines.remove_node(lost, allow_graceful=False)
    done += results
    assert sorted(done) == [(item, item) for item in range(12)]


def test_workers_without_the_package_are_told(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("only_here")
    exec("def work(item):\n    return item", module.__dict__)
    monkeypatch.setitem(sys.modules, "only_here", module)
    with pytest.raises(InputError, match="workers have no only_here; install"):
        list(cluster.map(module.work, [1]))


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is sent as POSIX does")
def test_ctrl_c_keeps_what_was_added(machines: Any, library: Path, tmp_path: Path) -> None:
    for number in range(200):
        shutil.copytree(library / "openpose", library / f"openpose {number:03}")
    folder = tmp_path / "index"
    command = [sys.executable, "-m", "posenorm_core", "index", library, "-o", folder, "--ray", machines.address]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        while not (folder / LIST).exists() or len((folder / LIST).read_bytes().splitlines()) < 4:
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert err.splitlines()[-1] == "stopped; nothing was left half-written"
    added = open_index(folder).clips
    assert 3 <= len({clip.path for clip in added}) < 200


def test_a_ctrl_c_that_ray_has_swallowed_stops_the_work_all_the_same(cluster: Cluster) -> None:
    results = cluster.map(len, ["a"] * 20)
    next(results)
    with contextlib.suppress(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        next(results)
    assert len(list(cluster.map(len, ["a"] * 3))) == 3


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("127.0.0.1:1", "no cluster is reached there (Connection refused)"),
        ("ray://127.0.0.1:1", "no cluster is reached there (Connection refused)"),
        ("no.such.host.invalid:6379", "no cluster is reached there"),
        ("nonsense", "is no address of a cluster; give auto, local, HOST:PORT or ray://HOST:PORT"),
        ("127.0.0.1:99999", "is no address of a cluster"),
        ("somebody else's", "no cluster is reached there (nothing that answers as one does in 1 s)"),
    ],
)
def test_a_cluster_that_is_not_there_is_told_in_a_line(
    library: Path, tmp_path: Path, address: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        if address == "somebody else's":
            monkeypatch.setattr(cluster_module, "_CONNECTING", 1.0)
            address = f"127.0.0.1:{server.getsockname()[1]}"
        code, out, err = run(index_command, library, "-o", tmp_path / "index", "--ray", address)
    assert (code, out) == (2, "")
    assert told in err
    assert err.count("\n") == 1
    assert not (tmp_path / "index").exists()


def test_without_ray_what_to_install_is_told(library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    code, _, err = run(index_command, library, "-o", tmp_path / "index", "--ray", "local")
    assert (code, err) == (2, 'error: a cluster needs Ray: pip install "posenorm-core[cluster]"\n')
