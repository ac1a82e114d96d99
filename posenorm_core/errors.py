"""The one error a user is meant to read.

Raised where the fact is known, with one line that names the file, what is wrong and what would be right;
caught only at the edge: the command line prints it and exits with 2, Blender reports it.
"""


class InputError(ValueError):
    """The input or the arguments are wrong; the message tells the user what to do about it."""

    def __init__(self, message: str = "") -> None:
        """One line, whatever breaks the names hold that `message` repeats."""
        super().__init__(" ".join(message.splitlines()))
