"""The progress bar of a training."""

import sys

from tqdm import tqdm

# Seconds between two states of the bar: of one that is watched, and of one in a log, where each state stays.
_WATCHED, _LOGGED = 0.1, 60.0


def bar_of_steps(steps: int, done: int) -> "tqdm[None]":
    """A bar of `steps` steps, `done` of which are made already."""
    apart = _WATCHED if sys.stderr.isatty() else _LOGGED
    return tqdm(
        total=steps, initial=done, unit="step", dynamic_ncols=True, mininterval=apart, maxinterval=max(apart, 10.0)
    )
