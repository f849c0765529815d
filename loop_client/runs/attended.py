"""Runs a module that ends with its parent: `python -m loop_client.attended MODULE ARGUMENT...`.

The parent holds the other end of this process's standard input. When that closes, however the parent came to its end,
this process gets SIGTERM, on which services finish in order.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading


def _end_with_parent() -> None:
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    threading.Thread(target=_end_with_parent, name="attendance", daemon=True).start()
    module = sys.argv[1]
    sys.argv = sys.argv[1:]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
