"""The edge of every command: the user's mistakes in one line, and the exit codes 0, 2 and 130."""

import sys
from collections.abc import Callable

from posenorm_core.errors import InputError


def exit_code(run: Callable[[], None]) -> int:
    """Runs a command and returns its exit code: 0 done, 2 on an InputError (told in one line), 130 on Ctrl-C."""
    try:
        run()
    except InputError as error:
        print("error: " + " ".join(str(error).splitlines()), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped; nothing was left half-written", file=sys.stderr)
        return 130
    return 0
