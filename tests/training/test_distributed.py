"""Two processes train what one trains on the same parts, and end alike whatever ends one of them."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import torch
from torch import distributed, nn

from posenorm_core.errors import InputError
from training import trainer
from training.checkpoint import load_checkpoint
from training.configuration import Configuration, Optimization, load_configuration
from training.fit import fit
from training.synchronized import synchronize

ROOT = Path(__file__).resolve().parents[2]
# Every loss, for each reaches the other process's windows in its own way; full precision, for the comparison.
TOML = """
[data]
builtin_minutes = 0.5
[network]
width = 16
dilations = [2]
refinements = 1
[losses]
cycle = 0.1
rotation_consistency = 0.1
body_consistency = 0.1
foot_contact = 1.0
[augmentation]
tilt = 0.3
# An input that never changes (a landmark that is always seen) has no gradient but rounding, of which Adam makes a step.
miss = 1.0
[optimization]
optimizer = "adamw"
steps = {steps}
batch = 8
parts = 2
frames = 8
dropout = 0.3
mixed_precision = false
validate_every = 100000
checkpoint_every = 1
"""
FIT = ("training.fit", "--device", "cpu")


def configured(folder: Path, steps: int) -> Path:
    path = folder / "two.toml"
    path.write_text(TOML.format(steps=steps))
    return path


def start_two(*arguments: tuple[str, ...]) -> list[subprocess.Popen]:
    """Two processes of a command with the environment that torchrun gives them, each with its own arguments.

    Should a library bring one of them down, the fault handler tells on the terminal where.
    """
    with socket.socket() as free:
        free.bind(("localhost", 0))
        place = {"MASTER_ADDR": "localhost", "MASTER_PORT": str(free.getsockname()[1]), "WORLD_SIZE": "2"}
    settings = {"OMP_NUM_THREADS": "1", "PYTHONFAULTHANDLER": "1"}
    return [
        subprocess.Popen(
            [sys.executable, "-m", *FIT, *own],
            cwd=ROOT,
            env={**os.environ, **place, **settings, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank, own in enumerate(arguments)
    ]


def ended(processes: list[subprocess.Popen]) -> list[tuple[int, list[str]]]:
    """The exit codes, and the lines on the terminal but for the progress bar's."""
    said = [process.communicate(timeout=120)[1].splitlines() for process in processes]
    lines = [[line for line in text if line.strip() and "step/s" not in line] for text in said]
    return [(process.returncode, told) for process, told in zip(processes, lines, strict=True)]


def test_two_processes_train_what_one_trains(tmp_path):
    # Muon makes small directions of a gradient as large as the others, the rounding among them: no two runs of other
    # sums are the same to the last digits. What DDP does with the gradients does not depend on the optimizer.
    config = configured(tmp_path, steps=4)
    fit(load_configuration(config), tmp_path / "one", torch.device("cpu"))
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2", "-m"]
    command = [*launcher, *FIT, "--config", str(config), "--out", str(tmp_path / "two")]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("trained 4 steps") == 1
    one, two = (load_checkpoint(tmp_path / name / "checkpoint.pt") for name in ("one", "two"))
    assert one.step == two.step == 4
    for name in ("network", "average"):
        torch.testing.assert_close(getattr(two, name), getattr(one, name), atol=1e-5, rtol=0)


def test_what_is_wrong_in_one_process_ends_both_with_one_line(tmp_path):
    same = ("--config", str(configured(tmp_path, steps=4)), "--out", str(tmp_path / "out"))
    first, second = ended(start_two(same, (*same, "--data", str(tmp_path / "missing.npz"))))
    assert first[0] == second[0] == 2, (first, second)
    assert len(first[1]) == 1
    assert "missing.npz" in first[1][0]
    assert second[1] == []
    assert not list(tmp_path.rglob("*.pt"))


def test_an_interrupt_of_one_process_ends_both(tmp_path):
    same = ("--config", str(configured(tmp_path, steps=100000)), "--out", str(tmp_path / "out"))
    processes = start_two(same, same)
    deadline = time.monotonic() + 120
    while not (tmp_path / "out" / "checkpoint.pt").exists():
        assert time.monotonic() < deadline
        assert all(process.poll() is None for process in processes)
        time.sleep(0.05)
    processes[1].send_signal(signal.SIGINT)
    first, second = ended(processes)
    assert first[0] == second[0] == 130
    assert first[1][-1].startswith("stopped")
    assert second[1] == []
    assert load_checkpoint(tmp_path / "out" / "checkpoint.pt").step > 0


@pytest.mark.parametrize(("processes", "code"), [(1, -signal.SIGABRT), (2, 2)])
def test_one_of_several_processes_ends_before_python_does(processes, code):
    aborts = "import atexit, os, runpy; atexit.register(os.abort); "
    program = aborts + "runpy.run_module('training.fit', run_name='__main__')"
    command = [sys.executable, "-c", program, "--device", "nowhere", "--out", "nowhere"]
    place = {**os.environ, "WORLD_SIZE": str(processes), "RANK": "0", "LOCAL_RANK": "0"}
    result = subprocess.run(command, cwd=ROOT, env=place, capture_output=True, text=True, check=False, timeout=120)
    assert result.returncode == code
    assert result.stderr.startswith("error: --device nowhere")


def test_parts_that_the_processes_cannot_divide_are_refused(monkeypatch):
    monkeypatch.setattr(trainer, "world_size", lambda: 2)
    with pytest.raises(InputError, match=r"2 processes .* 3 parts"):
        trainer.Trainer(Configuration(optimization=Optimization(batch=6, parts=3)), torch.device("cpu"))


@pytest.fixture
def process_group():
    distributed.init_process_group("gloo", store=distributed.HashStore(), rank=0, world_size=1)
    yield
    distributed.destroy_process_group()


def test_synchronized_normalization_of_one_process_is_torchs(process_group):
    plain, ours = nn.Sequential(nn.BatchNorm1d(3)), nn.Sequential(nn.BatchNorm1d(3))
    synchronize(ours)
    rows = 5 + torch.randn(40, 3, generator=torch.Generator().manual_seed(1))
    results = []
    for model in (plain, ours):
        entered = rows.clone().requires_grad_()
        left = model(entered)
        (left * rows.sin()).sum().backward()
        results.append((left, entered.grad, model[0].weight.grad, model[0].bias.grad, model.state_dict()))
    torch.testing.assert_close(results[1], results[0], atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(ours.eval()(rows), plain.eval()(rows))


def test_who_waits_alone_says_so_and_ctrl_c_ends_it(tmp_path):
    """Torch waits for the others for hours, where no handler of Python's is ever called."""
    for alone in (0, 1):
        processes = start_two(*2 * [("--out", str(tmp_path))])
        processes[1 - alone].kill()
        processes[1 - alone].communicate()
        guard = threading.Timer(100, processes[alone].kill)
        guard.start()
        assert any("waits until all 2 are there" in line for line in processes[alone].stderr)
        guard.cancel()
        processes[alone].send_signal(signal.SIGINT)
        processes[alone].communicate(timeout=20)
        assert processes[alone].returncode == -signal.SIGINT
    assert not list(tmp_path.iterdir())
