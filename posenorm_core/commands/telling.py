"""What commands tell the person at the terminal: progress, warnings and who is in a clip."""

import sys
import time
from collections.abc import Callable

from posenorm_core.clip import DEFAULT_FPS, Clip, chosen_person
from posenorm_core.motion_files import MotionClip

# Seconds between two looks at the progress.
_EVERY = 0.1


def tell(line: str) -> None:
    """A line beside the results."""
    print(line, file=sys.stderr)


def progress(doing: str) -> Callable[[int, int], None] | None:
    """A line that counts up, with the rate and the time left, ended with the last frame; None without a terminal."""
    return _Line(doing).show if sys.stderr.isatty() else None


class _Line:
    def __init__(self, doing: str) -> None:
        self._doing, self._begun, self._shown = doing, time.monotonic(), 0.0

    def show(self, done: int, total: int) -> None:
        now = time.monotonic()
        if done < total and now - self._shown < _EVERY:
            return
        self._shown = now
        rate = done / max(now - self._begun, 1e-9)
        left = f", {(total - done) / rate:.0f} s left" if done < total else ""
        text = f"{self._doing}: {done} of {total} frames, {rate:.0f} frames/s{left}"
        print(f"\r{text:<75}", end="\n" if done >= total else "", file=sys.stderr, flush=True)


def warn_of_clip(clip: Clip | MotionClip, given_fps: float | None) -> None:
    """What had to be assumed of the clip, and what was not used of the options."""
    if clip.fps is None:
        tell(
            f"warning: {clip.path} does not tell its frame rate; {DEFAULT_FPS:g} is taken, give the right one by --fps"
        )
    elif given_fps is not None and given_fps != clip.fps:
        tell(f"warning: {clip.path} tells its own frame rate, {clip.fps:g}; --fps {given_fps:g} is not used")
    for warning in clip.warnings if isinstance(clip, Clip) else ():
        tell(f"warning: {warning}")


def list_people(clip: Clip, person: int | None) -> None:
    """Who is in the clip, where there are several, and who is taken: all of them without a `person`.

    Raises InputError where `person` is none of them.
    """
    if len(clip.people) < 2:
        return
    chosen = "all" if person is None else chosen_person(clip.path, len(clip.people), person)
    people = "; ".join(
        f"{person.number} in {person.share:.0%} of the frames, confidence {person.mean_confidence:.2f}"
        for person in clip.people
    )
    tell(f"people: {people}. Person {chosen} is taken; choose by --person")
