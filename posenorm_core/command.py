"""The edge of every command: the user's mistakes in one line, and the exit codes 0, 2, 130 and 141."""

import io
import os
import sys
from collections.abc import Callable

from posenorm_core.errors import InputError


def exit_code(run: Callable[[], None]) -> int:
    """Runs a command and returns its exit code: 0 done, 2 on an InputError (told in one line), 130 on Ctrl-C.

    141 where the reader of its output has gone, as `head` does: what a shell tells of any command stopped so.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A file name, or a sign such as °, that the terminal has no letter for is no reason to fail.
        sys.stdout.reconfigure(errors="replace")
    try:
        run()
        if sys.stdout is not None:  # as where a shell closes it
            sys.stdout.flush()
    except InputError as error:
        print("error: " + " ".join(str(error).splitlines()), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped; nothing was left half-written", file=sys.stderr)
        return 130
    except BrokenPipeError:
        _drop_output()
        return 141
    except OSError as error:
        if error.filename is not None:
            raise
        print(f"error: what there is to tell cannot be written ({error.strerror})", file=sys.stderr)
        _drop_output()
        return 2
    return 0


def _drop_output() -> None:
    """What is still to be flushed goes nowhere: the interpreter would try once more as it ends, and complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
