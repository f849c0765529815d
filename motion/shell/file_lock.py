"""Locks on files that end with their process, on every operating system."""

from __future__ import annotations

import sys
from typing import TextIO

if sys.platform == "win32":
    import msvcrt

    def lock_file(stream: TextIO) -> None:
        """Lock an open file for this process, until it is closed.

        Raises:
            BlockingIOError: another process holds the lock.
        """
        try:
            msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError as error:
            raise BlockingIOError(*error.args) from error

else:

    def lock_file(stream: TextIO) -> None:
        """Lock an open file for this process, until it is closed.

        Raises:
            BlockingIOError: another process holds the lock.
        """
        try:
            import fcntl
        except ModuleNotFoundError:  # a Python without file locks, as in a browser, has no other processes either
            return
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
