"""A lock on a folder: one program at a time holds it, and the system takes it back however that program ends."""

import errno
import os
import sys
import weakref
from pathlib import Path

from posenorm_core.errors import InputError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

LOCK = ".lock"
# What systems answer where somebody else has the lock.
_TAKEN = (errno.EACCES, errno.EAGAIN, errno.EDEADLK)


class Lock:
    """The lock of `folder`, from here to `release`, or until nobody refers to it.

    Its file stays, empty: were it taken away, two programs could hold locks on two files of its name.
    """

    def __init__(self, folder: Path) -> None:
        """Raises InputError where another program has it or the folder cannot be written."""
        try:
            handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise InputError(
                f"{folder}: cannot be written ({error.strerror}); choose a folder you may write to"
            ) from None
        self._release = weakref.finalize(self, os.close, handle)
        try:
            _take(handle)
        except OSError as error:
            self.release()
            if error.errno in _TAKEN:
                raise InputError(
                    f"{folder}: another program is writing there; wait until it is done, or stop it"
                ) from None
            raise InputError(
                f"{folder}: cannot be locked ({error.strerror}); choose a folder on another disk"
            ) from None

    def release(self) -> None:
        """Lets go."""
        self._release()


def _take(handle: int) -> None:
    """Raises OSError where somebody else has it."""
    if sys.platform == "win32":
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
    else:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
