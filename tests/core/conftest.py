"""Every law of the core's mathematics is tried in both array libraries and both precisions."""

import pytest
from hypothesis import settings
from library import LIBRARIES, Library

# The same examples every time: a test that fails today fails tomorrow.
settings.register_profile("laws", deadline=None, max_examples=40, derandomize=True)
settings.load_profile("laws")


@pytest.fixture(scope="session", params=LIBRARIES, ids=lambda library: f"{library.name}-{library.dtype}")
def library(request: pytest.FixtureRequest) -> Library:
    """NumPy and torch in float64 and float32, one after the other."""
    if request.param.name == "torch":
        pytest.importorskip("torch")
    found: Library = request.param
    return found
