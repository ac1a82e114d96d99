"""The set-up finds the right Python, tells the user which one to install, and is done once."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

_FILE = Path(__file__).resolve().parents[1] / "tools" / "environment.py"


@pytest.fixture
def environment() -> ModuleType:
    """The module, fresh, so that a test may change it."""
    spec = importlib.util.spec_from_file_location("environment_under_test", _FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def _machine_with(module: ModuleType, monkeypatch: pytest.MonkeyPatch, pythons: dict[str, str]) -> None:
    """Makes the module see these commands and no others: command -> version."""
    monkeypatch.setattr(
        module, "probe", lambda command: (pythons[command[0]], "/of/" + command[0]) if command[0] in pythons else None
    )


@pytest.mark.parametrize(
    ("pythons", "chosen"),
    [
        ({"python3": "3.12", "python3.13": "3.13", "python3.11": "3.11"}, "python3.11"),
        ({"python3": "3.11", "python3.13": "3.13"}, "python3.13"),
        ({"python3": "3.13"}, "python3"),
        ({"python3.11": "3.12", "python3": "3.11"}, "python3"),
    ],
)
def test_the_first_supported_python_is_taken(
    environment: ModuleType, monkeypatch: pytest.MonkeyPatch, pythons: dict[str, str], chosen: str
) -> None:
    """3.11 before 3.13 before python3, each believed by what it says of itself and not by its name."""
    monkeypatch.delenv("PYTHON", raising=False)
    _machine_with(environment, monkeypatch, pythons)
    assert environment.choose_python(environment.SUPPORTED) == (pythons[chosen], f"/of/{chosen}")


def test_the_variable_python_stands_alone(environment: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where PYTHON is of another version nothing else is silently taken in its place."""
    _machine_with(environment, monkeypatch, {"mine": "3.13", "old": "3.12", "python3.11": "3.11"})
    monkeypatch.setenv("PYTHON", "mine")
    assert environment.choose_python(environment.SUPPORTED)[0] == "3.13"
    monkeypatch.setenv("PYTHON", "old")
    with pytest.raises(environment.MissingPythonError, match=r"PYTHON=old is not a Python 3\.11 or 3\.13"):
        environment.choose_python(environment.SUPPORTED)


def test_another_python_is_told_what_to_install_in_one_line(
    environment: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Exit code 2, one line, and no environment begun."""
    monkeypatch.delenv("PYTHON", raising=False)
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    _machine_with(environment, monkeypatch, {"python3": "3.12"})
    assert environment.main(["demo"]) == 2
    told = capsys.readouterr().err
    assert "install python3.11" in told
    assert told.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_python_that_starts_and_fails_is_none(environment: ModuleType, tmp_path: Path) -> None:
    """As a pyenv shim of a version that is not active; and one that is not there at all."""
    shim = tmp_path / "python3.11"
    shim.write_text("#!/bin/sh\necho 'command not found' >&2\nexit 127\n")
    shim.chmod(0o755)
    assert environment.probe([str(shim)]) is None
    assert environment.probe([str(tmp_path / "nothing")]) is None
    assert environment.probe([sys.executable]) is not None


def test_the_set_up_is_done_once_and_again_when_the_pins_change(
    environment: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Pip runs for a new environment and for changed pins, and not in between; a failure leaves no stamp."""
    for name in ("pyproject.toml", "constraints.txt"):
        (tmp_path / name).write_text("as it was")
    runs: list[str] = []
    failing = False

    def run(command: list[str]) -> None:
        runs.append("venv" if "venv" in command else "pip")
        if failing and runs[-1] == "pip":
            raise environment.SetUpError("no network")
        if runs[-1] == "venv":
            subprocess.run([*command, "--without-pip"], check=True)

    monkeypatch.setenv("PYTHON", sys.executable)
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    monkeypatch.setattr(environment, "_run", run)
    failing = True
    assert environment.main(["demo"]) == 1
    failing = False
    assert [environment.main(["demo"]), environment.main(["demo"])] == [0, 0]
    assert runs == ["venv", "pip", "pip"]
    (tmp_path / "constraints.txt").write_text("as it is now")
    assert environment.main(["demo", "-c", "import sys; sys.exit(7)"]) == 7
    assert runs == ["venv", "pip", "pip", "pip"]
