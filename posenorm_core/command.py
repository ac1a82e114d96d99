"""The edge of every command: the user's mistakes in one line, and the exit codes 0, 2, 130 and 141."""

import os
import sys
from collections.abc import Callable

from posenorm_core.errors import InputError


def exit_code(run: Callable[[], None]) -> int:
    """Runs a command and returns its exit code: 0 done, 2 on an InputError (told in one line), 130 on Ctrl-C.

    141 where the reader of its output has gone, as `head` does: what a shell tells of any command stopped so.
    """
    try:
        run()
        sys.stdout.flush()
    except InputError as error:
        print("error: " + " ".join(str(error).splitlines()), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped; nothing was left half-written", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # What is still to be flushed goes nowhere: the interpreter would try once more as it ends, and complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    return 0
