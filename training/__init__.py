"""What only training needs: mocap import, data, augmentation, fitting, evaluation. Runs from a clone, with torch."""

import os
import sys
from importlib.util import find_spec
from types import TracebackType

_PACKAGES = ("numpy", "torch", "tqdm", "tensorboard", "matplotlib", "scipy", "sklearn")


def _tell_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Ctrl-C where `posenorm_core.command.exit_code` is not reached yet ends a command as it does there."""
    if not issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    # Of several processes the first alone speaks, see `training.distributed`, which is not there yet either.
    if os.environ.get("RANK", "0") == "0":
        print("stopped; nothing was left half-written", file=sys.stderr)
    sys.exit(130)


# A command of this package is about to be looked up (`python -m training.…`): what it lacks is told in one line, before
# its first import ends in a traceback, and Ctrl-C in those imports, which take seconds, ends it in one too. Whoever
# imports a module of it gets Python's own ModuleNotFoundError and KeyboardInterrupt.
if sys.argv[:1] == ["-m"]:
    if _missing := [name for name in _PACKAGES if find_spec(name) is None]:
        print(f"error: not installed here: {', '.join(_missing)}; pip install -e '.[training]'", file=sys.stderr)
        sys.exit(2)
    sys.excepthook = _tell_uncaught
