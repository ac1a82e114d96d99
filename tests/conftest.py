"""What every test may use: the folder of real data beside the clone, where there is one."""

import os
from pathlib import Path

import pytest

_BESIDE_THE_CLONE = Path(__file__).resolve().parents[1].parent / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data (`POSENORM_DATA`, or `shared/data` beside the clone); skips where it is missing."""
    folder = Path(os.environ.get("POSENORM_DATA", _BESIDE_THE_CLONE))
    if not folder.is_dir():
        pytest.skip(f"needs the real data, and there is no folder {folder}")
    return folder
