"""What every reader of files must do with what it is given: a sound clip, or one line that says what is wrong."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import strategies as st

from posenorm_core.errors import InputError
from posenorm_core.formats import read_clip

# Anything that JSON can hold.
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)


class Runs:
    """Makes a folder where it is unpickled as pickles usually are."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., None], tuple[str]]:
        """How it wants to be made again."""
        return os.mkdir, (str(self.path),)


def refused(path: Path, *words: str) -> None:
    """Reading `path` must fail with one line that has all of `words` and names the file."""
    with pytest.raises(InputError) as caught:
        read_clip(path)
    message = str(caught.value)
    assert "\n" not in message
    assert str(path) in message
    for word in words:
        assert word in message


def sound_or_refused(path: Path) -> None:
    """Reading `path` must give somebody in finite places, or one line."""
    try:
        clip = read_clip(path)
    except InputError as error:
        assert "\n" not in str(error)  # noqa: PT017
        return
    keypoints = clip.keypoints()
    assert np.isfinite(keypoints.points).all()
    assert ((keypoints.confidence >= 0) & (keypoints.confidence <= 1)).all()
    assert (keypoints.confidence > 0).any()
