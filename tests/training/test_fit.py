"""Training goes on exactly where it stopped, survives being killed, and says what is wrong in one line."""

import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from posenorm_core.architecture import Architecture
from posenorm_core.errors import InputError
from posenorm_core.weights import load_weights
from training import fit as fitting
from training import schedule
from training.checkpoint import load_checkpoint, save_checkpoint
from training.configuration import Augmentation, Configuration, DataOptions, LossWeights, Optimization
from training.dataset import builtin_data
from training.export import averaged_network, export_weights
from training.progress import bar_of_steps
from training.trainer import Trainer, trained

ROOT = Path(__file__).resolve().parents[2]
CPU = torch.device("cpu")
WAITING = ("lift_fresh", "_local_scalar_dense", "nonzero", "masked_select")
SMALL = Configuration(
    data=DataOptions(builtin_minutes=0.5),
    network=Architecture(width=16, dilations=(2,)),
    losses=LossWeights(cycle=0.1, rotation_consistency=0.1, body_consistency=0.1, foot_contact=1.0),
    optimization=Optimization(steps=6, batch=4, frames=8, validate_every=6, checkpoint_every=3),
)
TOML = """
[data]
builtin_minutes = 0.5
[network]
width = 16
dilations = [2]
[optimization]
steps = {steps}
batch = 4
frames = 8
validate_every = 100000
checkpoint_every = 1
"""


def with_steps(steps: int) -> Configuration:
    return replace(SMALL, optimization=replace(SMALL.optimization, steps=steps))


def same(a: dict, b: dict) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[k], b[k]) for k in a)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Six steps in one go, and the folder they wrote."""
    out = tmp_path_factory.mktemp("whole")
    fitting.fit(SMALL, out, CPU)
    return out


def test_resuming_gives_what_one_go_gives(whole, tmp_path):
    # Stopped after the checkpoint of step 3, though the schedule runs to 6.
    class StoppedError(Exception):
        pass

    def stop_after_three(self, *arguments, step=Trainer.train_step):
        if self.step == 4:
            raise StoppedError
        return step(self, *arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Trainer, "train_step", stop_after_three)
        with pytest.raises(StoppedError):
            fitting.fit(SMALL, tmp_path, CPU)
    assert load_checkpoint(tmp_path / "checkpoint.pt").step == 3
    fitting.fit(SMALL, tmp_path, CPU, resume=True)
    resumed, one_go = load_checkpoint(tmp_path / "checkpoint.pt"), load_checkpoint(whole / "checkpoint.pt")
    assert resumed.step == one_go.step == 6
    assert same(resumed.network, one_go.network)
    assert same(resumed.average, one_go.average)


def test_the_time_a_training_took_counts_the_parts_before_it_was_stopped(whole):
    finished = load_checkpoint(whole / "checkpoint.pt")
    assert finished.seconds > 0
    resumed, anew = Trainer(SMALL, CPU), Trainer(SMALL, CPU)
    resumed.restore(replace(finished, seconds=5000.0))
    anew.start_from(replace(finished, seconds=5000.0))
    assert 5000 < resumed.checkpoint().seconds < 5100
    assert anew.seconds < 100


def test_another_training_starts_with_the_averaged_weights(whole, tmp_path):
    finished = load_checkpoint(whole / "checkpoint.pt")
    training = Trainer(SMALL, CPU)
    training.start_from(finished)
    assert training.step == 0
    assert same(training.model.state_dict(), finished.averaged_weights)
    assert same(training.average.module.state_dict(), finished.averaged_weights)
    tuned = fitting.fit(with_steps(1), tmp_path / "tuned", CPU, start=whole / "checkpoint.pt")
    moved = max(
        float((a - b).detach().abs().max())
        for a, b in zip(tuned.model.parameters(), training.model.parameters(), strict=True)
    )
    assert 0 < moved < 0.1
    other = Trainer(replace(SMALL, network=Architecture(width=8, dilations=(2,))), CPU)
    with pytest.raises(InputError, match="start from"):
        other.start_from(finished)


def test_options_stand_for_the_configuration_s(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text("[optimization]\nsteps = 7\n")
    plain = fitting.configured(fitting.parsed(["--config", str(file)]))
    assert (plain.optimization.steps, plain.data.all_clips) == (7, False)
    words = ["--all-clips", "--steps", "9", "--learning-rate", "0.001", "--seed", "4", "--leave-out", "dance"]
    changed = fitting.configured(fitting.parsed(["--config", str(file), *words]))
    assert (changed.optimization.steps, changed.optimization.learning_rate, changed.seed) == (9, 0.001, 4)
    assert changed.data.all_clips
    assert changed.data.leave_out == ("dance",)


def test_the_seed_decides_everything(whole, tmp_path):
    fitting.fit(SMALL, tmp_path / "again", CPU)
    fitting.fit(replace(SMALL, seed=1), tmp_path / "other", CPU)
    first = load_checkpoint(whole / "checkpoint.pt").network
    assert same(load_checkpoint(tmp_path / "again" / "checkpoint.pt").network, first)
    assert not same(load_checkpoint(tmp_path / "other" / "checkpoint.pt").network, first)


def test_training_learns(tmp_path):
    training = Trainer(with_steps(60), CPU)
    data, validation = fitting.training_and_validation_data(SMALL)
    probabilities = fitting.clip_probabilities(data, 0.5, 0.5)
    before = fitting.validate(training, validation)["mean"].measures
    for _ in range(60):
        training.train_step(data, probabilities)
    training.average.module.load_state_dict(training.model.state_dict())
    after = fitting.validate(training, validation)["mean"].measures
    assert after["mpjpe"] < 0.9 * before["mpjpe"]
    assert after["root"] < before["root"]


def test_a_step_waits_for_no_number_to_come_or_go(monkeypatch):
    """On a GPU a tensor made of Python's numbers, or a number read back, waits for all that the GPU has to do."""

    class Watch(TorchDispatchMode):
        def __torch_dispatch__(self, operation, types, arguments=(), options=None):
            waiting.update(name for name in WAITING if name in str(operation))
            return operation(*arguments, **(options or {}))

    waiting = set()
    training = Trainer(replace(SMALL, augmentation=Augmentation(tilt=0.3)), CPU)
    data, _ = fitting.training_and_validation_data(SMALL)
    probabilities = fitting.clip_probabilities(data, 0.5, 0.5)
    training.train_step(data, probabilities)
    # The optimizer's count of its steps is kept on the CPU, as is the average's.
    monkeypatch.setattr(training.optimizers, "step", lambda rate: None)
    monkeypatch.setattr(training, "_update_average", lambda: None)
    with Watch():
        training.train_step(data, probabilities)
    assert not waiting


@pytest.mark.parametrize("model", ["martinez", "semgcn", "videopose3d"])
def test_the_same_harness_trains_saves_and_restores_the_lifters(model, tmp_path):
    course = replace(SMALL.optimization, steps=12, learning_rate=1e-3)
    training = fitting.fit(replace(SMALL, model=model, optimization=course), tmp_path, CPU)
    losses = [entry["mean"]["mpjpe"] for entry in json.loads((tmp_path / "figures.json").read_text())]
    assert len(losses) == 3
    assert min(losses) > 0
    assert load_checkpoint(tmp_path / "checkpoint.pt").configuration.model == model
    restored = Trainer(training.configuration, CPU)
    restored.restore(load_checkpoint(tmp_path / "checkpoint.pt"))
    assert same(restored.model.state_dict(), training.model.state_dict())
    with pytest.raises(InputError, match="normalizer"):
        export_weights(load_checkpoint(tmp_path / "checkpoint.pt"), tmp_path / "w.npz", {})


def test_logs_and_figures_are_written(whole):
    history = json.loads((whole / "figures.json").read_text())
    # At nine tenths too: what the last tenth gains says whether the training was long enough.
    assert [entry["step"] for entry in history] == [5, 6]
    assert all(entry["mean"]["mpjpe"] > 0 for entry in history)
    assert list(whole.glob("events.out.tfevents.*"))


def test_a_kill_at_any_moment_leaves_a_whole_checkpoint(tmp_path):
    config = tmp_path / "c.toml"
    config.write_text(TOML.format(steps=100000))
    command = [sys.executable, "-m", "training.fit", "--config", str(config), "--out", str(tmp_path / "run")]
    path = tmp_path / "run" / "checkpoint.pt"
    step = 0
    for attempt in range(3):
        resume = ["--resume"] if attempt else []
        process = subprocess.Popen([*command, *resume], cwd=ROOT, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 120
        while not path.exists() or load_checkpoint(path).step < step + 5:
            assert process.poll() is None, "the training ended by itself"
            assert time.monotonic() < deadline, "the training does not get on"
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        process.wait()
        step_after = load_checkpoint(path).step
        assert step_after > step
        step = step_after


def run(
    *arguments: str, python: tuple[str, ...] = (sys.executable,), environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess:
    command, place = [*python, "-m", *arguments], {**os.environ, **(environment or {})}
    return subprocess.run(command, cwd=ROOT, env=place, capture_output=True, text=True, check=False, timeout=120)


def one_line(result: subprocess.CompletedProcess) -> str:
    """What a failed command said: exit code 2, one line, no traceback."""
    assert result.returncode == 2, result.stderr
    lines = [line for line in result.stderr.splitlines() if line.strip()]
    assert len(lines) == 1, result.stderr
    return lines[0]


@pytest.mark.parametrize("command", ["training.fit", "training.experiments", "training.penn_action.recognition"])
def test_where_torch_is_not_installed_a_command_says_so_in_one_line(command):
    bare = (sys.executable, "-S")  # the standard library alone
    assert "not installed here" in one_line(run(command, python=bare))


@pytest.mark.parametrize("command", ["training.fit", "training.experiments"])
def test_ctrl_c_while_torch_is_loaded_ends_a_command_as_later(tmp_path, command):
    (tmp_path / "torch.py").write_text("raise KeyboardInterrupt\n")
    result = run(command, environment={"PYTHONPATH": str(tmp_path)})
    assert (result.returncode, result.stderr) == (130, "stopped; nothing was left half-written\n")


def test_what_is_not_an_interrupt_is_told_whole(tmp_path):
    (tmp_path / "torch.py").write_text("raise RuntimeError('its library is damaged')\n")
    result = run("training.fit", environment={"PYTHONPATH": str(tmp_path)})
    assert result.returncode == 1
    assert result.stderr.startswith("Traceback")
    assert result.stderr.endswith("RuntimeError: its library is damaged\n")


def test_the_largest_seed_trains(tmp_path):
    """What the steps and the parts of a batch draw from follows from it, and must be a number torch takes."""
    course = replace(SMALL.optimization, steps=1, parts=4)
    assert fitting.fit(replace(SMALL, seed=2**32 - 1, optimization=course), tmp_path, CPU).step == 1


@pytest.mark.parametrize(
    ("damage", "words"),
    [(lambda p: p.write_bytes(p.read_bytes()[:2000]), "or cut short"), (lambda p: p.unlink(), "no such")],
)
def test_a_damaged_checkpoint_is_one_clear_line(whole, tmp_path, damage, words):
    path = tmp_path / "checkpoint.pt"
    path.write_bytes((whole / "checkpoint.pt").read_bytes())
    damage(path)
    assert words in one_line(run("training.fit", "--out", str(tmp_path), "--resume"))
    assert words in one_line(run("training.export", str(path), "-o", str(tmp_path / "w.npz")))
    assert not (tmp_path / "w.npz").exists()


def test_a_checkpoint_of_another_network_is_refused(whole):
    other = Trainer(replace(SMALL, network=Architecture(width=8, dilations=(2,))), CPU)
    with pytest.raises(InputError, match="another network"):
        other.restore(load_checkpoint(whole / "checkpoint.pt"))


def test_a_checkpoint_of_when_there_was_one_refinement_goes_on_with_it(tmp_path):
    once = replace(SMALL, network=replace(SMALL.network, refinements=1, refining_blocks=3))
    now = Trainer(once, CPU).checkpoint()
    save_checkpoint(now, tmp_path / "checkpoint.pt")
    content = torch.load(tmp_path / "checkpoint.pt")
    described = json.loads(content["configuration"])
    del described["network"]["refinements"], described["network"]["refining_blocks"]
    described["network"]["refined"] = True
    for name in ("network", "average"):
        content[name] = {k.replace("refinements.0.", "refinement."): v for k, v in content[name].items()}
    torch.save(content | {"configuration": json.dumps(described)}, tmp_path / "checkpoint.pt")
    restored = load_checkpoint(tmp_path / "checkpoint.pt")
    assert restored.configuration == now.configuration
    assert any("refinements.0." in name for name in now.network)
    for ours, theirs in ((restored.network, now.network), (restored.averaged_weights, now.averaged_weights)):
        assert {name: value.tolist() for name, value in ours.items()} == {k: v.tolist() for k, v in theirs.items()}


def test_a_checkpoint_of_before_there_were_refinements_goes_on_without(tmp_path):
    of_before = replace(SMALL, network=replace(SMALL.network, refinements=0, refining_blocks=3))
    path = tmp_path / "checkpoint.pt"
    save_checkpoint(Trainer(of_before, CPU).checkpoint(), path)
    content = torch.load(path)
    described = json.loads(content["configuration"])
    del described["network"]["refinements"], described["network"]["refining_blocks"]
    torch.save(content | {"configuration": json.dumps(described)}, path)
    assert load_checkpoint(path).configuration == of_before
    assert len(trained(path).model.refinements) == 0


def test_a_checkpoint_runs_no_code(tmp_path):
    class Hostile:
        def __reduce__(self):
            return (Path(tmp_path / "ran").touch, ())

    torch.save({"format": Hostile()}, tmp_path / "c.pt")
    with pytest.raises(InputError, match="readable checkpoint"):
        load_checkpoint(tmp_path / "c.pt")
    assert not (tmp_path / "ran").exists()


def test_an_earlier_training_is_not_overwritten(whole):
    before = (whole / "checkpoint.pt").read_bytes()
    with pytest.raises(InputError, match="--resume"):
        fitting.fit(SMALL, whole, CPU)
    assert (whole / "checkpoint.pt").read_bytes() == before


def test_a_training_that_diverges_leaves_the_last_good_checkpoint(whole, tmp_path):
    shutil.copytree(whole, tmp_path / "run")
    course = replace(SMALL.optimization, steps=40, checkpoint_every=1, learning_rate=1e30)
    with pytest.raises(InputError, match="has diverged and is not saved; lower"):
        fitting.fit(replace(SMALL, optimization=course), tmp_path / "run", CPU, resume=True)
    left = load_checkpoint(tmp_path / "run" / "checkpoint.pt")
    assert all(bool(torch.isfinite(value).all()) for value in left.network.values())
    averaged_network(left)


def test_weights_that_are_not_finite_are_not_exported(whole, tmp_path):
    checkpoint = load_checkpoint(whole / "checkpoint.pt")
    name = next(name for name in checkpoint.average if name.endswith("weight"))
    spoilt = replace(checkpoint, average={**checkpoint.average, name: checkpoint.average[name] * torch.nan})
    with pytest.raises(InputError, match="not finite"):
        export_weights(spoilt, tmp_path / "w.npz", {})
    assert not list(tmp_path.iterdir())


def test_an_export_does_not_replace_its_checkpoint(whole):
    before = (whole / "checkpoint.pt").read_bytes()
    path = str(whole / "checkpoint.pt")
    assert "another name" in one_line(run("training.export", path, "-o", path))
    assert (whole / "checkpoint.pt").read_bytes() == before


def test_what_the_training_must_not_see_it_sees_with_all_clips_neither(monkeypatch):
    few = builtin_data(0.5, seed=3)
    data = replace(few, clip_family=np.where(np.arange(len(few.clip_family)) % 2, "one", "other"))
    monkeypatch.setattr(fitting, "load_data", lambda _: data)
    monkeypatch.setattr(fitting, "part", lambda data, *_: data)
    options = DataOptions(path="d.npz", builtin_share=0.0, all_clips=True, leave_out=("one",))
    train, _ = fitting.training_and_validation_data(replace(SMALL, data=options))
    assert set(train.clip_family) == {"other"}
    with pytest.raises(InputError, match="nosuch"):
        fitting.training_and_validation_data(replace(SMALL, data=replace(SMALL.data, leave_out=("nosuch",))))


def test_a_full_disk_leaves_the_last_good_checkpoint(whole, tmp_path, monkeypatch):
    path = tmp_path / "checkpoint.pt"
    checkpoint = load_checkpoint(whole / "checkpoint.pt")
    save_checkpoint(checkpoint, path)
    before = path.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(InputError, match="No space left"):
        save_checkpoint(checkpoint, path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["checkpoint.pt"]


def test_the_schedule_rises_and_falls_to_nothing():
    course = Optimization(steps=1000, warmup=100, learning_rate=1.0)
    rates = [schedule.learning_rate(course, step) for step in range(1000)]
    assert max(rates) == pytest.approx(1.0)
    assert int(np.argmax(rates)) == 99
    assert rates[-1] < 1e-4
    assert all(b <= a for a, b in itertools.pairwise(rates[100:]))


def test_exported_weights_predict_what_the_checkpoint_does(whole, tmp_path):
    checkpoint = load_checkpoint(whole / "checkpoint.pt")
    export_weights(checkpoint, tmp_path / "w.npz", {"figures": {"mpjpe": 1.0}}, precision="float32")
    weights = load_weights(tmp_path / "w.npz")
    assert weights.card["figures"] == {"mpjpe": 1.0}
    assert weights.card["steps"] == 6
    for (weight, bias), (again, bias_again) in zip(
        averaged_network(checkpoint).folded_layers(), weights.layers, strict=True
    ):
        np.testing.assert_array_equal(weight, again)
        np.testing.assert_array_equal(bias, bias_again)


def test_exported_weights_tell_no_folder_of_who_trained_them(whole, tmp_path):
    checkpoint = load_checkpoint(whole / "checkpoint.pt")
    configuration = checkpoint.configuration
    elsewhere = replace(configuration, data=replace(configuration.data, path="/home/me/secret/mocap.npz"))
    export_weights(replace(checkpoint, configuration=elsewhere), tmp_path / "w.npz", {})
    card = load_weights(tmp_path / "w.npz").card
    assert card["configuration"]["data"]["path"] == "mocap.npz"
    assert "secret" not in str(card)


def test_a_bar_in_a_log_is_a_few_lines(capsys):
    """Ten a second would fill the log of an hour's training with 36,000, and hide what it says of validation."""
    with bar_of_steps(3_000, 10) as bar:
        for _ in range(2_990):
            bar.update()
            bar.set_postfix({"loss": "0.123"}, refresh=False)
            time.sleep(2e-4)
    told = capsys.readouterr().err
    assert told.count("\r") <= 3
    assert "3000/3000" in told
    assert "loss=0.123" in told
