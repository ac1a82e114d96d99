"""What the panel says of the last thing that was done: a line of text, whether it is bad news, how far a job is.

It belongs to this run of Blender, not to the file, and undo must not bring an old message back: so it is kept
here and not in Blender's data.
"""

from dataclasses import dataclass


@dataclass
class Status:
    """The line under the button; `progress` is a fraction while a job runs and None otherwise."""

    text: str = ""
    is_error: bool = False
    progress: float | None = None

    def say(self, text: str, *, is_error: bool = False) -> None:
        """Nothing runs any more, and this is the news."""
        self.text, self.is_error, self.progress = text, is_error, None

    def advance(self, text: str, fraction: float) -> None:
        """A job runs and is at `fraction`."""
        self.text, self.is_error, self.progress = text, False, fraction


status = Status()
