"""A lock on a file is held by one process at a time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from motion.shell.file_lock import lock_file

HOLD = """
import sys
from motion.shell.file_lock import lock_file
with open(sys.argv[1], "w") as stream:
    lock_file(stream)
    print("locked", flush=True)
    sys.stdin.read()
"""


def test_a_second_process_cannot_lock_until_the_first_has_ended(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout and holder.stdout.readline() == "locked\n"
        with path.open("w") as stream, pytest.raises(BlockingIOError):
            lock_file(stream)
        holder.kill()
    with path.open("w") as stream:
        lock_file(stream)
